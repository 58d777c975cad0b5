"""What is fetched, as a table: a new resource is a new row, not new code.

Statistics of a medium (`snapshot`) land when their content changed; lists (`listing`)
land the items that changed; the visitors (`crawl`) are read by last activity; events
(`windows`) and the days of a medium (`days`) are asked for by date.
Paths and parameters: the official specification; behaviour: real answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from ingestion.load.schemas import (
    AccountStats,
    Event,
    Media,
    MediaDay,
    MediaEngagement,
    MediaStats,
    Record,
    Visitor,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record, from its address to its key.

    Attributes:
        name: Folder below `raw-data/`, and what the command line calls it.
        path: Below the base URL; `{media_id}` is filled in for each medium.
        kind: How it is read, see the module.
        contract: The shape its records must have to land.
        key: The field that names a record; beside the medium, where the path has one.
        active_at: The field that a `crawl` is ordered by, newest first; of `windows` and `days`
            the one they are asked for by.
        read_again: How far behind the watermark the next run reads; None is
            WISTIA_OVERLAP_HOURS.
        impersonal: Dotted fields that are known to tell nothing of a person, at any depth: they
            alone stay in clear under `PII_POLICY`, whatever else a record may hold. Of one that
            ends in `?`, an address, what a page is asked and by whom does not stay; one that ends
            in `[]` is a list.
        scope: The permission its token needs, as Wistia's token page names it.
        is_optional: Whether a run goes on where the account or its plan has none of it.
    """

    name: str
    path: str
    kind: Literal["snapshot", "listing", "crawl", "windows", "days"]
    contract: type[Record]
    scope: str
    key: str = ""
    active_at: str = ""
    read_again: timedelta | None = None
    impersonal: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def is_of_media(self) -> bool:
        """Whether it is read for each medium."""
        return "{media_id}" in self.path

    def identify(self, record: Mapping[str, object]) -> object:
        """What names a record among all of its resource."""
        if not self.key:
            return record.get("media_id")
        named = record.get(self.key)
        if self.kind == "windows":
            # An event that came again stands there twice, each day anew: two records.
            return f"{named} {record.get(self.active_at)}"
        return f"{record.get('media_id')} {named}" if self.is_of_media else named


READ_STATS = "Read detailed stats"
READ_MEDIA = "Read all folder and media data"

_USER_AGENT = tuple(
    f"user_agent_details.{name}" for name in ("browser", "browser_version", "platform", "mobile")
)


def _still(name: str) -> tuple[str, ...]:
    """Fields of a picture or file of a video's, less where it lies."""
    plain = ("width", "height", "fileSize", "contentType", "type")
    return tuple(f"{name}.{one}" for one in plain)


# What the account itself publishes of a video, its title and description among it, is no person's.
MEDIAS = Resource(
    "medias",
    "/medias",
    "listing",
    Media,
    READ_MEDIA,
    key="hashed_id",
    impersonal=(
        "hashed_id",
        "id",
        "name",
        "type",
        "archived",
        "created",
        "updated",
        "duration",
        "description",
        "embedCode",
        "progress",
        "status",
        "section",
        "protected",
        "tags[]",
        *(
            f"{folder}.{name}"
            for folder in ("project", "folder", "subfolder")
            for name in ("id", "hashed_id", "name")
        ),
        "thumbnail.url",
        *_still("thumbnail"),
        "assets.url",
        *_still("assets"),
    ),
)
MEDIA = Resource(
    "media",
    "/stats/medias/{media_id}",
    "snapshot",
    MediaStats,
    READ_STATS,
    impersonal=(
        "load_count",
        "play_count",
        "play_rate",
        "hours_watched",
        "engagement",
        "visitors",
        *(
            f"actions.{name}"
            for name in ("type", "action_count", "impression_count", "rate", "url?", "text")
        ),
    ),
)
MEDIA_ENGAGEMENT = Resource(
    "media_engagement",
    "/stats/medias/{media_id}/engagement",
    "snapshot",
    MediaEngagement,
    READ_STATS,
    impersonal=("engagement", "engagement_data[]", "rewatch_data[]"),
)
VISITORS = Resource(
    "visitors",
    "/stats/visitors",
    "crawl",
    Visitor,
    READ_STATS,
    key="visitor_key",
    active_at="last_active_at",
    impersonal=(
        "visitor_key",
        "created_at",
        "last_active_at",
        "load_count",
        "play_count",
        "last_event_key",
        "identifying_event_key",
        *_USER_AGENT,
    ),
)

MEDIA_BY_DATE = Resource(
    "media_by_date",
    "/stats/medias/{media_id}/by_date",
    "days",
    MediaDay,
    READ_STATS,
    key="date",
    active_at="date",
    # 30 days are restated, and a day of the account's zone may begin a day after UTC's.
    read_again=timedelta(days=32),
    impersonal=(
        "date",
        "load_count",
        "play_count",
        "hours_watched",
        "media_id",
        "snapshot_ts",
    ),
    is_optional=True,
)
ACCOUNT = Resource(
    "account",
    "/stats/account",
    "snapshot",
    AccountStats,
    READ_STATS,
    impersonal=("load_count", "play_count", "hours_watched"),
    is_optional=True,
)
EVENTS = Resource(
    "events",
    "/stats/events",
    "windows",
    Event,
    READ_STATS,
    key="event_key",
    active_at="received_at",
    # The day before the watermark, from its midnight on.
    read_again=timedelta(days=2),
    impersonal=(
        "event_key",
        "received_at",
        "visitor_key",
        "media_id",
        "media_name",
        "percent_viewed",
        "country",
        "region",
        "conversion_type",
        "media_url?",
        "embed_url?",
        "iframe_heatmap_url?",
        "thumbnail.url?",
        *_still("thumbnail"),
        *_USER_AGENT,
    ),
    is_optional=True,
)

# In the order of a run: the media first, since the others are read for each of them.
RESOURCES = (MEDIAS, MEDIA, MEDIA_ENGAGEMENT, MEDIA_BY_DATE, ACCOUNT, VISITORS, EVENTS)
