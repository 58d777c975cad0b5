"""Parts that a killed run wrote and did not live to list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingestion.bronze import QUARANTINE, RAW

if TYPE_CHECKING:
    from ingestion.lake import Lake
    from ingestion.manifest import Manifest, ResourceRun

_NUMBER = re.compile(r"_part-(\d+)_batch_")


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
