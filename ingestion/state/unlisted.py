"""Objects that a killed run wrote and did not live to list."""

from __future__ import annotations

import hashlib
import logging
import re
from typing import TYPE_CHECKING

from ingestion.load.bronze import QUARANTINE, RAW, read_records
from ingestion.state.manifest import StoredObject

if TYPE_CHECKING:
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.storage.base import Lake

log = logging.getLogger(__name__)
_NUMBER = re.compile(r"_part-(\d+)_batch_")


def adopt_orphans(lake: Lake, resource: Resource, manifests: list[Manifest]) -> None:
    """List what dead runs wrote unlisted, so that bronze is what its manifests say.

    An object is complete or absent, so what lies there is good, and it may be the only
    copy. A run that failed may leave one too: a put that S3 did and whose answer got lost.
    The parts of a crawl that is to go on are left to `replace_orphans`: their rows are read
    again.

    Args:
        lake: Where they lie.
        resource: Whose objects.
        manifests: Every run of the lake, oldest first; those that get an object are saved.
    """
    dead = {m.run_id: m for m in manifests if m.state in {"crashed", "failed"}}
    if not dead:
        return
    entries = [e for m in manifests for e in m.resources if e.resource == resource.name]
    listed = {stored.key for e in entries for stored in (*e.objects, *e.quarantine)}
    going_on = tuple(f"/{resource.name}_{crawl}_part-" for crawl in _unfinished(entries))
    for root in (RAW, QUARANTINE):
        for key in list(lake.list(f"{root}/{resource.name}")):
            if key in listed or any(name in key for name in going_on):
                continue
            records = list(read_records(lake, key))
            manifest = dead.get(str(records[0].get("run_id"))) if records else None
            if manifest is not None:
                _adopt(lake, manifest.resource(resource.name), key, records)
                manifest.save(lake)
                log.info("%s was written by a run that did not live to list it: listed now", key)


def _unfinished(entries: list[ResourceRun]) -> set[str]:
    """The crawls that a next run may go on with: those since the last that was completed."""
    ends = [place for place, entry in enumerate(entries, 1) if entry.state == "completed"]
    later = entries[max(ends, default=0) :]
    return {entry.crawl for entry in later if entry.resume is not None}


def _adopt(lake: Lake, entry: ResourceRun, key: str, records: list[dict[str, object]]) -> None:
    body = lake.get(key) or b""
    checksum = hashlib.sha256(body).hexdigest()
    stored = StoredObject(key=key, records=len(records), bytes=len(body), sha256=checksum)
    if key.startswith(RAW):
        entry.objects.append(stored)
        entry.records += stored.records
    else:
        entry.quarantine.append(stored)
        entry.quarantined += stored.records


def replace_orphans(lake: Lake, entry: ResourceRun, manifests: list[Manifest]) -> None:
    """Remove unlisted parts whose number a listed part of the same crawl has taken.

    An unlisted part was never part of the lake: its rows have been read again, and the
    part that holds them is durable and listed by now.

    Args:
        lake: Where they lie.
        entry: The running entry of the resumed crawl.
        manifests: The runs before it.
    """
    entries = [
        *(e for m in manifests for e in m.resources if e.resource == entry.resource),
        entry,
    ]
    listed = {stored.key for e in entries for stored in (*e.objects, *e.quarantine)}
    for root, stored in ((RAW, entry.objects), (QUARANTINE, entry.quarantine)):
        taken = {_number(one.key) for one in stored}
        for key in list(lake.list(f"{root}/{entry.resource}")):
            is_of_crawl = f"/{entry.resource}_{entry.crawl}_part-" in key
            if is_of_crawl and key not in listed and _number(key) in taken:
                lake.delete(key)


def _number(key: str) -> str:
    found = _NUMBER.search(key)
    return found[1] if found else ""
