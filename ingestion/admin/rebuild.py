"""`doctor --lake --rebuild`: manifests and states made again from what lies in bronze.

Bronze itself is not touched. A manifest that is gone is made from the objects that carry its run's
id, and says so. An object that is gone is taken off its list, and the manifest says so: until then
no build reads the lake, lest rows vanish unseen. A watermark comes back only where all before it
is known to be loaded and to lie there: elsewhere the next run reads the whole list, and nothing is
lost.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ingestion.admin.audit import Audit
from ingestion.config.timestamps import RUN_ID, format_timestamp
from ingestion.resources import RESOURCES
from ingestion.state.checkpoint import load_state, state_key
from ingestion.state.manifest import (
    PREFIX,
    IngestTotals,
    Manifest,
    StageRun,
    entries_of,
    in_order,
    listings,
)
from ingestion.state.recovery import list_in, refuse_while_at_work
from ingestion.state.source_guard import read_source, write_source
from ingestion.storage.json_lines import QUARANTINE, RAW, unpack_lines

if TYPE_CHECKING:
    from ingestion.config.settings import Settings
    from ingestion.load.resource import Resource
    from ingestion.storage.base import Lake

_RECOVERED = "its manifest was lost: made again from the objects that carry its id"


def rebuild(settings: Settings, lake: Lake) -> list[str]:
    """Make manifests and states again; tells what was done, a sentence each.

    Raises:
        LakeBusyError: A run is at work.
    """
    with lake.lock("ingest"):
        audit = Audit(lake)
        audit.read_runs()
        refuse_while_at_work(lake, audit.runs)
        audit.runs = [run for run in audit.runs if run.key not in audit.corrupt]
        said = _recover_runs(lake, audit)
        damaged = {finding.key for finding in audit.examine_objects()}
        for resource in RESOURCES:
            said += _rebuild_state(settings, lake, resource, audit.runs, damaged)
        said += _take_off(lake, audit.runs)
        source = read_source(lake)
        if source is not None:
            write_source(lake, source)
        return said


def _recover_runs(lake: Lake, audit: Audit) -> list[str]:
    runs = {run.run_id: run for run in audit.runs}
    listed, changed = listings(audit.runs), Counter[str]()
    for key in audit.corrupt:
        run_id = key.removeprefix(PREFIX).removesuffix(".json")
        runs[run_id] = _lost_run(run_id)
        changed[run_id] = 0
    unlisted = [key for root in (RAW, QUARANTINE) for key in lake.list(root) if key not in listed]
    changed.update(filter(None, (_adopt(lake, key, runs) for key in unlisted)))
    for run_id in changed:
        runs[run_id].save(lake)
    audit.runs = in_order(runs.values())
    return [f"{runs[run_id].key} lists {n} objects more" for run_id, n in changed.items()]


def _adopt(lake: Lake, key: str, runs: dict[str, Manifest]) -> str | None:
    """List an object in the run whose id it carries; None when it carries none."""
    body = lake.get(key) or b""
    lines = unpack_lines(body)
    first = json.loads(lines[0]) if lines else {}
    run_id = str(first.get("run_id"))
    if not lines or not re.fullmatch(RUN_ID, run_id):
        return None
    run = runs.setdefault(run_id, _lost_run(run_id))
    list_in(run, key, body, len(lines))
    if run.recovered:
        run.resource(key.split("/")[1]).state = "crashed"
        ended = str(first.get("ingested_at") or first.get("quarantined_at"))
        if run.ingest is None:
            run.ingest = IngestTotals(state="crashed", started_at=run.started_at, error=_RECOVERED)
        run.ingest.finished_at = run.finished_at = max(ended, run.ingest.finished_at or "")
        run.ingest.add_up(run.resources)
    return run_id


def _lost_run(run_id: str) -> Manifest:
    moment = datetime.strptime(run_id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    started = format_timestamp(moment)
    stage = StageRun(
        stage="ingest", state="crashed", started_at=started, finished_at=started, error=_RECOVERED
    )
    return Manifest(
        run_id=run_id,
        kind="ingest",
        state="crashed",
        started_at=started,
        finished_at=started,
        code_version="unknown",
        stages=[stage],
        recovered=True,
    )


def _take_off(lake: Lake, runs: list[Manifest]) -> list[str]:
    """Take what has gone off the manifests' lists."""
    there = {entry.key for root in (RAW, QUARANTINE) for entry in lake.entries(root)}
    said = []
    for run in runs:
        lost = [one for entry in run.resources for one in entry.listed if one.key not in there]
        if lost:
            for entry in run.resources:
                entry.relist(lambda one: one if one.key in there else None)
            run.lost = sorted({*run.lost, *(one.key for one in lost)})
            run.save(lake)
            said.append(
                f"{run.key} lists {len(lost)} objects less: they have gone, and with them "
                f"{sum(one.records for one in lost):,} records"
            )
    return said


def _rebuild_state(
    settings: Settings, lake: Lake, resource: Resource, runs: list[Manifest], damaged: set[str]
) -> list[str]:
    if not any(entries_of(runs, resource.name)):
        return []
    lake.delete(state_key(resource.name))
    state = load_state(lake, resource, runs, settings.overlap)
    if not _is_complete(resource, runs, damaged):
        state.watermark = state.reconciled_at = None
    state.save(lake)
    said = f"{state_key(resource.name)} is made again"
    if resource.active_at:
        until = format_timestamp(state.watermark) if state.watermark else "nowhere"
        said += f"; complete up to {until}"
    return [said]


def _is_complete(resource: Resource, runs: list[Manifest], damaged: set[str]) -> bool:
    """Whether every loss lies before the last crawl that read the whole list."""
    is_complete = True
    for run in runs:
        entries = list(entries_of([run], resource.name))
        # An import takes the watermark away: the list has to be read after it.
        is_loss = run.recovered or (run.kind == "import" and bool(entries))
        is_loss |= any(key.startswith(f"{RAW}/{resource.name}/") for key in run.lost)
        is_loss |= any(one.key in damaged for entry in entries for one in entry.objects)
        if is_loss:
            is_complete = False
        elif any(e.state == "completed" and e.reconciled_at is not None for e in entries):
            is_complete = True
    return is_complete
