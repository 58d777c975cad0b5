"""Whether the process of a run is still there, and what is written when it is not."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

from ingestion.admin.job import read_runs
from ingestion.config.timestamps import format_timestamp, parse_timestamp
from ingestion.state.manifest import birth_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake

SILENT = "the process ended without a word"
GO_ON = "start a run: it goes on where this one stopped"
# On another machine a process cannot be looked at; no run of ours takes longer.
_LONGEST = timedelta(days=1)


def is_process(pid: int) -> bool:
    """Whether a process of this machine has this id."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def is_alive(manifest: Manifest, now: datetime) -> bool:
    """Whether a run that says "running" may be believed.

    Args:
        manifest: The run.
        now: The time, UTC.
    """
    process = manifest.process
    if process is not None and process.host == socket.gethostname():
        is_same = process.birth is None or birth_of(process.pid) in {None, process.birth}
        return is_process(process.pid) and is_same
    started = parse_timestamp(manifest.started_at)
    return started is not None and now - started < _LONGEST


def close_dead_runs(lake: Lake, clock: Callable[[], datetime]) -> list[str]:
    """Mark every run crashed that says "running" and whose process is gone.

    Returns:
        Their ids.

    Raises:
        LakeError: A manifest cannot be read or written.
    """
    closed = []
    for manifest in read_runs(lake):
        if manifest.state != "running" or is_alive(manifest, clock()):
            continue
        now = format_timestamp(clock())
        manifest.state, manifest.finished_at = "crashed", now
        if manifest.ingest is not None and manifest.ingest.state == "running":
            manifest.ingest.state, manifest.ingest.finished_at = "crashed", now
            manifest.ingest.error = SILENT
        for stage in manifest.stages:
            if stage.state == "running":
                stage.state, stage.finished_at = "crashed", now
                stage.error, stage.remedy = SILENT, GO_ON
        manifest.save(lake)
        closed.append(manifest.run_id)
    return closed
