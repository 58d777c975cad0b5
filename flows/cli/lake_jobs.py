"""What the commands that look after a lake print."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from flows.cli.look.doctor import Check
from flows.cli.show import show_checks
from flows.duckdb.erase import WarehouseTables
from flows.stages.build import build
from ingestion.admin.audit import Audit
from ingestion.admin.erase import forget
from ingestion.admin.job import OLDER
from ingestion.admin.legacy_import import import_files
from ingestion.admin.quarantine import list_quarantine, quarantine_refused, replay
from ingestion.admin.rebuild import rebuild as rebuild_lake
from ingestion.admin.redact import redact
from ingestion.config.errors import ReadableError
from ingestion.config.timestamps import utc_now
from ingestion.resources import choose
from ingestion.storage.base import open_existing, open_lake
from ingestion.terminal import RunProgress, show_table

if TYPE_CHECKING:
    from flows.athena.erase import AthenaTables
    from ingestion.config.settings import Settings
    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake

_QUARANTINED = 3
_RIGHTS = "s3:ListBucketVersions, s3:GetObjectVersion and s3:DeleteObjectVersion"


def show_audit(settings: Settings, *, rebuild: bool, as_json: bool) -> int:
    """Print what is wrong with a lake after mending what can be; 0 when nothing is, else 1."""
    lake = open_existing(settings)
    mended = rebuild_lake(settings, lake) if rebuild else []
    refused = quarantine_refused(settings, lake, utc_now) if rebuild else {}
    for resource, records in refused.items():
        mended.append(f"{records:,} of {resource} are refused by today's schema: quarantined")
    checks = [Check("rebuild", ok=True, detail=said) for said in mended]
    audit = Audit(lake)
    found = [Check(one.key, one.is_harmless, one.detail, one.remedy) for one in audit.examine()]
    wrong = sum(not one.ok for one in found)
    looked = f"{audit.objects:,} objects with {audit.records:,} records, {len(audit.runs):,} runs"
    said = f"{looked}: {wrong:,} findings" if wrong else f"{looked}: all in order"
    remedy = "see each finding above" if wrong else ""
    summary = Check("summary", ok=not wrong, detail=said, remedy=remedy)
    return show_checks([*checks, *found, summary], as_json=as_json)


def show_quarantine(settings: Settings, resource: str | None, *, show: bool, as_json: bool) -> None:
    """Print what was quarantined, a row an object and reason."""
    resources = choose(resource)
    groups = list(list_quarantine(open_existing(settings), resources, show=show))
    if as_json:
        left_out = set() if show else {"contents"}
        found = [{k: v for k, v in asdict(one).items() if k not in left_out} for one in groups]
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if not groups:
        click.echo("nothing is in quarantine")
        return
    columns = ("quarantined (UTC)", "resource", "records", "waiting", "reason", "object")
    rows = [
        (
            group.quarantined_at[:19].replace("T", " "),
            group.resource,
            f"{group.records:,}",
            f"{group.waiting:,}",
            group.reason,
            group.key,
        )
        for group in groups
    ]
    show_table(columns, rows, ("records", "waiting"))
    for record in (record for group in groups for record in group.contents):
        click.echo(json.dumps(record, ensure_ascii=False))


def run_replay(settings: Settings, resource: str | None) -> None:
    """Replay, and print what loaded."""
    resources = choose(resource)
    manifest = replay(settings, open_existing(settings), resources, utc_now)
    if not manifest.resources:
        click.echo("nothing in quarantine passes today's rules; `wistia-elt quarantine` lists it")
        return
    rows = [(e.resource, f"{e.records:,}", f"{e.unchanged:,}") for e in manifest.resources]
    show_table(("resource", "loaded", "unchanged"), rows, ("loaded", "unchanged"))
    click.echo("`wistia-elt build` brings it into the tables")


def run_import(settings: Settings, uri: str) -> int:
    """Import, and print that the counts add up; 0, or 3 when something was quarantined."""
    progress = RunProgress()
    with progress.live("looking for files"):
        counts = import_files(settings, open_lake(settings), uri, utc_now, progress.say)
    columns = ("resource", "files", "known files", "records", "loaded", "unchanged", "quarantined")
    rows = [(c.resource, *(f"{n:,}" for n in c[1:])) for c in counts]
    show_table(columns, rows, columns[1:])
    click.echo("every record is accounted for: records = loaded + unchanged + quarantined")
    if any(c.loaded for c in counts if c.resource == "visitors"):
        click.echo("the next run reads the whole visitor list once, then only what changed")
    return _QUARANTINED if any(c.quarantined for c in counts) else 0


def run_forget(settings: Settings, who: str, *, confirmed: bool) -> int:
    """Forget a person, and print what was removed where; 1 when unconfirmed or unreadable."""
    lake = open_existing(settings)
    question = f"Remove this person from every layer of {lake.uri}? It cannot be undone."
    if not confirmed and not _is_agreed(question):
        click.echo("nothing was removed")
        return 1
    with lake.lock("build"):
        manifest, damaged = forget(settings, lake, who, _tables(settings), utc_now)
        _empty_older_tables(settings, damaged)
    _show_removed(manifest, "rows removed")
    click.echo("digests of the person have left the states; the run records the counts alone")
    click.echo(
        "the person comes back with the next run if Wistia still has them: delete them there "
        "first. Backups, and files that were imported, are yours to clean"
    )
    if settings.on_s3:
        click.echo("copies in other buckets or accounts (replication, backups) are not touched")
    click.echo("`wistia-elt build` counts the totals again")
    return _say_what_is_damaged(lake, damaged, "whether the person is there")


def _is_agreed(question: str) -> bool:
    try:
        return click.confirm(question)
    # Python's own error where there is no input at all.
    except (click.Abort, RuntimeError) as error:
        if sys.stdin is not None and sys.stdin.isatty():
            raise
        raise ReadableError(
            "nobody can be asked: standard input is closed", "give --yes to go on unasked"
        ) from error


def _say_what_is_damaged(lake: Lake, damaged: list[str], unknown: str) -> int:
    for key in damaged:
        where = f"{lake.uri}'s {OLDER}" if key == OLDER else key
        click.echo(f"{where} cannot be read, so nobody knows {unknown}", err=True)
        if key == OLDER:
            click.echo(f"try: give the role {_RIGHTS}, then ask for the same again", err=True)
    return 1 if damaged else 0


def run_redact(settings: Settings, *, confirmed: bool) -> int:
    """Bring a lake and its tables under PII_POLICY; 1 when unconfirmed or unreadable."""
    lake = open_existing(settings)
    question = f"Bring all of {lake.uri} under PII_POLICY={settings.pii_policy}?"
    if not confirmed and not _is_agreed(f"{question} It cannot be undone."):
        click.echo("nothing was changed")
        return 1
    manifest, damaged = redact(settings, lake, utc_now)
    _show_removed(manifest, "records changed")
    tables = _tables(settings)
    if tables.is_built():
        # Also where nothing changed: a command that was killed may have come this far.
        as_of = settings.as_of_date or utc_now().date()
        build(settings, lake, as_of_date=as_of.isoformat(), full_refresh=True)
        with lake.lock("build"):
            tables.remove_other_copies()
            _empty_older_tables(settings, damaged)
        click.echo("the tables were built again from it")
    click.echo("backups, copies in other buckets and files that were imported are yours to clean")
    return _say_what_is_damaged(lake, damaged, "what it holds in clear")


def _empty_older_tables(settings: Settings, damaged: list[str]) -> None:
    """Remove what a versioned bucket keeps of the tables' files: all of it can be built again."""
    if not settings.on_s3 or OLDER in damaged:
        return
    from flows.athena.tables import delete_older  # noqa: PLC0415 - boto3 is for buckets

    lake = settings.lake_uri.rstrip("/")
    places = (settings.silver_uri or f"{lake}/silver", settings.gold_uri or f"{lake}/gold")
    for uri in filter(None, (*places, settings.athena_results_uri)):
        delete_older(uri)


def _tables(settings: Settings) -> WarehouseTables | AthenaTables:
    if settings.on_s3:
        # awswrangler costs a second and 100 MB: only who asks Athena pays.
        from flows.athena.erase import AthenaTables  # noqa: PLC0415

        return AthenaTables(settings, utc_now().date())
    return WarehouseTables(settings.warehouse_path)


def _show_removed(manifest: Manifest, title: str) -> None:
    rows = [(layer, f"{n:,}") for layer, n in manifest.removed.items()]
    show_table(("layer", title), rows, (title,))
