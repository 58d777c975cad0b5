"""Answers no retry mends: each named with its remedy, none asked for twice."""

import json

import pytest

from ingestion.api.paging import Paging
from ingestion.config.errors import (
    AuthenticationError,
    BadRequestError,
    BlockedError,
    IngestionError,
    NotFoundError,
    ReadableError,
)
from tests.ingestion.api.client import client_of
from tests.ingestion.api.wire import Reply, as_json, text
from tests.ingestion.conftest import Bench


def refusal(bench: Bench, reply: Reply) -> ReadableError:
    """The error of one refused request; fails when it was asked for again."""
    bench.wire.answer = lambda _asked: reply
    with pytest.raises(IngestionError) as caught:
        client_of(bench).fetch_page("/stats/visitors", Paging("visitors", page=7))
    assert len(bench.wire.asked) == 1
    assert bench.time.slept == []
    return caught.value


def coded(code: str, status: int = 401) -> Reply:
    return as_json({"code": code, "error": "no"}, status)


def test_a_wrong_token(bench: Bench) -> None:
    error = refusal(bench, coded("unauthorized_credentials"))

    assert isinstance(error, AuthenticationError)
    assert str(error) == "Wistia refused the token (401)"
    assert "WISTIA_API_TOKEN" in error.remedy
    assert error.exit_code == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_names_the_address_and_the_permission(
    bench: Bench, status: int
) -> None:
    error = refusal(bench, coded("unauthorized_scope", status))

    assert isinstance(error, AuthenticationError)
    assert "lacks the permission for GET /v1/stats/visitors?page=7" in str(error)
    assert "Read detailed stats" in error.remedy


def test_an_inactive_account(bench: Bench) -> None:
    error = refusal(bench, coded("account_inactive"))

    assert str(error) == "the Wistia account is inactive"
    assert "owner" in error.remedy


def test_a_plan_without_statistics(bench: Bench) -> None:
    error = refusal(bench, as_json({"error": "your plan has no statistics"}, 403))

    assert isinstance(error, AuthenticationError)
    assert "plan does not include GET /v1/stats/visitors" in str(error)


def test_a_firewall_s_page_is_not_wistia_s_word(bench: Bench) -> None:
    error = refusal(bench, text("<html><h1>Access denied</h1>", 403))

    assert isinstance(error, BlockedError)
    assert "a page of HTML refuses GET /v1/stats/visitors" in str(error)
    assert "plan" not in f"{error}{error.remedy}"
    assert "firewall" in error.remedy


@pytest.mark.parametrize("body", ["", "Forbidden", "[1]"])
def test_a_refusal_without_a_reason_is_said_to_be_one(bench: Bench, body: str) -> None:
    error = refusal(bench, text(body, 403))

    assert "without a reason of Wistia's" in str(error)
    assert "plan" in error.remedy
    assert "firewall" in error.remedy


def test_a_network_that_asks_for_a_sign_in_first_is_named(bench: Bench) -> None:
    error = refusal(bench, Reply(status=302, headers={"Location": "http://login.example/hotel"}))

    assert "points to login.example" in str(error)
    assert "sign in to it in a browser" in error.remedy


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[1]", b'"text"', b"[" * 100_000, b"\xff", json.dumps({"code": []}).encode()],
    ids=["empty", "html", "list", "text", "nested", "bytes", "odd code"],
)
def test_a_refusal_with_an_odd_body_is_still_a_refusal(bench: Bench, body: bytes) -> None:
    assert isinstance(refusal(bench, Reply(body, 401)), AuthenticationError)


def test_an_unknown_address_names_the_request(bench: Bench) -> None:
    error = refusal(bench, as_json({"error": "gone"}, 404, **{"x-request-id": "req-9"}))

    assert isinstance(error, NotFoundError)
    assert "GET /v1/stats/visitors?page=7 (request req-9)" in str(error)
    assert "WISTIA_BASE_URL" in error.remedy


@pytest.mark.parametrize("status", [400, 410, 422])
def test_refused_parameters(bench: Bench, status: int) -> None:
    error = refusal(bench, as_json({"error": "no"}, status))

    assert isinstance(error, BadRequestError)
    assert f"answered {status}" in str(error)


def test_no_message_holds_the_query_beyond_the_page(bench: Bench) -> None:
    bench.wire.answer = lambda _asked: as_json({}, 422)

    with pytest.raises(BadRequestError) as caught:
        client_of(bench).get("/stats/visitors", {"page": 2, "search": "jo@example.com"})
    assert "example.com" not in str(caught.value)


def test_scopes_are_asked_beside_the_base_url(bench: Bench) -> None:
    bench.wire.answer = lambda _asked: as_json({"scopes": ["a", "b"]})

    assert client_of(bench).check_token() == ["a", "b"]
    assert bench.wire.paths() == ["/modern/token"]


@pytest.mark.parametrize(
    "reply", [as_json({"error": "none"}, 404), text("<html>"), as_json({}, 400), as_json([])]
)
def test_an_api_that_cannot_tell_scopes_is_gone_on_with(bench: Bench, reply: Reply) -> None:
    bench.wire.answer = lambda _asked: reply

    assert client_of(bench).check_token() is None


def test_a_wrong_token_is_found_by_asking_for_its_scopes(bench: Bench) -> None:
    bench.wire.answer = lambda _asked: coded("unauthorized_credentials")

    with pytest.raises(AuthenticationError):
        client_of(bench).check_token()


def test_a_fault_while_asking_for_the_account_does_not_hide_it(bench: Bench) -> None:
    bench.api.order("/account", text("", 503), text("Rate limit exceeded", 429, Retry_After="9"))

    assert client_of(bench).fetch_account() == "account-one"


@pytest.mark.parametrize("reply", [as_json({}, 404), as_json({}, 403), text("<html>"), as_json({})])
def test_an_api_without_accounts_names_none(bench: Bench, reply: Reply) -> None:
    bench.wire.answer = lambda _asked: reply

    assert client_of(bench).fetch_account() is None
