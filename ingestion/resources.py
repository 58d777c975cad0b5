"""What is fetched, as a table: a new resource is a new row and nothing else.

Paths and parameters: the official specification; behavior: real answers.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.config.errors import ConfigurationError
from ingestion.extract.events import load_events
from ingestion.extract.media import load_list, load_snapshots
from ingestion.extract.video_days import load_days
from ingestion.extract.visitors import load_visitors
from ingestion.load.resource import Resource
from ingestion.load.schemas import (
    AccountStats,
    Event,
    Media,
    MediaDay,
    MediaEngagement,
    MediaStats,
    Visitor,
)

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
    Media,
    load_list,
    READ_MEDIA,
    key=("hashed_id",),
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
    MediaStats,
    load_snapshots,
    READ_STATS,
    key=("media_id",),
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
    MediaEngagement,
    load_snapshots,
    READ_STATS,
    key=("media_id",),
    impersonal=("engagement", "engagement_data[]", "rewatch_data[]"),
)
VISITORS = Resource(
    "visitors",
    "/stats/visitors",
    Visitor,
    load_visitors,
    READ_STATS,
    key=("visitor_key",),
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
    MediaDay,
    load_days,
    READ_STATS,
    key=("media_id", "date"),
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
    AccountStats,
    load_snapshots,
    READ_STATS,
    key=("media_id",),
    impersonal=("load_count", "play_count", "hours_watched"),
    is_optional=True,
)
EVENTS = Resource(
    "events",
    "/stats/events",
    Event,
    load_events,
    READ_STATS,
    # One that came again stands there twice, and each day again.
    key=("event_key", "received_at"),
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

# In the order of a run: the list of videos first, since others are read for each of them.
RESOURCES = (MEDIAS, MEDIA, MEDIA_ENGAGEMENT, MEDIA_BY_DATE, ACCOUNT, VISITORS, EVENTS)


def choose(name: str | None) -> tuple[Resource, ...]:
    """The rows that are meant: one by its name, or all.

    Raises:
        ConfigurationError: There is no such resource.
    """
    chosen = tuple(resource for resource in RESOURCES if name in {None, resource.name})
    if not chosen:
        names = ", ".join(resource.name for resource in RESOURCES)
        raise ConfigurationError(f"there is no resource {name!r}", f"choose one of {names}")
    return chosen
