"""The two controls against a real Prefect server that lets in only who shows its password."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from ingestion.config.timestamps import utc_now
from reports.prefect import PrefectApi
from tests.reports.conftest import Client, Home, serving

# printf operator:lock-and-key | base64
SIGNED = {"authorization": "Basic b3BlcmF0b3I6bG9jay1hbmQta2V5"}


@dataclass
class Server:
    """A running Prefect with a pool and the deployments of the project."""

    url: str

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        return PrefectApi(self.url, SIGNED).ask(method, path, body)

    def deploy(self, name: str) -> None:
        flow = self.ask("POST", "/flows/", {"name": name})
        body = {"name": name, "flow_id": flow["id"], "work_pool_name": "wistia-elt"}
        self.ask("POST", "/deployments/", body)

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("POST", "/flow_runs/filter", {})
        return found

    def end_all(self) -> None:
        for run in self.runs():
            state = {"type": "COMPLETED", "name": "Completed"}
            self.ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})


@pytest.fixture(scope="module")
def server(prefect_settings: dict[str, str]) -> Server:
    found = Server(prefect_settings["PREFECT_API_URL"])
    found.ask("POST", "/work_pools/", {"name": "wistia-elt", "type": "process"})
    found.deploy("daily")
    return found


@pytest.fixture
def client(home: Home, server: Server) -> Iterator[Client]:
    server.end_all()
    app = home.app(prefect=server.url, headers=SIGNED, utc=utc_now)
    with serving(app) as found:
        yield found


def press(client: Client, control: str, token: str) -> requests.Response:
    return client.post(f"/api/controls/{control}", x_operations_token=token)


def test_the_control_starts_a_run_and_no_second_while_it_is_at_work(
    client: Client, home: Home, server: Server
) -> None:
    token, before = client.sign_in(), len(server.runs())

    first = press(client, "run", token)
    second = press(client, "run", token)
    home.clock.seconds += 2
    shown = client.get("/api/state").json()["prefect"]

    assert (first.status_code, second.status_code) == (202, 409)
    assert first.json()["said"] == "The pipeline has been started."
    assert f"{first.json()['flow_run']} of daily is at work" in second.json()["error"]
    assert len(server.runs()) == before + 1
    assert [(run["deployment"], run["name"]) for run in shown["active"]] == [
        ("daily", first.json()["flow_run"])
    ]
    assert shown["workers"] == 0

    server.end_all()
    assert press(client, "run", token).status_code == 202


def test_a_control_that_is_used_all_the_time_is_slowed_down(
    client: Client, home: Home, server: Server
) -> None:
    token = client.sign_in()
    codes = []
    for _ in range(3):
        codes.append(press(client, "run", token).status_code)
        server.end_all()

    assert codes == [202, 202, 429]
    home.clock.seconds += 600
    assert press(client, "run", token).status_code == 202


def test_a_missing_deployment_is_said_with_what_registers_it(client: Client) -> None:
    refused = press(client, "deploy", client.sign_in())

    assert refused.status_code == 409
    assert refused.json()["error"] == "Prefect knows no deployment deploy/deploy."
    assert "wistia-elt up" in refused.json()["remedy"]


def test_a_run_started_by_hand_is_seen_too(client: Client, home: Home, server: Server) -> None:
    home.write_run(
        "20260110T085900Z-aaaaaa",
        state="running",
        finished_at=None,
        started_at=utc_now().isoformat(),
    )
    before = len(server.runs())

    with home.lake.lock("run-20260110T085900Z-aaaaaa"):
        refused = press(client, "run", client.sign_in())

    assert refused.status_code == 409
    assert "20260110T085900Z-aaaaaa is at work" in refused.json()["error"]
    assert len(server.runs()) == before


def test_signed_out_nothing_is_started(client: Client, server: Server) -> None:
    before = len(server.runs())

    assert press(client, "run", "").status_code == 401
    assert len(server.runs()) == before


def test_wrong_credentials_for_prefect_are_said_and_never_shown(home: Home, server: Server) -> None:
    wrong = {"authorization": "Basic d3Jvbmc6a2V5"}
    with serving(home.app(prefect=server.url, headers=wrong)) as client:
        answer = client.get("/api/state")
        refused = press(client, "run", client.sign_in())

    assert "refuses this server's credentials" in answer.json()["prefect"]["error"]
    assert refused.status_code == 503
    for text in (answer.text, refused.text, str(answer.headers)):
        assert "d3Jvbmc6a2V5" not in text


def test_no_answer_holds_prefects_credentials(client: Client) -> None:
    token = client.sign_in()
    answers = [client.get("/api/state"), client.get("/operations"), press(client, "run", token)]

    for answer in answers:
        assert "lock-and-key" not in answer.text + str(answer.headers)
        assert SIGNED["authorization"] not in answer.text + str(answer.headers)
