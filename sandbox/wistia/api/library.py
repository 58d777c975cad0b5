"""The addresses outside `/stats`: media, the account, the token."""

from starlette.requests import Request

from sandbox.wistia.account.world import World
from sandbox.wistia.api.answers import MOST_PER_PAGE, is_modern, page_of


class Library:
    """Answers about one account's media and about the account itself."""

    def __init__(self, world: World, scopes: frozenset[str]) -> None:
        self.world, self.scopes = world, scopes

    def medias(self, request: Request) -> list[dict[str, object]]:
        """Answer `/medias`."""
        offset, limit = page_of(request, MOST_PER_PAGE)
        wanted = request.query_params.getlist("hashed_ids[]")
        library = [m for m in self.world.library if not wanted or m.hashed_id in wanted]
        return [m.body(modern=is_modern(request)) for m in library[offset : offset + limit]]

    def account(self, _request: Request) -> dict[str, object]:
        """Answer `/account`."""
        return {
            "id": self.world.account_id,
            "name": "Sandbox account",
            "url": "https://sandbox.example.com",
        }

    def token(self, _request: Request) -> dict[str, object]:
        """Answer `/modern/token`."""
        return {
            "type": "permanent",
            "application": None,
            "scopes": sorted(self.scopes),
            "name": "sandbox",
            "expires_at": None,
        }
