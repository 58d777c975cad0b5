"""The client of Wistia's Stats API: one paced, patient, counted GET.

Facts it rests on: 600 requests a minute per account; 429 with Retry-After in seconds
(503 in older documents); `page` from 1, `per_page` at most 100 and always sent; the
version header always sent; the end of a list is an empty page, a short page is not.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from ingestion.errors import (
    AuthenticationError,
    BadRequestError,
    BadResponseError,
    IngestionError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from ingestion.retries import LONGEST_WAIT_SECONDS, Fault, retrying, seconds_to_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from ingestion.pacing import Pacer
    from ingestion.settings import Settings

PER_PAGE = 100
MOST_IN_FLIGHT = 64
_CONNECT_SECONDS = 10
# The slowest good answers seen: 5.5 s for visitors, 41 s for events.
READ_SECONDS = 30
_BODY_SECONDS = 120
_CHUNK = 65_536
_GET_A_NEW_ONE = (
    'make a token with "Read detailed stats" and "Read all folder and media data" '
    "(Account Settings, API Access) and set WISTIA_API_TOKEN to it"
)

log = logging.getLogger(__name__)


class Wistia:
    """The API behind one token; safe to share between threads.

    Args:
        settings: Base URL, version.
        token: The bearer token.
        pacer: Every request, retries included, takes a slot from it.
        sleep: How to wait between retries, seconds.
    """

    def __init__(
        self,
        settings: Settings,
        token: str,
        pacer: Pacer,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the session; nothing is sent."""
        self.base_url = settings.wistia_base_url
        self._pacer = pacer
        self._sleep = sleep
        self._lock = threading.Lock()
        self.requests = 0
        self.retries = 0
        self.server_time: datetime | None = None
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=MOST_IN_FLIGHT)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._session.headers.update(
            {
                "Authorization": f"Bearer {token}",
                "X-Wistia-API-Version": settings.wistia_api_version,
                "Accept": "application/json",
                "User-Agent": "wistia-elt",
            }
        )

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, expect: type = dict
    ) -> Any:  # noqa: ANN401 - decoded JSON of the expected type
        """Fetch one JSON document.

        Args:
            path: Below the base URL, or a whole address.
            params: Of the query.
            expect: `dict` or `list`; anything else is a bad response.

        Returns:
            The decoded body.

        Raises:
            AuthenticationError: 401 or 403; never retried.
            NotFoundError: 404; never retried.
            BadRequestError: 400, 422; never retried.
            UnavailableError: No answer, 5xx or 429 after every retry.
            BadResponseError: Not the JSON expected after every retry.
        """
        url = path if "://" in path else self.base_url + path
        try:
            return retrying(self._note_retry, self._sleep)(self._send, url, params or {}, expect)
        except Fault as fault:
            raise fault.error from fault.__cause__

    def fetch_pages(
        self, path: str, params: Mapping[str, Any] | None = None
    ) -> Iterator[list[object]]:
        """Yield a list page after page, until the empty page that is its end.

        A page that repeats the one before it ends the list too: some servers answer a
        filtered list whole, whatever the page.
        """
        page, last = 1, None
        while (rows := self.fetch_page(path, page, params)) and rows != last:
            yield rows
            page, last = page + 1, rows

    def fetch_page(
        self, path: str, page: int, params: Mapping[str, Any] | None = None
    ) -> list[object]:
        """Fetch one page of a list; empty past its end."""
        rows: list[object] = self.get(
            path, {**(params or {}), "page": page, "per_page": PER_PAGE}, expect=list
        )
        return rows

    def check_token(self) -> list[str] | None:
        """Ask what the token may do.

        Returns:
            Its scopes; None where the API has no such address or cannot tell now.

        Raises:
            AuthenticationError: The token is wrong.
            UnavailableError: Nobody answers at the base URL.
        """
        parts = urlsplit(self.base_url)
        try:
            found = self.get(f"{parts.scheme}://{parts.netloc}/modern/token")
        except (NotFoundError, BadResponseError, BadRequestError):
            log.info("the token's permissions cannot be asked here; going on without")
            return None
        scopes = found.get("scopes")
        return [str(scope) for scope in scopes] if isinstance(scopes, list) else None

    def fetch_account(self) -> str | None:
        """Ask whose account this is; None where the API does not tell.

        One try: an API without this address must cost nothing.
        """
        try:
            found = self._send(f"{self.base_url}/account", {}, dict)
        except (Fault, IngestionError):
            return None
        identity = found.get("hashed_id") or found.get("id") or found.get("url")
        return None if identity is None else str(identity)

    def _note_retry(self) -> None:
        with self._lock:
            self.retries += 1

    def _send(self, url: str, params: Mapping[str, Any], expect: type) -> Any:  # noqa: ANN401
        self._pacer.wait()
        with self._lock:
            self.requests += 1
        try:
            with self._session.get(
                url, params=params, timeout=(_CONNECT_SECONDS, READ_SECONDS), stream=True
            ) as response:
                body = _read(response)
        except (requests.RequestException, TimeoutError, OSError) as error:
            raise Fault(_no_answer(url, error), kind="connection") from error
        self.server_time = _server_time(response) or self.server_time
        if response.status_code != requests.codes.ok:
            raise self._refusal(response, body)
        return _decode(body, url, expect)

    def _refusal(self, response: requests.Response, body: bytes) -> Exception:
        status = response.status_code
        where = (
            f"{_where(response.url)} (request {response.headers.get('x-request-id', 'unknown')})"
        )
        if status in {401, 403}:
            return _denied(status, body, where)
        if status == requests.codes.not_found:
            return NotFoundError(
                f"the API knows nothing at {where}", "check WISTIA_BASE_URL and WISTIA_MEDIA_IDS"
            )
        if status != requests.codes.too_many_requests and status < requests.codes.server_error:
            return BadRequestError(
                f"the API answered {status} to {where}",
                "check WISTIA_BASE_URL and WISTIA_API_VERSION",
            )
        wait = seconds_to_wait(response.headers.get("Retry-After"), response.headers.get("Date"))
        if wait is not None:
            self._pacer.hold(min(wait, LONGEST_WAIT_SECONDS))
        limited = status == requests.codes.too_many_requests
        error = (RateLimitedError if limited else UnavailableError)(
            f"the API answered {status} to {where} after every retry",
            "wait and run again: it continues where it stopped",
        )
        return Fault(error, kind="rate" if limited else "server", wait=wait)


def _read(response: requests.Response) -> bytes:
    # A time-out of requests is per read; a body that trickles needs one of its own.
    deadline = time.monotonic() + _BODY_SECONDS
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError(f"the body took longer than {_BODY_SECONDS} s")
    return bytes(body)


def _server_time(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None


def _decode(body: bytes, url: str, expect: type) -> Any:  # noqa: ANN401 - decoded JSON
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        shown = "HTML" if body.lstrip()[:1] == b"<" else "something that is not JSON"
        raise _bad(body, url, shown) from None
    if not isinstance(document, expect):
        raise _bad(body, url, f"a JSON {type(document).__name__} instead of a {expect.__name__}")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _bad(body: bytes, url: str, shown: str) -> Fault:
    error = BadResponseError(
        f"the API answered {_where(url)} with {shown} ({len(body)} bytes)",
        "check that WISTIA_BASE_URL is the API's and no proxy answers for it, then run again",
    )
    error.length = len(body)
    error.digest = hashlib.sha256(body).hexdigest()
    return Fault(error, kind="body")


def _denied(status: int, body: bytes, where: str) -> AuthenticationError:
    try:
        code = json.loads(body).get("code")
    except (ValueError, AttributeError):
        code = None
    if code == "unauthorized_scope":
        return AuthenticationError(f"the token lacks the permission for {where}", _GET_A_NEW_ONE)
    if code == "account_inactive":
        return AuthenticationError("the Wistia account is inactive", "ask the account's owner")
    if status == requests.codes.forbidden:
        return AuthenticationError(
            f"the account's plan does not include {where}", "ask the account's owner or Wistia"
        )
    return AuthenticationError("Wistia refused the token (401)", _GET_A_NEW_ONE)


def _no_answer(url: str, error: Exception) -> UnavailableError:
    parts = urlsplit(url)
    if isinstance(error, (requests.Timeout, TimeoutError)):
        reason = "the answer took too long"
    elif "IncompleteRead" in str(error) or isinstance(
        error, requests.exceptions.ChunkedEncodingError
    ):
        reason = "the answer broke off"
    else:
        reason = "no connection"
    return UnavailableError(
        f"no usable answer from {parts.scheme}://{parts.netloc}{parts.path}: {reason}",
        "check the network and WISTIA_BASE_URL, then run again: it continues where it stopped",
    )


def _where(url: str) -> str:
    parts = urlsplit(url)
    page = next((part for part in parts.query.split("&") if part.startswith("page=")), "")
    return f"GET {parts.path}{'?' + page if page else ''}"
