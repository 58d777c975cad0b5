"""Where fetched records become bronze: checked, redacted, compared, written."""

from __future__ import annotations

import logging
from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from ingestion.api.salvage import BadRecord, fields_of
from ingestion.config.errors import BadResponseError, IngestionError, LakeError
from ingestion.config.timestamps import format_timestamp, parse_timestamp
from ingestion.load.bronze import (
    QUARANTINE,
    RAW,
    RECORDS_PER_PART,
    PartWriter,
    compress,
    digest,
    encode,
    snapshot_key,
    write_object,
)
from ingestion.load.schemas import NO_WORD, check_record, prune
from ingestion.state.checkpoint import aside_identity, identity_of, missing_identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingestion.load.redaction import Redactor
    from ingestion.resources import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.state.manifest import ResourceRun, StoredObject
    from ingestion.state.run import RunRecord

log = logging.getLogger(__name__)
# An account's days may be ahead of UTC's, and clocks of each other.
_AHEAD = timedelta(days=1)
# A list that is given up in each of its windows says so no more often.
_MOST_NOTES = 5
# A row that slides to the next page comes again soon: 250 pages are remembered.
_RECENT = 25_000
_MOST_NEW = 50
# A part is put at a page's end, before another page could overfill it, and so early that with the
# pages that overtook others a crash costs no more reading than a whole part holds.
_DUE = RECORDS_PER_PART - 2_500


def note_cut_short(entry: ResourceRun, reason: str) -> None:
    """Note in a run that a list was given up before its end; the run ends with 3."""
    entry.is_cut_short = True
    if len(entry.notes) < _MOST_NOTES:
        entry.notes.append(f"not read to its end: {reason}")
    log.warning("%s is not read to its end: %s", entry.resource, reason)


class Landing:
    """The landing of one resource in one run.

    Args:
        resource: Whose records.
        state: What has landed before; noted as more lands.
        entry: The resource's entry in the manifest; counted and saved with each part.
        run: The running manifest, its lake and clock.
        redact: `PII_POLICY`, see `ingestion.load.redaction`.
        crawl: The entries of this crawl in every run: parts are numbered through them.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a landing joins
        self,
        resource: Resource,
        state: ResourceState,
        entry: ResourceRun,
        run: RunRecord,
        redact: Redactor,
        crawl: Sequence[ResourceRun] = (),
    ) -> None:
        """Open empty parts; nothing is written yet."""
        self._resource, self._state, self.entry = resource, state, entry
        self._run, self._redact = run, redact
        self._recent: OrderedDict[str, str] = OrderedDict()
        self._is_ahead = False
        # Versions of rows from here on are kept for the next run's overlap.
        self.keep_after: datetime | None = None
        self._parts, self._rejects = (
            PartWriter(
                run.lake,
                root,
                resource.name,
                started=entry.crawl,
                run_id=run.manifest.run_id,
                clock=run.clock,
                first_part=1 + landed,
                time_field=field,
            )
            for root, landed, field in (
                (RAW, sum(len(e.objects) for e in crawl), "ingested_at"),
                (QUARANTINE, sum(len(e.quarantine) for e in crawl), "quarantined_at"),
            )
        )

    def land(self, rows: Iterable[object], bound: datetime | None = None) -> None:
        """Land the rows that are new or changed.

        Args:
            rows: Decoded records.
            bound: Rows strictly older than this landed before and are passed over.
        """
        for row in rows:
            self._land(row, bound)

    def _land(self, row: object, bound: datetime | None) -> None:
        bad = row if isinstance(row, BadRecord) else None
        row = row if bad is None else bad.record
        fields = fields_of(row)
        at = parse_timestamp(fields.get(self._resource.active_at))
        if bound is not None and at is not None and at < bound:
            return
        if bad is not None and not bad.is_readable:
            # Nothing of it but its length and digest, which are nobody's.
            self.set_aside(row, bad.reason)
            return
        reason, faulty, unknown = check_record(row, self._resource.contract)
        reason = bad.reason if bad else reason
        self.note_unknown(unknown)
        clean = self._redact(row if reason is None else prune(row), self._resource, faulty)
        version = digest(clean)
        if reason is not None or not isinstance(clean, dict):
            self.set_aside(clean, reason or "not an object")
            return
        identity = identity_of(self._resource.identify(fields))
        if self._is_known(identity, version):
            self.entry.unchanged += 1
            if at is None:
                self._remember(identity, version, at)
            return
        if self._parts.is_full:
            self._spill()
        self._parts.add(clean)
        self._note_newest(at)
        self._remember(identity, version, at)

    def land_snapshot(self, media_id: str, answer: dict[str, object] | BadRecord) -> None:
        """Land a medium's statistics, unless they are what landed last."""
        body, bad = fields_of(answer), answer if isinstance(answer, BadRecord) else None
        reason, faulty, unknown = check_record(body, self._resource.contract)
        reason = bad.reason if bad else reason
        self.note_unknown(unknown)
        if reason is not None:
            self.set_aside({**self.clean(prune(body), faulty), "media_id": media_id}, reason)
            return
        # Missing again after it was there would be news.
        self._state.known.pop(missing_identity(media_id), None)
        body = self.clean(body)
        identity, version = identity_of(media_id), digest(body)
        if self._is_known(identity, version):
            self.entry.unchanged += 1
            return
        moment = self._run.clock()
        stamped = {
            **body,
            "media_id": media_id,
            "snapshot_ts": format_timestamp(moment),
            "ingested_at": format_timestamp(moment),
            "run_id": self._run.manifest.run_id,
        }
        key = self._free_key(media_id, moment)
        line = compress(encode(stamped) + b"\n")
        self._list(write_object(self._run.lake, key, line, 1))
        self._state.note(identity, version, None)
        self._run.save()

    def clean(self, body: object, faulty: frozenset[str] = frozenset()) -> dict[str, object]:
        """A snapshot's answer, or what stands in its place, as PII_POLICY has it."""
        found = self._redact(body, self._resource, faulty)
        return found if isinstance(found, dict) else {"body": found}

    def _free_key(self, media_id: str, moment: datetime) -> str:
        # Names have seconds, and an object is never overwritten by another.
        while self._run.lake.get(key := snapshot_key(self._resource.name, media_id, moment)):
            moment += timedelta(seconds=1)
        return key

    def cut_short(self, reason: str) -> None:
        """Note that a list was not read to its end."""
        note_cut_short(self.entry, reason)

    def miss(self, media_id: str, *, is_listed: bool) -> None:
        """Note that Wistia has no statistics of a medium.

        One that the account lists is told once: tomorrow it is missing as it was today. One
        that only the settings name is told each time, since the settings can be mended.
        """
        identity = missing_identity(media_id)
        if is_listed and self._state.is_aside(identity, ""):
            return
        self._state.note_aside(identity, "", self._run.clock())
        if media_id not in self.entry.unknown_media:
            self.entry.unknown_media.append(media_id)

    def reject_answer(self, error: BadResponseError, media_id: str | None = None) -> None:
        """Set aside an answer that cannot be read: its length and digest, never itself."""
        owner = {} if media_id is None else {"media_id": media_id}
        self.set_aside({"length": error.length, "sha256": error.digest, **owner}, str(error))

    def set_aside(self, record: object, reason: str) -> None:
        """Set a record aside with its reason, once: the same one tomorrow is no news."""
        identity, version = aside_identity(self._resource, record), digest(record)
        if self._state.is_aside(identity, version):
            self.entry.unchanged += 1
            return
        if self._rejects.is_full:
            self._spill()
        self._rejects.add({"record": record, "reason": reason, "resource": self._resource.name})
        self._state.note_aside(identity, version, self._run.clock())

    def _list(self, stored: StoredObject) -> None:
        self.entry.objects.append(stored)
        self.entry.records += stored.records
        self._state.records += stored.records

    @property
    def is_due(self) -> bool:
        """Whether to flush at the next point a run could go on from."""
        return self._is_ahead or self._parts.count >= _DUE or self._rejects.count >= _DUE

    def flush(self, resume: dict[str, object] | None = None) -> None:
        """Put the parts, then list them with the point a next run would go on from.

        Raises:
            LakeError: The lake cannot be written; what is listed stays valid.
        """
        self._put_parts()
        self.entry.resume = resume
        self._run.save()
        self._is_ahead = False

    def keep(self, error: IngestionError, resume: dict[str, object] | None) -> None:
        """Flush what landed before an error, unless the lake itself has failed.

        Args:
            error: What ends the reading; of an answer that cannot be read a note is set aside.
            resume: The point a next run would go on from.
        """
        if isinstance(error, LakeError):
            return
        if isinstance(error, BadResponseError):
            self.reject_answer(error)
        with suppress(LakeError):
            self.flush(resume)

    def _spill(self) -> None:
        # Listed without a point to go on from: after a crash its rows are read again.
        self._put_parts()
        self._run.save()
        self._is_ahead = True

    def _put_parts(self) -> None:
        if stored := self._parts.flush():
            self._list(stored)
        if stored := self._rejects.flush():
            self.entry.quarantine.append(stored)
            self.entry.quarantined += stored.records
            self._state.quarantined += stored.records

    def _is_known(self, identity: str, version: str) -> bool:
        seen = self._state.known.get(identity)
        return version == (seen.digest if seen else self._recent.get(identity))

    def _remember(self, identity: str, version: str, at: datetime | None) -> None:
        if not self._resource.active_at:
            self._state.note(identity, version, None)
            return
        if at is None or self.keep_after is None or at >= self.keep_after:
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
        newest = parse_timestamp(self.entry.newest_at)
        if newest is None or at > newest:
            self.entry.newest_at = format_timestamp(at)

    def note_unknown(self, unknown: frozenset[str]) -> None:
        """Tell of a new field once, by its name; of so many that they must be data, not of all."""
        fresh = unknown.difference(self._state.fields)
        if fresh and len(self._state.fields) >= _MOST_NEW:
            fresh = frozenset({NO_WORD}).difference(self._state.fields)
        if not fresh:
            return
        self._state.fields = sorted(fresh.union(self._state.fields))
        self.entry.unknown_fields = sorted(fresh.union(self.entry.unknown_fields))
