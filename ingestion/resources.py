"""What is fetched, as a table: a new resource is a new row, not new code.

Statistics of a medium (`snapshot`) land when their content changed; lists (`listing`)
land the items that changed; the visitors (`crawl`) are read by last activity.
Paths and parameters: the official specification; behaviour: real answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingestion.contract import Media, MediaEngagement, MediaStats, Record, Visitor


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record, from its address to its key.

    Attributes:
        name: Folder below `raw-data/`, and what the command line calls it.
        path: Below the base URL; `{media_id}` is filled in for each medium.
        kind: How it is read, see the module.
        contract: The shape its records must have to land.
        key: The field that names a record inside a `listing` or `crawl`.
        active_at: The field that a `crawl` is ordered by, newest first.
        personal: Dotted fields that `PII_POLICY` governs.
        scope: The permission its token needs, as Wistia's token page names it.
    """

    name: str
    path: str
    kind: Literal["snapshot", "listing", "crawl"]
    contract: type[Record]
    scope: str
    key: str = ""
    active_at: str = ""
    personal: tuple[str, ...] = ()


READ_STATS = "Read detailed stats"
READ_MEDIA = "Read all folder and media data"

MEDIAS = Resource("medias", "/medias", "listing", Media, READ_MEDIA, key="hashed_id")
MEDIA = Resource("media", "/stats/medias/{media_id}", "snapshot", MediaStats, READ_STATS)
MEDIA_ENGAGEMENT = Resource(
    "media_engagement",
    "/stats/medias/{media_id}/engagement",
    "snapshot",
    MediaEngagement,
    READ_STATS,
)
VISITORS = Resource(
    "visitors",
    "/stats/visitors",
    "crawl",
    Visitor,
    READ_STATS,
    key="visitor_key",
    active_at="last_active_at",
    # All of it: a field that is new tomorrow (a telephone number) is personal too.
    personal=("visitor_identity",),
)

# In the order of a run: the media first, since the others are read for each of them.
RESOURCES = (MEDIAS, MEDIA, MEDIA_ENGAGEMENT, VISITORS)
