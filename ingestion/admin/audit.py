"""`doctor --lake`: every object of a lake held against what its manifests say.

One object is in memory at a time. The ingest's lock is held meanwhile: a run at work has objects
that are not listed yet.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.admin.quarantine import count_refused
from ingestion.resources import RESOURCES
from ingestion.state.checkpoint import parse_state, state_key, was_completed
from ingestion.state.inventory import is_object, listings
from ingestion.state.manifest import PREFIX, in_order, parse_manifest
from ingestion.state.source_guard import KEY as SOURCE
from ingestion.state.source_guard import parse_source
from ingestion.storage.checksum import is_whole
from ingestion.storage.json_lines import QUARANTINE, RAW, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.state.manifest import Manifest, StoredObject
    from ingestion.storage.base import Lake

_REBUILD = "wistia-elt doctor --lake --rebuild"
_RESTORE = (
    "restore it from a backup or the bucket's older version, then `wistia-elt doctor --lake`; "
    f"where there is none, remove what is damaged: `{_REBUILD}` then lists what is left"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one object of the lake, and what mends it.

    Attributes:
        is_harmless: Whether it is only a strange file, which builds pass over.
    """

    key: str
    detail: str
    remedy: str
    is_harmless: bool = False


class Audit:
    """One look at a whole lake; counts what it has looked at.

    Attributes:
        objects: Objects of bronze and quarantine.
        records: Records inside them.
        runs: Manifests that can be read.
        corrupt: Keys of those that are not what was written, whether or not they can.
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
        for key in self._lake.list(PREFIX):
            body = self._lake.get(key) or b""
            run = parse_manifest(body)
            is_readable = run is not None and run.key == key
            if run is not None and is_readable:
                self.runs.append(run)
            if not is_readable or not is_whole(body):
                self.corrupt.append(key)
        self.runs = in_order(self.runs)

    def _examine_runs(self) -> Iterator[Finding]:
        self.read_runs()
        for key in self.corrupt:
            yield Finding(key, "this manifest is not what was written", _REBUILD)
        for run in self.runs:
            if run.rewriting:
                again = {
                    "redact": "start `wistia-elt redact` again: it completes",
                    "rebuild": f"`{_REBUILD}` again: it completes",
                }.get(run.kind, "ask `wistia-elt forget` for the same person again: it completes")
                yield Finding(run.key, f"a {run.kind} was broken off", again)

    def _examine_states(self) -> Iterator[Finding]:
        for resource in RESOURCES:
            key = state_key(resource.name)
            body = self._lake.get(key)
            if body is None:
                if was_completed(resource.name, self.runs):
                    yield Finding(key, "this state is missing", _REBUILD)
                continue
            if parse_state(body) is None:
                yield Finding(key, "this state is not what was written", _REBUILD)
        body = self._lake.get(SOURCE)
        is_named = any(run.source.get("base_url") for run in self.runs)
        if parse_source(body) is None and (body is not None or is_named):
            yield Finding(SOURCE, "the note of the source is not what was written", _REBUILD)

    def examine_objects(self) -> Iterator[Finding]:
        """Hold each object against its listings; name those without one."""
        listed = listings(self.runs)
        for root in (RAW, QUARANTINE):
            for entry in self._lake.entries(root):
                key = entry.key
                if key not in listed and (entry.is_hidden or not is_object(key)):
                    said = "no manifest lists this file, and no object is named so: passed over"
                    yield Finding(key, said, "remove it when it is not wanted", is_harmless=True)
                    continue
                body = self._lake.get(key)
                if body is not None:
                    yield from self._examine_object(key, body, listed.pop(key, []))
        for key in sorted(listed):
            yield Finding(key, "this object is missing, and a manifest lists it", _RESTORE)

    def _examine_object(
        self, key: str, body: bytes, listings: list[StoredObject]
    ) -> Iterator[Finding]:
        self.objects += 1
        lines = unpack_lines(body)
        records = None if lines is None else len(lines)
        self.records += records or 0
        if not listings:
            said = "no manifest lists this object" + (
                "" if records is not None else ", and it cannot be read"
            )
            remedy = f"{_REBUILD}, or the next ingest where a killed run left it"
            yield Finding(key, said, remedy if records is not None else _RESTORE)
            return
        for stored in listings:
            fault = _compare(stored, body, records)
            if fault:
                yield Finding(key, fault, _RESTORE)
                return
        refused = count_refused(key, lines or []) if key.startswith(RAW) else 0
        if refused:
            said = f"today's schema refuses {refused:,} of its records, and no build can count them"
            yield Finding(key, said, f"`{_REBUILD}` moves them to quarantine")


def _compare(stored: StoredObject, body: bytes, records: int | None) -> str | None:
    if len(body) != stored.bytes:
        return f"this object has {len(body)} bytes, and its manifest says {stored.bytes}"
    if hashlib.sha256(body).hexdigest() != stored.sha256:
        return "this object's bytes are not those its manifest's checksum is of"
    if records is None:
        return "this object is no gzip of JSON lines"
    if records != stored.records:
        return f"this object holds {records} records, and its manifest says {stored.records}"
    return None
