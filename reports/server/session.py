"""Who may use the controls: a password, a signed cookie, a token against forgery."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer

from reports.server.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from reports.server.limits import Limit

COOKIE = "wistia_elt_session"
TOKEN_HEADER = "x-operations-token"  # noqa: S105 - a header's name
SESSION_SECONDS = 12 * 3600


class Doorkeeper:
    """Signs people in and tells whether a request may use the controls.

    The key that signs cookies lives as long as the process: a restart signs everyone out.

    Args:
        password: OPERATIONS_PASSWORD; None keeps the controls off.
        guesses: How often a wrong password may be tried.
        new_secret: Makes a random text; a test passes its own.
    """

    def __init__(
        self,
        password: str | None,
        guesses: Limit,
        new_secret: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        """Keep only a digest of the password."""
        self._digest = None if password is None else _digest(password)
        self._guesses = guesses
        self._new_secret = new_secret
        self._key = new_secret()
        self._cookies = URLSafeTimedSerializer(self._key, salt="session")

    @property
    def has_password(self) -> bool:
        """Whether the controls can be opened at all."""
        return self._digest is not None

    def sign_in(self, request: Request, password: str, response: Response) -> None:
        """Set the session's cookie on the response when the password is right.

        Raises:
            Refusal: No password is set (403), a wrong one (401), too many guesses (429).
        """
        check_origin(request)
        if self._digest is None:
            raise Refusal(403, "The controls are off.", "set OPERATIONS_PASSWORD and serve again")
        client = request.client.host if request.client else "unknown"
        wait = self._guesses.wait(client)
        if wait > 0:
            raise Refusal(
                429,
                "Too many wrong passwords.",
                f"wait {int(wait // 60) + 1} minutes and try again",
                retry_after=int(wait) + 1,
            )
        if not hmac.compare_digest(_digest(password), self._digest):
            self._guesses.count(client)
            raise Refusal(401, "That is not the password.", "it is the one in OPERATIONS_PASSWORD")
        self._guesses.clear(client)
        response.set_cookie(
            COOKIE,
            self._cookies.dumps(self._new_secret()),
            max_age=SESSION_SECONDS,
            path="/api",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )

    def sign_out(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(COOKIE, path="/api", httponly=True, samesite="strict")

    def token(self, request: Request) -> str | None:
        """The forgery token of the request's session; None when nobody is signed in."""
        session = self._session(request)
        if session is None:
            return None
        return hmac.new(self._key.encode(), session.encode(), hashlib.sha256).hexdigest()

    def check(self, request: Request) -> None:
        """Let the request pass only from a signed-in page of ours.

        Raises:
            Refusal: From elsewhere (403), signed out (401), without its token (403).
        """
        check_origin(request)
        expected = self.token(request)
        if expected is None:
            raise Refusal(401, "You are signed out.", "sign in on the Operations page")
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refusal(403, "The request lacks this session's token.", "reload the page")

    def _session(self, request: Request) -> str | None:
        try:
            session = self._cookies.loads(request.cookies.get(COOKIE, ""), max_age=SESSION_SECONDS)
        except BadSignature:
            return None
        return session if isinstance(session, str) and self.has_password else None


def check_origin(request: Request) -> None:
    """Refuse what another site's page sends.

    Raises:
        Refusal: The browser says that the request comes from elsewhere (403).
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        ours = site == "same-origin"
    else:
        # A browser names the origin of every POST; who names none is no browser.
        ours = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not ours:
        raise Refusal(403, "The request comes from another site.", "use the Operations page")


def _digest(password: str) -> bytes:
    # Equal lengths, so that a comparison tells nothing about the password's.
    return hashlib.sha256(password.encode()).digest()
