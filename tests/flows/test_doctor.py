"""`doctor`: what a run needs, tried before the first one."""

import json
import os
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from flows.cli.look.doctor import _check_prefect
from ingestion.resources import RESOURCES
from tests.support.commands.command_line import CommandLine, against
from tests.support.machine.servers import Sandbox

Checks = dict[str, dict[str, object]]


@pytest.fixture
def line(sandbox: Sandbox, tmp_path: Path) -> CommandLine:
    sandbox.faults()
    return against(sandbox, tmp_path)


def examined(line: CommandLine, **settings: str) -> Checks:
    done = line.call("doctor", "--json", **settings)
    assert done.returncode in {0, 1}, done.stderr
    checks = {check["check"]: check for check in json.loads(done.stdout)}
    # Node may be missing where only the pages need it.
    others = [check for name, check in checks.items() if name != "node"]
    assert all(check["ok"] for check in others) or done.returncode == 1
    return checks


def test_without_a_token_every_other_check_is_made(tmp_path: Path) -> None:
    checks = examined(CommandLine(tmp_path))

    assert set(checks) >= {
        "proxy",
        "prefect",
        "token",
        "lake",
        "bucket",
        "workgroup",
        "crawler",
        "node",
    }
    assert checks["token"]["ok"] is False
    assert "WISTIA_API_TOKEN" in str(checks["token"]["remedy"])
    assert checks["lake"]["ok"] is True


def test_all_is_well_where_a_run_would_succeed(line: CommandLine) -> None:
    checks = examined(line)

    assert [name for name, check in checks.items() if not check["ok"] and name != "node"] == []
    assert checks["scopes"]["detail"] == "reads " + ", ".join(
        resource.path for resource in RESOURCES if not resource.is_of_media
    )


def test_what_a_run_goes_on_without_is_named_and_no_failure(
    line: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults({"path": "/stats/events", "kind": "scope"})

    checks = examined(line)

    assert checks["scopes"]["ok"] is True
    assert "/stats/events is left out: the token lacks" in str(checks["scopes"]["detail"])


def test_the_list_of_media_is_needed_where_no_ids_are_set(
    line: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults({"path": "/medias", "kind": "scope", "times": 2})

    needed, spared = examined(line)["scopes"], examined(line, WISTIA_MEDIA_IDS="abc123")["scopes"]

    assert needed["ok"] is False
    assert "Read all folder and media data" in str(needed["remedy"])
    assert spared["ok"] is True
    assert "/medias is left out" in str(spared["detail"])


def test_a_clock_that_a_run_would_refuse_is_named_and_the_rest_is_tried(
    line: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.control("POST", "clock", {"offset": -86_400})
    try:
        checks = examined(line)
    finally:
        sandbox.control("POST", "clock", {"offset": 0})

    assert checks["clock"]["ok"] is False
    assert "24.0 hours ahead of the API's" in str(checks["clock"]["detail"])
    assert checks["scopes"]["ok"] is True


def test_a_proxy_of_the_environment_is_named_and_tried(line: CommandLine) -> None:
    # pragma: allowlist nextline secret
    dead = "http://jo:planted-pw@127.0.0.1:9"
    checks = examined(line, HTTP_PROXY=dead, http_proxy=dead, NO_PROXY="", no_proxy="")

    assert "through 127.0.0.1:9" in str(checks["proxy"]["detail"])
    assert checks["token"]["ok"] is False
    assert "the proxy 127.0.0.1:9 does not let it through" in str(checks["token"]["detail"])
    assert "HTTP_PROXY" in str(checks["token"]["remedy"])
    assert "planted-pw" not in json.dumps(list(checks.values()))


def test_a_home_and_a_server_of_prefect_that_a_worker_cannot_use_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "taken"
    home.write_text("a file")
    monkeypatch.setenv("PREFECT_HOME", str(home))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    found = _check_prefect()
    assert found.detail.startswith(f"PREFECT_HOME is {home}, which cannot be written: ")
    assert "set PREFECT_HOME" in found.remedy

    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "new"))
    assert _check_prefect().ok
    for port in ("x", "-1", "70000"):
        monkeypatch.setenv("PREFECT_SERVER_API_PORT", port)
        assert f"{port} is no port" in _check_prefect().detail
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert "nobody answers" in _check_prefect().detail


def test_events_are_asked_for_one_day(line: CommandLine, sandbox: Sandbox) -> None:
    examined(line)

    requests = sandbox.traffic()["requests"]
    asked = [r["query"] for r in requests if r["path"] == "/stats/events"]
    assert asked
    for query in map(parse_qs, asked):
        assert query["start_date"] == query["end_date"]


def test_node_is_new_enough_where_the_pages_can_be_built(line: CommandLine, tmp_path: Path) -> None:
    for version, is_fine in (("v18.0.0", True), ("v17.9.1", False)):
        node = tmp_path / "node"
        node.write_text(f"#!/bin/sh\necho {version}\n")
        node.chmod(0o755)
        (tmp_path / "npm").touch(mode=0o755)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

        found = examined(line, PATH=path)["node"]

        assert found["ok"] is is_fine
        assert version in str(found["detail"])
        assert is_fine or "install Node 18" in str(found["remedy"])
