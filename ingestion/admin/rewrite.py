"""The one exception to "never edited": what a forget and a redact share.

Their manifest lists the objects about to change before the first does. Each is put again whole,
under its own key; then the manifests that list it are brought up to date from what lies there. One
that was killed is completed by the next.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from ingestion.state.inventory import is_object
from ingestion.state.manifest import forget_ended
from ingestion.state.recovery import listed_keys
from ingestion.storage.json_lines import QUARANTINE, RAW, count_records, line_digest, unpack_lines

if TYPE_CHECKING:
    from ingestion.admin.job import Job
    from ingestion.state.manifest import ResourceRun, StoredObject
    from ingestion.storage.base import Lake


def data_keys(job: Job) -> list[str]:
    """What the manifests list, and what may yet be listed: a killed run's object lies there too."""
    lying = (key for root in (RAW, QUARANTINE) for key in job.lake.list(root) if is_object(key))
    return sorted({*listed_keys(job.before), *lying})


def relist(job: Job, keys: set[str]) -> None:
    """List in every manifest what these objects hold by now."""
    renamed = {old: new for run in (*job.before, job.manifest) for old, new in run.renamed.items()}
    for run in job.before:
        was = run.model_dump_json()
        for entry in run.resources:
            # Digests of rows, the person's perhaps among them: the next crawl begins anew.
            entry.resume = None
            _relist_entry(job.lake, entry, keys)
        for key in keys & set(run.replayed):
            taken = [renamed.get(digest, digest) for digest in run.replayed[key]]
            run.replayed[key] = _still_there(job.lake, key, taken)
        if run.model_dump_json() != was:
            run.save(job.lake)
    forget_ended(job.lake)


def complete_broken(job: Job) -> None:
    """Bring the manifests up to date with what a killed command rewrote."""
    broken = [run for run in job.before if run.rewriting]
    if not broken:
        return
    relist(job, {key for run in broken for key in run.rewriting})
    for run in broken:
        run.rewriting, run.renamed = [], {}
        run.save(job.lake)


def _relist_entry(lake: Lake, entry: ResourceRun, keys: set[str]) -> None:
    for listed, field_name in ((entry.objects, "records"), (entry.quarantine, "quarantined")):
        before = sum(stored.records for stored in listed)
        listed[:] = [
            now
            for stored in listed
            if (now := _describe(lake, stored) if stored.key in keys else stored) is not None
        ]
        gone = before - sum(stored.records for stored in listed)
        setattr(entry, field_name, getattr(entry, field_name) - gone)


def _describe(lake: Lake, stored: StoredObject) -> StoredObject | None:
    body = lake.get(stored.key)
    if body is None:
        return None
    records = count_records(body)
    # An object that cannot be read is no forget's doing: its listing goes on saying so.
    if records is None:
        return stored
    checksum = hashlib.sha256(body).hexdigest()
    return stored.model_copy(update={"records": records, "bytes": len(body), "sha256": checksum})


def _still_there(lake: Lake, key: str, digests: list[str]) -> list[str]:
    there = Counter(map(line_digest, unpack_lines(lake.get(key) or b"") or ()))
    return list((Counter(digests) & there).elements())
