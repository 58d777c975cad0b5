"""What deserves an alarm, found in the history of runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from statistics import mean, median
from typing import TYPE_CHECKING

from ingestion.config.timestamps import parse_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from ingestion.config.errors import ReadableError
    from ingestion.config.settings import Settings
    from ingestion.state.manifest import Manifest
    from reports.history import History

# Fewer days than these say nothing about what is usual; more than a month is another season.
_FEWEST_DAYS = 8
_MOST_DAYS = 28
# So many records would have come in a silence by the account's usual rate: of a Poisson
# distribution with this mean one silence in a million is by chance.
_MISSED = 14
# What may fall silent, and what a person calls it. The days of a video come even when they are 0.
_LISTS = {"events": "play", "visitors": "visitor"}
# Of a normal distribution one day in some millions lies beyond six of these.
_DEVIATIONS = 6.0
# Turns the median distance from the median into a standard deviation.
_NORMAL = 1.4826
# What only `up` can see, which looks after Prefect.
OF_UP = frozenset({"prefect"})
ALARMS = OF_UP | {"failure", "stale", "silent", "quarantine", "unusual", "lake", "clock"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        alarm: Its name, one of ALARMS, as in the runbook.
        said: What is wrong, with its numbers, one sentence.
        remedy: What to do, one sentence without its capital.
    """

    alarm: str
    said: str
    remedy: str


def find(
    settings: Settings,
    history: History,
    now: datetime,
    error: ReadableError | None = None,
) -> list[Finding]:
    """Everything that is wrong now; `error` ended the last run where its manifest cannot say so."""
    past = history.until(now)
    runs = [m for m in past.runs if m.kind in {"run", "ingest", "build"} and m.state != "running"]
    ingests = [m for m in runs if m.kind != "build" and m.ingest is not None]
    found = (
        _failure(runs, error),
        _stale(settings, past, now),
        _silent(ingests),
        _quarantine(settings, ingests),
        _unusual(ingests),
        _clock(history.to_come(now)),
    )
    return [finding for finding in found if finding is not None]


def _clock(future: list[Manifest]) -> Finding | None:
    if not future:
        return None
    run = future[-1]
    return Finding(
        "clock",
        f"The run {run.run_id} is dated {run.started_at[:16].replace('T', ' ')} UTC, which is "
        "still to come: a clock was wrong then, or is now.",
        "set the clock of the machine that runs the pipeline; what that run read is kept",
    )


def _failure(runs: list[Manifest], error: ReadableError | None) -> Finding | None:
    if error is not None:
        return Finding("failure", f"A run failed: {error}", error.remedy)
    if not runs or runs[-1].state == "completed":
        return None
    run, stage = runs[-1], runs[-1].failed_stage
    if stage is None:
        said = f"The {run.kind} {run.run_id} {run.state}."
        return Finding("failure", said, "`wistia-elt status` shows it")
    return Finding(
        "failure",
        f"{stage.stage} of the {run.kind} {run.run_id} {stage.state}: {stage.error}",
        stage.remedy or "`wistia-elt status` shows it; a bug is worth a report",
    )


def _stale(settings: Settings, history: History, now: datetime) -> Finding | None:
    last = parse_timestamp(history.last_good_at)
    limit = timedelta(hours=settings.alert_stale_hours)
    if last is None or now - last <= limit:
        return None
    return Finding(
        "stale",
        f"The last good run ended {last:%Y-%m-%d %H:%M} UTC, more than "
        f"{settings.alert_stale_hours:g} hours ago.",
        "look whether `wistia-elt up` runs, then at `wistia-elt status`",
    )


def _silent(ingests: list[Manifest]) -> Finding | None:
    """Runs that end well and bring nothing, longer than any silence before them.

    A weekend without plays is none where weekends were silent before.
    """
    said = [sentence for name in _LISTS if (sentence := _silence(name, ingests))]
    if not said:
        return None
    return Finding(
        "silent",
        " ".join(said),
        "look at Wistia whether videos are played; if so, whether the token still reads all of "
        "this account (`wistia-elt doctor`) and the embed codes are still on the pages",
    )


def _silence(name: str, ingests: list[Manifest]) -> str | None:
    counted = [
        (m.started_at, entry.records)
        for m in ingests
        for entry in m.resources
        if entry.resource == name and entry.state == "completed" and not entry.is_cut_short
    ]
    streaks = [(bool(one), list(rows)) for one, rows in groupby(counted, lambda run: run[1] > 0)]
    if len(streaks) <= 1 or streaks[-1][0]:
        return None
    silent = streaks[-1][1]
    before = [records for _, records in counted[: -len(silent)]][-_MOST_DAYS:]
    if len(before) < _FEWEST_DAYS:
        return None
    longest = max((len(rows) for is_busy, rows in streaks[:-1] if not is_busy), default=0)
    # The largest tenth is left out: a first run loads two years, a campaign a month in a day.
    usual = mean(sorted(before)[: -max(1, len(before) // 10)])
    if len(silent) <= longest or len(silent) * usual < _MISSED:
        return None
    runs = f"{len(silent)} run{'s' * (len(silent) > 1)}"
    since = f"{silent[0][0][:16].replace('T', ' ')} UTC"
    return f"No new {_LISTS[name]} in {runs} since {since}; {usual:,.0f} a run are usual."


def _quarantine(settings: Settings, ingests: list[Manifest]) -> Finding | None:
    if not ingests or ingests[-1].ingest is None:
        return None
    totals = ingests[-1].ingest
    read = totals.records + totals.quarantined
    bad, said = totals.quarantined, "were quarantined"
    if not _is_more(bad, read, settings):
        # What is told once is no news tomorrow, and not over either: each run meets it again.
        bad = sum(entry.refused for entry in ingests[-1].resources)
        read += totals.unchanged
        said = "are refused as they were before"
    if not _is_more(bad, read, settings):
        return None
    return Finding(
        "quarantine",
        f"{bad:,} of {read:,} records of the run {ingests[-1].run_id} {said}, more than "
        f"{settings.alert_quarantine_percent:g} %.",
        "`wistia-elt quarantine` says why; `wistia-elt replay` loads them once they are in order",
    )


def _is_more(bad: int, read: int, settings: Settings) -> bool:
    return bad * 100 > settings.alert_quarantine_percent * read


def _unusual(ingests: list[Manifest]) -> Finding | None:
    """Visitors loaded, held against the median of the runs before.

    The distance that counts is six times the runs' usual one, which is their median absolute
    deviation, but at least the square root of the median: small counts scatter by that much.
    """
    counted = [
        (m.run_id, m.ingest.visitors)
        for m in ingests
        if m.ingest is not None and m.state == "completed" and not _is_whole(m)
    ]
    if len(counted) <= _FEWEST_DAYS:
        return None
    run_id, today = counted[-1]
    before = [count for _, count in counted[-_MOST_DAYS - 1 : -1]]
    usual = median(before)
    spread = _NORMAL * median(abs(count - usual) for count in before)
    limit = _DEVIATIONS * max(spread, usual**0.5, 1.0)
    if abs(today - usual) <= limit:
        return None
    return Finding(
        "unusual",
        f"The run {run_id} loaded {today:,} visitors; {usual:,.0f} are usual, and "
        f"{max(0.0, usual - limit):,.0f} to {usual + limit:,.0f} would be no news.",
        "look at Wistia whether that is so; if not, `wistia-elt backfill` reads every visitor",
    )


def _is_whole(manifest: Manifest) -> bool:
    # A crawl of the whole list loads what days have gathered.
    return any(entry.reconciled_at for entry in manifest.resources)
