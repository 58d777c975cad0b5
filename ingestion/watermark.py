"""What a lake knows of each resource: how far it has read, and what it saw there.

`state/<resource>.json` moves last. A state that a killed run left behind is caught
up from the manifests, and a lost or corrupt one is rebuilt from all of them: state is
a fold over what bronze holds, so it can always be made again.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationError

from ingestion.bronze import digest, read_records
from ingestion.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingestion.lake import Lake
    from ingestion.manifest import Manifest, ResourceRun
    from ingestion.resources import Resource

log = logging.getLogger(__name__)


class Seen(BaseModel):
    """The last landed version of one record: its digest and the time it belongs to."""

    digest: str
    at: str | None = None


class ResourceState(BaseModel):
    """One resource's state.

    Attributes:
        watermark: Up to here everything has landed (UTC); None before a first full crawl.
        newest_at: The newest time seen in a record.
        records: Records landed so far.
        quarantined: Records set aside so far.
        known: Digests by identity: of every medium, and of visitors inside the overlap.
        run_id: The last run that is folded in.
    """

    resource: str
    watermark: datetime | None = None
    newest_at: datetime | None = None
    records: int = 0
    quarantined: int = 0
    known: dict[str, Seen] = Field(default_factory=dict)
    run_id: str | None = None

    def save(self, lake: Lake) -> None:
        """Write it whole."""
        lake.put(state_key(self.resource), self.model_dump_json().encode())

    def note(
        self, identity: str, version: str, at: datetime | None, touched: datetime | None = None
    ) -> None:
        """Remember a landed version; without a time of its own it lives from `touched` on."""
        kept = at or touched
        self.known[identity] = Seen(digest=version, at=format_timestamp(kept) if kept else None)
        if at is not None and (self.newest_at is None or at > self.newest_at):
            self.newest_at = at

    def forget_before(self, bound: datetime) -> None:
        """Drop what lies before the overlap: it will not be read again."""
        text = format_timestamp(bound)
        self.known = {k: seen for k, seen in self.known.items() if (seen.at or text) >= text}


def state_key(resource: str) -> str:
    """`state/visitors.json`."""
    return f"state/{resource}.json"


def identity_of(key: object) -> str:
    """A record's key as state keeps it: 16 hexadecimal digits, never the key itself."""
    return hashlib.blake2b(str(key).encode(errors="replace"), digest_size=8).hexdigest()


def load_state(
    lake: Lake, resource: Resource, manifests: Iterable[Manifest], overlap: timedelta
) -> ResourceState:
    """Read a resource's state and catch it up with the runs after it.

    Args:
        lake: Where it lies.
        resource: Whose state.
        manifests: Every run of the lake, oldest first.
        overlap: How far behind the watermark digests are kept.

    Returns:
        The state as if every listed object had been folded in.
    """
    state = _read_state(lake, resource.name)
    # Run ids begin with their time, so they sort as the runs do.
    for manifest in manifests:
        if state.run_id is not None and manifest.run_id <= state.run_id:
            continue
        for entry in manifest.resources:
            if entry.resource == resource.name:
                _fold(lake, resource, state, entry, overlap)
                state.run_id = manifest.run_id
    return state


def _read_state(lake: Lake, name: str) -> ResourceState:
    body = lake.get(state_key(name))
    if body is None:
        return ResourceState(resource=name)
    try:
        return ResourceState.model_validate_json(body)
    except ValidationError:
        log.warning("%s is corrupt; rebuilding it from the manifests", state_key(name))
        return ResourceState(resource=name)


def _fold(
    lake: Lake, resource: Resource, state: ResourceState, entry: ResourceRun, overlap: timedelta
) -> None:
    bound = parse_timestamp(entry.watermark)
    bound = bound - overlap if bound else None
    for stored in entry.objects:
        for record in read_records(lake, stored.key):
            at = parse_timestamp(record.get(resource.active_at)) if resource.active_at else None
            if bound is None or at is None or at >= bound:
                key = record.get(resource.key or "media_id")
                touched = parse_timestamp(record.get("ingested_at")) if bound else None
                state.note(identity_of(key), digest(record), at, touched)
        state.records += stored.records
    newest = parse_timestamp(entry.newest_at)
    if newest and (state.newest_at is None or newest > state.newest_at):
        state.newest_at = newest
    state.quarantined += entry.quarantined
    if entry.state == "completed" and entry.watermark:
        state.watermark = parse_timestamp(entry.watermark)
