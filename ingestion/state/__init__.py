"""What a lake says of itself: manifests of runs, checkpoints, recovery."""
