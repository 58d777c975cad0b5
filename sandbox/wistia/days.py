"""The `by_date` addresses and the totals they add up to."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from sandbox.wistia.answers import day_of, not_found
from sandbox.wistia.clock import day_start
from sandbox.wistia.media import FOLDER_HASHED_ID, FOLDER_ID, Medium
from sandbox.wistia.stats import find_medium, totals
from sandbox.wistia.world import World

# Days follow the account's own time zone; the measured ones fit UTC-5 (API.md).
ZONE = ZoneInfo("America/New_York")


class Days:
    """Answers about one account's days."""

    def __init__(self, world: World) -> None:
        """Answer from this account."""
        self.world = world

    def of_medium(self, request: Request) -> list[dict[str, object]]:
        """Answer `/stats/medias/{id}/by_date`."""
        return self._rows(request, [find_medium(self.world, request)])

    def of_account(self, request: Request) -> list[dict[str, object]]:
        """Answer `/stats/account/by_date`."""
        return self._rows(request, self.world.library)

    def project(self, request: Request) -> dict[str, object]:
        """Answer `/stats/projects/{id}`: all media live in one folder."""
        if request.path_params["id"] not in (str(FOLDER_ID), FOLDER_HASHED_ID):
            raise not_found("Project")
        return totals(self.world.library) | {"number_of_videos": len(self.world.library)}

    def _rows(self, request: Request, media: list[Medium]) -> list[dict[str, object]]:
        """Return a row a day, both ends included; yesterday and today unless told."""
        today = datetime.fromtimestamp(self.world.now, ZONE).date()
        first = day_of(request, "start_date", today - timedelta(days=1))
        last = day_of(request, "end_date", today)
        count = (last - first).days + 1
        return [self._row(first + timedelta(days=turn), media) for turn in range(count)]

    def _row(self, day: date, media: list[Medium]) -> dict[str, object]:
        begin, end = day_start(day, ZONE), day_start(day + timedelta(days=1), ZONE)
        loads = plays = 0
        hours = 0.0
        for medium in media:
            since = [play.at for play in self.world.plays_of(medium)]
            counted = sum(begin <= at < end for at in since)
            loads += counted + self._before(medium.load_count - len(since), begin, end)
            played = counted + self._before(medium.play_count - len(since), begin, end)
            plays += played
            # Not measured by day but restated from the lifetime engagement (API.md 7).
            hours += played * medium.engagement * medium.duration / 3600
        return {
            "date": day.isoformat(),
            "load_count": loads,
            "play_count": plays,
            "hours_watched": hours,
        }

    def _before(self, total: int, begin: int, end: int) -> int:
        """Return a day's part of a count from before the start; all days add up to it."""
        share = self.world.calendar.share
        return round(total * share(begin)) - round(total * share(end))
