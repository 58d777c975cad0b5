"""Where releases lie: a folder or a bucket's prefix of `COMMIT.zip`, CODE_URI."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ingestion.config.aws_errors import explained
from ingestion.config.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

LATEST = "latest"
# Names become folders and arguments: letters, digits and what stands between them.
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\.zip")


@dataclass(frozen=True, slots=True)
class Release:
    """One version that can be run.

    Attributes:
        version: The name of its file without `.zip`, usually a commit.
        at: When it was put there, UTC.
    """

    version: str
    at: datetime


class Location(Protocol):
    """A place of releases."""

    @property
    def uri(self) -> str:
        """As a person writes it."""

    def find(self) -> list[Release]:
        """Every release, the newest first."""

    def fetch(self, version: str, path: Path) -> None:
        """Copy a release's file to `path`."""

    def put(self, version: str, path: Path) -> None:
        """Store a file as a release, unless it is there."""


def open_location(uri: str) -> Location:
    """The place that CODE_URI names; nothing is asked of it yet."""
    if uri.startswith("s3://"):
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return Bucket(bucket, prefix.strip("/"))
    return Folder(Path(uri).expanduser().absolute())


def choose(releases: Sequence[Release], wanted: str, uri: str) -> Release:
    """The release that is meant: `latest`, a version, or the beginning of one.

    Raises:
        DeliveryError: There is none, or more than one.
    """
    if not releases:
        raise DeliveryError(
            f"there is no release at {uri}",
            "push one: `wistia-elt release`, or let the pipeline of delivery run",
        )
    if wanted == LATEST:
        return releases[0]
    found = [one for one in releases if one.version.startswith(wanted)]
    exact = [one for one in found if one.version == wanted]
    if len(exact or found) != 1:
        raise DeliveryError(
            f"{len(found)} releases at {uri} are called {wanted!r}",
            "`wistia-elt deploy --list` shows them all",
        )
    return (exact or found)[0]


def _sorted(found: list[Release]) -> list[Release]:
    return sorted(found, key=lambda one: (one.at, one.version), reverse=True)


@dataclass(frozen=True, slots=True)
class Folder:
    """Releases in a folder."""

    path: Path

    @property
    def uri(self) -> str:
        """Its path."""
        return str(self.path)

    def find(self) -> list[Release]:
        """Every release, the newest first; none where the folder is not there."""
        names = [(_NAME.fullmatch(file.name), file) for file in self.path.glob("*.zip")]
        found = [
            Release(name[1], datetime.fromtimestamp(file.stat().st_mtime, tz=UTC))
            for name, file in names
            if name
        ]
        return _sorted(found)

    def fetch(self, version: str, path: Path) -> None:
        """Copy a release's file to `path`.

        Raises:
            DeliveryError: It cannot be read.
        """
        try:
            shutil.copyfile(self.path / f"{version}.zip", path)
        except OSError as error:
            raise DeliveryError(
                f"the release {version} cannot be read from {self.path}: {error.strerror}",
                "check CODE_URI; the version in place stays",
            ) from error

    def put(self, version: str, path: Path) -> None:
        """Store a file as a release; a reader never sees half of it."""
        self.path.mkdir(parents=True, exist_ok=True)
        half = self.path / f".{version}.half"
        shutil.copyfile(path, half)
        half.replace(self.path / f"{version}.zip")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Releases in a bucket below a prefix; `infra/` makes one and grants the rights."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """As CODE_URI has it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def find(self) -> list[Release]:
        """Every release, the newest first.

        Raises:
            DeliveryError: AWS refuses.
        """
        from boto3 import client  # noqa: PLC0415 - a folder does without boto3

        found: list[Release] = []
        start = f"{self.prefix}/" if self.prefix else ""
        with explained(f"list {self.uri}", DeliveryError):
            pages = client("s3").get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=start):
                found += [
                    Release(name[1], item["LastModified"])
                    for item in page.get("Contents", ())
                    if (name := _NAME.fullmatch(item["Key"].removeprefix(start)))
                ]
        return _sorted(found)

    def fetch(self, version: str, path: Path) -> None:
        """Copy a release's file to `path`.

        Raises:
            DeliveryError: AWS refuses.
        """
        from boto3 import client  # noqa: PLC0415

        with explained(f"fetch the release {version}", DeliveryError):
            client("s3").download_file(self.bucket, self._key(version), str(path))

    def put(self, version: str, path: Path) -> None:
        """Store a file as a release.

        Raises:
            DeliveryError: AWS refuses.
        """
        from boto3 import client  # noqa: PLC0415

        with explained(f"store the release {version}", DeliveryError):
            client("s3").upload_file(str(path), self.bucket, self._key(version))

    def _key(self, version: str) -> str:
        return f"{self.prefix}/{version}.zip" if self.prefix else f"{version}.zip"
