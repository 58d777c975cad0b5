"""What `status` and `query` print."""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from flows.cli.look.doctor import examine
from flows.stages.figures import billed_usd, describe_bytes, describe_figures
from flows.stages.query import count_rows, query
from ingestion.config.errors import QueryError, ReadableError
from ingestion.config.timestamps import utc_now
from ingestion.resources import RESOURCES
from ingestion.storage.base import open_lake
from ingestion.terminal import show_table
from reports.history import describe_run, read_history

if TYPE_CHECKING:
    from flows.cli.look.doctor import Check
    from flows.stages.query import Answer
    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake

# What became of a field that is not known yet.
_KEPT = {"keep": "kept in bronze", "hash": "hashed in bronze", "drop": "dropped"}


def read_sql(given: str) -> str:
    """The statement that was given; `-` is all of standard input."""
    try:
        return click.get_text_stream("stdin", "utf-8-sig").read() if given == "-" else given
    # Of a standard input that is closed there is nothing to read with.
    except (UnicodeError, AttributeError) as error:
        raise QueryError(
            "the query cannot be read: it is not UTF-8, or standard input is closed",
            "save it as UTF-8: `wistia-elt query - < question.sql`",
        ) from error


def show_query(settings: Settings, sql: str, form: str) -> None:
    """Print an answer as a table, `csv` or `json`; nothing else goes to stdout."""
    answer = query(settings, sql)
    if (scanned := answer.scanned_bytes) is not None:
        cost = f"about {billed_usd(scanned):.5f} USD"
        click.echo(f"scanned {describe_bytes(scanned)}, {cost}", err=True)
    if form == "json":
        click.echo(answer.to_json())
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows(answer.to_text())
    else:
        show_answer(answer)


def show_answer(answer: Answer) -> None:
    """Print an answer as a table, its numbers to the right."""
    numeric = tuple(
        name
        for index, name in enumerate(answer.columns)
        if any(isinstance(row[index], int | float) for row in answer.rows)
    )
    show_table(answer.columns, answer.to_text(), numeric)


def read_status(settings: Settings, lake: Lake) -> dict[str, Any]:
    """How the pipeline stands, from the history of runs and the tables.

    `{resources: {r: as of History.describe_resource}, tables: {t: rows}, tables_error: why they
    could not be counted | null, quarantine: {r: records that no replay has taken}, last_run: as
    of describe_run | null, to_come: ids of runs dated later than now, unreadable: keys of damaged
    manifests}`.
    """
    history, tables, tables_error = read_history(lake), dict[str, int](), None
    now = utc_now()
    past = history.until(now).runs
    # Who asks how things stand is told the rest too while the engine is out of reach.
    try:
        tables = count_rows(settings)
    except ReadableError as error:
        tables_error = f"{error}; try: {error.remedy}"
    return {
        "resources": {r.name: history.describe_resource(r.name) for r in RESOURCES},
        "tables": tables,
        "tables_error": tables_error,
        "quarantine": history.quarantined(),
        "last_run": describe_run(past[-1]) if past else None,
        "to_come": [run.run_id for run in history.to_come(now)],
        "unreadable": list(history.unreadable),
    }


def show_status(settings: Settings, *, as_json: bool) -> None:
    """Print how the pipeline stands."""
    lake = open_lake(settings)
    found = read_status(settings, lake)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"lake {lake.uri}\n")
    _show_last_run(found["last_run"])
    show_table(
        ("resource", "records", "quarantined", "newest (UTC)", "checkpoint (UTC)"),
        [
            (
                name,
                f"{r['records']:,}",
                f"{found['quarantine'][name]:,}",
                _short(r["newest_at"]),
                _short(r["watermark"]),
            )
            for name, r in found["resources"].items()
        ],
        ("records", "quarantined"),
    )
    crawl = found["resources"]["visitors"]["last_crawl"]
    if crawl:
        click.echo(
            f"last visitor crawl: {crawl['requests']:,} requests, {crawl['retries']:,} retries, "
            f"list moved {crawl['shifts']:,} times"
        )
    for name, resource in found["resources"].items():
        if resource["unknown_fields"]:
            kept, told = _KEPT[settings.pii_policy], ", ".join(resource["unknown_fields"])
            click.echo(f"new fields in {name}, {kept}: {told}")
    show_table(("table", "rows"), [(t, f"{n:,}") for t, n in found["tables"].items()], ("rows",))
    if found["tables_error"]:
        click.echo(f"the tables were not counted: {found['tables_error']}")
    for run_id in found["to_come"]:
        click.echo(f"the run {run_id} is dated later than now, and left out: a clock was wrong")
    for key in found["unreadable"]:
        click.echo(f"{key} is corrupt; see `wistia-elt doctor --lake`")


def show_doctor(settings: Settings, *, as_json: bool) -> int:
    """Print what a run needs and whether it is there; 0 when all is well, else 1."""
    # A person waits here: a server that does not answer gets a second try, not a minute.
    checks = list(examine(settings, lambda seconds: time.sleep(min(seconds, 0.5))))
    return show_checks(checks, as_json=as_json)


def show_checks(checks: list[Check], *, as_json: bool) -> int:
    """Print checks, each failure with its remedy; 0 when all is well, else 1."""
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks]))
    else:
        for check in checks:
            mark = click.style("ok  ", fg="green") if check.ok else click.style("FAIL", fg="red")
            click.echo(f"{mark}  {check.check:<10}  {check.detail}")
            if not check.ok:
                click.echo(f"      try: {check.remedy}")
    return 0 if all(check.ok for check in checks) else 1


def _show_last_run(last: dict[str, Any] | None) -> None:
    if last is None:
        click.echo("no run yet; start one with `wistia-elt run`\n")
        return
    ended = f", ended {_short(last['finished_at'])}" if last["finished_at"] else ""
    click.echo(f"last {last['kind']} {last['run_id']}: {last['state']}{ended}")
    if last["error"]:
        stage = f"{last['failed_stage']} " if last["failed_stage"] else ""
        ended = "failed" if last["state"] != "crashed" else "crashed"
        click.echo(f"  {stage}{ended}: {last['error']}")
        if last["remedy"]:
            click.echo(f"  try: {last['remedy']}")
    figures = describe_figures(last["figures"])
    click.echo(f"  {figures}{'; ' if figures else ''}version {last['code_version']}")
    took = [f"{stage} {took:.1f} s" for stage, took in last["seconds"].items() if took is not None]
    if took:
        click.echo(f"  {', '.join(took)}")
    click.echo()


def _short(text: str | None) -> str:
    return (text or "")[:19].replace("T", " ")
