"""The daily run on a bucket: its stages, figures through every client, readers, kills."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import awswrangler as wr
import boto3
import pytest
from pyathena import connect

from tests.athena_home import point_at
from tests.athena_stack import AthenaStack
from tests.command_line import CommandLine
from tests.flows.athena.bucket import Bucket
from tests.servers import running_sandbox

VISITORS = 1_500
# The predecessor's figures, rounded as its report shows them.
PERFORMANCE = [
    ("gskhw4w4lm", 16681, 0.155, "Medium", "Medium"),
    ("v08dlrgr7v", 43810, 0.435, "High", "High"),
]
FIGURES = (
    "select media_id, play_count, round(play_rate, 3) as play_rate, play_rate_class, hours_class "
    "from fact_media_performance order by media_id"
)


@pytest.fixture(scope="module")
def bucket(athena: AthenaStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    lake = athena.new_lake()
    prefix = f"r{lake[-8:]}_"
    settings = {
        **point_at(athena),
        "LAKE_URI": lake,
        "ATHENA_RESULTS_URI": athena.environment["ATHENA_RESULTS_URI"],
        "ATHENA_WORKGROUP": athena.environment["ATHENA_WORKGROUP"],
        "GLUE_DATABASE_PREFIX": prefix,
    }
    folder = tmp_path_factory.mktemp("bucket")
    with running_sandbox(visitors=VISITORS, today="2026-01-10") as server:
        command = CommandLine(folder, {**server.environment, **settings})
        yield Bucket(command, server, f"{prefix}gold")


@pytest.fixture(scope="module")
def first(bucket: Bucket) -> str:
    """What the first run printed."""
    return bucket.command.succeed("run")


@pytest.fixture
def clients(athena: AthenaStack, monkeypatch: pytest.MonkeyPatch) -> AthenaStack:
    for name, value in point_at(athena).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return athena


def test_every_stage_ran_and_is_recorded(bucket: Bucket, first: str) -> None:
    assert f"{VISITORS:,}" in first
    status = bucket.command.status()
    assert status["last_run"]["state"] == "completed"
    assert status["tables"]["silver.fact_visitors"] == VISITORS
    assert status["tables"]["gold.fact_audience_insights"] == VISITORS
    bucket_name, _, prefix = bucket.command.settings["LAKE_URI"][5:].partition("/")
    s3 = bucket.client("s3")
    key = f"{prefix}/state/runs/{status['last_run']['run_id']}.json"
    manifest = json.loads(s3.get_object(Bucket=bucket_name, Key=key)["Body"].read())
    assert [(s["stage"], s["state"]) for s in manifest["stages"]][:3] == [
        ("ingest", "completed"),
        ("crawl", "completed"),
        ("build", "completed"),
    ]


@pytest.mark.usefixtures("first")
def test_the_figures_through_boto3(bucket: Bucket) -> None:
    athena = bucket.client("athena")
    started = athena.start_query_execution(
        QueryString=FIGURES,
        QueryExecutionContext={"Database": bucket.gold},
        ResultConfiguration={"OutputLocation": bucket.command.settings["ATHENA_RESULTS_URI"]},
    )["QueryExecutionId"]
    state = "QUEUED"
    while state in {"QUEUED", "RUNNING"}:
        time.sleep(0.2)
        found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        state = found["Status"]["State"]
    assert state == "SUCCEEDED", found
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"][1:]
    texts = [tuple(value["VarCharValue"] for value in row["Data"]) for row in rows]
    assert texts == [tuple(map(str, row)) for row in PERFORMANCE]


@pytest.mark.usefixtures("first", "clients")
def test_the_figures_through_awswrangler(bucket: Bucket) -> None:
    frame = wr.athena.read_sql_query(
        FIGURES,
        database=bucket.gold,
        ctas_approach=False,
        s3_output=bucket.command.settings["ATHENA_RESULTS_URI"],
    )
    assert list(frame.itertuples(index=False, name=None)) == PERFORMANCE


@pytest.mark.usefixtures("first", "clients")
def test_the_figures_through_pyathena(bucket: Bucket) -> None:
    results = bucket.command.settings["ATHENA_RESULTS_URI"]
    with connect(s3_staging_dir=results, schema_name=bucket.gold).cursor() as cursor:
        assert cursor.execute(FIGURES).fetchall() == PERFORMANCE


@pytest.mark.usefixtures("first")
def test_a_day_merges_its_visitors_while_analysts_go_on_asking(bucket: Bucket) -> None:
    bucket.wistia.advance(new=4, returning=20, hours=24)
    question = (
        f"select count(*) as visitors, count(distinct visitor_key) as keys, "  # noqa: S608
        f"(select count(*) from {bucket.gold}.fact_media_performance) as media "
        f"from {bucket.gold}.fact_audience_insights"
    )
    seen: set[tuple[int, int, int]] = set()
    with bucket.command.start("run") as run:
        while run.poll() is None:
            [row] = bucket.json(question)
            seen.add((row["visitors"], row["keys"], row["media"]))
        out, err = run.communicate()
    assert run.returncode == 0, out + err
    # Yesterday's table or today's, whole, and nothing else.
    assert seen <= {(VISITORS, VISITORS, 2), (VISITORS + 4, VISITORS + 4, 2)}
    assert bucket.visitors() == bucket.truth()
    silver = bucket.gold.replace("gold", "silver")
    newest = f"(select max(ingested_at) from {silver}.fact_visitors)"  # noqa: S608
    written = f"select count(*) as rows_written from {silver}.fact_visitors where ingested_at = "  # noqa: S608
    assert bucket.json(written + newest) == [{"rows_written": 24}]


@pytest.mark.usefixtures("first")
def test_a_killed_build_is_made_good_by_the_next(bucket: Bucket) -> None:
    bucket.wistia.advance(new=3, returning=5, hours=24)
    bucket.command.succeed("ingest")
    with bucket.command.start("build") as build:
        wait_until_it_writes(bucket.command.folder)
        build.send_signal(signal.SIGKILL)
    wait_until_dbt_is_gone(bucket.command.folder)
    out = bucket.command.run("build")
    # The dead build's lease runs out by itself.
    assert out.returncode == 0, out.stdout + out.stderr
    assert bucket.visitors() == bucket.truth()
    activity = f"{bucket.gold.replace('gold', 'silver')}.fact_visitor_activity"
    twice = (
        f"select visitor_key, last_active_at from {activity} "  # noqa: S608
        "group by 1, 2 having count(*) > 1"
    )
    assert bucket.json(twice) == []


def wait_until_it_writes(folder: Path) -> None:
    log = folder / ".wistia-elt" / ".dbt" / "logs" / "dbt.log"
    size = log.stat().st_size if log.exists() else 0
    while b"create table" not in log.read_bytes()[size:].lower():
        time.sleep(0.2)


def wait_until_dbt_is_gone(folder: Path) -> None:
    # It ends with its parent, at the next line it would write.
    marker = str(folder)
    while True:
        listed = subprocess.run(
            ["pgrep", "-f", f"dbt.cli.main.*{marker}"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if not [pid for pid in listed if int(pid) != os.getpid()]:
            return
        time.sleep(0.2)


@pytest.mark.usefixtures("first")
def test_two_builds_at_once_are_one_and_a_sentence(bucket: Bucket) -> None:
    with bucket.command.start("build") as one:
        time.sleep(1)
        two = bucket.command.run("build")
        out, err = one.communicate()
    codes = sorted([one.returncode, two.returncode])
    assert codes == [0, 1], out + err + two.stdout + two.stderr
    said = err if one.returncode else two.stderr
    assert "another build is at work" in said
    assert "try: wait for it to finish" in said


@pytest.mark.usefixtures("first", "clients")
def test_a_forgotten_visitor_is_nowhere_in_the_tables(bucket: Bucket) -> None:
    key = min(bucket.truth())
    said = bucket.command.succeed("forget", key, "--yes")
    assert "fact_visitors" in said
    assert key not in bucket.visitors()
    prefix = bucket.gold.removesuffix("gold")
    digest = f"where visitor_key = '{key}'"
    for table in ("silver.fact_visitor_activity", "gold.fact_audience_insights"):
        assert bucket.json(f"select * from {prefix}{table} {digest}") == []  # noqa: S608
    objects = wr.s3.list_objects(f"{bucket.command.settings['LAKE_URI']}/")
    held = [one for one in objects if one.endswith(".parquet") and key in parquet_keys(one)]
    assert held == []


def parquet_keys(uri: str) -> set[str]:
    frame = wr.s3.read_parquet(uri)
    return set(frame["visitor_key"]) if "visitor_key" in frame.columns else set()


@pytest.mark.usefixtures("first")
def test_maintenance_leaves_the_rows_alone(bucket: Bucket) -> None:
    before = bucket.visitors()
    said = bucket.command.succeed("maintain")
    assert "tables compacted, old snapshots removed" in said
    assert bucket.visitors() == before
