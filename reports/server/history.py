"""The last runs, as their manifests in the lake tell them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ingestion.state.manifest import PREFIX, parse_manifest
from ingestion.state.recovery import GO_ON, SILENT, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.state.manifest import Manifest, StageRun
    from ingestion.storage.base import Lake

_SHOWN = 20


class History:
    """Reads the newest runs; what has ended is read once and kept.

    Args:
        lake: Where the manifests lie.
    """

    def __init__(self, lake: Lake) -> None:
        """Read nothing yet."""
        self._lake = lake
        self._ended: dict[str, Manifest] = {}
        self._lock = threading.Lock()

    def describe(self) -> dict[str, Any]:
        """The newest runs and how fresh the data is.

        Returns:
            `{runs: [run], newest_visitor_at, last_good_at}`; a run is `{run_id, kind, state,
            started_at, finished_at, exit_code, code_version, landed, quarantined, remarks,
            reading, stages: [{stage, state, started_at, finished_at, error, remedy}]}`, the
            newest first.

        Raises:
            LakeError: The lake cannot be read.
        """
        manifests = self.read()
        shown = [self._run(manifest) for manifest in manifests[:_SHOWN]]
        newest = [m.ingest.newest_visitor_at for m in manifests if m.ingest]
        good = [run for run in shown if run["kind"] == "run" and run["state"] == "completed"]
        return {
            "runs": shown,
            "newest_visitor_at": max(filter(None, newest), default=None),
            "last_good_at": good[0]["finished_at"] if good else None,
        }

    def running(self) -> list[str]:
        """Ids of the runs that are at work, whoever started them.

        Raises:
            LakeError: The lake cannot be read.
        """
        return [m.run_id for m in self.read() if self._state(m) == "running"]

    def read(self) -> list[Manifest]:
        """The newest manifests, newest first.

        Raises:
            LakeError: The lake cannot be read.
        """
        # Ids begin with their time. Twice as many as are shown: some may be unreadable.
        keys = sorted(self._lake.list(PREFIX), reverse=True)[: 2 * _SHOWN]
        with self._lock:
            found = [self._ended.get(key) or parse_manifest(self._lake.get(key)) for key in keys]
            manifests = [manifest for manifest in found if manifest is not None]
            self._ended = {m.key: m for m in manifests if m.state != "running"}
        return manifests

    def _run(self, manifest: Manifest) -> dict[str, Any]:
        state = self._state(manifest)
        reading = next((r for r in manifest.resources if r.state == "running"), None)
        return {
            "run_id": manifest.run_id,
            "kind": manifest.kind,
            "state": state,
            "started_at": manifest.started_at,
            "finished_at": manifest.finished_at,
            "exit_code": manifest.exit_code,
            "code_version": manifest.code_version,
            "landed": sum(entry.records for entry in manifest.resources),
            "quarantined": sum(entry.quarantined for entry in manifest.resources),
            "reading": reading
            and {
                "resource": reading.resource,
                "pages": reading.pages,
                "pages_expected": reading.pages_expected,
            },
            "remarks": list(_remarks(manifest)),
            "stages": [_stage(stage, state) for stage in manifest.stages],
        }

    def _state(self, manifest: Manifest) -> str:
        if manifest.state == "running" and not is_alive(self._lake, manifest):
            return "crashed"
        return manifest.state


def _remarks(manifest: Manifest) -> Iterator[str]:
    """What a run that ended well still wants to be read, a sentence each."""
    for entry in manifest.resources:
        if entry.quarantined:
            yield (
                f"{entry.quarantined:,} of {entry.resource} were set aside: "
                "`wistia-elt quarantine` says why."
            )
    for media_id in sorted({one for entry in manifest.resources for one in entry.unknown_media}):
        yield f"Wistia knows no medium {media_id}: check `WISTIA_MEDIA_IDS`."


def _stage(stage: StageRun, state: str) -> dict[str, Any]:
    # A stage of a dead run that says it runs is the one that it died in.
    died = stage.state == "crashed" or (state == "crashed" and stage.state == "running")
    return {
        "stage": stage.stage,
        "state": "crashed" if died else stage.state,
        "started_at": stage.started_at,
        "finished_at": stage.finished_at,
        "error": stage.error or (SILENT if died else None),
        "remedy": stage.remedy or (GO_ON if died else None),
    }
