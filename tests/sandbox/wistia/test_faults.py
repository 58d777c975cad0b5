"""Each fault on request, as a client meets it."""

import json
import time

import pytest
import requests

from tests.support.machine.servers import Sandbox

PATH = "/stats/visitors"


@pytest.mark.parametrize(
    ("kind", "status", "content"),
    [
        ("429", 429, "text/plain"),
        ("retry_after_date", 429, "text/plain"),
        ("500", 500, "application/json"),
        ("502", 502, "text/html"),
        ("503", 503, "application/json"),
        ("scope", 401, "application/json"),
        ("html", 200, "text/html"),
    ],
)
def test_a_fault_answers_once_and_then_no_more(
    sandbox: Sandbox, kind: str, status: int, content: str
) -> None:
    sandbox.faults({"path": PATH, "kind": kind, "seconds": 7})
    broken, good = sandbox.get(PATH), sandbox.get(PATH)
    assert broken.status_code == status
    assert broken.headers["content-type"].startswith(content)
    assert good.status_code == 200
    if kind in {"429", "503"}:
        assert broken.headers["Retry-After"] == "7"
    if kind == "retry_after_date":
        assert broken.headers["Retry-After"].endswith("GMT")


def test_a_reset_and_a_truncated_body_break_the_connection(sandbox: Sandbox) -> None:
    for kind in ("reset", "truncate"):
        sandbox.faults({"path": PATH, "kind": kind})
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            sandbox.get(PATH)
        assert sandbox.get(PATH).status_code == 200


def test_a_malformed_body_is_no_json(sandbox: Sandbox) -> None:
    sandbox.faults({"path": PATH, "kind": "malformed"})
    answer = sandbox.get(PATH)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_hanging_answer_outlasts_the_client(sandbox: Sandbox) -> None:
    sandbox.faults({"path": PATH, "kind": "hang"})
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    with pytest.raises(requests.ReadTimeout):
        requests.get(sandbox.base_url + PATH, headers=headers, timeout=0.5)
    assert sandbox.get(PATH).status_code == 200


def test_a_slow_body_arrives_whole(sandbox: Sandbox) -> None:
    whole = sandbox.json(PATH)
    sandbox.faults({"path": PATH, "kind": "slow", "seconds": 0.5})
    began = time.monotonic()
    assert sandbox.json(PATH) == whole
    assert time.monotonic() - began >= 0.5


def test_a_record_is_spoilt_and_the_others_are_not(sandbox: Sandbox) -> None:
    whole = sandbox.json(PATH)
    sandbox.faults(
        {"path": PATH, "kind": "wrong_type", "field": "play_count", "record": 3},
        {"path": PATH, "kind": "missing_key"},
        {"path": PATH, "kind": "unknown_field"},
        {"path": PATH, "kind": "not_json_object"},
    )
    spoilt = [sandbox.json(PATH) for _ in range(4)]
    assert spoilt[0][3]["play_count"] == ["unexpected"]
    assert spoilt[0][:3] + spoilt[0][4:] == whole[:3] + whole[4:]
    assert set(whole[0]) - set(spoilt[1][0]) == {"visitor_key"}
    assert set(spoilt[2][0]) - set(whole[0]) == {"shoe_size", "nested_news"}
    assert spoilt[3] == ["not an object", *whole[1:]]
    assert sandbox.json(PATH) == whole


def test_a_field_takes_any_value(sandbox: Sandbox) -> None:
    order = {"path": PATH, "kind": "wrong_type", "field": "last_active_at", "times": 2}
    sandbox.faults(order | {"value": None})
    assert sandbox.json(PATH)[0]["last_active_at"] is None


def test_a_list_loses_its_order_gains_a_repeat_or_ends_early(sandbox: Sandbox) -> None:
    whole = sandbox.json(PATH)
    sandbox.faults(*({"path": PATH, "kind": kind} for kind in ("unsorted", "duplicate", "empty")))
    assert sandbox.json(PATH) == whole[::-1]
    assert sandbox.json(PATH) == [whole[0], *whole]
    assert sandbox.json(PATH) == []


def test_a_fault_waits_for_its_page_and_strikes_as_often_as_told(sandbox: Sandbox) -> None:
    sandbox.faults({"path": PATH, "page": 3, "kind": "500", "times": 2})
    statuses = [sandbox.get(PATH, page=page).status_code for page in (1, 3, 2, 3, 3)]
    assert statuses == [200, 500, 200, 500, 200]
    assert sandbox.control("GET", "faults")[0]["struck"] == 2


def test_a_rate_strikes_by_chance_and_for_good_until_mended(sandbox: Sandbox) -> None:
    sandbox.faults({"path": "/stats/*", "kind": "503", "rate": 0.5})
    statuses = [sandbox.get(PATH).status_code for _ in range(60)]
    assert set(statuses) == {200, 503}
    assert 15 <= statuses.count(503) <= 45
    assert sandbox.get("/medias").status_code == 200
    assert sandbox.control("DELETE", "faults") == []
    assert {sandbox.get(PATH).status_code for _ in range(10)} == {200}


def test_an_unknown_kind_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(AssertionError, match="unknown kind 'explode'; known: 429"):
        sandbox.faults({"path": PATH, "kind": "explode"})
