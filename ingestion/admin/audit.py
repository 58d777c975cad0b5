"""`doctor --lake`: every object of a lake held against what its manifests say.

One object is in memory at a time. The ingest's lock is held meanwhile: a run at work has objects
that are not listed yet.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ingestion.admin.quarantine import count_refused
from ingestion.resources import RESOURCES
from ingestion.state.checkpoint import parse_state, state_key, was_completed
from ingestion.state.inventory import REBUILD, is_object
from ingestion.state.manifest import (
    PREFIX,
    describe_object,
    in_order,
    is_manifest,
    listings,
    parse_manifest,
)
from ingestion.state.source_guard import SOURCE, parse_source
from ingestion.storage.checksum import is_whole
from ingestion.storage.json_lines import QUARANTINE, RAW, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.state.manifest import Manifest, StoredObject
    from ingestion.storage.base import Lake

_RESTORE = (
    "restore it from a backup or the bucket's older version, then `wistia-elt doctor --lake`; "
    f"where there is none, remove what is damaged: `{REBUILD}` then lists what is left"
)
_UNWANTED = "remove it when it is not wanted"


class Finding(NamedTuple):
    """What is wrong with one object, and what mends it; harmless where builds pass it over."""

    key: str
    detail: str
    remedy: str
    is_harmless: bool = False


class Audit:
    """One look at a whole lake; counts its objects of bronze and quarantine, and their records.

    `runs` are the manifests that can be read; `corrupt` the keys of those that are not what was
    written, whether or not they can.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.objects = self.records = 0
        self.runs: list[Manifest] = []
        self.corrupt: list[str] = []

    def examine(self) -> Iterator[Finding]:
        """Look at everything."""
        with self._lake.lock("ingest"):
            yield from self._examine_runs()
            yield from self._examine_states()
            yield from self.examine_objects()

    def read_runs(self) -> None:
        """Read every manifest, and note the corrupt ones."""
        for key in filter(is_manifest, self._lake.list(PREFIX)):
            body = self._lake.get(key) or b""
            run = parse_manifest(body)
            if run is not None and run.key == key:
                self.runs.append(run)
                if is_whole(body):
                    continue
            self.corrupt.append(key)
        self.runs = in_order(self.runs)

    def _examine_runs(self) -> Iterator[Finding]:
        self.read_runs()
        for entry in self._lake.entries(PREFIX):
            if not is_manifest(entry.key):
                yield Finding(
                    entry.key, "no run is named so: passed over", _UNWANTED, is_harmless=True
                )
        for key in self.corrupt:
            yield Finding(key, "this manifest is not what was written", REBUILD)
        again = {
            "redact": "start `wistia-elt redact` again: it completes",
            "rebuild": f"`{REBUILD}` again: it completes",
            "forget": "ask `wistia-elt forget` for the same person again: it completes",
        }
        for run in self.runs:
            if run.rewriting:
                yield Finding(run.key, f"a {run.kind} was broken off", again[run.kind])

    def _examine_states(self) -> Iterator[Finding]:
        for name in (resource.name for resource in RESOURCES):
            key = state_key(name)
            body = self._lake.get(key)
            if body is None and was_completed(name, self.runs):
                yield Finding(key, "this state is missing", REBUILD)
            if body is not None and parse_state(body) is None:
                yield Finding(key, "this state is not what was written", REBUILD)
        body = self._lake.get(SOURCE)
        is_named = any(run.source.get("base_url") for run in self.runs)
        if parse_source(body) is None and (body is not None or is_named):
            yield Finding(SOURCE, "the note of the source is not what was written", REBUILD)

    def examine_objects(self) -> Iterator[Finding]:
        """Hold each object against its listings; name those without one."""
        listed = listings(self.runs)
        for entry in chain.from_iterable(map(self._lake.entries, (RAW, QUARANTINE))):
            key = entry.key
            if key not in listed and (entry.is_hidden or not is_object(key)):
                said = "no manifest lists this file, and no object is named so: passed over"
                yield Finding(key, said, _UNWANTED, is_harmless=True)
                continue
            body = self._lake.get(key)
            if body is not None:
                yield from self._examine_object(key, body, listed.pop(key, []))
        for key in sorted(listed):
            yield Finding(key, "this object is missing, and a manifest lists it", _RESTORE)

    def _examine_object(
        self, key: str, body: bytes, listings: list[StoredObject]
    ) -> Iterator[Finding]:
        lines = unpack_lines(body)
        self.objects += 1
        self.records += len(lines or ())
        if not listings and lines is None:
            said = "no manifest lists this object, and it cannot be read"
            yield Finding(key, said, _RESTORE)
        elif not listings:
            remedy = f"{REBUILD}, or the next ingest where a killed run left it"
            yield Finding(key, "no manifest lists this object", remedy)
        elif fault := next(filter(None, (_compare(one, body, lines) for one in listings)), None):
            yield Finding(key, fault, _RESTORE)
        elif key.startswith(RAW) and (refused := count_refused(key, lines or [])):
            said = f"today's schema refuses {refused:,} of its records, and no build can count them"
            yield Finding(key, said, f"`{REBUILD}` moves them to quarantine")


def _compare(stored: StoredObject, body: bytes, lines: list[bytes] | None) -> str | None:
    found = describe_object(stored.key, body, len(lines or ()))
    if found.bytes != stored.bytes:
        return f"this object has {found.bytes} bytes, and its manifest says {stored.bytes}"
    if found.sha256 != stored.sha256:
        return "this object's bytes are not those its manifest's checksum is of"
    if lines is None:
        return "this object is no gzip of JSON lines"
    if found.records != stored.records:
        return f"this object holds {found.records} records, and its manifest says {stored.records}"
    return None
