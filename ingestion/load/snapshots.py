"""Statistics of a medium that are of another day than the one they land on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.config.timestamps import compact_timestamp, format_timestamp
from ingestion.load.bronze import RAW, compress, digest, encode, write_object
from ingestion.state.checkpoint import identity_of

if TYPE_CHECKING:
    from ingestion.admin.job import Job
    from ingestion.load.loader import Landing
    from ingestion.resources import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.storage.base import Lake


def land_old_snapshot(  # noqa: PLR0913 - what a snapshot is made of
    job: Job,
    landing: Landing,
    resource: Resource,
    media_id: str,
    body: dict[str, object],
    *,
    taken_at: datetime,
) -> str:
    """Land a medium's statistics of another day under today's date.

    Args:
        job: The command.
        landing: Open for the resource; counts it.
        resource: A `snapshot` resource.
        media_id: Whose.
        body: As the API gave it.
        taken_at: When the API gave it; the line's `snapshot_ts`, and the time in its name.

    Returns:
        The digest of its content.
    """
    now, moment = job.run.clock(), taken_at.astimezone(UTC)
    stamped = {
        **body,
        "media_id": media_id,
        "snapshot_ts": format_timestamp(moment),
        "ingested_at": format_timestamp(now),
        "run_id": job.manifest.run_id,
    }
    folder = f"{RAW}/{resource.name}/ingest_date={now.date().isoformat()}"
    while job.lake.get(
        key := f"{folder}/{resource.name}_{media_id}_{compact_timestamp(moment)}.json.gz"
    ):
        moment += timedelta(seconds=1)
    stored = write_object(job.lake, key, compress(encode(stamped) + b"\n"), 1)
    landing.entry.objects.append(stored)
    landing.entry.records += 1
    return digest(body)


class NewestSnapshots:
    """When each medium's newest snapshot was taken: only a newer one is the state's."""

    def __init__(self, lake: Lake, resource: Resource) -> None:
        """Read the times in the names of what has landed."""
        self._newest: dict[str, str] = {}
        for key in lake.list(f"{RAW}/{resource.name}"):
            name = key.rpartition("/")[2].removeprefix(f"{resource.name}_")
            media_id, _, taken = name.removesuffix(".json.gz").rpartition("_")
            self._newest[media_id] = max(taken, self._newest.get(media_id, ""))

    def is_known(
        self, state: ResourceState, media_id: str, version: str, taken_at: datetime
    ) -> bool:
        """Whether a snapshot newer than all that landed says what the newest said."""
        seen = state.known.get(identity_of(media_id))
        is_newer = compact_timestamp(taken_at) >= self._newest.get(media_id, "")
        return is_newer and seen is not None and seen.digest == version

    def note(self, state: ResourceState, media_id: str, version: str, taken_at: datetime) -> None:
        """Remember a landed version, unless a newer one has landed."""
        taken = compact_timestamp(taken_at)
        state.records += 1
        if taken >= self._newest.get(media_id, ""):
            self._newest[media_id] = taken
            state.note(identity_of(media_id), version, None)
