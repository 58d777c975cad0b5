"""A run, from the API to tables, on the first and on the second day."""

import json
import re
from pathlib import Path

import pytest

from tests.support.commands.command_line import CommandLine, against
from tests.support.lakes.named import VISITORS, Lakes
from tests.support.machine.servers import Sandbox


@pytest.fixture(scope="module")
def done(lakes: Lakes) -> CommandLine:
    """Two daily runs of one account: 4 visitors are new on the second day, 20 came back."""
    return CommandLine(lakes.shared("second day"))


def test_a_day_lands_only_what_changed(done: CommandLine) -> None:
    status = done.status()

    assert status["resources"]["visitors"]["records"] == VISITORS + 24
    assert status["resources"]["media"]["records"] == 2
    assert status["resources"]["media_engagement"]["records"] == 2
    assert status["tables"]["silver.fact_visitors"] == VISITORS + 4
    assert status["tables"]["silver.fact_visitor_activity"] == VISITORS + 24
    assert status["tables"]["gold.fact_audience_insights"] == VISITORS + 4
    assert status["last_run"]["state"] == "completed"
    assert status["last_run"]["exit_code"] == 0


def test_real_looking_plays_pass_without_an_alarm(done: CommandLine) -> None:
    # The sandbox repeats what was measured on 2,441 events: late, repeated and half blank ones.
    assert done.rows("select count(*) > 2441 from silver.fact_events") == [(True,)]
    assert done.rows(
        "select count(*) - count(distinct event_key) > 0, count(distinct event_key) = "
        "(select count(*) from silver.fact_events) from bronze.events"
    ) == [(True, True)]
    assert set(done.status()["quarantine"].values()) == {0}
    said = (done.folder / "said").read_text()
    assert re.search(r"\d+ tables built, \d+ tests passed; .*\n(?!warning)", said)


def test_a_summary_names_what_changed_and_nothing_else(done: CommandLine) -> None:
    said = (done.folder / "said").read_text()
    changes = {
        name: int(by) for name, by in re.findall(r"^ *(\w+\.\w+) +([+-]\d+) ", said, re.MULTILINE)
    }

    assert changes["silver.fact_visitor_activity"] == 24
    assert changes["gold.fact_audience_insights"] == 4
    assert 0 not in changes.values()
    assert len(changes) <= 8
    assert "gold.fact_media_performance" not in said


def test_a_run_that_is_asked_to_logs_json_with_its_run_and_stage(done: CommandLine) -> None:
    said = (done.folder / "log").read_text().splitlines()
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
    assert (last["level"], last["stage"], last["loaded"]) == ("info", None, 24)


def test_a_run_is_measured_in_status_and_from_the_next_run_on_in_fact_runs(
    done: CommandLine,
) -> None:
    last = done.status()["last_run"]
    figures = last["figures"]

    assert (figures["new_visitors"], figures["returning_visitors"]) == (4, 20)
    # One page of visitors, of which 24 had changed; nothing else had.
    assert (figures["loaded"], figures["quarantined"]) == (24, 0)
    assert figures["fetched"] > 24
    assert figures["tests"] > 10  # of the tables that may differ
    assert figures["built_rows"] == sum(done.status()["tables"].values())
    assert last["seconds"].keys() == {"ingest", "build"}
    assert "4 new visitors, 20 returning" in done.output_of("status")

    first, newest = done.rows(
        "select fetched_count, new_visitor_count, returning_visitor_count, test_count, "
        "build_seconds > 0, cost_usd from silver.fact_runs order by started_at"
    )
    events = done.status()["resources"]["events"]["records"]
    # Beside them the visitors, six answers about media, one of the account, two years of days.
    read = events + VISITORS + 6 + 1 + 2 * 731
    assert first[:3] + first[4:] == (read, VISITORS, 0, True, None)
    assert first[3] > figures["tests"]  # the first build tests every table
    assert newest == (figures["fetched"], None, None, None, None, None)


def test_gold_has_the_published_figures(done: CommandLine) -> None:
    answer = done.output_of(
        "query", "select * from gold.fact_media_performance order by 1", "--json"
    )
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


def test_query_writes_the_same_values_in_every_form(done: CommandLine) -> None:
    sql = (
        "select 1 as n, 0.5::double as r, timestamp '2026-01-09 00:01:48.5' as t, "
        "date '2026-01-09' as d, null as x, true as b, 'ü' as s"
    )

    assert json.loads(done.output_of("query", sql, "--json")) == [
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
    assert done.output_of("query", sql, "--csv").splitlines() == [
        "n,r,t,d,x,b,s",
        "1,0.5,2026-01-09T00:01:48.500000Z,2026-01-09,,true,ü",
    ]
    assert "2026-01-09T00:01:48.500000Z" in done.output_of("query", sql)


def test_query_cannot_write(done: CommandLine) -> None:
    answer = done.call("query", "delete from gold.fact_media_performance")

    assert answer.returncode == 2
    assert "error: " in answer.stderr
    assert done.status()["tables"]["gold.fact_media_performance"] == 2


def test_an_unknown_medium_ends_3_and_the_others_land(sandbox: Sandbox, tmp_path: Path) -> None:
    cli = against(sandbox, tmp_path)

    finished = cli.call("ingest", WISTIA_MEDIA_IDS="gskhw4w4lm,nosuchmed1")

    assert finished.returncode == 3, finished.stderr
    assert "nosuchmed1" in finished.stdout
    status = cli.status()
    assert status["resources"]["media"]["records"] == 1
    assert status["last_run"]["exit_code"] == 3
