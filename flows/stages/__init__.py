"""The stages of a run: catalog, build, publish, and their order."""
