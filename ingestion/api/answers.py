"""What an answer means: its JSON, a fault that may heal, or an error with its remedy."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import ssl
import time
from http.client import IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import exceptions as urllib3

from ingestion.api.clock_skew import SET_CLOCK
from ingestion.api.retry import LONGEST_WAIT_SECONDS, Fault, seconds_to_wait
from ingestion.api.salvage import parse_float, refuse_constant
from ingestion.config.errors import (
    AuthenticationError,
    BadRequestError,
    BadResponseError,
    BlockedError,
    ConfigurationError,
    ForbiddenError,
    IngestionError,
    NotFoundError,
    RateLimitedError,
    TooSlowError,
    UnavailableError,
)
from ingestion.config.timestamps import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

# A page has 60 kB: whoever needs longer than this for it will not finish.
BODY_SECONDS = 120
# The longest known, two years of a video's days, have some 100 kB.
MOST_BYTES = 64_000_000
_CHUNK, _YEAR = 65_536, 31_536_000
_GET_A_NEW_ONE = (
    'make a token with "Read detailed stats" and "Read all folder and media data" '
    "(Account Settings, API Access) and put it where the old one was: WISTIA_API_TOKEN, or the "
    "secret of WISTIA_SECRET_ID"
)
_CODES = requests.codes
# What breaks between two machines; requests leaves urllib3's own errors to who reads the body.
BROKEN = (requests.RequestException, urllib3.HTTPError, TimeoutError, OSError)


def read_body(response: requests.Response) -> bytes:
    """Read and unpack a streamed body.

    Raises `TimeoutError` after `BODY_SECONDS` in all, a `Fault` where it is larger than any.
    """
    # The time-out of requests is for each read, and `iter_content` waits for a whole chunk:
    # a body that trickles would never meet a deadline.
    deadline = time.monotonic() + BODY_SECONDS
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES:
            raise Fault(
                BadResponseError(
                    f"the API answered {_where(response.url)} with more than "
                    f"{MOST_BYTES // 1_000_000} MB",
                    "check that WISTIA_BASE_URL is the API's and no proxy answers for it, then "
                    "run again",
                ),
                "body",
            )
        if time.monotonic() > deadline:
            raise TimeoutError(f"the body took longer than {BODY_SECONDS} s")
    return bytes(body)


def decode(body: bytes, url: str, expect: type) -> Any:  # noqa: ANN401 - decoded JSON
    """Parse a body; a `Fault` where it is not JSON of that type: a proxy's page may go away."""
    try:
        document = json.loads(body, parse_constant=refuse_constant, parse_float=parse_float)
    except (ValueError, RecursionError):
        shown = "HTML" if _is_html(body) else "something that is not JSON"
    else:
        if isinstance(document, expect):
            return document
        shown = f"a JSON {type(document).__name__} instead of a {expect.__name__}"
    error = BadResponseError(
        f"the API answered {_where(url)} with {shown} ({len(body)} bytes)",
        f"{_between(url)} or a sign-in page may answer in the API's place: open WISTIA_BASE_URL in "
        "a browser on this machine, then run again"
        if shown == "HTML"
        else "check that WISTIA_BASE_URL is the API's and no proxy answers for it, then run again",
    )
    error.is_page, error.length = shown == "HTML", len(body)
    error.digest = hashlib.sha256(body).hexdigest()
    raise Fault(error, "body", body=body)


def _is_html(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def refusal(response: requests.Response, body: bytes) -> Fault | IngestionError:
    """Tell what any answer but 200 means.

    A fault for 429, 408 and 5xx, an error that no retry mends for all others.
    """
    status, url = response.status_code, response.url
    where = f"{_where(url)} (request {response.headers.get('x-request-id', 'unknown')})"
    if status in {_CODES.unauthorized, _CODES.forbidden}:
        return _denied(status, body, where, url)
    if status == _CODES.not_found:
        return NotFoundError(
            f"the API knows nothing at {where}", "check WISTIA_BASE_URL and WISTIA_MEDIA_IDS"
        )
    if target := response.headers.get("Location", ""):
        there = urlsplit(target).netloc.rpartition("@")[2] or "another page"
        return BadRequestError(
            f"the API answered {status} to {where} and points to {there}",
            "check WISTIA_BASE_URL; where the network asks for a sign-in first, sign in to it in a "
            "browser on this machine",
        )
    if status == _CODES.proxy_authentication_required:
        return BlockedError(f"{_between(url)} asks for a sign-in (407)", _PROXY)
    is_limit = status == _CODES.too_many_requests
    if status < _CODES.server_error and not is_limit and status != _CODES.request_timeout:
        return BadRequestError(
            f"the API answered {status} to {where}",
            "check WISTIA_BASE_URL and WISTIA_API_VERSION",
        )
    wait = seconds_to_wait(response.headers.get("Retry-After"), response.headers.get("Date"))
    is_long = (wait or 0) > LONGEST_WAIT_SECONDS
    asks = f"and asks to wait {_hours(wait or 0)}" if is_long else "after every retry"
    error = (RateLimitedError if is_limit else UnavailableError)(
        f"the API answered {status} to {where} {asks}",
        f"{'wait that long' if is_long else 'wait'} and run again: it continues where it stopped",
    )
    # Older documents answer 503 with Retry-After over the limit.
    is_rate = is_limit or (status == _CODES.unavailable and wait is not None)
    return Fault(error, "rate" if is_rate else "server", wait)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} hours" if seconds < _YEAR else "for years"


def _denied(status: int, body: bytes, where: str, url: str) -> IngestionError:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    code = told.get("code") if isinstance(told, dict) else None
    if code == "unauthorized_scope":
        return AuthenticationError(f"the token lacks the permission for {where}", _GET_A_NEW_ONE)
    if code == "account_inactive":
        return AuthenticationError("the Wistia account is inactive", "ask the account's owner")
    if status == _CODES.unauthorized:
        return AuthenticationError("Wistia refused the token (401)", _GET_A_NEW_ONE)
    if isinstance(told, dict):
        return ForbiddenError(
            f"the account's plan does not include {where}", "ask the account's owner or Wistia"
        )
    if _is_html(body):
        return BlockedError(
            f"a page of HTML refuses {where} (403), so it is not the API's: {_between(url)}",
            "let this machine reach WISTIA_BASE_URL through its firewall or proxy",
        )
    return ForbiddenError(
        f"{where} is refused (403) without a reason of Wistia's",
        "ask the account's owner whether the plan includes it, and the network's whether a "
        "firewall refuses it",
    )


def no_answer(url: str, error: Exception) -> Fault | BadRequestError | ConfigurationError:
    """Tell what broke on the way to an answer or inside it, or before it on this machine."""
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if isinstance(error, requests.TooManyRedirects):
        return BadRequestError(f"{where} redirects to itself forever", "check WISTIA_BASE_URL")
    found = [error, *_causes(error)]
    if here := _fault_of_this_machine(url, error, found):
        return here
    if isinstance(error, requests.exceptions.ProxyError):
        said, remedy = f"{_between(url)} does not let it through", _PROXY
    elif any(isinstance(e, (ssl.SSLError, requests.exceptions.SSLError)) for e in found):
        said, remedy = _distrust(str(error))
    else:
        reasons = (told for kinds, *told in _BROKEN_BY if any(isinstance(e, kinds) for e in found))
        said, remedy = next(reasons, ("no connection", _NETWORK))
    message = f"no usable answer from {where}: {said}"
    if said is _SLOW:
        return Fault(TooSlowError(message, remedy), "slow")
    return Fault(UnavailableError(message, remedy), "connection")


def _fault_of_this_machine(
    url: str, error: Exception, found: list[BaseException]
) -> ConfigurationError | None:
    """What kept a request from being sent: the proxy's address, or the file of certificates."""
    if isinstance(error, ValueError) and (proxy := proxy_of(url)):
        said = str(found[-1]).rstrip(".")
        return ConfigurationError(f"the proxy {proxy} cannot be used: {said}", _PROXY)
    if _NO_BUNDLE.search(str(error)):
        name = next((one for one in _BUNDLES if os.environ.get(one)), _BUNDLES[0])
        return ConfigurationError(
            f"{name} is {os.environ.get(name)}, where no certificates are",
            f"let {name} name a file of certificates in PEM, or unset it",
        )
    # Where keys of TLS are noted, for whoever debugs a network.
    if (keys := os.environ.get("SSLKEYLOGFILE")) and any(
        isinstance(e, FileNotFoundError | PermissionError) for e in found
    ):
        return ConfigurationError(
            f"SSLKEYLOGFILE is {keys}, which cannot be opened",
            "unset SSLKEYLOGFILE, or let it name a file that can be written",
        )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What requests and urllib3 wrap into each other."""
    for inner in (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__):
        if isinstance(inner, BaseException) and inner is not error:
            yield inner
            yield from _causes(inner)


_GOES_ON = "then run again: it continues where it stopped"
_NETWORK = f"check the network and WISTIA_BASE_URL, {_GOES_ON}"
_PROXY = (
    "correct or unset HTTPS_PROXY and HTTP_PROXY of the environment, or name WISTIA_BASE_URL's "
    "host in NO_PROXY"
)
_UNTRUSTED = (
    "if a proxy of the network opens TLS, set REQUESTS_CA_BUNDLE to the file with its certificate; "
    "otherwise check WISTIA_BASE_URL"
)
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# requests' words where there is no such file, OpenSSL's where it holds something else.
_NO_BUNDLE = re.compile("TLS CA certificate bundle, invalid path|NO_CERTIFICATE_OR_CRL_FOUND")
_SLOW = "the answer took too long"
# The first that fits: a cause lies inside what it caused.
_BROKEN_BY: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (urllib3.NameResolutionError, socket.gaierror),
        "the name of that host is not known (DNS)",
        f"check the spelling in WISTIA_BASE_URL and this machine's DNS, {_GOES_ON}",
    ),
    (
        (ConnectionRefusedError,),
        "no connection, since nobody listens there",
        f"check WISTIA_BASE_URL, {_GOES_ON}",
    ),
    # Of urllib3's time-outs, which is why it stands before them.
    ((urllib3.NewConnectionError,), "no connection", _NETWORK),
    (
        (urllib3.ConnectTimeoutError, requests.ConnectTimeout),
        "nobody answers there, as where a firewall drops what is sent",
        f"check the network, its firewall and WISTIA_BASE_URL, {_GOES_ON}",
    ),
    (
        (requests.ReadTimeout, urllib3.ReadTimeoutError, TimeoutError),
        _SLOW,
        f"Wistia is slow now: wait, {_GOES_ON}",
    ),
    ((urllib3.DecodeError,), "the answer is packed wrongly", _NETWORK),
    ((ConnectionResetError, RemoteDisconnected), "no connection, it was cut", _NETWORK),
    ((urllib3.ProtocolError, IncompleteRead), "the answer broke off", _NETWORK),
)


def _distrust(text: str) -> tuple[str, str]:
    """Why TLS failed, by OpenSSL's words."""
    if "not yet valid" in text or "has expired" in text:
        return (
            f"its certificate is not valid at {utc_now():%Y-%m-%d %H:%M} UTC",
            f"{SET_CLOCK}; if it is right, the server's certificate has to be renewed",
        )
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return "it does not speak TLS", "check WISTIA_BASE_URL: http:// or another port is meant"
    remedy = _UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in text else _NETWORK
    return "its certificate or encryption cannot be trusted", remedy


def _between(url: str) -> str:
    proxy = proxy_of(url)
    return f"the proxy {proxy}" if proxy else "a firewall or proxy of the network"


def proxy_of(url: str) -> str | None:
    """Host and port of the proxy that the environment names for an address, without its login."""
    given = select_proxy(url, get_environ_proxies(url))
    if not given:
        return None
    # Not parsed: it may be no address at all, which is what must be told then.
    place = given.rpartition("://")[2].rpartition("@")[2].partition("/")[0]
    return place if ":" in place else f"{place or given}:80"


def _where(url: str) -> str:
    parts = urlsplit(url)
    page = next((part for part in parts.query.split("&") if part.startswith("page=")), "")
    return f"GET {parts.path}{'?' + page if page else ''}"
