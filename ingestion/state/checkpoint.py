"""What a lake knows of each resource: how far it has read, and what it saw there.

`state/<resource>.json` moves last. A state that a killed run left behind is caught
up from the manifests, and a lost or corrupt one is rebuilt from all of them: state is
a fold over what bronze holds, so it can always be made again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import AliasChoices, AwareDatetime, BaseModel, Field, ValidationError

from ingestion.config.timestamps import format_timestamp, parse_timestamp, utc_now
from ingestion.state.manifest import Manifest, ResourceRun, entries_of
from ingestion.state.recovery import adopt_unlisted
from ingestion.storage.checksum import add_checksum, is_whole
from ingestion.storage.json_lines import digest, read_records, short_digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from ingestion.load.resource import Resource
    from ingestion.storage.base import Lake

log = logging.getLogger(__name__)


# Quarantined records that are remembered: what has a new fault each day must not fill a state.
MOST_QUARANTINED = 20_000


class Seen(BaseModel):
    """The last version of one record: the digest of its content and the time it belongs to.

    That is its own time, or when it was met or quarantined. What lies in quarantine is told once
    and not again each day.
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
        whole: Videos, by `identity_of`, whose days are read from the first one on. The watermark
            says nothing of any other. None in a state that an older version wrote.
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
    whole: list[str] | None = None
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
    return short_digest(str(key).encode(errors="replace"))


def quarantined_identity(resource: Resource, record: object) -> str:
    """What a record is remembered by that is quarantined: its content, and whose it is."""
    owner = record.get("media_id") if isinstance(record, dict) and resource.is_of_media else ""
    return identity_of(f"aside {owner} {digest(record)}")


def missing_identity(media_id: str) -> str:
    """What is remembered of a listed video that has no statistics."""
    return identity_of(f"missing {media_id}")


def load_state(
    lake: Lake, resource: Resource, runs: list[Manifest], overlap: timedelta
) -> ResourceState:
    """Read a resource's state, caught up with the runs after it: all they listed is folded in."""
    key = state_key(resource.name)
    adopt_unlisted(lake, resource, runs)
    body = lake.get(key)
    state = parse_state(body)
    if state is None and (body is not None or was_completed(resource.name, runs)):
        what = "missing" if body is None else "corrupt"
        log.warning("%s is %s; rebuilding it from the manifests", key, what)
    return catch_up(lake, resource, state or ResourceState(resource=resource.name), runs, overlap)


def catch_up(
    lake: Lake, resource: Resource, state: ResourceState, runs: list[Manifest], overlap: timedelta
) -> ResourceState:
    """Fold in what the runs after a state's own listed; of an empty state all of them."""
    overlap = overlap if resource.read_again is None else resource.read_again
    for run in _after(state.run_id, runs):
        for entry in entries_of([run], resource.name):
            _fold(lake, resource, state, entry, overlap)
            state.run_id = run.run_id
    return state


def was_completed(name: str, runs: Iterable[Manifest]) -> bool:
    """Whether some run read a resource to its end."""
    return any(entry.state == "completed" for entry in entries_of(runs, name))


def parse_state(body: bytes | None) -> ResourceState | None:
    """Read a state; None when it is not what was written."""
    try:
        return ResourceState.model_validate_json(body) if body and is_whole(body) else None
    except ValidationError:
        return None


def _after(run_id: str | None, runs: list[Manifest]) -> list[Manifest]:
    """The runs that a state has not folded in."""
    ids = [run.run_id for run in runs]
    if run_id in ids:
        return runs[ids.index(run_id) + 1 :]
    # Its manifest is lost: run ids begin with their time, so they sort as the runs do.
    return [run for run in runs if run_id is None or run.run_id > run_id]


def _fold(
    lake: Lake, resource: Resource, state: ResourceState, entry: ResourceRun, overlap: timedelta
) -> None:
    watermark = parse_timestamp(entry.watermark)
    bound = watermark - overlap if watermark else None
    for record in (one for stored in entry.objects for one in read_records(lake, stored.key)):
        at = parse_timestamp(record.get(resource.active_at))
        if bound is None or at is None or at >= bound:
            touched = parse_timestamp(record.get("ingested_at")) if bound else None
            identity = identity_of(resource.identify(record))
            state.note(identity, digest(record), at, touched)
    for line in (one for stored in entry.quarantine for one in read_records(lake, stored.key)):
        held, at = line.get("record"), parse_timestamp(line.get("quarantined_at"))
        identity = quarantined_identity(resource, held)
        state.note_quarantined(identity, digest(held), at or utc_now())
    for media_id in entry.unknown_media:
        state.note_quarantined(missing_identity(media_id), "", utc_now())
    state.records += sum(stored.records for stored in entry.objects)
    state.quarantined += entry.quarantined
    if newest := parse_timestamp(entry.newest_at):
        state.newest_at = max(newest, state.newest_at or newest)
    state.fields = sorted({*state.fields, *entry.unknown_fields})
    if entry.state == "completed" and bound:
        if entry.whole or entry.broken:
            state.whole = sorted({*(state.whole or ()), *entry.whole}.difference(entry.broken))
        state.watermark = watermark
        state.reconciled_at = parse_timestamp(entry.reconciled_at) or state.reconciled_at
        state.forget_before(bound)
