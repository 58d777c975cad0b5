"""What a bucket gathers and nobody reads any more goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.storage.base import open_lake

if TYPE_CHECKING:
    from flows.athena.maintenance import Maintenance
    from ingestion.config.settings import Settings


def maintain(settings: Settings) -> Maintenance | None:
    """Maintain the tables of a lake in a bucket, while no build is at work; None for a folder.

    Raises:
        BuildError: AWS refuses a step; those before it are done.
        LakeBusyError: A build is at work.
    """
    lake = open_lake(settings)
    if not settings.on_s3:
        return None
    from flows.athena.maintenance import maintain_bucket  # noqa: PLC0415 - awswrangler

    with lake.lock("build"):
        return maintain_bucket(settings)
