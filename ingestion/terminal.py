"""What a person at a terminal sees: errors, how far a run has come, and what it changed."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
import time
from contextlib import contextmanager
from datetime import date
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ingestion.config.errors import ConfigurationError, describe
from ingestion.config.logging import configure
from ingestion.config.signals import stoppable
from ingestion.config.timestamps import utc_now
from ingestion.extract.context import Scope
from ingestion.resources import RESOURCES
from ingestion.storage.base import keep_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ingestion.state.manifest import Manifest, ResourceRun

# Wistia began in this year: no video was watched there before.
FIRST_DAY = date(2006, 1, 1)
# What a terminal obeys instead of showing it: control characters, and turns of direction.
_COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
# What Python makes of a byte of an argument that is no UTF-8.
_HALF = re.compile("[\ud800-\udfff]")
_SECONDS_BETWEEN_LINES = 15.0
_NAMES = ", ".join(resource.name for resource in RESOURCES)


def show_errors(command: click.Command) -> None:
    """Run a command and end the process with the exit code that `EXIT_CODES` documents.

    A `ReadableError` becomes its sentence and its remedy; anything else names itself and
    asks for `--debug`, which shows tracebacks instead.
    """
    keep_private()
    _write_any_character()
    configure(as_json="--log-json" in sys.argv)
    try:
        with stoppable():
            _run(command)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # the last word of the command line
        if "--debug" in sys.argv:
            raise
        said, remedy = describe(error)
        remedy = remedy or "run it again with --debug and report what it shows"
        click.echo(f"{click.style('error', fg='red', bold=True)}: {said}", err=True)
        click.echo(f"{click.style('try', bold=True)}: {remedy}", err=True)
        sys.exit(getattr(error, "exit_code", 1))


def _write_any_character() -> None:
    """Let no name end a command: files and pipes are UTF-8, a terminal shows what it can."""
    for stream in (sys.stdout, sys.stderr):
        # Of one that is closed there is none.
        if isinstance(stream, TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _run(command: click.Command) -> None:
    if any(_HALF.search(argument) for argument in sys.argv):
        raise click.UsageError("an argument is not UTF-8")
    try:
        os.getcwd()  # noqa: PTH109 - whether there is one
    except OSError as error:
        raise ConfigurationError(
            "the folder that this command was started in has been removed",
            "change to another folder (`cd`) and start it there",
        ) from error
    try:
        command.main(prog_name=command.name, standalone_mode=False)
    except click.Abort:
        # What click makes of Ctrl-C, and of a question that nobody answers.
        raise KeyboardInterrupt from None


class PastDay(click.DateTime):
    """A UTC day between Wistia's beginning and today, `2026-01-09`; given as a date."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """Read the day; refuse one on which nothing can have happened."""
        day = super().convert(value, param, ctx).date()
        today = utc_now().date()
        if not FIRST_DAY <= day <= today:
            self.fail(f"{day} is not between {FIRST_DAY} and today, {today} (UTC).", param, ctx)
        return day


def scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--full`, `--resource` and `--since`, handed over as a `Scope`."""

    @click.option("--full", is_flag=True, help="Read everything again, not only what has changed.")
    @click.option("--resource", metavar="NAME", help=f"Only this resource: {_NAMES}.")
    @click.option(
        "--since", metavar="DAY", type=PastDay(), help="Read everything from this UTC day on again."
    )
    @functools.wraps(command)
    def with_scope(full: bool, resource: str | None, since: Any, **rest: Any) -> Any:  # noqa: FBT001, ANN401
        return command(scope=Scope(full=full, resource=resource, since=since), **rest)

    return with_scope


def show_ingest(manifest: Manifest) -> None:
    """Print what an ingest changed, a row a resource."""
    rows = [
        (
            entry.resource,
            f"{entry.requests:,}",
            f"{entry.records:,}",
            f"{entry.unchanged:,}",
            f"{entry.quarantined:,}",
            (entry.newest_at or "")[:19].replace("T", " "),
        )
        for entry in manifest.resources
    ]
    columns = ("resource", "requests", "loaded", "unchanged", "quarantined", "newest (UTC)")
    show_table(columns, rows, numeric=columns[1:5])
    for media_id in sorted({one for entry in manifest.resources for one in entry.unknown_media}):
        click.echo(
            f"unknown video {media_id}: Wistia answers 404; where the account does not list it, "
            "correct WISTIA_MEDIA_IDS"
        )
    for entry in manifest.resources:
        for note in entry.notes:
            click.echo(f"{entry.resource}: {note}")
        if entry.quarantined:
            click.echo(
                f"{entry.quarantined:,} of {entry.resource} quarantined: "
                "`wistia-elt quarantine` says why"
            )


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[str] = ()
) -> None:
    r"""Print a table on stdout; numbers to the right, nothing cut off in a pipe.

    Cells are data, whoever wrote them: brackets are no markup, and what would move the cursor,
    color the terminal or turn the line around shows as its escape, `\u001b`.
    """
    console = Console()
    # FORCE_COLOR and its like make a terminal of a pipe, and of no pipe a narrow one.
    if not console.file.isatty():
        console = Console(width=10_000)
    table = Table(box=SIMPLE, show_edge=False, pad_edge=False)
    for name in columns:
        side: Literal["left", "right"] = "right" if name in numeric else "left"
        table.add_column(_as_text(name), justify=side, no_wrap=True)
    for row in rows:
        table.add_row(*map(_as_text, row))
    console.print(table)


def _as_text(cell: str) -> Text:
    return Text(_COMMANDS.sub(lambda found: json.dumps(found[0])[1:-1], cell))


class RunProgress:
    """Shows on stderr what a run is doing, and pages, rate and time left while it crawls."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[detail]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, detail="")
        self._resource = ""
        self._began = self._last_line = time.monotonic()

    @contextmanager
    def live(self, doing: str) -> Iterator[None]:
        """Show what is being done while the block runs."""
        self.say(doing)
        with self._bar:
            yield

    def say(self, doing: str) -> None:
        """Show what is being done from now on."""
        self._bar.reset(self._task, total=None, description=doing, detail="")

    def update(self, entry: ResourceRun) -> None:
        """Show how far a resource has come; called after each of its answers."""
        now = time.monotonic()
        if entry.resource != self._resource:
            self._resource, self._began = entry.resource, now
            self.say(entry.resource)
        detail = _describe_progress(entry, now - self._began)
        self._bar.update(
            self._task, total=entry.pages_expected, completed=entry.pages, detail=detail
        )
        is_due = now - self._last_line >= _SECONDS_BETWEEN_LINES
        if detail and is_due and not self._console.is_terminal:
            self._last_line = now
            self._console.print(f"{entry.resource}: {detail}", highlight=False, soft_wrap=True)


def _describe_progress(entry: ResourceRun, seconds: float) -> str:
    """Pages, rate and time left, as far as known: `320 of 1,106 pages, 9.4 a second, 1:24 left`."""
    if not entry.pages_expected:
        return f"{entry.pages:,} pages" if entry.pages else ""
    rate = entry.pages / seconds if seconds > 0 else 0.0
    said = f"{entry.pages:,} of {entry.pages_expected:,} pages, {rate:.1f} a second"
    if not rate or entry.pages >= entry.pages_expected:
        return said
    left = round((entry.pages_expected - entry.pages) / rate)
    return f"{said}, {left // 60}:{left % 60:02d} left"
