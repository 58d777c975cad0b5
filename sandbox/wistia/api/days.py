"""The `by_date` address."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from sandbox.wistia.account.media import Medium
from sandbox.wistia.account.world import World
from sandbox.wistia.api.answers import day_of
from sandbox.wistia.api.stats import find_medium
from sandbox.wistia.clock import day_start

# Days follow the account's own time zone; the measured ones fit UTC-5.
ZONE = ZoneInfo("America/New_York")


class Days:
    """Answers about a video's days."""

    def __init__(self, world: World) -> None:
        self.world = world

    def of_medium(self, request: Request) -> list[dict[str, object]]:
        """Answer `/stats/medias/{id}/by_date`: a row a day, both ends included.

        Yesterday and today unless told.
        """
        medium = find_medium(self.world, request)
        today = datetime.fromtimestamp(self.world.now, ZONE).date()
        first = day_of(request, "start_date", today - timedelta(days=1))
        last = day_of(request, "end_date", today)
        count = (last - first).days + 1
        return [self._row(first + timedelta(days=turn), medium) for turn in range(count)]

    def _row(self, day: date, medium: Medium) -> dict[str, object]:
        begin, end = day_start(day, ZONE), day_start(day + timedelta(days=1), ZONE)
        since = [play.at for play in self.world.plays_of(medium)]
        unplayed = [load.at for load in self.world.loads_of(medium)]
        counted = sum(begin <= at < end for at in since)
        loads = counted + sum(begin <= at < end for at in unplayed)
        loads += self._before(medium.load_count - len(since) - len(unplayed), begin, end)
        plays = counted + self._before(medium.play_count - len(since), begin, end)
        return {
            "date": day.isoformat(),
            "load_count": loads,
            "play_count": plays,
            # Not measured by day but restated from the lifetime engagement.
            "hours_watched": plays * medium.engagement * medium.duration / 3600,
        }

    def _before(self, total: int, begin: int, end: int) -> int:
        """Return a day's part of a count from before the start; all days add up to it."""
        share = self.world.calendar.share
        return round(total * share(begin)) - round(total * share(end))
