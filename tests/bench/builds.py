"""What a first build takes, a day without news and a day, beside the same rows in plain SQL.

The lake is drawn by DuckDB: visitors, as many events as the account has for them (59,038 for
110,499 visitors), two videos with two years of days. The floor reads the same files, casts nothing,
keeps the newest row of each key and adds plays up by day: what no pipeline can do without.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb

from ingestion.state.manifest import parse_manifest, read_manifests
from ingestion.state.recovery import list_in
from ingestion.storage.json_lines import RAW
from ingestion.storage.local import LocalLake
from tests.bench.measure import LAUNCH
from tests.bench.report import write_section
from tests.support.bronze.writer import BronzeWriter, event, run_id_at, visitor

TODAY = "2026-01-10"
AT = f"{TODAY}T07:54:00.000000Z"
LATER = "2026-01-11T07:54:00.000000Z"
VIDEOS = ("gskhw4w4lm", "v08dlrgr7v")
ROWS_A_FILE = 100_000
EVENTS_A_VISITOR = 59_038 / 110_499
VISITORS_SQL = """
    select
        md5(i::varchar) || repeat('k', 40) as visitor_key,
        strftime(timestamp '2024-01-11' + to_seconds((i * 6.3)::bigint % 62000000),
            '%Y-%m-%dT%H:%M:%S.000Z') as created_at,
        strftime(timestamp '2024-01-11' + to_seconds((i * 6.3 + 300)::bigint % 62000000),
            '%Y-%m-%dT%H:%M:%S.000Z') as last_active_at,
        md5((i + 1)::varchar) as last_event_key, 1 + i % 4 as load_count, i % 3 as play_count,
        null as identifying_event_key,
        {'name': '', 'email': null, 'org': {'name': null, 'title': null}} as visitor_identity,
        {'browser': 'Chrome', 'browser_version': '143.0', 'platform': 'Windows',
            'mobile': i % 5 = 0} as user_agent_details"""
EVENTS_SQL = """
    select
        md5((-i)::varchar) || repeat('e', 20) as event_key,
        strftime(timestamp '2024-01-11' + to_seconds((i * 10.6)::bigint % 62000000),
            '%Y-%m-%dT%H:%M:%S.000Z') as received_at,
        md5((i * 7 % 1000003)::varchar) || repeat('k', 40) as visitor_key,
        case when i % 3 = 0 then 'gskhw4w4lm' else 'v08dlrgr7v' end as media_id,
        (i % 101) / 100 as percent_viewed,
        'https://www.example.com/page/' || i % 40 || '?utm_source=news&uid=' || i as embed_url,
        '192.0.2.7' as ip, '' as org, ['DE', 'US', 'FR', ''][1 + i % 4] as country, '' as region,
        '' as city, 52.5 as lat, 13.4 as lon, null as email, '' as conversion_type,
        '' as conversion_data,
        {'browser': 'Chrome', 'browser_version': '143.0', 'platform': 'Windows',
            'mobile': i % 5 = 0} as user_agent_details"""
FLOOR = """
    create table visitors as select * from read_json('{lake}/raw-data/visitors/*/*.json.gz')
    qualify row_number() over (partition by visitor_key order by last_active_at desc) = 1;
    create table events as select * from read_json('{lake}/raw-data/events/*/*.json.gz')
    qualify row_number() over (partition by event_key order by received_at desc) = 1;
    create table days as select media_id, cast(received_at as date) as day, count(*) as plays,
    count(distinct visitor_key) as people from events group by all;
"""


@dataclass(frozen=True)
class Took:
    """One command: seconds, processor seconds, memory at its peak in million bytes."""

    visitors: int
    what: str
    seconds: float
    processor_seconds: float
    peak_mb: float


def draw_lake(lake: Path, visitors: int) -> None:
    """Bronze and manifests of an account with so many visitors."""
    connection = duckdb.connect(config={"preserve_insertion_order": False})
    stamp = f"'{AT}' as ingested_at, '{run_id_at(AT)}' as run_id"
    for resource, sql, count in (
        ("visitors", VISITORS_SQL, visitors),
        ("events", EVENTS_SQL, round(visitors * EVENTS_A_VISITOR)),
    ):
        folder = lake / "raw-data" / resource / f"ingest_date={TODAY}"
        folder.mkdir(parents=True)
        for first in range(0, count, ROWS_A_FILE):
            last = min(first + ROWS_A_FILE, count)
            connection.execute(
                f"copy ({sql}, {stamp} from range({first}, {last}) as rows (i)) "
                f"to '{folder}/part_{first:09}.json.gz' (format json, compression gzip)"
            )
    bronze = BronzeWriter(lake)
    bronze.write_medias([{"hashed_id": v, "name": v, "duration": 435.456} for v in VIDEOS], AT)
    day = "select strftime(date '2024-01-11' + i::integer, '%Y-%m-%d') from range(730) as r (i)"
    days = [row[0] for row in connection.sql(day).fetchall()]
    for video in VIDEOS:
        figures = {"load_count": 9, "play_count": 3, "hours_watched": 0.1}
        bronze.write_days(video, [{"date": one, **figures} for one in days], AT)
        bronze.write_media(video, {**figures, "play_rate": 0.5, "visitors": 6}, AT)
        curve = {"engagement": 0.5, "engagement_data": [9] * 436, "rewatch_data": [1] * 436}
        bronze.write_engagement(video, curve, AT)
    _list(bronze, AT)


def add_day(lake: Path) -> None:
    """A day of 4 new visitors, 20 who returned, and their plays."""
    bronze = BronzeWriter(lake)
    keys = [f"{n:032}" + "d" * 40 for n in range(24)]
    bronze.write_visitors([visitor(key, "2026-01-10T12:00:00.000Z") for key in keys], LATER)
    plays = [event(f"day {key}", "2026-01-10T12:00:00.000Z", visitor_key=key) for key in keys]
    bronze.write_events(plays, LATER)
    _list(bronze, LATER)


def _list(bronze: BronzeWriter, at: str) -> None:
    """Write a run that lists what no run lists yet."""
    path = bronze.write_run(at, {"state": "completed", "started_at": at, "finished_at": at})
    lake, run = LocalLake(bronze.lake), parse_manifest(path.read_bytes())
    assert run is not None
    runs = read_manifests(lake)
    listed = {one.key for known in runs for entry in known.resources for one in entry.listed}
    for key in [key for key in lake.list(RAW) if key not in listed]:
        body = lake.get(key) or b""
        list_in(run, key, body, gzip.decompress(body).count(b"\n"))
    run.save(lake)


def run(visitors: int, what: str, lake: Path, *command: str) -> Took:
    """Run a command in a process of its own and say what it took."""
    launched = subprocess.run(
        [sys.executable, str(LAUNCH), *command],
        env={**os.environ, "LAKE_URI": str(lake), "AS_OF_DATE": "2026-01-12"},
        capture_output=True,
        text=True,
        check=True,
    )
    took = json.loads(launched.stdout)
    assert took.pop("exit_code") == 0, launched.stderr
    found = Took(visitors, what, **took)
    click.echo(f"{visitors:,} {what}: {found.seconds:.1f} s, {found.processor_seconds:.1f} s of "
               f"processor, {found.peak_mb:.0f} MB")  # fmt: skip
    return found


def measure(visitors: int, folder: Path) -> list[Took]:
    """The builds of one size, and their floor."""
    lake = folder / "lake"
    draw_lake(lake, visitors)
    build = (sys.executable, "-m", "flows", "build")
    floor = f"import duckdb; duckdb.connect(r'{folder}/floor.duckdb').execute('''{FLOOR}''')"
    # A project that has never been parsed costs seconds more, once.
    run(visitors, "first build, with dbt's first parse", lake, *build)
    held = _count(lake / "warehouse.duckdb", "silver.fact_visitors")
    assert held == visitors, f"{held:,} of {visitors:,} visitors were read"
    took = [
        run(visitors, "first build", lake, *build, "--full-refresh"),
        run(visitors, "plain SQL", lake, sys.executable, "-c", floor.format(lake=lake)),
        run(visitors, "a day without news", lake, *build),
    ]
    add_day(lake)
    return [*took, run(visitors, "a day", lake, *build)]


def _count(warehouse: Path, table: str) -> int:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return int(connection.table(table).count("*").fetchall()[0][0])


def make_table(rows: list[Took]) -> str:
    """Return them as Markdown."""
    head = "| visitors | build | seconds | processor s | peak MB |"
    lines = [
        f"| {r.visitors:,} | {r.what} | {r.seconds:.1f} | {r.processor_seconds:.1f} "
        f"| {r.peak_mb:.0f} |"
        for r in rows
    ]
    return "\n".join([head, "| ---: | --- |" + " ---: |" * 3, *lines])


@click.command()
@click.option("--visitors", "sizes", multiple=True, type=int, default=(110_499, 1_000_000))
@click.option("--write/--no-write", default=True, show_default=True, help="docs/benchmarks.md.")
def bench(sizes: tuple[int, ...], write: bool) -> None:  # noqa: FBT001 - a flag
    """Measure and report.

    Example: python -m tests.bench.builds --visitors 110499
    """
    rows = []
    for visitors in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(visitors, Path(folder))
    table = make_table(rows)
    click.echo(table)
    if write:
        load = f"load {os.getloadavg()[0]:.0f}"
        write_section("builds", f"`python -m tests.bench.builds`, {load} at its end", table)


if __name__ == "__main__":
    bench()
