"""`wistia-elt`: every stage by hand, and what they left."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Literal

import click

from flows.cli.help import SectionedGroup, ask_for_json, completion, show_version
from flows.cli.releases import deploy, release
from flows.cli.repair import backfill, rewind
from ingestion.config.settings import PROJECT_ROOT, Settings
from ingestion.terminal import scope_options, show_errors

if TYPE_CHECKING:
    from flows.context import Context
    from ingestion.extract.context import Scope


@click.group(
    name="wistia-elt",
    cls=SectionedGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show tracebacks, and the log of every stage.")
@click.option(
    "--log-json",
    is_flag=True,
    expose_value=False,
    callback=ask_for_json,
    help="Log lines of JSON on stderr.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show_version,
    help="Show the release and the commit.",
)
def cli(debug: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Wistia's video statistics, from the API to tables and pages.

    Settings come from the environment and from .env; .env.example lists them all.
    """
    _prepare_prefect(debug=debug)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object about the run.")
def run(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Read what is new, build the tables, make the pages.

    Example: wistia-elt run
    """
    from flows.alerts.watch import refusals_told  # noqa: PLC0415
    from flows.cli.run import run_daily  # noqa: PLC0415

    with refusals_told():
        context = _open("run")
    sys.exit(run_daily(context, as_json=as_json))


@cli.command()
@scope_options
def ingest(scope: Scope) -> None:
    """Load what is new at Wistia into bronze.

    Example: wistia-elt ingest --resource visitors
    """
    from flows.cli.run import run_ingest  # noqa: PLC0415

    context = _open("ingest")
    context.scope = scope
    sys.exit(run_ingest(context))


@cli.command()
@click.option("--full-refresh", is_flag=True, help="Build every table from all of bronze.")
@click.option(
    "--table",
    metavar="TABLE",
    help="Build this table from all of bronze, and the tables that read it.",
)
def build(full_refresh: bool, table: str | None) -> None:  # noqa: FBT001 - a flag
    """Build and test silver and gold.

    Example: wistia-elt build --table silver.fact_visitors
    """
    from flows.cli.run import run_build  # noqa: PLC0415

    context = _open("build")
    context.full_refresh, context.table = full_refresh, table
    run_build(context)


@cli.command()
def publish() -> None:
    """Make the pages from the last good tables, and copy them to SITE_URI.

    Example: wistia-elt publish
    """
    from flows.cli.run import run_publish  # noqa: PLC0415

    run_publish(_open("publish"))


@cli.command()
def serve() -> None:
    """Serve the pages, the documentation and Operations.

    Example: SERVE_PORT=9000 wistia-elt serve
    """
    from flows.up.pages import serve_pages  # noqa: PLC0415

    serve_pages()


@cli.command()
def up() -> None:
    """Run every day on this machine: schedule, worker, pages.

    Example: OPERATIONS_PASSWORD=… wistia-elt up
    """
    from flows.up.run import up as run_up  # noqa: PLC0415

    run_up(Settings.load(), click.echo)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Show what is loaded and built, and how the last run ended.

    Example: wistia-elt status
    """
    from flows.cli.show import show_status  # noqa: PLC0415

    show_status(Settings.load(), as_json=as_json)


@cli.command()
@click.argument("sql", metavar="SQL")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values with a header.")
@click.option("--json", "form", flag_value="json", help="An array of row objects.")
def query(sql: str, form: str | None) -> None:
    """Ask the last good tables in SQL; `-` reads it from standard input.

    Example: wistia-elt query "select * from gold.fact_media_performance"
    """
    from flows.cli.show import read_sql, show_query  # noqa: PLC0415

    show_query(Settings.load(), read_sql(sql), form or "table")


@cli.command()
@click.option("--lake", "in_lake", is_flag=True, help="Check every object in the lake instead.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="With --lake: first mend manifests and checkpoints, quarantine what the schema refuses.",
)
@click.option("--json", "as_json", is_flag=True, help="An array of checks.")
def doctor(in_lake: bool, rebuild: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Try everything a run needs; each failure comes with its remedy.

    Example: wistia-elt doctor
    """
    if in_lake or rebuild:
        from flows.cli.lake_jobs import show_audit  # noqa: PLC0415

        sys.exit(show_audit(Settings.load(), rebuild=rebuild, as_json=as_json))
    from flows.cli.show import show_doctor  # noqa: PLC0415

    sys.exit(show_doctor(Settings.load(), as_json=as_json))


@cli.command()
@click.option("--resource", metavar="NAME", help="Only the records of this resource.")
@click.option("--show", is_flag=True, help="Show the records too; they may hold personal data.")
@click.option("--json", "as_json", is_flag=True, help="An array of groups.")
def quarantine(resource: str | None, show: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """List quarantined records: how many, since when and why.

    Example: wistia-elt quarantine --resource visitors
    """
    from flows.cli.lake_jobs import show_quarantine  # noqa: PLC0415

    show_quarantine(Settings.load(), resource, show=show, as_json=as_json)


@cli.command()
@click.option("--resource", metavar="NAME", help="Only the records of this resource.")
def replay(resource: str | None) -> None:
    """Load the quarantined records that are in order by today's rules.

    Example: wistia-elt replay --resource visitors
    """
    from flows.cli.lake_jobs import run_replay  # noqa: PLC0415

    run_replay(Settings.load(), resource)


@cli.command(name="import")
@click.argument("uri", metavar="URI")
def import_(uri: str) -> None:
    """Load the files of the system before this one, once.

    Example: wistia-elt import s3://old-bucket/raw
    """
    from flows.cli.lake_jobs import run_import  # noqa: PLC0415

    sys.exit(run_import(Settings.load(), uri))


@cli.command()
@click.argument("person", metavar="VISITOR_KEY|EMAIL")
@click.option("--yes", is_flag=True, help="Do not ask again.")
def forget(person: str, yes: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Erase a person from the whole lake and its tables.

    Example: wistia-elt forget someone@example.com
    """
    from flows.cli.lake_jobs import run_forget  # noqa: PLC0415

    sys.exit(run_forget(Settings.load(), person, confirmed=yes))


@cli.command()
@click.option("--yes", is_flag=True, help="Do not ask again.")
def redact(yes: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Hash or drop the personal data that the lake holds already.

    Example: PII_POLICY=drop wistia-elt redact
    """
    from flows.cli.lake_jobs import run_redact  # noqa: PLC0415

    sys.exit(run_redact(Settings.load(), confirmed=yes))


@cli.command()
def maintain() -> None:
    """On Athena: compact tables, remove old snapshots and leftovers.

    Example: wistia-elt maintain
    """
    from flows.cli.run import run_maintenance  # noqa: PLC0415

    run_maintenance(Settings.load())


@cli.command()
@click.argument("text", metavar="TEXT")
def alert(text: str) -> None:
    """Send a text through every channel that alarms go through.

    Example: wistia-elt alert "only a test"
    """
    from flows.alerts.channels import tell  # noqa: PLC0415

    click.echo(f"told by {', '.join(tell(text))}")


@cli.command()
@click.option(
    "--media",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="Videos of the invented account.",
)
def demo(media: int) -> None:
    """Try it: one run with a token; without one, three days of an invented account.

    Example: wistia-elt demo --media 40
    """
    from flows.cli.demo import run_demo  # noqa: PLC0415

    sys.exit(run_demo(media))


class _Sandboxes(click.Group):
    # Imported when asked for: their servers are heavy, and nothing else needs them.
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return ["athena", "wistia"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = getattr(import_module(f"sandbox.{cmd_name}.__main__"), cmd_name)
        return found


@cli.group(cls=_Sandboxes)
def sandbox() -> None:
    """Start a local stand-in for Wistia or for Athena.

    Example: wistia-elt sandbox wistia --port 8765
    """


for command in (backfill, completion, deploy, release, rewind):
    cli.add_command(command)


def _prepare_prefect(*, debug: bool) -> None:
    # Read by Prefect when it is imported; a user's own values win.
    for name, value in {
        "PREFECT_HOME": str(PROJECT_ROOT / ".prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # A server of Prefect's own would listen without a password: none is ever started.
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "INFO" if debug else "CRITICAL",
    }.items():
        os.environ.setdefault(name, value)


def _open(kind: Literal["run", "ingest", "build", "publish"]) -> Context:
    from flows.context import open_context  # noqa: PLC0415

    return open_context(kind)


def main() -> None:
    """Entry point of `wistia-elt`."""
    show_errors(cli)
