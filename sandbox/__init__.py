"""What a newcomer lacks: stand-ins for the services around the pipeline."""
