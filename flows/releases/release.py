"""A release of this checkout: what is committed, as one zip named by its commit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flows.releases.checkout import git, refuse_changes

if TYPE_CHECKING:
    from flows.releases.location import Location


def make_release_of(root: Path, location: Location) -> str:
    """Store what the checkout has committed.

    Returns:
        The version, its commit.

    Raises:
        DeliveryError: It is no checkout, has changes of its own, or cannot be stored.
    """
    refuse_changes(root)
    commit = git(root, "rev-parse", "HEAD")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "release.zip"
        git(root, "archive", "--format", "zip", "--output", str(path), commit)
        location.put(commit, path)
    return commit
