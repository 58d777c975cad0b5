"""Faults that heal are waited for, faults that stay fail loudly, within a budget of waiting."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import ingestion.api.answers
import ingestion.api.client
from ingestion.api.paging import Paging
from ingestion.api.retry import seconds_to_wait
from ingestion.config.errors import (
    BadResponseError,
    IngestionError,
    RateLimitedError,
    UnavailableError,
)
from tests.ingestion.account import visitors
from tests.ingestion.api.client import client_of
from tests.ingestion.api.wire import Reply, as_json, bytes_then_close, reset, text
from tests.ingestion.conftest import Bench

LIST = "/stats/visitors"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
SHORT = bytes_then_close(HEAD % 500 + b'[{"visitor_key": "v1"}]')
CHUNKED = bytes_then_close(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n2\r\n,2\r\n"
)
BAD_GZIP = Reply(b"no gzip at all", headers={"Content-Encoding": "gzip"})
SHORT_GZIP = Reply(gzip.compress(b"[1]" * 9)[:-9], headers={"Content-Encoding": "gzip"})
DEEP = Reply(b"[" * 200_000)

HEALING = {
    "500": text("no", 500),
    "502": text("<html>", 502),
    "503": text("no", 503),
    "504": text("no", 504),
    "408": text("no", 408),
    "429": text("Rate limit exceeded", 429),
    "reset": reset(),
    "closed": bytes_then_close(b""),
    "no http": bytes_then_close(b"\x00\x01\x02\r\n\r\n"),
    "short body": SHORT,
    "short chunks": CHUNKED,
    "bad gzip": BAD_GZIP,
    "html": text("<!doctype html><title>Log in</title>"),
    "half json": text('[{"visitor_key": "v'),
    "empty": text(""),
    "NaN": text('[{"load_count": NaN}]'),
    "infinity": text("[-Infinity]"),
    "deep": DEEP,
    "latin-1": Reply('["é"]'.encode("latin-1")),
    "object": as_json({"visitors": []}),
    "null": text("null"),
}


@pytest.mark.parametrize("fault", HEALING.values(), ids=HEALING.keys())
def test_a_fault_that_passes_costs_nothing_but_time(bench: Bench, fault: Reply) -> None:
    bench.api.visitors = visitors(3)
    bench.api.order(LIST, fault, fault)
    client = client_of(bench)

    assert client.fetch_page(LIST, Paging(LIST)) == visitors(3)
    assert (client.requests, client.retries) == (3, 2)


PERMANENT: dict[str, tuple[Reply, type[IngestionError], str]] = {
    "500": (text("no", 500), UnavailableError, "answered 500 to GET /v1/stats/visitors.page=1"),
    "429": (text("no", 429), RateLimitedError, "answered 429"),
    "reset": (reset(), UnavailableError, "no connection"),
    "short body": (SHORT, UnavailableError, "broke off"),
    "short chunks": (CHUNKED, UnavailableError, "broke off"),
    "bad gzip": (BAD_GZIP, UnavailableError, "packed wrongly"),
    "html": (text("<html>"), BadResponseError, r"with HTML \(6 bytes\)"),
    "half json": (text("[{"), BadResponseError, "not JSON"),
    "object": (as_json({}), BadResponseError, "a JSON dict instead of a list"),
}


@pytest.mark.parametrize(("fault", "error", "said"), PERMANENT.values(), ids=PERMANENT.keys())
def test_a_fault_that_stays_fails_within_the_budget(
    bench: Bench, fault: Reply, error: type[IngestionError], said: str
) -> None:
    bench.wire.answer = lambda _asked: fault

    with pytest.raises(error, match=said) as caught:
        client_of(bench).fetch_page(LIST, Paging(LIST))

    assert caught.value.remedy
    assert 4 <= len(bench.wire.asked) <= 60
    assert sum(bench.time.slept) <= 900


def test_a_server_that_says_nothing_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion.api.client, "READ_SECONDS", 0.1)
    bench.wire.answer = lambda _asked: bench.wire.hang()

    with pytest.raises(UnavailableError, match="took too long"):
        client_of(bench).fetch_page(LIST, Paging(LIST))


def test_a_body_that_trickles_has_a_deadline_of_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion.api.answers, "BODY_SECONDS", 0.2)
    crumbs = [b" "] * 40
    bench.wire.answer = lambda _asked: bench.wire.drip(HEAD % 40, crumbs, 0.05)

    with pytest.raises(UnavailableError, match="took too long"):
        client_of(bench).fetch_page(LIST, Paging(LIST))
    assert bench.wire.crumbs < len(bench.wire.asked) * len(crumbs)


def test_a_head_that_trickles_has_a_deadline_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion.api.client, "READ_SECONDS", 0.2)
    monkeypatch.setattr(ingestion.api.client, "_CONNECT_SECONDS", 0.2)
    crumbs = [b"a"] * 60
    bench.wire.answer = lambda _asked: bench.wire.drip(b"HTTP/1.1 200 OK\r\nX-A: ", crumbs, 0.05)

    with pytest.raises(UnavailableError, match="took too long"):
        client_of(bench).get("/account")
    assert bench.wire.crumbs < len(bench.wire.asked) * len(crumbs)


def test_an_answer_larger_than_any_is_given_up_with_its_size(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion.api.answers, "MOST_BYTES", 2_000_000)
    packed = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    for _ in range(20):
        bench.api.order(LIST, Reply(packed, 200, {"Content-Encoding": "gzip"}))

    with pytest.raises(BadResponseError, match="with more than 2 MB") as caught:
        client_of(bench).fetch_page(LIST, Paging(LIST))
    assert "no proxy answers for it" in caught.value.remedy


def test_nobody_at_the_address(bench: Bench) -> None:
    with pytest.raises(UnavailableError, match="no connection") as caught:
        client_of(bench, wistia_base_url="http://127.0.0.1:9/v1").fetch_page(LIST, Paging(LIST))
    assert "nobody listens there" in str(caught.value)
    assert sum(bench.time.slept) <= 30


@pytest.mark.parametrize("status", [429, 503])
def test_waits_as_many_seconds_as_told(bench: Bench, status: int) -> None:
    bench.api.order(LIST, text("wait", status, Retry_After="170"))

    client_of(bench).fetch_page(LIST, Paging(LIST))

    assert 170 <= sum(bench.time.slept) <= 171


@pytest.mark.parametrize("status", [429, 503])
def test_waits_until_the_date_told_on_the_servers_own_clock(bench: Bench, status: int) -> None:
    theirs = datetime(2031, 5, 5, 5, 5, 5, tzinfo=UTC)
    until = format_datetime(theirs + timedelta(seconds=44), usegmt=True)
    there = format_datetime(theirs, usegmt=True)
    head = f"HTTP/1.1 {status} No\r\nDate: {there}\r\nRetry-After: {until}\r\nContent-Length: 0"
    bench.api.order(LIST, bytes_then_close(f"{head}\r\n\r\n".encode()))

    client_of(bench).fetch_page(LIST, Paging(LIST))

    assert 44 <= sum(bench.time.slept) <= 45


@pytest.mark.parametrize(
    "told", ["soon", "", "nan", "-5", "Fri, 99 Foo 20", f"Fri, 01 Jan {'9' * 20} 00:00:00 GMT"]
)
def test_nonsense_to_wait_for_is_ignored(bench: Bench, told: str) -> None:
    bench.api.order(LIST, text("wait", 429, Retry_After=told))

    client_of(bench).fetch_page(LIST, Paging(LIST))

    assert sum(bench.time.slept) <= 1.5


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("86400", "asks to wait 24.0 hours"),
        ("inf", "asks to wait for years"),
        ("1e400", "asks to wait for years"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "asks to wait for years"),
    ],
)
def test_a_wait_beyond_reason_is_an_error_at_once(bench: Bench, told: str, said: str) -> None:
    bench.api.order(LIST, text("wait", 429, Retry_After=told))
    client = client_of(bench)

    with pytest.raises(RateLimitedError, match=f"429 .* and {said}$"):
        client.fetch_page(LIST, Paging(LIST))
    client.fetch_page(LIST, Paging(LIST))

    assert bench.time.slept == []


def test_a_date_without_a_zone_is_greenwich() -> None:
    assert seconds_to_wait("Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:07 GMT") == 30


def test_a_storm_of_refusals_heals(bench: Bench) -> None:
    bench.api.visitors = visitors(1)
    bench.api.order(LIST, *[text("Rate limit exceeded", 429, Retry_After="5")] * 30)

    assert client_of(bench).fetch_page(LIST, Paging(LIST)) == visitors(1)
    assert 150 <= sum(bench.time.slept) <= 180


def test_a_reset_after_a_storm_has_its_own_tries(bench: Bench) -> None:
    bench.api.visitors = visitors(1)
    storm = [text("Rate limit exceeded", 429, Retry_After="5")] * 12
    bench.api.order(LIST, *storm, reset(), text("", 502), text("<html>"), reset())

    assert client_of(bench).fetch_page(LIST, Paging(LIST)) == visitors(1)


def test_a_number_no_double_holds_stays_as_it_was_written(bench: Bench) -> None:
    bench.wire.answer = lambda _asked: text('[{"n": 1e999, "m": -1E999, "o": 1e-7}]')

    assert client_of(bench).fetch_page(LIST, Paging(LIST)) == [
        {"n": "1e999", "m": "-1E999", "o": 1e-7}
    ]


def test_a_byte_order_mark_is_no_fault(bench: Bench) -> None:
    bench.wire.answer = lambda _asked: Reply(b"\xef\xbb\xbf[1]")

    assert client_of(bench).fetch_page(LIST, Paging(LIST)) == [1]
