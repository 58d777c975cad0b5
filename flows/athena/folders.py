"""Folders of a bucket, as far as tables are concerned: what lies in one, how old, away with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awswrangler as wr

from ingestion.storage.s3 import BucketLake

if TYPE_CHECKING:
    from datetime import datetime


def list_folders(uri: str) -> list[str]:
    """The folders directly below `s3://bucket/prefix`, without slashes at their ends."""
    return [found.rstrip("/") for found in wr.s3.list_directories(f"{uri.rstrip('/')}/")]


def newest_below(uri: str) -> datetime | None:
    """When anything below was last written, UTC; None for an empty folder."""
    found = wr.s3.describe_objects(f"{uri.rstrip('/')}/")
    return max((one["LastModified"] for one in found.values()), default=None)


def delete_folder(uri: str) -> None:
    """Delete every object below; a folder that is not one of a bucket is left alone."""
    if uri.startswith("s3://") and uri.count("/") > 3:  # noqa: PLR2004 - never a whole bucket
        wr.s3.delete_objects(f"{uri.rstrip('/')}/")


def delete_older(uri: str) -> None:
    """Delete what a versioned bucket keeps of replaced and removed objects below.

    Raises:
        LakeError: AWS refuses.
    """
    folder = BucketLake(uri)
    folder.delete_older(folder.list_older(""))
