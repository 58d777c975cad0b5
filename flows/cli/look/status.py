"""How the pipeline stands: what has loaded, what was built, how the last run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.stages.query import count_rows
from ingestion.config.errors import ReadableError
from ingestion.resources import RESOURCES
from reports.history import describe_run, read_history

if TYPE_CHECKING:
    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake


def read_status(settings: Settings, lake: Lake) -> dict[str, Any]:
    """Put the status together from the history of runs and the tables.

    Returns:
        `{resources: {r: as of History.describe_resource}, tables: {t: rows}, tables_error: why
        they could not be counted | null, quarantine: {r: records that no replay has taken},
        last_run: as of describe_run | null, unreadable: keys of damaged manifests}`.
    """
    history = read_history(lake)
    tables, tables_error = _tables(settings)
    return {
        "resources": {r.name: history.describe_resource(r.name) for r in RESOURCES},
        "tables": tables,
        "tables_error": tables_error,
        "quarantine": history.quarantined(),
        "last_run": describe_run(history.runs[-1]) if history.runs else None,
        "unreadable": list(history.unreadable),
    }


def _tables(settings: Settings) -> tuple[dict[str, int], str | None]:
    # Who asks how things stand is told the rest too while the engine is out of reach.
    try:
        return count_rows(settings), None
    except ReadableError as error:
        return {}, f"{error}; try: {error.remedy}"
