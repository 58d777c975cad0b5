"""`make run`: the whole way on a machine with no token and no AWS account.

Without a token it starts the sandbox, an invented account with the published figures of
the system this project succeeds, 110,471 visitors, and lets two days pass that are like
those before them. Nothing here does what a token would not: the sandbox is an address and a
token in the environment, and the flow is the daily one.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click
import requests

from flows.cli.run import run_daily
from flows.cli.show import show_answer
from flows.context import open_context
from flows.stages.query import query
from ingestion.config.errors import UnavailableError
from ingestion.config.settings import PROJECT_ROOT, Settings
from ingestion.storage.base import Lake, open_lake
from ingestion.terminal import show_table
from reports.processes import Guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATE = "state/demo.json"


# Before each run: what a day of the account's last months brings. The third ends when its day
# has ended in America too, whose days Wistia counts by: else its plays would seem to have fallen.
STEPS: tuple[tuple[str, dict[str, int]], ...] = (
    ("the first run: everything", {}),
    (
        "the next day: 187 new visitors",
        {"new": 187, "returning": 12, "hours": 24, "plays": 98, "loads": 271},
    ),
    (
        "the day after: 235 new visitors",
        {"new": 235, "returning": 15, "hours": 30, "plays": 123, "loads": 340},
    ),
)


def run_demo(media: int) -> int:
    """Run once with a token, three times without; gives the exit code of the last run.

    `media` are the invented account's videos, where the lake holds no demo to go on with.
    """
    settings = Settings.load()
    if settings.wistia_api_token or settings.wistia_secret_id:
        code = run_daily(open_context("run", settings))
        _show_next(settings)
        return code
    lake = open_lake(settings)
    today, done, media = read_state(lake, media)
    with _sandbox(today, media) as origin:
        code = 0
        for number, (story, day) in enumerate(STEPS, start=1):
            if day:
                requests.post(f"{origin}/_sandbox/advance", json=day, timeout=60)
            # Of a finished demo only its last run is repeated: nothing is new.
            if number <= done and number < len(STEPS):
                continue
            said = story if number > done else "the same day again: nothing is new"
            click.secho(f"\nRun {number} of {len(STEPS)}, {said}", bold=True)
            context = open_context("run", Settings.load())
            # Each run could build them; one look at the end is what a person wants.
            context.pages = number == len(STEPS)
            code = run_daily(context)
            state = {"today": str(today), "runs_done": max(done, number), "media": media}
            lake.put(_STATE, json.dumps(state).encode())
    _show_heads(settings)
    _show_next(settings)
    return code


@contextmanager
def _sandbox(today: date, media: int) -> Iterator[str]:
    command = [sys.executable, "-m", "sandbox.wistia", "--port", "0", "--rate-limit", "0"]
    # Its history ends a day after its first run; here two days pass.
    command += ["--today", (today - timedelta(days=1)).isoformat(), "--media", str(media)]
    with Guarded(command, PROJECT_ROOT, os.environ, errors=None) as server:
        yield _read_environment(server).rpartition("/")[0]


def _read_environment(server: Guarded) -> str:
    for line in server.lines():
        if line.strip() == "ready":
            return os.environ["WISTIA_BASE_URL"]
        name, _, value = line.strip().partition("=")
        os.environ[name] = value
    raise UnavailableError(
        "the sandbox ended before it was ready",
        "run `wistia-elt sandbox wistia` and read what it says",
    )


def read_state(lake: Lake, media: int) -> tuple[date, int, int]:
    """The day a demo began on, how many of its runs ended, and its videos; a new one's if none.

    It goes on with the days it began with: shifted ones would be other visitors.
    """
    try:
        held = json.loads(lake.get(_STATE) or b"")
        its = int(held.get("media", 2))  # a demo of 0.1.0 had no choice
        return date.fromisoformat(held["today"]), int(held["runs_done"]), its
    except (ValueError, KeyError, TypeError, AttributeError):
        return datetime.now(UTC).date(), 0, media


def _show_heads(settings: Settings) -> None:
    heads = {
        "gold.fact_media_performance, one row per video": "select media_id, play_count, visitors, "
        "round(play_rate, 4) as play_rate, round(hours_watched, 1) as hours_watched, "
        "engagement_points as points, play_rate_class, hours_class "
        "from gold.fact_media_performance order by media_id",
        "gold.fact_audience_insights, the groups of its visitors": "select rf_group, "
        "visitor_segment, count(*) as visitors from gold.fact_audience_insights "
        "group by 1, 2 order by visitors desc limit 5",
    }
    for title, sql in heads.items():
        click.secho(f"\n{title}", bold=True)
        show_answer(query(settings, sql))


def _show_next(settings: Settings) -> None:
    click.secho("\nWhere things are", bold=True)
    lake = settings.lake_uri.rstrip("/") if settings.on_s3 else str(settings.lake_path)
    prefix = settings.glue_database_prefix
    tables = f"Athena: {prefix}silver, {prefix}gold" if settings.on_s3 else settings.warehouse_path
    show_table(
        ("what", "where"),
        [
            ("raw JSON as Wistia sent it (bronze)", f"{lake}/raw-data"),
            ("tables (silver, gold)", str(tables)),
            ("one record per run, checkpoints", f"{lake}/state"),
            ("pages", str(settings.site_path)),
        ],
    )
    click.secho("\nWhat to type next", bold=True)
    for line in (
        "make serve                                        # the pages, in your browser",
        '.venv/bin/wistia-elt query "select * from gold.fact_media_performance"',
        ".venv/bin/wistia-elt status",
        "WISTIA_API_TOKEN=… LAKE_URI=my-lake make run      # your own account",
    ):
        click.echo(f"  {line}")
