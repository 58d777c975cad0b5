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

from collections import OrderedDict
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.api.salvage import BadRecord, fields_of, record_of
from ingestion.config.errors import BadResponseError, IngestionError, LakeError
from ingestion.config.timestamps import compact_timestamp, format_timestamp, parse_timestamp
from ingestion.load.bronze import RECORDS_PER_PART, PartWriter, newest_snapshots
from ingestion.load.redaction import make_redactor
from ingestion.load.schemas import NO_WORD, check_record, prune
from ingestion.state.checkpoint import (
    identity_of,
    load_state,
    missing_identity,
    quarantined_identity,
)
from ingestion.state.manifest import Manifest, entries_of
from ingestion.state.recovery import replace_unlisted
from ingestion.storage.json_lines import QUARANTINE, RAW, Line, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import BaseModel

    from ingestion.config.settings import Settings
    from ingestion.load.resource import Resource
    from ingestion.state.run import RunRecord

# An account's days may be ahead of UTC's, and clocks of each other.
_AHEAD = timedelta(days=1)
# A row that slides to the next page comes again soon: 250 pages are remembered.
_RECENT = 25_000
_MOST_NEW = 50
# A part is put at a page's end, before another page could overfill it, and so early that with the
# pages that overtook others a crash costs no more reading than a whole part holds.
_DUE = RECORDS_PER_PART - 2_500
_OLDEST = timedelta(minutes=1)


class Loader:
    """The loader of one resource in one run, after the runs `before` it, oldest first.

    It goes on with the reading of that start, as in names, when told a `crawl`. The records may
    have been redacted before (`is_again`).

    Attributes:
        state: What was loaded before; noted as more is.
        entry: The resource's entry in the manifest; counted and saved with each part.
        resume: Tells the point that a next run would go on from when all is durable.
    """

    def __init__(  # noqa: PLR0913 - what a loader joins
        self,
        resource: Resource,
        run: RunRecord,
        before: list[Manifest],
        settings: Settings,
        crawl: str | None = None,
        *,
        is_again: bool = False,
    ) -> None:
        self._redact = make_redactor(settings, is_again=is_again)
        # This run's own manifest too: a stage tried again goes on from what it loaded.
        manifests = [*before, run.manifest]
        self.state = load_state(run.lake, resource, manifests, settings.overlap)
        self.entry = entry = run.manifest.resource(resource.name)
        self._goes_on = bool(crawl or entry.crawl)
        entry.state, entry.crawl = "running", crawl or entry.crawl or _free_start(run, before)
        self.resume: Callable[[], BaseModel | None] = lambda: None
        self._resource, self._run, self._before = resource, run, before
        # Digests of what the state does not remember: rows below the overlap, older snapshots.
        self._recent: OrderedDict[str, str] = OrderedDict()
        self._newest: dict[str, str] | None = None
        self._is_ahead = False
        # Parts are numbered through every run's entry of the same reading.
        ours = [e for e in entries_of(manifests, resource.name) if e.crawl == entry.crawl]
        self._parts = PartWriter(run, RAW, entry, sum(len(e.objects) for e in ours))
        self._rejects = PartWriter(run, QUARANTINE, entry, sum(len(e.quarantine) for e in ours))

    def load(
        self,
        rows: Iterable[object],
        bound: datetime | None = None,
        remember_from: datetime | None = None,
    ) -> None:
        """Load the rows that are new or changed.

        Rows strictly older than `bound` were loaded before and are passed over. Versions are
        remembered for the next run from where it will begin to read, `remember_from`, on; all are
        when None.
        """
        for row in rows:
            fields = fields_of(row)
            at = parse_timestamp(fields.get(self._resource.active_at))
            if bound is not None and at is not None and at < bound:
                continue
            line = self.prepare(row)
            if line is None:
                continue
            identity, version = identity_of(self._resource.identify(fields)), line.digest
            is_known = self._is_known(identity, version)
            if is_known:
                self.entry.unchanged += 1
            else:
                self._buffer(self._parts, line)
                self._note_newest(at)
            if at is None or not is_known:
                self._remember(identity, version, at, remember_from)

    def load_snapshot(
        self, media_id: str, answer: object, taken_at: datetime | None = None
    ) -> None:
        """Load a video's statistics, unless they are what was loaded last.

        They were told at `taken_at`, or now when None. Only the newest is the state's.
        """
        beside: dict[str, object] = {"media_id": media_id}
        if taken_at is not None:
            beside["snapshot_ts"] = format_timestamp(taken_at)
        line = self.prepare(answer, beside)
        if line is None:
            return
        if taken_at is None:
            # Missing again after it was there would be news.
            self.state.known.pop(missing_identity(media_id), None)
        identity, version = identity_of(media_id), line.digest
        is_newest = taken_at is None or self._is_newest(media_id, taken_at)
        if self._recent.get(identity) == version or (
            is_newest and self._is_known(identity, version)
        ):
            self.entry.unchanged += 1
            return
        self._buffer(self._parts, line, (media_id, taken_at or self._run.clock()))
        self._recent[identity] = version
        if is_newest:
            self.state.note(identity, version, None)

    def miss(self, media_id: str, *, is_listed: bool) -> None:
        """Note that Wistia has no statistics of a video.

        One that the account lists is told once: tomorrow it is missing as it was today. One
        that only the settings name is told each time, since the settings can be mended.
        """
        identity = missing_identity(media_id)
        if is_listed and self.state.is_quarantined(identity, ""):
            return
        self.state.note_quarantined(identity, "", self._run.clock())
        if media_id not in self.entry.unknown_media:
            self.entry.unknown_media.append(media_id)

    def quarantine_answer(self, error: BadResponseError, **whose: str) -> None:
        """Quarantine an answer that cannot be read: its length and digest, never itself."""
        self.quarantine({"length": error.length, "sha256": error.digest, **whose}, str(error))

    def quarantine(self, record: object, reason: str) -> None:
        """Quarantine a record with its reason, once: the same one tomorrow is no news."""
        identity, version = quarantined_identity(self._resource, record), digest(record)
        if self.state.is_quarantined(identity, version):
            self.entry.unchanged += 1
            self.entry.refused += 1
            return
        told = {"record": record, "reason": reason, "resource": self._resource.name}
        self._buffer(self._rejects, Line.of(told))
        self.state.note_quarantined(identity, version, self._run.clock())

    @property
    def is_due(self) -> bool:
        """Whether to flush at the next point a run could go on from."""
        return self._is_ahead or any(
            writer.count >= _DUE or (writer.began and self._run.clock() - writer.began >= _OLDEST)
            for writer in (self._parts, self._rejects)
        )

    def flush(self) -> None:
        """Put the parts, then list them with the point a next run would go on from.

        Where the lake cannot be written, what is listed stays valid.
        """
        self._put()
        point = self.resume()
        self.entry.resume = point.model_dump(mode="json") if point else None
        self._run.save()
        self._is_ahead = False
        if self._goes_on:
            replace_unlisted(self._run.lake, self.entry, self._before)

    def keep(self, error: IngestionError) -> None:
        """Flush what was read before an error, unless the lake itself has failed."""
        if isinstance(error, LakeError):
            return
        if isinstance(error, BadResponseError):
            self.quarantine_answer(error)
        with suppress(LakeError):
            self.flush()

    def reach(self, watermark: datetime, read_again: datetime) -> None:
        """Note up to where all is loaded, and where the next run will begin to read."""
        self.flush()
        self.state.watermark = watermark
        self.entry.watermark = format_timestamp(watermark)
        self.state.forget_before(read_again)

    def close(self) -> None:
        """Close a resource that is read: the manifest first, the state last."""
        self._put()
        self.entry.state, self.entry.resume = "completed", None
        self._run.save()
        self.state.run_id = self._run.manifest.run_id
        self.state.save(self._run.lake)

    def prepare(self, row: object, beside: dict[str, object] | None = None) -> Line | None:
        """Validate, redact and encode a record; None of one that goes to quarantine.

        There it has the fields `beside` it, which say whose it is and when it was told.
        """
        bad, record = row if isinstance(row, BadRecord) else None, record_of(row)
        if bad and not bad.is_readable:
            # Nothing of it but its length and digest, which are nobody's.
            self.quarantine(record | (beside or {}), bad.reason)
            return None
        verdict = check_record(record, self._resource.schema)
        self._note_unknown(verdict.unknown)
        reason = bad.reason if bad else verdict.reason
        clean = self._redact(prune(record) if reason else record, self._resource, verdict.faulty)
        if reason is None:
            return verdict.line if clean is record else Line.of(clean)
        if beside:
            clean = {**(clean if isinstance(clean, dict) else {"body": clean}), **beside}
        self.quarantine(clean, reason)
        return None

    def _is_known(self, identity: str, version: str) -> bool:
        seen = self.state.known.get(identity)
        return version == (seen.digest if seen else self._recent.get(identity))

    def _remember(
        self, identity: str, version: str, at: datetime | None, since: datetime | None
    ) -> None:
        if at is None or since is None or at >= since:
            touched = self._run.clock() if self._resource.active_at else None
            self.state.note(identity, version, at, touched)
            return
        # What the overlap before held is older than this one, and must not stand before it.
        self.state.known.pop(identity, None)
        self._recent[identity] = version
        self._recent.move_to_end(identity)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _note_newest(self, at: datetime | None) -> None:
        # A record of the years to come says nothing of how fresh the data is.
        if at is not None and at <= self._run.clock() + _AHEAD:
            self.state.newest_at = max(at, self.state.newest_at or at)
            self.entry.newest_at = max(self.entry.newest_at or "", format_timestamp(at))

    def _note_unknown(self, unknown: frozenset[str]) -> None:
        """Tell of a new field once, by its name; of so many that they must be data, not of all."""
        fresh = unknown.difference(self.state.fields)
        if fresh and len(self.state.fields) >= _MOST_NEW:
            fresh = frozenset({NO_WORD}).difference(self.state.fields)
        if fresh:
            self.state.fields = sorted(fresh.union(self.state.fields))
            self.entry.unknown_fields = sorted(fresh.union(self.entry.unknown_fields))

    def _is_newest(self, media_id: str, taken_at: datetime) -> bool:
        if self._newest is None:
            self._newest = newest_snapshots(self._run.lake, self._resource.name)
        taken = compact_timestamp(taken_at)
        is_newest = taken >= self._newest.get(media_id, "")
        if is_newest:
            self._newest[media_id] = taken
        return is_newest

    def _buffer(
        self, writer: PartWriter, line: Line, snapshot: tuple[str, datetime] | None = None
    ) -> None:
        if writer.is_full:
            # Listed without a point to go on from: after a crash its rows are read again.
            self._put()
            self._run.save()
            self._is_ahead = True
        writer.add(line, snapshot)

    def _put(self) -> None:
        for stored in self._parts.flush():
            self.entry.add(stored)
            self.state.records += stored.records
        for stored in self._rejects.flush():
            self.entry.add(stored)
            self.state.quarantined += stored.records


def _free_start(run: RunRecord, before: list[Manifest]) -> str:
    """When this run began as names have it; two inside one second must not share theirs."""
    taken = {other.run_id.partition("-")[0] for other in before}
    taken |= {entry.crawl for other in before for entry in other.resources}
    moment = datetime.fromisoformat(run.manifest.started_at)
    while compact_timestamp(moment) in taken:
        moment += timedelta(seconds=1)
    return compact_timestamp(moment)
