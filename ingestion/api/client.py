"""The client of Wistia's Stats API: one paced, patient, counted GET.

Facts it rests on: 600 requests a minute per account; 429 with Retry-After in seconds
(503 in older documents); `page` from 1, `per_page` at most 100 and always sent; the
version header always sent; the end of a list is an empty page, a short page is not.
"""

from __future__ import annotations

import logging
import threading
import time
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from ingestion.api.answers import BROKEN, decode, no_answer, read_body, refusal
from ingestion.api.paging import Paging
from ingestion.api.rate_limit import MOST_IN_FLIGHT, InFlight, Pacer
from ingestion.api.retry import LONGEST_WAIT_SECONDS, Fault, Patience
from ingestion.api.salvage import salvage
from ingestion.config.deadline import within
from ingestion.config.errors import (
    AuthenticationError,
    BadRequestError,
    BadResponseError,
    NotFoundError,
    TooSlowError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ingestion.api.clock_skew import ClockSkew
    from ingestion.config.settings import Settings

_CONNECT_SECONDS = 10
# The slowest good answers seen: 5.5 s for visitors, 41 s for events. Twice that, and some more.
READ_SECONDS = 90

log = logging.getLogger(__name__)


class Tally(Protocol):
    """Whoever is told how many requests were sent, and how many of them were tries again."""

    requests: int
    retries: int


class Wistia:
    """The API behind one token; safe to share between threads.

    Every request, retries included, takes a slot from the `pacer`. `skew` is told of every answer's
    headers; None compares no clocks.
    """

    def __init__(
        self,
        settings: Settings,
        token: str,
        pacer: Pacer,
        sleep: Callable[[float], None] = time.sleep,
        skew: ClockSkew | None = None,
    ) -> None:
        self.base_url = settings.wistia_base_url
        self._pacer, self._sleep, self._skew = pacer, sleep, skew
        self._lock = threading.Lock()
        self.requests = self.retries = 0
        self._tallies: tuple[Tally, ...] = (self,)
        # Learns from each good answer how many requests keep the limit busy.
        self.in_flight = InFlight(settings.wistia_requests_per_minute)
        self._session = _Session(token, settings.wistia_api_version)

    def counting(self, tally: Tally) -> Self:
        """The same client; what is asked through it is counted there too, however late it ends."""
        part = copy(self)
        part._tallies = (*self._tallies, tally)  # noqa: SLF001 - of its own class
        return part

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        expect: type = dict,
        salvages: bool = False,
    ) -> Any:  # noqa: ANN401 - decoded JSON of the expected type
        """Fetch one JSON document, a `dict` or `list`, from below the base URL or a whole address.

        Records that are not JSON may come back as `BadRecord` where the caller `salvages` them.

        Raises:
            AuthenticationError: 401 or 403; like the next two never retried.
            NotFoundError: 404.
            BadRequestError: 400, 422.
            UnavailableError: No answer, 5xx or 429 after every retry.
            TooSlowError: No answer in time, twice.
            BadResponseError: Not the JSON expected after every retry.
            ClockError: Its `Date` is far from this machine's clock.
        """
        url = path if "://" in path else self.base_url + path
        patience = Patience()
        while True:
            try:
                return self._send(url, params or {}, expect)
            except Fault as fault:
                seconds = patience.seconds_after(fault)
                if seconds is None:
                    # No retry has mended it: what is good of it is better than nothing forever.
                    saved = salvage(fault.body, expect) if salvages and fault.body else None
                    if saved is not None:
                        return saved
                    raise fault.error from fault.__cause__
            self._count(retries=1)
            self._sleep(seconds)

    def fetch_pages(
        self, path: str, params: Mapping[str, Any] | None = None, paging: Paging | None = None
    ) -> Iterator[list[object]]:
        """Yield a list page after page, until the empty page that is its end.

        A short page that repeats the one before it ends the list too: some servers answer a
        filtered list whole, whatever the page.
        """
        paging, last = paging or Paging(path), None
        while (rows := self.fetch_page(path, paging, params)) and rows != last:
            yield rows
            if not paging.goes_on(rows):
                break
            last = rows if len(rows) < paging.per_page else None

    def fetch_page(
        self, path: str, paging: Paging, params: Mapping[str, Any] | None = None
    ) -> list[object]:
        """Fetch the next page of a list, in smaller ones where too slow; none past its end."""
        while True:
            asked = {**(params or {}), "page": paging.page, "per_page": paging.per_page}
            try:
                rows: list[object] = self.get(path, asked, expect=list, salvages=True)
            except TooSlowError:
                if not paging.shrink():
                    raise
                log.warning("%s is slow: pages of %d rows from now on", path, paging.per_page)
            else:
                return rows

    def check_token(self) -> list[str] | None:
        """Ask for the token's scopes; None where the API has no such address or cannot tell now."""
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

        A fault that may heal is waited for, and raised: without the answer, nothing but the address
        would tell one account from another.
        """
        try:
            found = self.get("/account")
        except (AuthenticationError, NotFoundError, BadRequestError, BadResponseError):
            return None
        identity = found.get("hashed_id") or found.get("id") or found.get("url")
        return None if identity is None else str(identity)

    def _count(self, requests: int = 0, retries: int = 0) -> None:
        with self._lock:
            for tally in self._tallies:
                tally.requests += requests
                tally.retries += retries

    def _send(self, url: str, params: Mapping[str, Any], expect: type) -> Any:  # noqa: ANN401
        self._pacer.wait()
        self._count(requests=1)
        sent = time.monotonic()
        timeout = (_CONNECT_SECONDS, READ_SECONDS)
        try:
            # Time-outs are for each read: a head that trickles would never meet one.
            ask = partial(self._session.get, url, params=params, timeout=timeout, stream=True)
            with within(sum(timeout), ask) as response:
                if self._skew:
                    self._skew.note(response.headers)
                body = read_body(response)
        except BROKEN as error:
            raise no_answer(url, error) from error
        if response.status_code == requests.codes.ok:
            self.in_flight.observe(time.monotonic() - sent)
            return decode(body, url, expect)
        refused = refusal(response, body)
        if isinstance(refused, Fault) and (refused.wait or 0) <= LONGEST_WAIT_SECONDS:
            self._pacer.hold(refused.wait or 0)
        raise refused


class _Session(requests.Session):
    """Sends the token with every request, and to no other host."""

    def __init__(self, token: str, version: str) -> None:
        super().__init__()
        self._token = token
        # As `auth` and not as a header: requests lets a netrc entry of the host replace that one.
        self.auth = self._sign
        self.headers["X-Wistia-API-Version"] = version
        self.headers["Accept"] = "application/json"
        self.headers["User-Agent"] = "wistia-elt"
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_connections=2, pool_maxsize=MOST_IN_FLIGHT))

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    # Elsewhere, on another host, port or without TLS, requests would ask without the token.
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        there = urljoin(resp.url, target)
        is_elsewhere = self.should_strip_auth(resp.url, there)  # type: ignore[no-untyped-call]
        return None if is_elsewhere else target
