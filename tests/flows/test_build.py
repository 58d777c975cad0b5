"""A local build is seen whole or not at all, and a person who was forgotten is in none."""

import gzip
import time
from pathlib import Path

import pytest

from flows.stages.dbt import PROJECT_DIR, forget_other_checkout, run_dbt
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.soak.sameness import OF_RUNS
from tests.support.commands.command_line import CommandLine
from tests.support.lakes.named import VISITORS, Lakes


@pytest.fixture(scope="module")
def lake(lakes: Lakes, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine(lakes.copy("second day", tmp_path_factory.mktemp("build")))


def test_what_a_run_writes_is_for_its_own_account(lake: CommandLine) -> None:
    found = {path: path.stat().st_mode & 0o777 for path in lake.lake.rglob("*")}

    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if path.is_file()} == {0o600}
    assert lake.lake.stat().st_mode & 0o777 == 0o700


def test_a_forgotten_visitor_leaves_no_play_and_no_count(lake: CommandLine) -> None:
    (person, plays) = lake.rows(
        "select visitor_key, count(*) from silver.fact_events group by 1 "
        "order by count(distinct media_id) desc, 2 desc, 1 limit 1"
    )[0]
    before = lake.rows("select sum(event_count) from gold.media_daily")[0][0]

    lake.output_of("forget", person, "--yes")
    lake.output_of("build")

    files = list((lake.lake / "raw-data").rglob("*.gz"))
    assert files
    assert not [file for file in files if person.encode() in gzip.decompress(file.read_bytes())]
    assert person.encode() not in (lake.lake / "warehouse.duckdb").read_bytes()
    assert lake.rows("select sum(event_count) from gold.media_daily") == [(before - plays,)]
    assert lake.rows("select sum(event_count) from gold.visitor_media") == [(before - plays,)]
    assert person not in str(lake.tables())


def test_a_full_refresh_is_seen_whole_and_has_the_rows_of_the_increments(
    lake: CommandLine,
) -> None:
    before, answers = lake.tables(), []
    with lake.start("build", "--full-refresh") as process:
        while process.poll() is None:
            answers += lake.rows("select count(*) from gold.fact_audience_insights")
            time.sleep(0.05)
        process.communicate()

    assert process.returncode == 0
    assert len(answers) > 1
    assert set(answers) == {(VISITORS + 3,)}
    after = lake.tables()
    assert {name: after[name] for name in after if name not in OF_RUNS} == {
        name: before[name] for name in before if name not in OF_RUNS
    }


def test_a_second_build_is_refused_while_one_is_at_work(tmp_path: Path) -> None:
    cli = CommandLine(tmp_path)
    cli.lake.mkdir()
    with LocalLake(cli.lake).lock("build"):
        second = cli.run("build")

    assert second.returncode == 1
    assert "another build is at work" in second.stderr


def test_dbt_s_log_tells_every_step_where_no_folder_has_the_statements(tmp_path: Path) -> None:
    settings = Settings(lake_uri=str(tmp_path / "lake"))
    work = tmp_path / "work"
    work.mkdir()
    run_dbt(
        *(settings, "ls", "--select", "status"),
        target="lint",
        as_of_date="2026-01-10",
        work_dir=work,
        environment={},
    )

    assert "[debug" in (work / "logs" / "dbt.log").read_text()


def test_variables_of_another_dbt_project_change_no_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PROFILE": "corp", "RESOURCE_TYPES": "seed", "WARN_ERROR": "true"}.items():
        monkeypatch.setenv(f"DBT_{name}", value)
        monkeypatch.setenv(f"DBT_ENGINE_{name}", value)
    # Nor do modules that lie there, or what Python is told of another program.
    for package in ("dbt", "json", "yaml"):
        (tmp_path / "other" / package).mkdir(parents=True)
        (tmp_path / "other" / package / "__init__.py").write_text("raise ImportError('planted')")
    for name, value in {"PATH": str(tmp_path / "other"), "INSPECT": "1", "OPTIMIZE": "2"}.items():
        monkeypatch.setenv(f"PYTHON{name}", value)

    built = run_dbt(
        *(Settings(lake_uri=str(tmp_path / "lake")), "compile", "--select", "status"),
        target="lint",
        as_of_date="2026-01-10",
        work_dir=tmp_path,
        environment={},
    )

    assert built.tables == ("status",)


def test_what_another_checkout_has_parsed_is_parsed_anew(tmp_path: Path) -> None:
    parsed = tmp_path / "target" / "partial_parse.msgpack"
    parsed.parent.mkdir()
    for checkout, is_kept in ((None, False), (PROJECT_DIR, True), (tmp_path, False)):
        parsed.write_bytes(b"")
        if checkout is not None:
            (tmp_path / "target" / "checkout").write_text(str(checkout))
        forget_other_checkout(tmp_path / "target")
        assert parsed.exists() is is_kept
