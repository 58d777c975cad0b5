"""What is fetched, as a table: a new resource is a new row and nothing else.

Paths and parameters: the official specification; behavior: real answers.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.config.errors import ConfigurationError
from ingestion.extract.events import load_events
from ingestion.extract.media import load_days, load_list, load_snapshots
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

MEDIAS = Resource("medias", "/medias", Media, load_list, key=("hashed_id",))
MEDIA = Resource("media", "/stats/medias/{media_id}", MediaStats, load_snapshots, key=("media_id",))
MEDIA_ENGAGEMENT = Resource(
    "media_engagement",
    "/stats/medias/{media_id}/engagement",
    MediaEngagement,
    load_snapshots,
    key=("media_id",),
)
MEDIA_BY_DATE = Resource(
    "media_by_date",
    "/stats/medias/{media_id}/by_date",
    MediaDay,
    load_days,
    key=("media_id", "date"),
    active_at="date",
    # 30 days are restated, and a day of the account's zone may begin a day after UTC's.
    read_again=timedelta(days=32),
    is_optional=True,
)
ACCOUNT = Resource(
    "account", "/stats/account", AccountStats, load_snapshots, key=("media_id",), is_optional=True
)
VISITORS = Resource(
    "visitors",
    "/stats/visitors",
    Visitor,
    load_visitors,
    key=("visitor_key",),
    active_at="last_active_at",
)
EVENTS = Resource(
    "events",
    "/stats/events",
    Event,
    load_events,
    # One that came again stands there twice, and each day again.
    key=("event_key", "received_at"),
    active_at="received_at",
    # The day before the watermark, from its midnight on.
    read_again=timedelta(days=2),
    is_optional=True,
)

# In the order of a run: the list of videos first, since others are read for each of them.
RESOURCES = (MEDIAS, MEDIA, MEDIA_ENGAGEMENT, MEDIA_BY_DATE, ACCOUNT, VISITORS, EVENTS)


def choose(name: str | None) -> tuple[Resource, ...]:
    """The rows that are meant: one by its name, or all."""
    chosen = tuple(resource for resource in RESOURCES if name in {None, resource.name})
    if not chosen:
        names = ", ".join(resource.name for resource in RESOURCES)
        raise ConfigurationError(f"there is no resource {name!r}", f"choose one of {names}")
    return chosen
