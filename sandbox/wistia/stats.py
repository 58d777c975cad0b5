"""The `/stats` addresses."""

from collections.abc import Callable, Iterator
from itertools import islice

from starlette.requests import Request

from sandbox.wistia.answers import not_found, page_of
from sandbox.wistia.base import Visitor
from sandbox.wistia.media import Medium
from sandbox.wistia.people import Identity
from sandbox.wistia.world import World

# The documented default is 100; 10 is what a real account answered (API.md).
SEEN_PER_PAGE = 10

_FILTERS: dict[str | None, Callable[[Identity], bool]] = {
    None: lambda identity: bool(identity.email),
    "has_name": lambda identity: bool(identity.name),
    "has_email": lambda identity: bool(identity.email),
    "identified_by_email_gate": lambda identity: identity.by_email_gate,
}


class Stats:
    """Answers about one account."""

    def __init__(self, world: World, page_cap: int) -> None:
        """Answer from this account, at most `page_cap` rows a page."""
        self.world, self.page_cap = world, page_cap

    def visitors(self, request: Request) -> list[dict[str, object]]:
        """Answer `/stats/visitors`; a `media_id` changes nothing, as measured."""
        offset, limit = page_of(request, SEEN_PER_PAGE, self.page_cap)
        wanted, search = request.query_params.get("filter"), request.query_params.get("search", "")
        people = self.world.people
        wanted = wanted if wanted in _FILTERS else None
        if wanted or search:
            found = self._matching(wanted, search.casefold())
            rows = list(islice(found, offset, offset + limit))
        else:
            rows = people.page(offset, limit)
        return [people.body(row) for row in rows]

    def visitor(self, request: Request) -> dict[str, object]:
        """Answer `/stats/visitors/{visitor_key}`."""
        row = self.world.people.find(request.path_params["key"])
        if row is None:
            raise not_found("Visitor")
        return self.world.people.body(row)

    def medium(self, request: Request) -> dict[str, object]:
        """Answer `/stats/medias/{id}`."""
        return find_medium(self.world, request).stats_body()

    def engagement(self, request: Request) -> dict[str, object]:
        """Answer `/stats/medias/{id}/engagement`."""
        return find_medium(self.world, request).engagement_body()

    def account(self, _request: Request) -> dict[str, object]:
        """Answer `/stats/account`."""
        return totals(self.world.library)

    def _matching(self, wanted: str | None, search: str) -> Iterator[Visitor]:
        people = self.world.people
        for number in people.identified():
            identity = people.registry.identity(number)
            found = search in f"{identity.name}\n{identity.email}".casefold()
            if found and _FILTERS[wanted](identity):
                yield people.visitor(number)


def find_medium(world: World, request: Request) -> Medium:
    """Return the medium that the address names.

    Raises:
        Refusal: There is none (404).
    """
    medium = world.medium(request.path_params["id"])
    if medium is None:
        raise not_found("Media")
    return medium


def totals(media: list[Medium]) -> dict[str, object]:
    """Return the sums of some media's figures."""
    return {
        "load_count": sum(medium.load_count for medium in media),
        "play_count": sum(medium.play_count for medium in media),
        "hours_watched": sum(medium.hours_watched for medium in media),
    }
