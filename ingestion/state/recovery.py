"""Runs that died without a word, closed by the next that holds the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.config.errors import LakeBusyError
from ingestion.config.timestamps import format_timestamp
from ingestion.state.manifest import read_manifests
from ingestion.storage.base import RUN_LOCK

if TYPE_CHECKING:
    from ingestion.state.manifest import Manifest
    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake

_SILENT = "the process ended without a word"


def close_crashed(run: RunRecord) -> list[Manifest]:
    """Close the runs that died without a word; the caller holds the ingest's lock.

    Returns:
        Every other run of the lake, oldest first.
    """
    manifests = [m for m in read_manifests(run.lake) if m.run_id != run.manifest.run_id]
    for manifest in manifests:
        if manifest.kind in {"run", "ingest", "build"} and manifest.state == "running":
            _close(manifest, run)
    return manifests


def _close(manifest: Manifest, run: RunRecord) -> None:
    ingest = manifest.ingest
    if ingest is not None and ingest.state == "running":  # and the lock is ours: it died in it
        ingest.state, ingest.finished_at = "crashed", format_timestamp(run.clock())
        ingest.error = _SILENT
    elif not _is_dead(manifest, run.lake):
        return
    manifest.state = "crashed"
    for stage in manifest.stages:
        if stage.state == "running":
            stage.state, stage.error = "crashed", _SILENT
    manifest.save(run.lake)


def _is_dead(manifest: Manifest, lake: Lake) -> bool:
    try:
        with lake.lock(RUN_LOCK + manifest.run_id):
            return True
    except LakeBusyError:
        return False
