"""Who may use the controls: a password, a session kept here, a token against forgery."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reports.server.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from reports.server.limits import Guesses

COOKIE = "wistia_elt_session"
TOKEN_HEADER = "x-operations-token"  # noqa: S105 - a header's name
SESSION_SECONDS = 12 * 3600
_MOST_SESSIONS = 100


class Doorkeeper:
    """Signs people in and tells whether a request may use the controls.

    Sessions live in this process: signing out ends one at once, a restart ends all. Starlette's
    SessionMiddleware keeps them in a signed cookie, which stays valid in every copy.
    """

    def __init__(self, password: str | None, guesses: Guesses, clock: Callable[[], float]) -> None:
        self._digest = None if password is None else _digest(password)
        self._guesses = guesses
        self._clock = clock
        # The end of each session by the digest of its cookie, the oldest first.
        self._sessions: dict[bytes, float] = {}

    @property
    def has_password(self) -> bool:
        """Whether the controls can be opened at all."""
        return self._digest is not None

    async def sign_in(self, request: Request, password: str, response: Response) -> None:
        """Set the session's cookie on the response when the password is right."""
        check_origin(request)
        if self._digest is None:
            raise Refusal(403, "The controls are off.", "set OPERATIONS_PASSWORD and serve again")
        client = request.client.host if request.client else "unknown"
        is_right = hmac.compare_digest(_digest(password), self._digest)
        await self._guesses.judge(client, is_right=is_right)
        cookie = secrets.token_urlsafe(32)
        self._forget_ended()
        while len(self._sessions) >= _MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[_digest(cookie)] = self._clock() + SESSION_SECONDS
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=SESSION_SECONDS,
            path="/api",
            secure=_is_over_tls(request),
            httponly=True,
            samesite="strict",
        )

    def sign_out(self, request: Request, response: Response) -> None:
        """End the request's session, in every copy of its cookie."""
        self._sessions.pop(_digest(request.cookies.get(COOKIE, "")), None)
        response.delete_cookie(COOKIE, path="/api", httponly=True, samesite="strict")

    def token(self, request: Request) -> str | None:
        """The forgery token of the request's session; None when nobody is signed in."""
        self._forget_ended()
        cookie = request.cookies.get(COOKIE, "")
        if _digest(cookie) not in self._sessions:
            return None
        return hmac.new(_bytes(cookie), b"forgery token", hashlib.sha256).hexdigest()

    def check(self, request: Request) -> None:
        """Let the request pass only from a signed-in page of ours."""
        check_origin(request)
        expected = self.token(request)
        if expected is None:
            raise Refusal(401, "You are signed out.", "sign in on the Operations page")
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(_bytes(given), _bytes(expected)):
            raise Refusal(403, "The request lacks this session's token.", "reload the page")

    def _forget_ended(self) -> None:
        now = self._clock()
        self._sessions = {key: end for key, end in self._sessions.items() if end > now}


def check_origin(request: Request) -> None:
    """Refuse what another site's page sends."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        ours = site == "same-origin"
    else:
        # A browser names the origin of every POST; who names none is no browser.
        ours = origin is None or _host_of(origin) == request.headers.get("host")
    if not ours:
        raise Refusal(403, "The request comes from another site.", "use the Operations page")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _is_over_tls(request: Request) -> bool:
    # A proxy may end TLS without telling; the browser's own Origin knows how it asked.
    origin = request.headers.get("origin", "")
    return request.url.scheme == "https" or origin.lower().startswith("https://")


def _bytes(text: str) -> bytes:
    # JSON can hold half a surrogate pair, which UTF-8 alone cannot.
    return text.encode(errors="surrogatepass")


def _digest(text: str) -> bytes:
    # Equal lengths, so that a comparison tells nothing about the text's.
    return hashlib.sha256(_bytes(text)).digest()
