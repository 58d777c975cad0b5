"""What a lake knows of each resource: how far it has read, and what it saw there.

`state/<resource>.json` moves last. A state that a killed run left behind is caught
up from the manifests, and a lost or corrupt one is rebuilt from all of them: state is
a fold over what bronze holds, so it can always be made again.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from pydantic import AliasChoices, AwareDatetime, BaseModel, Field, ValidationError

from ingestion.config.timestamps import format_timestamp, parse_timestamp, utc_now
from ingestion.state.recovery import adopt_unlisted
from ingestion.storage.checksum import add_checksum, is_whole
from ingestion.storage.json_lines import digest, read_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.storage.base import Lake

log = logging.getLogger(__name__)


# Quarantined records that are remembered: what has a new fault each day must not fill a state.
MOST_QUARANTINED = 20_000


class Seen(BaseModel):
    """The last version of one record: its digest and the time it belongs to.

    Attributes:
        digest: Of its content.
        at: Its own time, or when it was met or quarantined.
        is_quarantined: Whether it lies in quarantine: it is told once and not again each day.
    """

    digest: str
    at: str | None = None
    # Older states have it under another name.
    is_quarantined: bool = Field(
        default=False, validation_alias=AliasChoices("is_quarantined", "is_aside")
    )


class ResourceState(BaseModel):
    """One resource's state.

    Attributes:
        watermark: Up to here everything is loaded (UTC); None before a first full crawl.
        reconciled_at: When the last crawl began that read the whole list (UTC).
        newest_at: The newest time seen in a record.
        records: Records loaded so far.
        quarantined: Records quarantined so far.
        known: Digests by identity: of every video, and of visitors inside the overlap.
        fields: Names of fields that are not in the schema and were told of.
        run_id: The last run that is folded in.
    """

    resource: str
    watermark: AwareDatetime | None = None
    reconciled_at: AwareDatetime | None = None
    newest_at: AwareDatetime | None = None
    records: int = 0
    quarantined: int = 0
    known: dict[str, Seen] = Field(default_factory=dict)
    fields: list[str] = Field(default_factory=list)
    run_id: str | None = None

    def save(self, lake: Lake) -> None:
        """Write it whole."""
        quarantined = sorted(
            (seen.at or "", k) for k, seen in self.known.items() if seen.is_quarantined
        )
        for _, identity in quarantined[:-MOST_QUARANTINED]:
            del self.known[identity]
        lake.put(state_key(self.resource), add_checksum(self.model_dump_json()))

    def note(
        self, identity: str, version: str, at: datetime | None, touched: datetime | None = None
    ) -> None:
        """Remember a loaded version; without a time of its own it lives from `touched` on."""
        kept = at or touched
        self.known[identity] = Seen(digest=version, at=format_timestamp(kept) if kept else None)

    def saw(self, at: datetime) -> None:
        """Note the time of a record."""
        if self.newest_at is None or at > self.newest_at:
            self.newest_at = at

    def note_quarantined(self, identity: str, version: str, at: datetime) -> None:
        """Remember for good what was quarantined, or that an address has nothing."""
        self.known[identity] = Seen(digest=version, at=format_timestamp(at), is_quarantined=True)

    def is_quarantined(self, identity: str, version: str) -> bool:
        """Whether this has been quarantined before."""
        seen = self.known.get(identity)
        return seen is not None and seen.is_quarantined and seen.digest == version

    def forget_before(self, bound: datetime) -> None:
        """Drop what lies before the overlap: it will not be read again."""
        text = format_timestamp(bound)
        self.known = {
            k: seen
            for k, seen in self.known.items()
            if seen.is_quarantined or (seen.at or text) >= text
        }


def state_key(resource: str) -> str:
    """`state/visitors.json`."""
    return f"state/{resource}.json"


def identity_of(key: object) -> str:
    """A record's key as state keeps it: 16 hexadecimal digits, never the key itself."""
    return hashlib.blake2b(str(key).encode(errors="replace"), digest_size=8).hexdigest()


def quarantined_identity(resource: Resource, record: object) -> str:
    """What a record is remembered by that is quarantined: its content, and whose it is."""
    owner = record.get("media_id") if isinstance(record, dict) and resource.is_of_media else ""
    return identity_of(f"aside {owner} {digest(record)}")


def missing_identity(media_id: str) -> str:
    """What is remembered of a listed video that has no statistics."""
    return identity_of(f"missing {media_id}")


def load_state(
    lake: Lake, resource: Resource, manifests: Iterable[Manifest], overlap: timedelta
) -> ResourceState:
    """Read a resource's state and catch it up with the runs after it.

    Returns:
        The state as if every listed object had been folded in.
    """
    manifests = list(manifests)
    adopt_unlisted(lake, resource, manifests)
    runs = [m for m in manifests if any(e.resource == resource.name for e in m.resources)]
    state = _read_state(lake, resource.name, is_expected=was_completed(resource.name, runs))
    return catch_up(lake, resource, state, runs, overlap)


def catch_up(
    lake: Lake,
    resource: Resource,
    state: ResourceState,
    runs: Iterable[Manifest],
    overlap: timedelta,
) -> ResourceState:
    """Fold in what the runs after a state's own listed; of an empty state all of them."""
    overlap = overlap if resource.read_again is None else resource.read_again
    for manifest in _after(state.run_id, list(runs)):
        for entry in manifest.resources:
            if entry.resource == resource.name:
                _fold(lake, resource, state, entry, overlap)
                state.run_id = manifest.run_id
    return state


def was_completed(name: str, runs: list[Manifest]) -> bool:
    """Whether some run read a resource to its end."""
    entries = (entry for manifest in runs for entry in manifest.resources)
    return any(entry.resource == name and entry.state == "completed" for entry in entries)


def _after(run_id: str | None, runs: list[Manifest]) -> list[Manifest]:
    """The runs that a state has not folded in."""
    ids = [manifest.run_id for manifest in runs]
    if run_id in ids:
        return runs[ids.index(run_id) + 1 :]
    # Its manifest is lost: run ids begin with their time, so they sort as the runs do.
    return [manifest for manifest in runs if run_id is None or manifest.run_id > run_id]


def _read_state(lake: Lake, name: str, *, is_expected: bool) -> ResourceState:
    key = state_key(name)
    body = lake.get(key)
    if body is None:
        if is_expected:
            log.warning("%s is missing; rebuilding it from the manifests", key)
        return ResourceState(resource=name)
    state = parse_state(body)
    if state is None:
        log.warning("%s is corrupt; rebuilding it from the manifests", key)
        return ResourceState(resource=name)
    return state


def parse_state(body: bytes) -> ResourceState | None:
    """Read a state; None when it is not what was written."""
    try:
        return ResourceState.model_validate_json(body) if is_whole(body) else None
    except ValidationError:
        return None


def _fold(
    lake: Lake, resource: Resource, state: ResourceState, entry: ResourceRun, overlap: timedelta
) -> None:
    bound = parse_timestamp(entry.watermark)
    bound = bound - overlap if bound else None
    for identity, version, at, loaded in _versions(lake, resource, entry):
        if bound is None or at is None or at >= bound:
            state.note(identity, version, at, loaded if bound else None)
    _fold_quarantine(lake, resource, state, entry)
    state.records += sum(stored.records for stored in entry.objects)
    if newest := parse_timestamp(entry.newest_at):
        state.saw(newest)
    state.quarantined += entry.quarantined
    state.fields = sorted({*state.fields, *entry.unknown_fields})
    if entry.state == "completed" and entry.watermark:
        state.watermark = parse_timestamp(entry.watermark)
        state.reconciled_at = parse_timestamp(entry.reconciled_at) or state.reconciled_at
        if bound is not None:
            state.forget_before(bound)


def _versions(
    lake: Lake, resource: Resource, entry: ResourceRun
) -> Iterator[tuple[str, str, datetime | None, datetime | None]]:
    """What a run loaded: identity, digest, own time, time of loading."""
    for stored in entry.objects:
        for record in read_records(lake, stored.key):
            identity = identity_of(resource.identify(record))
            loaded = parse_timestamp(record.get("ingested_at"))
            yield identity, digest(record), _own_time(record, resource), loaded


def _fold_quarantine(
    lake: Lake, resource: Resource, state: ResourceState, entry: ResourceRun
) -> None:
    for stored in entry.quarantine:
        for line in read_records(lake, stored.key):
            record = line.get("record")
            at = parse_timestamp(line.get("quarantined_at")) or utc_now()
            state.note_quarantined(quarantined_identity(resource, record), digest(record), at)
    for media_id in entry.unknown_media:
        state.note_quarantined(missing_identity(media_id), "", utc_now())


def _own_time(record: object, resource: Resource) -> datetime | None:
    if not isinstance(record, dict):
        return None
    return parse_timestamp(record.get(resource.active_at))
