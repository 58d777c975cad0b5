"""The flow, from a running API to tables, and what a failing stage leaves behind."""

import json
from pathlib import Path

import pytest

from tests.flows.conftest import CommandLine, against
from tests.servers import Sandbox


@pytest.fixture(scope="module")
def done(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A lake after two daily runs: 300 visitors, then 4 new and 20 that came back."""
    cli = against(sandbox, tmp_path_factory.mktemp("daily"))
    # A run by hand would fail in any part that asks for Prefect.
    (cli.folder / "prefect.py").write_text("raise ImportError('a run by hand needs no Prefect')")
    cli.succeed("run", PYTHONPATH=str(cli.folder))
    sandbox.advance(new=4, returning=20, hours=24)
    second = cli.run("run")
    assert second.returncode == 0, second.stderr
    (cli.folder / "second.log").write_text(second.stderr)
    return cli


def test_a_day_lands_only_what_changed(done: CommandLine) -> None:
    status = done.status()

    assert status["resources"]["visitors"]["records"] == 300 + 24
    assert status["resources"]["media"]["records"] == 2
    assert status["resources"]["media_engagement"]["records"] == 2
    assert status["tables"]["silver.fact_visitors"] == 304
    assert status["tables"]["silver.fact_visitor_activity"] == 324
    assert status["tables"]["gold.fact_audience_insights"] == 304
    assert status["last_run"]["state"] == "completed"
    assert status["last_run"]["exit_code"] == 0


def test_away_from_a_terminal_a_run_logs_json_with_its_run_and_stage(done: CommandLine) -> None:
    said = (done.folder / "second.log").read_text().splitlines()
    # How far a crawl has come stays a sentence, for whoever looks on.
    lines = [json.loads(line) for line in said if line.startswith("{")]
    run_id = done.status()["last_run"]["run_id"]

    assert {line["run_id"] for line in lines} == {run_id}
    told = [(line["stage"], line["message"]) for line in lines if line["message"] != "run ended"]
    assert (told[0], told[-1]) == (("ingest", "stage began"), ("build", "stage ended"))
    ended = [line for line in lines if line["message"] == "stage ended"]
    assert [(line["stage"], line["state"]) for line in ended] == [
        ("ingest", "completed"),
        ("build", "completed"),
    ]
    (last,) = [line for line in lines if line["message"] == "run ended"]
    assert (last["level"], last["stage"], last["landed"]) == ("info", None, 24)


def test_a_run_is_measured_in_status_and_from_the_next_run_on_in_fact_runs(
    done: CommandLine,
) -> None:
    last = done.status()["last_run"]
    figures = last["figures"]

    assert (figures["new_visitors"], figures["returning_visitors"]) == (4, 20)
    # One page of visitors, of which 24 had changed; nothing else had.
    assert (figures["landed"], figures["quarantined"]) == (24, 0)
    assert figures["fetched"] > 24
    assert figures["tests"] > 40
    assert figures["built_rows"] == sum(done.status()["tables"].values())
    assert last["seconds"].keys() == {"ingest", "build"}
    assert "4 new visitors, 20 returning" in done.succeed("status")

    first, newest = done.rows(
        "select fetched_count, new_visitor_count, returning_visitor_count, test_count, "
        "build_seconds > 0, cost_usd from silver.fact_runs order by started_at"
    )
    events = done.status()["resources"]["events"]["records"]
    # Beside them 300 visitors, six answers about media, one of the account, two years of days.
    read = events + 300 + 6 + 1 + 2 * 731
    assert first == (read, 300, 0, figures["tests"], True, None)
    assert newest == (figures["fetched"], None, None, None, None, None)


def test_gold_has_the_published_figures(done: CommandLine) -> None:
    answer = done.succeed("query", "select * from gold.fact_media_performance order by 1", "--json")
    first, second = json.loads(answer)

    assert (first["media_id"], second["media_id"]) == ("gskhw4w4lm", "v08dlrgr7v")
    assert (first["load_count"], first["play_count"], first["visitors"]) == (111166, 16681, 104556)
    assert (second["load_count"], second["play_count"], second["visitors"]) == (
        110735,
        43810,
        94643,
    )
    assert [round(first[name], 6) for name in ("play_rate", "engagement", "hours_watched")] == [
        0.154950,
        0.167007,
        336.975662,
    ]
    assert [round(second[name], 6) for name in ("play_rate", "engagement", "hours_watched")] == [
        0.435035,
        0.500445,
        2651.986970,
    ]
    assert (first["engagement_points"], second["engagement_points"]) == (436, 436)
    assert (first["total_engagement_count"], first["total_rewatch_count"]) == (1297210, 57850)
    assert (second["total_engagement_count"], second["total_rewatch_count"]) == (10103978, 435865)
    assert round(first["avg_engagement_per_second"], 6) == 2975.252294
    assert round(second["avg_engagement_per_second"], 6) == 23174.261468
    assert (first["play_rate_class"], first["hours_class"]) == ("Medium", "Medium")
    assert (second["play_rate_class"], second["hours_class"]) == ("High", "High")


def test_a_full_refresh_equals_the_increments_and_a_build_repeats_itself(
    done: CommandLine,
) -> None:
    increments = done.tables()

    done.succeed("build")
    again = done.tables()
    done.succeed("build", "--full-refresh")

    assert again == increments
    assert done.tables() == increments


def test_query_writes_the_same_values_in_every_form(done: CommandLine) -> None:
    sql = (
        "select 1 as n, 0.5::double as r, timestamp '2026-01-09 00:01:48.5' as t, "
        "date '2026-01-09' as d, null as x, true as b, 'ü' as s"
    )

    assert json.loads(done.succeed("query", sql, "--json")) == [
        {
            "n": 1,
            "r": 0.5,
            "t": "2026-01-09T00:01:48.500000Z",
            "d": "2026-01-09",
            "x": None,
            "b": True,
            "s": "ü",
        }
    ]
    assert done.succeed("query", sql, "--csv").splitlines() == [
        "n,r,t,d,x,b,s",
        "1,0.5,2026-01-09T00:01:48.500000Z,2026-01-09,,true,ü",
    ]
    assert "2026-01-09T00:01:48.500000Z" in done.succeed("query", sql)


def test_query_cannot_write(done: CommandLine) -> None:
    answer = done.run("query", "delete from gold.fact_media_performance")

    assert answer.returncode == 2
    assert "error: " in answer.stderr
    assert done.status()["tables"]["gold.fact_media_performance"] == 2


def test_an_unknown_medium_ends_3_and_the_others_land(sandbox: Sandbox, tmp_path: Path) -> None:
    cli = against(sandbox, tmp_path)

    finished = cli.run("run", WISTIA_MEDIA_IDS="gskhw4w4lm,nosuchmed1")

    assert finished.returncode == 3, finished.stderr
    assert "nosuchmed1" in finished.stdout
    status = cli.status()
    assert status["tables"]["gold.fact_media_performance"] == 1
    assert status["last_run"]["exit_code"] == 3
