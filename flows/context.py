"""What the stages of one run share: settings, lake, record, clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ingestion.config.errors import ConfigurationError
from ingestion.config.logging import configure
from ingestion.config.settings import Settings
from ingestion.config.timestamps import utc_now
from ingestion.config.version import code_version
from ingestion.extract.context import Scope
from ingestion.resources import EVENTS, VISITORS
from ingestion.state.manifest import read_manifests
from ingestion.state.run import RunRecord, start_run
from ingestion.storage.base import keep_private, open_lake

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from flows.stages.dbt import BuildResult
    from flows.stages.publish import Published
    from ingestion.state.manifest import ResourceRun
    from ingestion.storage.base import Lake
    from reports.errors import NodeError


@dataclass(slots=True)
class Context:
    """One run's tools; stages leave their results here."""

    settings: Settings
    lake: Lake
    record: RunRecord
    # ISO; recency counts from it.
    as_of_date: str
    scope: Scope = field(default_factory=Scope)
    full_refresh: bool = False
    # The only one to build, again, with those that read it; None for all.
    table: str | None = None
    # A run that others follow may leave the pages to them.
    pages: bool = True
    sleep: Callable[[float], None] = time.sleep
    progress: Callable[[ResourceRun], None] = lambda _entry: None
    say: Callable[[str], None] = lambda _doing: None
    built: BuildResult | None = None
    # How many rows each table has, and how many more than before.
    rows: dict[str, int] = field(default_factory=dict)
    new_rows: dict[str, int] = field(default_factory=dict)
    # The latter where Node is missing.
    published: Published | NodeError | None = None


def open_context(
    kind: Literal["run", "ingest", "build", "publish"],
    settings: Settings | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> Context:
    """Read the settings, open the lake, begin the run's record.

    Raises:
        ConfigurationError: A setting is missing, misspelt or impossible; AS_OF_DATE lies before
            what is loaded.
        LakeError: The lake cannot be opened.
    """
    keep_private()
    settings = settings or Settings.load()
    configure(as_json=settings.log_json)
    lake = open_lake(settings)
    if settings.as_of_date:
        _refuse_past(lake, settings.as_of_date)
    record = start_run(lake, kind, code_version(), clock)
    as_of = settings.as_of_date or clock().date()
    return Context(settings, lake, record, as_of.isoformat())


def _refuse_past(lake: Lake, day: date) -> None:
    """Days after AS_OF_DATE would count in some figures and not in others: none may be loaded."""
    newest = max(
        # Days without a play are told up to today, and a source may date into the future.
        (
            min(entry.newest_at, run.started_at)[:10]
            for run in read_manifests(lake)
            for entry in run.resources
            if entry.newest_at and entry.resource in {EVENTS.name, VISITORS.name}
        ),
        default="",
    )
    if str(day) < newest:
        raise ConfigurationError(
            f"AS_OF_DATE is {day}, and what is loaded reaches to {newest}",
            f"`wistia-elt rewind {day}` builds the tables as they were then, in another lake",
        )
