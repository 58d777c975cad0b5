"""An account behind the wire: what the API would answer, and faults in front of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.ingestion.api.wire import Asked, Reply, as_json

TOKEN = "planted-token-7f3"  # noqa: S105 - a stand-in's
NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)


def iso(moment: datetime) -> str:
    """A time as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def visitor(number: int, at: datetime | str | None = None, **changes: object) -> dict[str, Any]:
    """Visitor `number`, last active `number` minutes before noon unless `at` says when."""
    moment = NOON - timedelta(minutes=number) if at is None else at
    return {
        "visitor_key": f"v{number:06d}-2cbe4e",
        "created_at": "2025-11-02T10:00:00.000Z",
        "last_active_at": iso(moment) if isinstance(moment, datetime) else moment,
        "last_event_key": f"event-{number}",
        "load_count": 3,
        "play_count": 2,
        "identifying_event_key": None,
        "visitor_identity": {"name": "", "email": None, "org": {"name": None, "title": None}},
        "user_agent_details": {
            "browser": "Chrome",
            "browser_version": "143",
            "platform": "Mac OS",
            "mobile": False,
        },
    } | changes


def visitors(count: int) -> list[object]:
    return [visitor(number) for number in range(count)]


def medium(hashed_id: str, number: int = 1, **changes: object) -> dict[str, Any]:
    return {
        "id": number,
        "hashed_id": hashed_id,
        "name": f"Film {number}",
        "type": "Video",
        "duration": 2.5,
        "created": "2024-01-01T00:00:00+00:00",
        "updated": "2024-01-02T00:00:00+00:00",
        "project": {"id": 5, "name": "Films", "hashed_id": "folder0001"},
    } | changes


def event(number: int, at: datetime | None = None, **changes: object) -> dict[str, Any]:
    """Event `number`, received `number` minutes before noon unless `at` says when."""
    moment = NOON - timedelta(minutes=number) if at is None else at
    return {
        "received_at": iso(moment),
        "event_key": f"1767873600000e0.{number:016d}",
        "visitor_key": f"v{number:06d}-2cbe4e",
        "ip": "192.0.2.7",
        "country": "DE",
        "region": "BE",
        "city": "Berlin",
        "lat": 52.5244,
        "lon": 13.4105,
        "org": "Example Telecom",
        "email": None,
        "percent_viewed": 0.5,
        "embed_url": "https://www.example.com/tour",
        "conversion_type": "",
        "conversion_data": "",
        "iframe_heatmap_url": "https://example.com/events/1/iframe.html?public_token=xyz",
        "media_id": "abc",
        "media_name": "Film 1",
        "media_url": "https://example.com/medias/abc",
        "thumbnail": {"url": "https://example.com/a.jpg", "width": 640},
        "user_agent_details": {"browser": "Chrome", "mobile": False},
    } | changes


STATS = {
    "load_count": 10,
    "play_count": 4,
    "play_rate": 0.25,
    "hours_watched": 1.5,
    "engagement": 0.5,
    "visitors": 8,
}
ENGAGEMENT = {"engagement": 0.5, "engagement_data": [4, 3, 2], "rewatch_data": [1, 0, 0]}


NOT_FOUND = as_json({"error": "not found"}, 404)


@dataclass
class Account:
    """Data by address; a fault is met once for each time it was ordered."""

    visitors: list[object] = field(default_factory=list)
    medias: list[object] = field(default_factory=list)
    stats: dict[str, object] = field(default_factory=dict)
    engagement: dict[str, object] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    days: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    totals: dict[str, object] = field(
        default_factory=lambda: {"load_count": 20, "play_count": 8, "hours_watched": 3.0}
    )
    hashed_id: str | None = "account-one"
    faults: dict[tuple[str, int], list[Reply]] = field(default_factory=dict)

    def add_medium(self, hashed_id: str, number: int = 1, **changes: object) -> None:
        self.medias.append(medium(hashed_id, number, **changes))
        self.stats[hashed_id] = dict(STATS)
        self.engagement[hashed_id] = dict(ENGAGEMENT)

    def order(self, path: str, *replies: Reply, page: int = 1) -> None:
        """Answer the next requests for this address (under the base URL) with these."""
        self.faults.setdefault((path, page), []).extend(replies)

    def __call__(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/v1")
        if waiting := self.faults.get((path, asked.page)):
            return waiting.pop(0)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return as_json({"code": "unauthorized_credentials", "error": "no"}, 401)
        return self._route(path, asked)

    def _route(self, path: str, asked: Asked) -> Reply:
        if path == "/account" and self.hashed_id:
            return as_json({"hashed_id": self.hashed_id})
        if path == "/medias":
            wanted = asked.query.get("hashed_ids[]")
            return _page(asked, (m for m in self.medias if not wanted or _id(m) in wanted))
        if path.startswith("/stats/medias/"):
            media_id, _, part = path.removeprefix("/stats/medias/").partition("/")
            return self._medium(media_id, part, asked)
        if path.startswith("/stats/"):
            return self._stats(path.removeprefix("/stats/"), asked)
        return NOT_FOUND

    def _stats(self, path: str, asked: Asked) -> Reply:
        if path == "visitors":
            return _page(asked, self.visitors)
        if path == "account":
            return as_json(self.totals)
        if path == "events":
            within = _within(asked)
            return _page(asked, (e for e in self.events if within(e["received_at"])))
        return NOT_FOUND

    def _medium(self, media_id: str, part: str, asked: Asked) -> Reply:
        if part == "by_date" and media_id in self.stats:
            within = _within(asked)
            return as_json([d for d in self.days.get(media_id, []) if within(d["date"])])
        found = {"": self.stats, "engagement": self.engagement}.get(part, {}).get(media_id)
        return NOT_FOUND if found is None else as_json(found)


def _within(asked: Asked) -> Callable[[str], bool]:
    """Whether a time or day is inside the window asked for, both days included."""
    first, last = asked.query["start_date"][0], asked.query["end_date"][0]
    return lambda text: first <= text[:10] <= last


def _id(item: object) -> object:
    return item.get("hashed_id") if isinstance(item, dict) else None


def _page(asked: Asked, rows: Iterable[object]) -> Reply:
    size = min(100, int(asked.query.get("per_page", ["10"])[0]))
    return as_json(list(rows)[(asked.page - 1) * size : asked.page * size])
