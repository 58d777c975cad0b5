"""The stages in order: ingest, build; and the command line."""
