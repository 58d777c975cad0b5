"""The daily run on a bucket: its stages, figures through every client, readers, kills."""

import json
import time
from typing import Any

import awswrangler as wr
from pyathena import connect

from tests.support.lakes.both_engines import VISITORS, BothEngines, Build

# The predecessor's figures, rounded as its report shows them.
PERFORMANCE = [
    ("gskhw4w4lm", 16681, 0.155, "Medium", "Medium"),
    ("v08dlrgr7v", 43810, 0.435, "High", "High"),
]
COLUMNS = ("media_id", "play_count", "play_rate", "play_rate_class", "hours_class")
FIGURES = (
    "select media_id, play_count, round(play_rate, 3) as play_rate, play_rate_class, hours_class "
    "from fact_media_performance where play_count > 10000 order by media_id"
)


def figures(build: Build) -> list[tuple[Any, ...]]:
    rows = sorted(build.column("gold.fact_media_performance", *COLUMNS))
    rounded = [(row[0], row[1], row[2] and round(row[2], 3), *row[3:]) for row in rows]
    return [row for row in rounded if row[1] and row[1] > 10_000]


def test_every_stage_ran_and_is_recorded(both: BothEngines) -> None:
    build = both.second
    status = both.command.status()
    for name in ("silver.fact_visitors", "gold.fact_audience_insights"):
        assert status["tables"][name] == len(build.athena[name]) > VISITORS
    manifests = (both.local.warehouse.parent / "state" / "runs").glob("*.json")
    told = (json.loads(path.read_text()) for path in sorted(manifests))
    # A build that was refused meanwhile came after it.
    last = [one for one in told if one["kind"] == "run"][-1]
    assert last["state"] == "completed"
    assert [(stage["stage"], stage["state"]) for stage in last["stages"]][:3] == [
        ("ingest", "completed"),
        ("crawl", "completed"),
        ("build", "completed"),
    ]


def test_a_killed_run_is_made_good_by_the_next(both: BothEngines) -> None:
    build, columns = both.second, ("visitor_key", "load_count", "play_count")
    rows = build.column("silver.fact_visitors", *columns)
    read = {key: (loads, plays) for key, loads, plays in rows if key in build.truth}
    assert read == build.truth
    seen = build.column("silver.fact_visitor_activity", "visitor_key", "last_active_at")
    assert len(set(seen)) == len(seen)


def test_the_figures_are_the_predecessors(both: BothEngines) -> None:
    assert figures(both.second) == PERFORMANCE


def test_the_figures_through_boto3(both: BothEngines) -> None:
    want, athena = figures(both.second), both.stack.client("athena")
    started = athena.start_query_execution(
        QueryString=FIGURES,
        QueryExecutionContext={"Database": both.database("gold")},
        ResultConfiguration={"OutputLocation": both.settings.athena_results_uri},
    )["QueryExecutionId"]
    state = "QUEUED"
    while state in {"QUEUED", "RUNNING"}:
        time.sleep(0.1)
        found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        state = found["Status"]["State"]
    assert state == "SUCCEEDED", found
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"][1:]
    texts = [tuple(value["VarCharValue"] for value in row["Data"]) for row in rows]
    assert texts == [tuple(map(str, row)) for row in want]


def test_the_figures_through_awswrangler(both: BothEngines) -> None:
    want = figures(both.second)
    with both.as_process():
        frame = wr.athena.read_sql_query(
            FIGURES,
            database=both.database("gold"),
            ctas_approach=False,
            s3_output=both.settings.athena_results_uri,
        )
    assert list(frame.itertuples(index=False, name=None)) == want


def test_the_figures_through_pyathena(both: BothEngines) -> None:
    want, results = figures(both.second), both.settings.athena_results_uri
    with (
        both.as_process(),
        connect(s3_staging_dir=results, schema_name=both.database("gold")).cursor() as cursor,
    ):
        assert cursor.execute(FIGURES).fetchall() == want


def test_who_asks_while_a_run_dies_and_another_builds_sees_whole_tables(both: BothEngines) -> None:
    counted = {
        (
            len(build.athena["gold.fact_audience_insights"]),
            len(build.athena["gold.fact_audience_insights"]),
            len(build.athena["gold.fact_media_performance"]),
        )
        for build in (both.first, both.second)
    }
    # The tables before or after, whole, and nothing else.
    assert both.interrupted.answers
    assert {seen[:2] for seen in both.interrupted.answers} <= {seen[:2] for seen in counted}
    assert {seen[2] for seen in both.interrupted.answers} <= {seen[2] for seen in counted}


def test_two_builds_at_once_are_one_and_a_sentence(both: BothEngines) -> None:
    assert both.second
    refused = both.interrupted.second_build
    assert refused
    assert refused.returncode == 1
    assert "another build is at work" in refused.stderr
    assert "try: wait for it to finish" in refused.stderr


def test_maintenance_leaves_the_rows_alone(both: BothEngines) -> None:
    before = both.second.athena["silver.fact_visitors"]
    said = both.command.succeed("maintain")
    assert "tables compacted, old snapshots removed" in said
    assert both.read("silver.fact_visitors") == before
