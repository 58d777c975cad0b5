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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestion.config.settings import folder_of
from reports.compression import SIBLINGS
from reports.errors import PagesError
from reports.headers import cache_control, content_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from reports.bucket import BucketDestination

LIST = "published.json"
# One version of a file is all that a bucket serves: these are sent packed.
_PACKED = {".arrow", ".css", ".html", ".js", ".json", ".svg", ".wasm", ".webmanifest"}


@dataclass(frozen=True, slots=True)
class Item:
    """One file on its way: its name there, and where it is now."""

    key: str
    path: Path

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def copy_site(site: Path, docs: Path, uri: str) -> int:
    """Copy the pages, and dbt's documentation as `docs/`, to a folder or `s3://bucket/prefix`.

    Gives how many files were new or changed.

    Raises:
        PagesError: Something there cannot be written.
        ConfigurationError: The bucket, region or credentials are not in order.
    """
    if uri.startswith("s3://"):
        # boto3 is for buckets; a folder does without.
        from reports.bucket import explained_bucket  # noqa: PLC0415

        with explained_bucket(uri) as bucket:
            return _copy(bucket, list(_items(site, docs)))
    folder = folder_of(uri)
    try:
        return _copy(FolderDestination(folder), list(_items(site, docs)))
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
        from reports.bucket import explained_bucket  # noqa: PLC0415 - boto3 takes a second

        with explained_bucket(uri) as bucket:
            bucket.read(LIST)
        return
    folder = folder_of(uri)
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise PagesError(
            f"the pages cannot be copied to {folder}: {nearest} is no folder that can be written",
            "correct SITE_URI, or give this user the right to write there",
        )


def _copy(there: FolderDestination | BucketDestination, items: list[Item]) -> int:
    known = _parse_list(there.read(LIST))
    wanted = {item.key: item.digest for item in items}
    # What somebody, or a rule of the bucket's, has removed since is copied again.
    stays = there.find(wanted.keys() & known.keys())
    changed = [i for i in items if i.key not in stays or known[i.key] != wanted[i.key]]
    pages = [item for item in changed if item.key.endswith(".html")]
    rest = [item for item in changed if not item.key.endswith(".html")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: there.write(item.key, item.path), rest))
    for item in pages:
        there.write(item.key, item.path)
    for key in sorted(set(known) - set(wanted)):
        there.remove(key)
    note = items[0].path.parent / f".{LIST}"
    note.write_text(json.dumps(wanted, indent=0), encoding="utf-8")
    there.write(LIST, note)
    note.unlink()
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


def _items(site: Path, docs: Path) -> Iterator[Item]:
    packed = tuple(SIBLINGS.values())
    for folder, prefix in ((site, ""), (docs, "docs/")):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith(packed):
                yield Item(prefix + path.relative_to(folder).as_posix(), path)


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


def describe(key: str, path: Path) -> tuple[bytes, dict[str, Any]]:
    """A file's body and headers as a bucket is to serve them; packed where that saves something."""
    headers = {"ContentType": content_type(key), "CacheControl": cache_control(key)}
    body = path.read_bytes()
    # Every browser takes gzip; brotli not over plain http.
    if path.suffix in _PACKED and len(packed := gzip.compress(body, mtime=0)) < len(body):
        return packed, {**headers, "ContentEncoding": "gzip"}
    return body, headers
