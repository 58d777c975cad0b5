"""The shapes of answers and of the parameters that ask for them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MOST_PER_PAGE = 100


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the server
    """An answer other than 200, as the API words it."""

    def __init__(self, status: int, error: str, code: str | None = None) -> None:
        """Refuse with a status, a sentence and, for 401, a machine-readable code."""
        super().__init__(error)
        self.status = status
        self.body = {"error": error} if code is None else {"code": code, "error": error}


def not_found(what: str) -> Refusal:
    """Refuse because something does not exist."""
    return Refusal(404, f"{what} not found")


async def refuse(_request: Request, refusal: Exception) -> Response:
    """Turn a refusal into its answer."""
    if not isinstance(refusal, Refusal):
        raise refusal
    return JSONResponse(refusal.body, refusal.status)


def page_of(request: Request, default: int, most: int = MOST_PER_PAGE) -> tuple[int, int]:
    """Return (offset, limit) of a list request; odd values count as absent.

    `default` rows are meant where none are asked for, and never more than `most`.
    """
    page = max(_whole(request, "page", 1), 1)
    limit = _whole(request, "per_page", default)
    limit = min(limit if limit > 0 else default, most)
    return (page - 1) * limit, limit


def day_of(request: Request, name: str, default: date) -> date:
    """Return a day parameter.

    Raises:
        Refusal: It is not a day (422).
    """
    text = request.query_params.get(name)
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(422, f"{name} is not a date in the format YYYY-MM-DD") from None


def whole_number(text: str | None, default: int) -> int:
    """Return a text as a whole number, or the default."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def _whole(request: Request, name: str, default: int) -> int:
    return whole_number(request.query_params.get(name), default)


Answer = Callable[[Request], Any]
"""What one address answers: a JSON value, made from the request."""


def is_modern(request: Request) -> bool:
    """Whether the maintained line is asked, which is dated, and not v1."""
    return request.url.path.startswith("/modern/")
