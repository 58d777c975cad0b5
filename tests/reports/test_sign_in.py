"""Who may use the controls, and what stays shut to everyone else."""

import pytest
import requests

from tests.reports.conftest import PASSWORD, Client, Home, serving


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


def test_behind_a_proxy_with_tls_the_cookie_stays_on_it(client: Client) -> None:
    answer = client.post("/api/sign-in", {"password": PASSWORD}, x_forwarded_proto="https")
    assert "; secure" in answer.headers["set-cookie"].lower()


def test_guessing_is_slowed_down_and_forgotten_after_a_while(client: Client, home: Home) -> None:
    guesses = [client.post("/api/sign-in", {"password": f"guess {n}"}) for n in range(6)]
    assert [answer.status_code for answer in guesses] == [401] * 5 + [429]
    assert guesses[-1].headers["retry-after"] == "301"
    assert "Too many wrong passwords" in guesses[-1].json()["error"]
    assert client.post("/api/sign-in", {"password": PASSWORD}).status_code == 429

    home.clock.seconds += 300
    assert client.post("/api/sign-in", {"password": PASSWORD}).status_code == 204


def test_many_addresses_guess_as_one(client: Client) -> None:
    codes = [
        client.post("/api/sign-in", {"password": "?"}, x_forwarded_for=f"10.0.0.{n}").status_code
        for n in range(31)
    ]
    assert codes == [401] * 30 + [429]


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


@pytest.mark.parametrize("body", ["no json", "[]", "{}", '{"password": 7}'])
def test_what_is_no_sign_in_is_refused_with_a_word(client: Client, body: str) -> None:
    answer = client.session.post(
        f"{client.origin}/api/sign-in",
        data=body,
        headers={"content-type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_a_sign_in_of_megabytes_is_not_read(client: Client) -> None:
    assert client.post("/api/sign-in", {"password": "x" * 5_000_000}).status_code == 413
