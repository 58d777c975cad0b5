"""The pages at SITE_URI: a folder, or a prefix of a bucket that a web server reads from.

A reader may load a page at any moment: what pages refer to is copied first, pages after it,
and what is no longer there is removed last. Nothing else below SITE_URI is touched: the
list of what was copied lies beside it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.config.settings import folder_of
from reports.compression import SIBLINGS
from reports.errors import PagesError
from reports.headers import cache_control, content_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client

LIST = "published.json"
# One version of a file is all that a bucket serves: these are sent packed.
_PACKED = {".arrow", ".css", ".html", ".js", ".json", ".svg", ".wasm", ".webmanifest"}


def copy_site(site: Path, docs: Path, uri: str) -> int:
    """Copy the pages, and dbt's documentation as `docs/`, to a folder or `s3://bucket/prefix`.

    Gives how many files were new or changed.

    Raises:
        PagesError: Something there cannot be written.
        ConfigurationError: The bucket, region or credentials are not in order.
    """
    files = dict(_files(site, docs))
    if uri.startswith("s3://"):
        with _explained_bucket(uri) as there:
            return _copy(there, files)
    folder = folder_of(uri)
    try:
        return _copy(FolderDestination(folder), files)
    except OSError as error:
        raise PagesError(
            f"the pages cannot be copied to {folder}: {error.strerror or error}",
            "correct SITE_URI or free some space there, then `wistia-elt publish`",
        ) from error


def try_destination(uri: str) -> None:
    """See whether pages could be copied to a folder or `s3://bucket/prefix`; writes nothing.

    Raises:
        PagesError: It cannot be read, or the folder not written.
        ConfigurationError: The bucket, region or credentials are not in order.
    """
    if uri.startswith("s3://"):
        with _explained_bucket(uri) as bucket:
            bucket.read(LIST)
        return
    folder = folder_of(uri)
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise PagesError(
            f"the pages cannot be copied to {folder}: {nearest} is no folder that can be written",
            "correct SITE_URI, or give this user the right to write there",
        )


@contextmanager
def _explained_bucket(uri: str) -> Iterator[BucketDestination]:
    """The place that an `s3://` address names; what AWS refuses is said in a sentence."""
    # boto3 is for buckets; a folder does without.
    from boto3 import client  # noqa: PLC0415

    from ingestion.config.aws_errors import explained  # noqa: PLC0415

    bucket, _, prefix = uri.removeprefix("s3://").strip("/").partition("/")
    with explained(f"copy the pages to {uri}", PagesError, "SITE_URI"):
        yield BucketDestination(client("s3"), bucket, f"{prefix}/" if prefix else "")


def _copy(there: FolderDestination | BucketDestination, files: dict[str, Path]) -> int:
    known = _parse_list(there.read(LIST))
    wanted = {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in files.items()}
    # What somebody, or a rule of the bucket's, has removed since is copied again.
    stays = there.find(wanted.keys() & known.keys())
    changed = [key for key in files if key not in stays or known[key] != wanted[key]]
    with ThreadPoolExecutor(8) as pool:
        rest = [key for key in changed if not key.endswith(".html")]
        list(pool.map(lambda key: there.write(key, files[key]), rest))
    for key in changed:
        if key.endswith(".html"):
            there.write(key, files[key])
    for key in sorted(set(known) - set(wanted)):
        there.remove(key)
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / LIST
        note.write_text(json.dumps(wanted, indent=0), encoding="utf-8")
        there.write(LIST, note)
    return len(changed)


def _parse_list(body: bytes | None) -> dict[str, str]:
    """The digests of what was copied, by key; a damaged list is none, so all is copied again.

    Keys lead nowhere but below SITE_URI: what they name may be removed.
    """
    try:
        found = json.loads(body or b"{}")
        items = found.items()
    except (ValueError, AttributeError):
        return {}
    return {
        key: digest
        for key, digest in items
        if isinstance(digest, str) and not {"", ".", ".."} & set(key.split("/"))
    }


def _files(site: Path, docs: Path) -> Iterator[tuple[str, Path]]:
    packed = tuple(SIBLINGS.values())
    for folder, prefix in ((site, ""), (docs, "docs/")):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith(packed):
                yield prefix + path.relative_to(folder).as_posix(), path


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A folder, of this machine or mounted; what is copied there a web server may read."""

    root: Path

    def read(self, key: str) -> bytes | None:
        """A file there."""
        path = self.root / key
        return path.read_bytes() if path.is_file() else None

    def find(self, keys: Iterable[str]) -> set[str]:
        """Which of these are there."""
        return {key for key in keys if (self.root / key).is_file()}

    def write(self, key: str, path: Path) -> None:
        """Copy beside its place, then rename; a web server may send the packed siblings."""
        for suffix in ("", *SIBLINGS.values()):
            source = path.with_name(path.name + suffix)
            if source.is_file():
                target = self.root / (key + suffix)
                _make_open_folder(target.parent)
                half = target.with_name(f".{target.name}.half")
                shutil.copyfile(source, half)
                half.chmod(0o644)
                half.replace(target)

    def remove(self, key: str) -> None:
        """Remove a file and its packed siblings."""
        for suffix in ("", *SIBLINGS.values()):
            (self.root / (key + suffix)).unlink(missing_ok=True)


def _make_open_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_open_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)


@dataclass(frozen=True, slots=True)
class BucketDestination:
    """`s3://bucket/prefix`; the prefix empty or ending in `/`."""

    client: S3Client
    bucket: str
    prefix: str

    def read(self, key: str) -> bytes | None:
        """An object there."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)
        except self.client.exceptions.NoSuchKey:
            return None
        body = found["Body"].read()
        return gzip.decompress(body) if found.get("ContentEncoding") == "gzip" else body

    def find(self, keys: Iterable[str]) -> set[str]:
        """Which of these are there."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix
        )
        found = (one["Key"] for page in pages for one in page.get("Contents", []))
        return set(keys) & {key.removeprefix(self.prefix) for key in found}

    def write(self, key: str, path: Path) -> None:
        """Put it with the headers that it is to be served with, packed where that is shorter."""
        headers: dict[str, Any] = {
            "ContentType": content_type(key),
            "CacheControl": cache_control(key),
        }
        body = path.read_bytes()
        # Every browser takes gzip; brotli not over plain http.
        if path.suffix in _PACKED and len(packed := gzip.compress(body, mtime=0)) < len(body):
            body, headers["ContentEncoding"] = packed, "gzip"
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=body, **headers)

    def remove(self, key: str) -> None:
        """Delete it."""
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)
