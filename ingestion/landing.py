"""Where fetched records become bronze: checked, redacted, compared, written."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from ingestion.bronze import (
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
from ingestion.contract import NO_WORD, check_record, prune
from ingestion.errors import BadResponseError, IngestionError, LakeError
from ingestion.timestamps import format_timestamp, parse_timestamp
from ingestion.watermark import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingestion.manifest import ResourceRun, StoredObject
    from ingestion.privacy import Redactor
    from ingestion.record import RunRecord
    from ingestion.resources import Resource
    from ingestion.watermark import ResourceState

# A row that slides to the next page comes again soon: 250 pages are remembered.
_RECENT = 25_000
_MOST_NEW = 50
# A part is put at a page's end, before another page could overfill it, and so early that with the
# pages that overtook others a crash costs no more reading than a whole part holds.
_DUE = RECORDS_PER_PART - 2_500


class Landing:
    """The landing of one resource in one run.

    Args:
        resource: Whose records.
        state: What has landed before; noted as more lands.
        entry: The resource's entry in the manifest; counted and saved with each part.
        run: The running manifest, its lake and clock.
        redact: `PII_POLICY`, see `ingestion.privacy`.
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
        fields = row if isinstance(row, dict) else {}
        at = parse_timestamp(fields.get(self._resource.active_at))
        if bound is not None and at is not None and at < bound:
            return
        reason, faulty, unknown = check_record(row, self._resource.contract)
        self.note_unknown(unknown)
        clean = self._redact(row if reason is None else prune(row), self._resource, faulty)
        version = digest(clean)
        identity = identity_of(self._resource.identify(fields)) if reason is None else version
        if self._is_known(identity, version):
            self.entry.unchanged += 1
            if at is None:
                self._remember(identity, version, at)
            return
        if reason is None and isinstance(clean, dict):
            if self._parts.is_full:
                self._spill()
            self._parts.add(clean)
            self._note_newest(at)
        else:
            self.reject(clean, reason or "not an object")
        self._remember(identity, version, at)

    def land_snapshot(self, media_id: str, body: dict[str, object]) -> None:
        """Land a medium's statistics, unless they are what landed last."""
        reason, faulty, unknown = check_record(body, self._resource.contract)
        self.note_unknown(unknown)
        if reason is not None:
            self.reject({**self.clean(prune(body), faulty), "media_id": media_id}, reason)
            return
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

    def reject(self, record: object, reason: str) -> None:
        """Set a record aside with its reason."""
        if self._rejects.is_full:
            self._spill()
        self._rejects.add({"record": record, "reason": reason, "resource": self._resource.name})

    def reject_answer(self, error: BadResponseError) -> None:
        """Set aside an answer that cannot be read: its length and digest, never itself."""
        self.reject({"length": error.length, "sha256": error.digest}, str(error))

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
        if at is None:
            return
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
