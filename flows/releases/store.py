"""Releases at CODE_URI, a folder or a bucket's prefix of `COMMIT.zip`, and which one is chosen."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ingestion.config.aws_errors import explained
from ingestion.config.errors import ConfigurationError, DeliveryError
from ingestion.config.settings import folder_of
from ingestion.config.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_s3 import S3Client

    from ingestion.storage.base import Lake

LATEST = "latest"
# What was chosen is kept in the lake, so every worker runs the same.
_CHOICE = "state/code.json"
# Names become folders and arguments: letters, digits and what stands between them.
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\.zip")


class Release(NamedTuple):
    """One version that can be run, the name of its file without `.zip`, and since when, UTC."""

    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """Releases in a folder."""

    uri: str

    def find(self) -> list[Release]:
        """Every release, the newest first; none where the folder is not there."""
        files = Path(self.uri).glob("*.zip")
        return _releases(
            (one.name, datetime.fromtimestamp(one.stat().st_mtime, UTC)) for one in files
        )

    def fetch(self, version: str, path: Path) -> None:
        """Copy a release's file to `path`, or raise `DeliveryError`."""
        try:
            shutil.copyfile(Path(self.uri) / f"{version}.zip", path)
        except OSError as error:
            raise DeliveryError(
                f"the release {version} cannot be read from {self.uri}: {error.strerror}",
                "check CODE_URI; the version in place stays",
            ) from error

    def put(self, version: str, path: Path) -> None:
        """Store a file as a release; a reader never sees half of it."""
        folder = Path(self.uri)
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f".{version}.half"
        shutil.copyfile(path, half)
        half.replace(folder / f"{version}.zip")


@dataclass(frozen=True, slots=True)
class Bucket:
    """The same in a bucket, `s3://bucket/prefix`; `infra/` makes one and grants the rights."""

    uri: str

    def find(self) -> list[Release]:
        """Every release, the newest first, or raise `DeliveryError`: AWS refuses."""
        bucket, start = self._place("")
        with explained(f"list {self.uri}", DeliveryError, "CODE_URI"):
            pages = _s3().get_paginator("list_objects_v2")
            return _releases(
                (item["Key"].removeprefix(start), item["LastModified"])
                for page in pages.paginate(Bucket=bucket, Prefix=start)
                for item in page.get("Contents", ())
            )

    def fetch(self, version: str, path: Path) -> None:
        """Copy a release's file to `path`, or raise `DeliveryError`."""
        with explained(f"fetch the release {version}", DeliveryError, "CODE_URI"):
            _s3().download_file(*self._place(f"{version}.zip"), str(path))

    def put(self, version: str, path: Path) -> None:
        """Store a file as a release, or raise `DeliveryError`."""
        bucket, key = self._place(f"{version}.zip")
        with explained(f"store the release {version}", DeliveryError, "CODE_URI"):
            # `upload_file` wraps what AWS says in an error of its own.
            _s3().put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

    def _place(self, name: str) -> tuple[str, str]:
        bucket, _, prefix = self.uri.removeprefix("s3://").partition("/")
        return bucket, f"{prefix}/{name}" if prefix else name


def _s3() -> S3Client:
    from boto3 import client  # noqa: PLC0415 - a folder does without boto3

    return client("s3")


Location = Folder | Bucket


def open_location(uri: str | None) -> Location:
    """The place that CODE_URI names, which must be set; nothing is asked of it yet."""
    if uri is None:
        raise ConfigurationError(
            "CODE_URI is not set, so code comes by git and not as releases",
            "set CODE_URI to a folder or s3://bucket/prefix",
        )
    if uri.startswith("s3://"):
        return Bucket(uri.rstrip("/"))
    return Folder(str(folder_of(uri)))


def _releases(files: Iterable[tuple[str, datetime]]) -> list[Release]:
    found = [Release(name[1], at) for file, at in files if (name := _NAME.fullmatch(file))]
    return sorted(found, key=lambda one: (one.at, one.version), reverse=True)


def choose(releases: Sequence[Release], wanted: str, uri: str) -> Release:
    """The one release that is meant by `latest`, a version, or the beginning of one."""
    if not releases:
        raise DeliveryError(
            f"there is no release at {uri}",
            "push one: `wistia-elt release`, or let the pipeline of delivery run",
        )
    if wanted == LATEST:
        return releases[0]
    begin_so = [one for one in releases if one.version.startswith(wanted)]
    found = [one for one in begin_so if one.version == wanted] or begin_so
    if len(found) != 1:
        raise DeliveryError(
            f"{len(found)} releases at {uri} are called {wanted!r}",
            "`wistia-elt deploy --list` shows them all",
        )
    return found[0]


def read_choice(lake: Lake) -> str:
    """`latest`, or the version that runs until another is chosen."""
    with suppress(ValueError):
        found = json.loads(lake.get(_CHOICE) or b"")
        if isinstance(found, dict) and isinstance(found.get("version"), str):
            return found["version"] or LATEST
    return LATEST


def write_choice(lake: Lake, version: str, now: datetime) -> None:
    """Choose a version, or `latest`."""
    chosen = {"version": version, "chosen_at": format_timestamp(now)}
    lake.put(_CHOICE, json.dumps(chosen).encode())
