"""What is fetched becomes bronze in eight steps: an extractor fetches, the loader does the rest.

1. fetch: the record comes as the API gave it
2. validate: its schema takes it, or it goes to quarantine with the reason
3. redact: `PII_POLICY` is obeyed before anything is written
4. digest: its content in 16 digits
5. compare: what was loaded before ends here
6. buffer: the rest is compressed into a part
7. put: the part becomes an object of the lake
8. list: the manifest names it; what is put and not listed the next run finds
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from ingestion.api.salvage import BadRecord, fields_of
from ingestion.config.errors import BadResponseError, IngestionError, LakeError
from ingestion.config.timestamps import compact_timestamp, format_timestamp, parse_timestamp
from ingestion.load.bronze import (
    RECORDS_PER_PART,
    PartWriter,
    newest_snapshots,
    object_key,
    write_object,
)
from ingestion.load.schemas import NO_WORD, check_record, prune
from ingestion.state.checkpoint import (
    identity_of,
    missing_identity,
    quarantined_identity,
)
from ingestion.storage.json_lines import QUARANTINE, RAW, Line, compress, digest, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingestion.load.redaction import Redactor
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.state.manifest import ResourceRun, StoredObject
    from ingestion.state.run import RunRecord

log = logging.getLogger(__name__)
# An account's days may be ahead of UTC's, and clocks of each other.
_AHEAD = timedelta(days=1)
# What is said of each window or video of a resource is said no more often.
_MOST_NOTES = 5
# A row that slides to the next page comes again soon: 250 pages are remembered.
_RECENT = 25_000
_MOST_NEW = 50
# A part is put at a page's end, before another page could overfill it, and so early that with the
# pages that overtook others a crash costs no more reading than a whole part holds.
_DUE = RECORDS_PER_PART - 2_500
_OLDEST = timedelta(minutes=1)
# So many snapshots of a flush are objects of their own, named after their video; more share a part.
_FEW = 10


class _Snapshot(NamedTuple):
    line: Line
    media_id: str
    taken_at: datetime
    loaded_at: datetime


def note_cut_short(entry: ResourceRun, reason: str) -> None:
    """Note in a run that a list was given up before its end; the run ends with 3."""
    entry.is_cut_short = True
    _note(entry, f"not read to its end: {reason}")
    log.warning("%s is not read to its end: %s", entry.resource, reason)


def _note(entry: ResourceRun, said: str) -> None:
    if len(entry.notes) < _MOST_NOTES:
        entry.notes.append(said)


class Loader:
    """The loader of one resource in one run.

    Args:
        resource: Whose records.
        state: What was loaded before; noted as more is.
        entry: The resource's entry in the manifest; counted and saved with each part.
        run: The running manifest, its lake and clock.
        redact: `PII_POLICY`, see `ingestion.load.redaction`.
        crawl: The entries of this crawl in every run: parts are numbered through them.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a loader joins
        self,
        resource: Resource,
        state: ResourceState,
        entry: ResourceRun,
        run: RunRecord,
        redact: Redactor,
        crawl: Sequence[ResourceRun] = (),
    ) -> None:
        self._resource, self._state, self.entry = resource, state, entry
        self._run, self._redact = run, redact
        self._newest_at = parse_timestamp(entry.newest_at)
        # Digests of what the state does not remember: rows below the overlap, older snapshots.
        self._recent: OrderedDict[str, str] = OrderedDict()
        self._snapshots: list[_Snapshot] = []
        self._newest: dict[str, str] | None = None
        self._is_ahead = False
        self._parts, self._rejects = (
            PartWriter(run, root, resource.name, started=entry.crawl, first_part=1 + put)
            for root, put in (
                (RAW, sum(len(e.objects) for e in crawl)),
                (QUARANTINE, sum(len(e.quarantine) for e in crawl)),
            )
        )

    def load(
        self,
        rows: Iterable[object],
        bound: datetime | None = None,
        remember_from: datetime | None = None,
    ) -> None:
        """Load the rows that are new or changed.

        Args:
            rows: Decoded records.
            bound: Rows strictly older than this were loaded before and are passed over.
            remember_from: Where the next run will begin to read: versions from there on are
                remembered for it. All are when None.
        """
        for row in rows:
            fields = fields_of(row)
            at = parse_timestamp(fields.get(self._resource.active_at))
            if bound is not None and at is not None and at < bound:
                continue
            line = self._prepare(row, {})
            if line is None:
                continue
            identity, version = identity_of(self._resource.identify(fields)), line.digest
            is_known = self._is_known(identity, version)
            if is_known:
                self.entry.unchanged += 1
            else:
                if self._parts.is_full:
                    self._spill()
                self._parts.add(line)
                self._note_newest(at)
            if at is None or not is_known:
                self._remember(identity, version, at, remember_from)

    def load_snapshot(
        self, media_id: str, answer: object, taken_at: datetime | None = None
    ) -> None:
        """Load a video's statistics, unless they are what was loaded last.

        Args:
            media_id: Whose.
            answer: What the API says of it.
            taken_at: When the API said it; now when None. Only the newest is the state's.
        """
        beside = {"media_id": media_id}
        if taken_at is not None:
            beside["snapshot_ts"] = format_timestamp(taken_at)
        line = self._prepare(answer, beside)
        if line is None:
            return
        if taken_at is None:
            # Missing again after it was there would be news.
            self._state.known.pop(missing_identity(media_id), None)
        identity, version = identity_of(media_id), line.digest
        is_newest = taken_at is None or self._is_newest(media_id, taken_at)
        if self._recent.get(identity) == version or (
            is_newest and self._is_known(identity, version)
        ):
            self.entry.unchanged += 1
            return
        now = self._run.clock()
        self._snapshots.append(_Snapshot(line, media_id, taken_at or now, now))
        if self._parts.count or len(self._snapshots) > _FEW:
            self._share_part()
        self._recent[identity] = version
        if is_newest:
            self._state.note(identity, version, None)

    def note(self, said: str) -> None:
        """Note something that costs nothing else."""
        _note(self.entry, said)

    def cut_short(self, reason: str) -> None:
        """Note that a list was not read to its end."""
        note_cut_short(self.entry, reason)

    def miss(self, media_id: str, *, is_listed: bool) -> None:
        """Note that Wistia has no statistics of a video.

        One that the account lists is told once: tomorrow it is missing as it was today. One
        that only the settings name is told each time, since the settings can be mended.
        """
        identity = missing_identity(media_id)
        if is_listed and self._state.is_quarantined(identity, ""):
            return
        self._state.note_quarantined(identity, "", self._run.clock())
        if media_id not in self.entry.unknown_media:
            self.entry.unknown_media.append(media_id)

    def quarantine_answer(self, error: BadResponseError, media_id: str | None = None) -> None:
        """Quarantine an answer that cannot be read: its length and digest, never itself."""
        owner = {} if media_id is None else {"media_id": media_id}
        self.quarantine({"length": error.length, "sha256": error.digest, **owner}, str(error))

    def quarantine(self, record: object, reason: str) -> None:
        """Quarantine a record with its reason, once: the same one tomorrow is no news."""
        identity, version = quarantined_identity(self._resource, record), digest(record)
        if self._state.is_quarantined(identity, version):
            self.entry.unchanged += 1
            return
        if self._rejects.is_full:
            self._spill()
        said = encode({"reason": reason, "resource": self._resource.name}).decode()
        self._rejects.add(Line(f'{{"record":{Line.of(record).text()},{said[1:]}', {}))
        self._state.note_quarantined(identity, version, self._run.clock())

    @property
    def is_due(self) -> bool:
        """Whether to flush at the next point a run could go on from."""
        if self._is_ahead or self._parts.count >= _DUE or self._rejects.count >= _DUE:
            return True
        began = (self._parts.began, self._rejects.began, *(s.loaded_at for s in self._snapshots))
        return any(at is not None and self._run.clock() - at >= _OLDEST for at in began)

    def flush(self, resume: dict[str, object] | None = None) -> None:
        """Put the parts, then list them with the point a next run would go on from.

        Raises:
            LakeError: The lake cannot be written; what is listed stays valid.
        """
        self._put()
        self.entry.resume = resume
        self._run.save()
        self._is_ahead = False

    def keep(self, error: IngestionError, resume: dict[str, object] | None) -> None:
        """Flush what was read before an error, unless the lake itself has failed.

        `resume` is the point a next run would go on from.
        """
        if isinstance(error, LakeError):
            return
        if isinstance(error, BadResponseError):
            self.quarantine_answer(error)
        with suppress(LakeError):
            self.flush(resume)

    def close(self) -> None:
        """Close a resource that is read: the manifest first, the state last."""
        self.entry.state, self.entry.resume = "completed", None
        self._run.save()
        self._state.run_id = self._run.manifest.run_id
        self._state.save(self._run.lake)

    def _prepare(self, row: object, beside: dict[str, str]) -> Line | None:
        """Validate, redact and encode a record; None of one that goes to quarantine."""
        bad = row if isinstance(row, BadRecord) else None
        record = row if bad is None else bad.record
        if bad is not None and not bad.is_readable:
            # Nothing of it but its length and digest, which are nobody's.
            self.quarantine(fields_of(row) | beside, bad.reason)
            return None
        verdict = check_record(record, self._resource.schema)
        reason = bad.reason if bad else verdict.reason
        self._note_unknown(verdict.unknown)
        shown = record if reason is None else prune(record)
        clean = self._redact(shown, self._resource, verdict.faulty)
        if reason is not None:
            if beside:
                clean = {**(clean if isinstance(clean, dict) else {"body": clean}), **beside}
            self.quarantine(clean, reason)
            return None
        return verdict.line if clean is record else Line.of(clean)

    def _is_known(self, identity: str, version: str) -> bool:
        seen = self._state.known.get(identity)
        return version == (seen.digest if seen else self._recent.get(identity))

    def _remember(
        self, identity: str, version: str, at: datetime | None, since: datetime | None
    ) -> None:
        if not self._resource.active_at:
            self._state.note(identity, version, None)
            return
        if at is None or since is None or at >= since:
            self._state.note(identity, version, at, touched=self._run.clock())
            return
        # What the overlap before held is older than this one, and must not stand before it.
        self._state.known.pop(identity, None)
        self._recent[identity] = version
        self._recent.move_to_end(identity)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _note_newest(self, at: datetime | None) -> None:
        # A record of the years to come says nothing of how fresh the data is.
        if at is None or at > self._run.clock() + _AHEAD:
            return
        self._state.saw(at)
        if self._newest_at is None or at > self._newest_at:
            self._newest_at = at
            self.entry.newest_at = format_timestamp(at)

    def _note_unknown(self, unknown: frozenset[str]) -> None:
        """Tell of a new field once, by its name; of so many that they must be data, not of all."""
        fresh = unknown.difference(self._state.fields)
        if fresh and len(self._state.fields) >= _MOST_NEW:
            fresh = frozenset({NO_WORD}).difference(self._state.fields)
        if fresh:
            self._state.fields = sorted(fresh.union(self._state.fields))
            self.entry.unknown_fields = sorted(fresh.union(self.entry.unknown_fields))

    def _is_newest(self, media_id: str, taken_at: datetime) -> bool:
        if self._newest is None:
            self._newest = newest_snapshots(self._run.lake, self._resource.name)
        taken = compact_timestamp(taken_at)
        is_newest = taken >= self._newest.get(media_id, "")
        if is_newest:
            self._newest[media_id] = taken
        return is_newest

    def _share_part(self) -> None:
        for line, media_id, taken_at, _ in self._snapshots:
            if self._parts.is_full:
                self._spill()
            self._parts.add(line, media_id=media_id, snapshot_ts=format_timestamp(taken_at))
        self._snapshots.clear()

    def _spill(self) -> None:
        # Listed without a point to go on from: after a crash its rows are read again.
        self._put()
        self._run.save()
        self._is_ahead = True

    def _put(self) -> None:
        while self._snapshots:
            self._list(self._put_snapshot(self._snapshots[0]))
            del self._snapshots[0]
        if stored := self._parts.flush():
            self._list(stored)
        if stored := self._rejects.flush():
            self.entry.quarantine.append(stored)
            self.entry.quarantined += stored.records
            self._state.quarantined += stored.records

    def _list(self, stored: StoredObject) -> None:
        self.entry.objects.append(stored)
        self.entry.records += stored.records
        self._state.records += stored.records

    def _put_snapshot(self, snapshot: _Snapshot) -> StoredObject:
        """`media_<id>_20260109T000148Z.json.gz`, as the predecessor named its files."""
        line, media_id, taken_at, loaded_at = snapshot
        text = line.text(
            media_id=media_id,
            snapshot_ts=format_timestamp(taken_at),
            ingested_at=format_timestamp(loaded_at),
            run_id=self._run.manifest.run_id,
        )
        lake, name = self._run.lake, self._resource.name
        # Names have seconds, and an object is never overwritten by another.
        while lake.get(
            key := object_key(RAW, name, loaded_at, f"{media_id}_{compact_timestamp(taken_at)}")
        ):
            taken_at += timedelta(seconds=1)
        return write_object(lake, key, compress(text.encode(errors="replace") + b"\n"), 1)
