"""How the pipeline stands: what has landed, what was built, how the last run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.stages.query import count_rows
from ingestion.admin.quarantine import count_replayed
from ingestion.config.errors import ReadableError
from ingestion.resources import RESOURCES
from ingestion.state.manifest import read_manifests
from ingestion.state.recovery import GO_ON, SILENT, is_alive

if TYPE_CHECKING:
    from ingestion.config.settings import Settings
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.storage.base import Lake


def read_status(settings: Settings, lake: Lake) -> dict[str, Any]:
    """Put the status together from manifests and tables.

    Returns:
        `{resources: {r: {records, newest_at, watermark, last_crawl, unknown_fields}},
        tables: {t: rows}, tables_error: why they could not be counted | null,
        quarantine: {r: records that no replay has taken},
        last_run: {run_id, state, failed_stage, error, code_version, seconds by stage,
        figures: what the run did, counted, …} | null}`.
    """
    manifests = read_manifests(lake)
    tables, tables_error = _tables(settings)
    return {
        "resources": {r.name: _resource(r.name, manifests) for r in RESOURCES},
        "tables": tables,
        "tables_error": tables_error,
        "quarantine": {r.name: _waiting(r.name, manifests) for r in RESOURCES},
        "last_run": describe_run(lake, manifests[-1]) if manifests else None,
    }


def _tables(settings: Settings) -> tuple[dict[str, int], str | None]:
    # Who asks how things stand is told the rest too while the engine is out of reach.
    try:
        return count_rows(settings), None
    except ReadableError as error:
        return {}, f"{error}; try: {error.remedy}"


def _entries(name: str, manifests: list[Manifest]) -> list[ResourceRun]:
    return [entry for m in manifests for entry in m.resources if entry.resource == name]


def _sum(name: str, manifests: list[Manifest], field: str) -> int:
    return sum(getattr(entry, field) for entry in _entries(name, manifests))


def _waiting(name: str, manifests: list[Manifest]) -> int:
    return _sum(name, manifests, "quarantined") - count_replayed(manifests, name)


def _resource(name: str, manifests: list[Manifest]) -> dict[str, Any]:
    entries = _entries(name, manifests)
    # Media have no time of their own: the newest is when one last landed.
    newest = [entry.newest_at for entry in entries if entry.newest_at]
    landed = [
        m.started_at for m in manifests for e in m.resources if e.resource == name and e.records
    ]
    crawls = _entries(name, [m for m in manifests if m.kind in {"run", "ingest"}])
    completed = [entry for entry in crawls if entry.state == "completed"]
    watermarks = [entry.watermark for entry in completed if entry.watermark]
    return {
        "records": _sum(name, manifests, "records"),
        "newest_at": max(newest or landed, default=None),
        "watermark": watermarks[-1] if watermarks else None,
        "last_crawl": _crawl(completed[-1]) if completed else None,
        "unknown_fields": sorted({field for entry in entries for field in entry.unknown_fields}),
    }


def _crawl(entry: ResourceRun) -> dict[str, int]:
    names = ("requests", "retries", "pages", "shifts", "violations", "records")
    return {name: getattr(entry, name) for name in names}


def describe_run(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    """A run as `status --json` and `run --json` tell it: how it ended, and its figures."""
    failed = manifest.failed_stage
    state = manifest.state
    error, remedy = (failed.error, failed.remedy) if failed else (None, None)
    if state == "running" and not is_alive(lake, manifest):
        # Nobody has closed it yet: the next run will, and `up` does within a minute.
        error, remedy = SILENT, GO_ON
        state = "crashed"
        failed = next((stage for stage in manifest.stages if stage.state == "running"), None)
    return {
        "run_id": manifest.run_id,
        "kind": manifest.kind,
        "state": state,
        "started_at": manifest.started_at,
        "finished_at": manifest.finished_at,
        "exit_code": manifest.exit_code,
        "failed_stage": failed.stage if failed else None,
        "error": error,
        "remedy": remedy,
        "code_version": manifest.code_version,
        "seconds": {stage.stage: stage.seconds for stage in manifest.stages},
        "figures": manifest.figures() | {"state": state},
    }
