"""Who may use the controls, and what stays shut to everyone else."""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
import requests
from pydantic import SecretStr

from ingestion.config.settings import Settings
from reports.server.app import warnings
from tests.reports.conftest import PASSWORD, Client, Home, serving

WRONG = "a guess"


def run(client: Client, token: str = "", **headers: str) -> requests.Response:
    return client.post("/api/controls/run", x_operations_token=token, **headers)


def test_the_controls_are_off_without_a_password(home: Home) -> None:
    with serving(home.app(password=None)) as client:
        assert client.get("/api/state").json()["session"] == {
            "has_password": False,
            "signed_in": False,
            "token": None,
        }
        refused = client.post("/api/sign-in", {"password": ""})
        assert refused.status_code == 403
        assert refused.json()["error"] == "The controls are off."
        assert "OPERATIONS_PASSWORD" in refused.json()["remedy"]
        assert run(client).status_code == 401


def test_the_right_password_opens_a_session_and_a_wrong_one_does_not(client: Client) -> None:
    wrong = client.post("/api/sign-in", {"password": "open"})
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    assert client.get("/api/state").json()["session"]["signed_in"] is False

    right = client.post("/api/sign-in", {"password": PASSWORD})
    assert right.status_code == 204
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/api" in cookie
    assert PASSWORD not in cookie
    assert client.get("/api/state").json()["session"]["signed_in"] is True

    client.post("/api/sign-out")
    assert client.get("/api/state").json()["session"]["signed_in"] is False


def test_signing_out_ends_the_session_in_every_copy_of_its_cookie(client: Client) -> None:
    token = client.sign_in()
    copied = client.session.cookies.copy()
    client.post("/api/sign-out")
    client.session.cookies.update(copied)

    assert client.get("/api/state").json()["session"]["signed_in"] is False
    assert run(client, token).status_code == 401


def test_a_session_ends_by_itself_after_twelve_hours(client: Client, home: Home) -> None:
    client.sign_in()
    home.clock.seconds += 12 * 3600 - 1
    assert client.get("/api/state").json()["session"]["signed_in"] is True
    home.clock.seconds += 1
    assert client.get("/api/state").json()["session"]["signed_in"] is False


def test_over_tls_the_cookie_stays_on_it(home: Home) -> None:
    with serving(home.app(names=("pages.example.com",)), proxies=("127.0.0.1",)) as client:
        told = client.post("/api/sign-in", {"password": PASSWORD}, x_forwarded_proto="https")
        plain = client.post("/api/sign-in", {"password": PASSWORD})
        asked = client.post(
            "/api/sign-in",
            {"password": PASSWORD},
            host="pages.example.com",
            origin="https://pages.example.com",
        )

    assert "; secure" in told.headers["set-cookie"].lower()
    assert "; secure" not in plain.headers["set-cookie"].lower()
    # A proxy that is not named in SERVE_PROXIES: the browser's own word is enough.
    assert "; secure" in asked.headers["set-cookie"].lower()


def guess(client: Client, password: str = WRONG, **headers: str) -> int:
    return client.post("/api/sign-in", {"password": password}, **headers).status_code


def test_guessing_costs_time_and_locks_nobody_out(client: Client, home: Home) -> None:
    assert [guess(client) for _ in range(30)] == [401] * 5 + [429] * 25
    assert home.clock.slept == 25 * 2

    # Whoever knows the password gets in, seconds later, also from where the guesses came.
    assert guess(client, PASSWORD) == 204
    assert home.clock.slept == 26 * 2
    assert guess(client) == 401


def test_a_guess_is_forgotten_after_a_while(client: Client, home: Home) -> None:
    for _ in range(5):
        guess(client)
    home.clock.seconds += 300

    assert guess(client) == 401
    assert home.clock.slept == 0


def test_only_a_few_wait_in_line_to_guess(home: Home) -> None:
    gate = threading.Event()

    async def sleep(seconds: float) -> None:
        del seconds
        await asyncio.to_thread(gate.wait)

    home.clock.sleep = sleep  # type: ignore[method-assign]
    with serving(home.app()) as client, ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            guess(client)
        answers = [pool.submit(guess, Client(client.origin)) for _ in range(8)]
        # Those who find the line full are told at once; the others wait for their turn.
        told = list(itertools.islice(as_completed(answers), 3))
        assert [answer.result() for answer in told] == [429] * 3
        assert sum(answer.done() for answer in answers) == 3
        gate.set()
        assert [answer.result() for answer in answers] == [429] * 8


def test_who_asks_is_told_by_the_line_unless_a_proxy_is_named(home: Home) -> None:
    def codes(client: Client) -> list[int]:
        return [guess(client, x_forwarded_for=f"10.0.0.{n}") for n in range(7)]

    with serving(home.app()) as client:
        assert codes(client) == [401] * 5 + [429] * 2
    with serving(home.app(), proxies=("127.0.0.0/8",)) as client:
        assert codes(client) == [401] * 7
    with serving(home.app(), proxies=("192.0.2.1",)) as client:
        assert codes(client) == [401] * 5 + [429] * 2


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "password12345678"])
def test_a_weak_password_is_warned_of(password: str) -> None:
    said = warnings(Settings(operations_password=SecretStr(password)))

    assert any("easy to guess" in one for one in said)
    assert not any(password in one for one in said)


def test_a_good_password_is_not_warned_of() -> None:
    good = SecretStr("correct horse battery")
    assert warnings(Settings(operations_password=good)) == []


@pytest.fixture
def signed_in(client: Client) -> tuple[Client, str]:
    return client, client.sign_in()


def test_a_control_wants_the_sessions_token(signed_in: tuple[Client, str]) -> None:
    client, token = signed_in

    assert run(client).status_code == 403
    assert run(client, "0" * 64).status_code == 403
    # Past the door: there is no Prefect here to start anything.
    assert run(client, token).status_code == 503


def test_another_sites_page_is_refused(signed_in: tuple[Client, str]) -> None:
    client, token = signed_in

    assert run(client, token, origin="http://evil.example").status_code == 403
    assert run(client, token, sec_fetch_site="cross-site").status_code == 403
    assert run(client, token, sec_fetch_site="same-site").status_code == 403
    form = client.session.post(
        f"{client.origin}/api/controls/run",
        data='{"a": 1}',
        headers={"content-type": "text/plain", "x-operations-token": token},
        timeout=10,
    )
    assert form.status_code == 415


@pytest.mark.parametrize("cookie", ["", "x", "IjEi.aaaa.bbbb"])
def test_a_made_up_cookie_opens_nothing(client: Client, cookie: str) -> None:
    client.session.cookies.set("wistia_elt_session", cookie)

    assert client.get("/api/state").json()["session"]["signed_in"] is False
    assert run(client).status_code == 401


def test_a_cookie_of_another_process_opens_nothing(home: Home, client: Client) -> None:
    client.sign_in()
    with serving(home.app()) as restarted:
        restarted.session.cookies.update(client.session.cookies)
        assert restarted.get("/api/state").json()["session"]["signed_in"] is False


@pytest.mark.parametrize(
    "body",
    ["no json", "[]", "{}", '{"password": 7}', "[" * 4000, '{"a":' * 800, "\xff", "1" * 4000],
)
def test_what_is_no_sign_in_is_refused_with_a_word(client: Client, body: str) -> None:
    answer = client.session.post(
        f"{client.origin}/api/sign-in",
        data=body,
        headers={"content-type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_half_a_surrogate_pair_is_a_wrong_password(client: Client) -> None:
    answer = client.session.post(
        f"{client.origin}/api/sign-in",
        data='{"password": "\\ud800"}',
        headers={"content-type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("origin", ["http://[", "null", "http://[::1", "\x7f", "//", "x" * 5000])
def test_an_odd_origin_is_another_site(client: Client, origin: str) -> None:
    answer = client.post("/api/sign-in", {"password": PASSWORD}, origin=origin)

    assert answer.status_code == 403
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_sign_in_of_megabytes_is_not_read(client: Client) -> None:
    assert client.post("/api/sign-in", {"password": "x" * 5_000_000}).status_code == 413
