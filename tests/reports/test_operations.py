"""What the Operations page is told: runs, remedies, Prefect, and when a start is refused."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flows.cli.show import read_status
from ingestion.config.settings import Settings
from tests.reports.conftest import Client, Home, completed, serving


def state(client: Client, home: Home) -> dict[str, Any]:
    home.clock.seconds += 2  # an answer is kept for a second
    found: dict[str, Any] = client.get("/api/state").json()
    return found


def test_a_new_lake_has_no_runs(client: Client, home: Home) -> None:
    found = state(client, home)

    assert (found["runs"], found["last_good_at"], found["newest_visitor_at"]) == ([], None, None)
    assert found["prefect"]["answers"] is False
    assert "wistia-elt up" in found["prefect"]["remedy"]


def test_runs_are_told_newest_first_with_their_stages(client: Client, home: Home) -> None:
    home.write_run("20260109T075400Z-aaaaaa")
    home.write_run(
        "20260110T075400Z-bbbbbb",
        exit_code=3,
        resources=[
            {"resource": "visitors", "state": "completed", "records": 24, "quarantined": 2},
            {"resource": "media", "state": "completed", "unknown_media": ["nosuchmed1"]},
        ],
    )

    newest, oldest = state(client, home)["runs"]

    assert oldest["run_id"] == "20260109T075400Z-aaaaaa"
    assert (newest["state"], newest["exit_code"]) == ("completed", 3)
    assert (newest["loaded"], newest["quarantined"]) == (24, 2)
    assert [stage["stage"] for stage in newest["stages"]] == ["ingest", "build"]
    assert newest["remarks"] == [
        "2 of visitors were quarantined: `wistia-elt quarantine` says why.",
        "Wistia knows no video nosuchmed1: check `WISTIA_MEDIA_IDS`.",
    ]


def test_a_failed_run_tells_what_mends_it(client: Client, home: Home) -> None:
    failed = {
        **completed("build").model_dump(),
        "state": "failed",
        "error": "dbt: unique_fact_visitors_visitor_key failed: Got 3 results",
        "remedy": "read dbt.log",
    }
    stages = [completed("ingest"), failed]
    home.write_run("20260110T075400Z-aaaaaa", state="failed", exit_code=1, stages=stages)

    (run,) = state(client, home)["runs"]

    assert run["state"] == "failed"
    assert run["stages"][1]["error"].startswith("dbt: unique_fact_visitors")
    assert run["stages"][1]["remedy"] == "read dbt.log"


def test_a_run_whose_process_died_is_told_as_crashed(client: Client, home: Home) -> None:
    home.write_run(
        "20260110T075400Z-aaaaaa",
        state="running",
        finished_at=None,
        exit_code=None,
        stages=[{**completed("ingest").model_dump(), "state": "running", "finished_at": None}],
    )

    (run,) = state(client, home)["runs"]

    assert run["state"] == run["stages"][0]["state"] == "crashed"
    assert run["stages"][0]["error"] == "the process ended without a word"
    assert run["stages"][0]["remedy"].startswith("start a run")


def test_a_run_is_at_work_while_its_lock_is_held_wherever_it_runs(
    client: Client, home: Home
) -> None:
    home.write_run("20260110T075400Z-aaaaaa", state="running", finished_at=None)

    with home.lake.lock("run-20260110T075400Z-aaaaaa"):
        home.clock.seconds += 24 * 3600
        assert state(client, home)["runs"][0]["state"] == "running"
    assert state(client, home)["runs"][0]["state"] == "crashed"


def test_a_damaged_manifest_hides_no_other(client: Client, home: Home) -> None:
    home.write_run("20260109T075400Z-aaaaaa")
    home.lake.put("state/runs/20260110T075400Z-bbbbbb.json", b"{ torn")

    assert [run["run_id"] for run in state(client, home)["runs"]] == ["20260109T075400Z-aaaaaa"]


def test_a_prefect_that_does_not_answer_is_said(home: Home) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        with serving(home.app(prefect=url)) as client:
            found = state(client, home)["prefect"]
            refused = client.post("/api/controls/run", x_operations_token=client.sign_in())

    assert found["error"] == f"Prefect does not answer at {url}."
    assert refused.status_code == 503
    assert refused.json()["error"] == found["error"]


def test_an_unknown_control_is_refused(client: Client) -> None:
    token = client.sign_in()
    answer = client.post("/api/controls/erase", x_operations_token=token)
    assert answer.status_code == 404


FAILURE = {
    **completed("build").model_dump(),
    "state": "failed",
    "error": "cannot build in /srv/wistia elt/lake/warehouse.duckdb: disk full",
    "remedy": "read /srv/people/lake/.dbt/logs/dbt.log and https://example.com/a/b; try 1/2 of it",
}


def test_a_stranger_learns_no_path_of_this_machine(client: Client, home: Home) -> None:
    home.write_run("20260110T075400Z-aaaaaa", state="failed", exit_code=1, stages=[FAILURE])

    (stage,) = state(client, home)["runs"][0]["stages"]
    assert stage["error"] == "cannot build in …/warehouse.duckdb: disk full"
    assert stage["remedy"] == "read …/dbt.log and https://example.com/a/b; try 1/2 of it"

    client.sign_in()
    (stage,) = state(client, home)["runs"][0]["stages"]
    assert (stage["error"], stage["remedy"]) == (FAILURE["error"], FAILURE["remedy"])


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = []

        def take() -> None:
            while True:
                try:
                    taken.append(listener.accept())
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        listener.shutdown(socket.SHUT_RDWR)
        for line, _ in taken:
            line.close()


def test_a_prefect_that_hangs_stalls_no_page(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.server.operations.PATIENCE_SECONDS", 0.1)
    home.write_run("20260110T075400Z-aaaaaa")
    home.site.mkdir()
    (home.site / "index.html").write_text("<html>pages</html>")
    with silent_server() as url, serving(home.app(prefect=url)) as client:
        askers = [
            threading.Thread(target=Client(client.origin).get, args=("/api/state",))
            for _ in range(60)
        ]
        before = time.monotonic()
        for asker in askers:
            asker.start()
        assert client.get("/").text == "<html>pages</html>"
        found = client.get("/api/state").json()
        for asker in askers:
            asker.join()
        # The client of Prefect waits for five seconds; nobody else does.
        assert time.monotonic() - before < 5
    assert found["runs"][0]["state"] == "completed"
    assert found["prefect"]["answers"] is False
    assert "Prefect has not answered" in found["prefect"]["error"]


def test_status_tells_a_run_as_the_page_does(client: Client, home: Home) -> None:
    home.write_run("20260110T075400Z-aaaaaa", state="running", finished_at=None, stages=[])
    told = read_status(Settings(lake_uri=home.lake.uri), home.lake)["last_run"]
    assert told == state(client, home)["runs"][0]
    assert (told["state"], told["error"]) == ("crashed", "the process ended without a word")
