"""What every answer goes through: token, limit, permissions, headers, delay, log."""

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

import requests

from tests.support.machine.servers import Sandbox, running_sandbox


def test_a_wrong_token_is_told_so(sandbox: Sandbox) -> None:
    url = f"{sandbox.base_url}/stats/visitors"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": sandbox.token}):
        answer = requests.get(url, headers=headers, timeout=60)
        assert answer.status_code == 401
        assert answer.json() == {
            "code": "unauthorized_credentials",
            "error": "Invalid credentials.",
        }
        assert answer.headers["x-request-id"]


def test_over_the_limit_comes_plain_text_with_seconds_to_wait() -> None:
    with running_sandbox(rate_limit=5) as server:
        assert server.environment["WISTIA_REQUESTS_PER_MINUTE"] == "5"
        statuses = [server.get("/medias").status_code for _ in range(5)]
        answer = server.get("/stats/visitors")
        assert statuses == [200] * 5
        assert (answer.status_code, answer.text) == (429, "Rate limit exceeded")
        assert answer.headers["content-type"].startswith("text/plain")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert not [name for name in answer.headers if "ratelimit" in name.lower()]
        assert server.control("GET", "state")["visitors"] == 300
        assert server.traffic()["by_status"] == {"200": 5, "429": 1}


def test_its_clock_is_the_machine_s_until_it_is_set(sandbox: Sandbox) -> None:
    for offset in (0, 3 * 86_400, -7_200):
        sandbox.control("POST", "clock", {"offset": offset})
        told = parsedate_to_datetime(sandbox.get("/medias").headers["Date"]).timestamp()
        assert abs(told - offset - time.time()) < 60


def test_the_measured_limit_needs_no_setting() -> None:
    with running_sandbox(rate_limit=600) as server:
        assert set(server.environment) == {"WISTIA_BASE_URL", "WISTIA_API_TOKEN"}


def test_a_missing_permission_is_told_apart_from_a_wrong_token() -> None:
    with running_sandbox(scopes="media:read") as server:
        assert server.get("/medias").status_code == 200
        refused = server.get("/stats/visitors")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized_scope")
        token = requests.get(
            f"{server.origin}/modern/token",
            headers={"Authorization": f"Bearer {server.token}"},
            timeout=60,
        )
        assert token.json()["scopes"] == ["media:read"]


def test_unknown_things_are_not_found(sandbox: Sandbox) -> None:
    for path in ("/stats/medias/nope", "/nope"):
        answer = sandbox.get(path)
        assert answer.status_code == 404
        assert list(answer.json()) == ["error"]


def test_media_are_listed_with_the_old_ending_too(sandbox: Sandbox) -> None:
    medium = sandbox.json("/medias", **{"hashed_ids[]": "v08dlrgr7v"})
    assert [item["hashed_id"] for item in medium] == ["v08dlrgr7v"]
    assert sandbox.json("/medias.json")[1] == medium[0]
    assert "project" in medium[0]


def test_the_account_says_which_it_is(sandbox: Sandbox) -> None:
    assert sandbox.json("/account")["id"] == "sandbox-1-300"


def test_answers_are_dated_numbered_and_compressed(sandbox: Sandbox) -> None:
    first, second = (sandbox.get("/stats/visitors", per_page=100) for _ in range(2))
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["date"].endswith("GMT")
    assert first.headers["content-encoding"] == "gzip"
    assert len(first.json()) == 100


def test_the_log_tells_paths_pages_and_how_many_at_once() -> None:
    with running_sandbox(latency=0.2) as server:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda page: server.get("/stats/visitors", page=page), range(1, 9)))
        traffic = server.traffic(newest=2)
        assert traffic["by_path"] == {"/stats/visitors": 8}
        assert traffic["busiest_minute"] == 8
        assert 2 <= traffic["most_in_flight"] <= 8
        assert len(traffic["requests"]) == 2
        newest = max(traffic["requests"], key=lambda request: request["page"])
        assert newest["query"] == f"page={newest['page']}"
        assert (newest["path"], newest["status"]) == ("/stats/visitors", 200)
        assert newest["api_version"] == ""
        assert newest["at"] >= 0
        server.control("DELETE", "requests")
        assert server.traffic()["total"] == 0


def test_a_deep_page_takes_longer_than_the_first() -> None:
    with running_sandbox(visitors=110_471, latency=0.25) as server:
        began = time.monotonic()
        server.get("/stats/visitors", page=1, per_page=100)
        middle = time.monotonic()
        server.get("/stats/visitors", page=1100, per_page=100)
        end = time.monotonic()
        # 1.2 s and 5.5 s, give or take a fifth, at a quarter.
        assert middle - began >= 0.25 * 0.8 * 1.2
        assert end - middle >= 0.25 * 0.8 * 5.5
