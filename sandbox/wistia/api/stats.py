"""The `/stats` addresses."""

from starlette.requests import Request

from sandbox.wistia.account.media import Medium
from sandbox.wistia.account.world import World
from sandbox.wistia.api.answers import not_found, page_of

# The documented default is 100; 10 is what a real account answered.
SEEN_PER_PAGE = 10


class Stats:
    """Answers about one account."""

    def __init__(self, world: World, page_cap: int) -> None:
        """Answer from this account, at most `page_cap` rows a page."""
        self.world, self.page_cap = world, page_cap

    def visitors(self, request: Request) -> list[dict[str, object]]:
        """Answer `/stats/visitors`; a `media_id` changes nothing, as measured."""
        offset, limit = page_of(request, SEEN_PER_PAGE, self.page_cap)
        people = self.world.people
        return [people.body(row) for row in people.page(offset, limit)]

    def medium(self, request: Request) -> dict[str, object]:
        """Answer `/stats/medias/{id}`."""
        return find_medium(self.world, request).stats_body()

    def engagement(self, request: Request) -> dict[str, object]:
        """Answer `/stats/medias/{id}/engagement`."""
        return find_medium(self.world, request).engagement_body()

    def account(self, _request: Request) -> dict[str, object]:
        """Answer `/stats/account`."""
        media = self.world.library
        return {
            "load_count": sum(medium.load_count for medium in media),
            "play_count": sum(medium.play_count for medium in media),
            "hours_watched": sum(medium.hours_watched for medium in media),
        }


def find_medium(world: World, request: Request) -> Medium:
    """Return the video that the address names.

    Raises:
        Refusal: There is none (404).
    """
    medium = world.medium(request.path_params["id"])
    if medium is None:
        raise not_found("Media")
    return medium
