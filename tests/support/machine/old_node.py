"""A Node too old for the pages, which a run therefore leaves out."""

from pathlib import Path


def place_old_node(folder: Path) -> Path:
    """Put one into a folder, for PATH; returns the folder."""
    folder.mkdir(exist_ok=True)
    node = folder / "node"
    node.write_text("#!/bin/sh\necho v0.0.1\n")
    node.chmod(0o755)
    return folder
