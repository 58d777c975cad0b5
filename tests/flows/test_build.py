"""A local build is seen whole or not at all."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.flows.conftest import CommandLine, against
from tests.servers import Sandbox


@pytest.fixture(scope="module")
def lake(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    cli = against(sandbox, tmp_path_factory.mktemp("build"))
    cli.succeed("ingest")
    cli.succeed("build")
    return cli


def test_what_a_run_writes_is_for_its_own_account(lake: CommandLine) -> None:
    found = {path: path.stat().st_mode & 0o777 for path in lake.lake.rglob("*")}

    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if path.is_file()} == {0o600}
    assert lake.lake.stat().st_mode & 0o777 == 0o700


def test_readers_see_the_last_good_tables_while_a_build_runs(lake: CommandLine) -> None:
    answers = []
    with lake.start("build", "--full-refresh") as process:
        while process.poll() is None:
            ((visitors,),) = lake.rows("select count(*) from gold.fact_audience_insights")
            answers.append(visitors)
            time.sleep(0.05)
        process.communicate()

    assert process.returncode == 0
    assert len(answers) > 1
    assert set(answers) == {300}


def test_a_killed_build_leaves_the_good_tables_and_the_next_one_succeeds(
    lake: CommandLine,
) -> None:
    before = lake.tables()
    copy = lake.lake / "warehouse.building.duckdb"
    with lake.start("build") as process:
        wait_for(copy)
        time.sleep(2)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    assert lake.tables() == before
    lake.succeed("build")
    assert lake.tables() == before


def test_a_second_build_is_refused_while_one_is_at_work(lake: CommandLine) -> None:
    with lake.start("build") as process:
        wait_for(lake.lake / ".locks" / "build.json")
        second = lake.run("build")
        process.communicate()

    assert second.returncode == 1
    assert "another build is at work" in second.stderr
    assert process.returncode == 0


def test_an_empty_account_gives_empty_tables(sandbox: Sandbox, tmp_path: Path) -> None:
    cli = against(sandbox, tmp_path)
    cli.succeed("build")

    tables = cli.status()["tables"]
    # The one row that says how things stand, and that nothing has landed yet.
    assert tables.pop("pages.status") == 1
    assert tables.pop("silver.user_agent_labels") > 0
    assert set(tables.values()) == {0}
    assert json.loads(cli.succeed("query", "select * from silver.fact_visitors", "--json")) == []


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.05)
