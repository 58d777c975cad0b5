"""What an answer means: its JSON, a fault that may heal, or an error with its remedy."""

from __future__ import annotations

import hashlib
import json
import math
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError as BrokenOffError

from ingestion.errors import (
    AuthenticationError,
    BadRequestError,
    BadResponseError,
    IngestionError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from ingestion.retries import Fault, seconds_to_wait

# A page has 60 kB: whoever needs longer than this for it will not finish.
BODY_SECONDS = 120
_CHUNK = 65_536
_GET_A_NEW_ONE = (
    'make a token with "Read detailed stats" and "Read all folder and media data" '
    "(Account Settings, API Access) and set WISTIA_API_TOKEN to it"
)
_CODES = requests.codes
# What breaks between two machines; requests leaves urllib3's own errors to who reads the body.
BROKEN = (requests.RequestException, BrokenOffError, TimeoutError, OSError)


def read_body(response: requests.Response) -> bytes:
    """Read and unpack a streamed body.

    Raises:
        TimeoutError: It took longer than `BODY_SECONDS` in all.
    """
    # The time-out of requests is for each read, and `iter_content` waits for a whole chunk:
    # a body that trickles would never meet a deadline.
    deadline = time.monotonic() + BODY_SECONDS
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError(f"the body took longer than {BODY_SECONDS} s")
    return bytes(body)


def decode(body: bytes, url: str, expect: type) -> Any:  # noqa: ANN401 - decoded JSON
    """Parse a body.

    Raises:
        Fault: It is not JSON, or JSON of another type; a proxy's page may go away.
    """
    try:
        document = json.loads(body, parse_constant=_refuse_constant, parse_float=_parse_float)
    except (ValueError, RecursionError):
        shown = "HTML" if body.lstrip()[:1] == b"<" else "something that is not JSON"
        raise _bad(body, url, shown) from None
    if not isinstance(document, expect):
        raise _bad(body, url, f"a JSON {type(document).__name__} instead of a {expect.__name__}")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse_float(text: str) -> float | str:
    # 1e999 is JSON, but Python would write the infinity it reads as no engine can read it.
    number = float(text)
    return number if math.isfinite(number) else text


def _bad(body: bytes, url: str, shown: str) -> Fault:
    error = BadResponseError(
        f"the API answered {_where(url)} with {shown} ({len(body)} bytes)",
        "check that WISTIA_BASE_URL is the API's and no proxy answers for it, then run again",
    )
    error.length = len(body)
    error.digest = hashlib.sha256(body).hexdigest()
    return Fault(error, kind="body")


def refusal(response: requests.Response, body: bytes) -> Fault | IngestionError:
    """Tell what any answer but 200 means.

    Returns:
        A fault for 429, 408 and 5xx, an error that no retry mends for all others.
    """
    status = response.status_code
    where = f"{_where(response.url)} (request {response.headers.get('x-request-id', 'unknown')})"
    if status in {_CODES.unauthorized, _CODES.forbidden}:
        return _denied(status, body, where)
    if status == _CODES.not_found:
        return NotFoundError(
            f"the API knows nothing at {where}", "check WISTIA_BASE_URL and WISTIA_MEDIA_IDS"
        )
    if status < _CODES.server_error and status not in {429, _CODES.request_timeout}:
        return BadRequestError(
            f"the API answered {status} to {where}",
            "check WISTIA_BASE_URL and WISTIA_API_VERSION",
        )
    wait = seconds_to_wait(response.headers.get("Retry-After"), response.headers.get("Date"))
    limited = status == _CODES.too_many_requests
    error = (RateLimitedError if limited else UnavailableError)(
        f"the API answered {status} to {where} after every retry",
        "wait and run again: it continues where it stopped",
    )
    # Older documents answer 503 with Retry-After over the limit.
    is_rate = limited or (status == _CODES.unavailable and wait is not None)
    return Fault(error, kind="rate" if is_rate else "server", wait=wait)


def _denied(status: int, body: bytes, where: str) -> AuthenticationError:
    try:
        code = json.loads(body).get("code")
    except (ValueError, AttributeError, RecursionError):
        code = None
    if code == "unauthorized_scope":
        return AuthenticationError(f"the token lacks the permission for {where}", _GET_A_NEW_ONE)
    if code == "account_inactive":
        return AuthenticationError("the Wistia account is inactive", "ask the account's owner")
    if status == _CODES.forbidden:
        return AuthenticationError(
            f"the account's plan does not include {where}", "ask the account's owner or Wistia"
        )
    return AuthenticationError("Wistia refused the token (401)", _GET_A_NEW_ONE)


def no_answer(url: str, error: Exception) -> Fault | BadRequestError:
    """Tell what broke on the way to an answer or inside it."""
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if isinstance(error, requests.TooManyRedirects):
        return BadRequestError(f"{where} redirects to itself for ever", "check WISTIA_BASE_URL")
    return Fault(
        UnavailableError(
            f"no usable answer from {where}: {_reason(error)}",
            "check the network and WISTIA_BASE_URL, then run again: it continues where it stopped",
        ),
        kind="connection",
    )


def _reason(error: Exception) -> str:
    name = type(error).__name__
    if "Timeout" in name:
        return "the answer took too long"
    if name in {"ProtocolError", "IncompleteRead", "InvalidChunkLength"}:
        return "the answer broke off"
    if name == "DecodeError":
        return "the answer is packed wrongly"
    if name == "SSLError":
        return "its certificate or encryption cannot be trusted"
    return "no connection"


def _where(url: str) -> str:
    parts = urlsplit(url)
    page = next((part for part in parts.query.split("&") if part.startswith("page=")), "")
    return f"GET {parts.path}{'?' + page if page else ''}"
