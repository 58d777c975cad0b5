"""One kind of record: where it is asked for, what it looks like, and what names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestion.storage.json_lines import ADDED_FIELDS, STAMPS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from datetime import timedelta

    from ingestion.load.schemas import Record


@dataclass(frozen=True, slots=True)
class Resource:
    """A row of the table `ingestion.resources`.

    Attributes:
        name: The folder below `raw-data/`, and what the command line calls it.
        path: Below the base URL; `{media_id}` is filled in for each video.
        schema: The shape a record must have to be loaded, and what of it tells of nobody.
        extract: Reads it: `extract(work, resource)`, with the run's `Ingest`. A generator yields
            whenever only requests are left that hang: other resources are read meanwhile.
        key: The fields that together name a record.
        active_at: The field with a record's own time.
        read_again: How far behind the watermark the next run reads, by whole days; None is
            WISTIA_OVERLAP_HOURS.
        is_optional: Whether a run goes on where the account or its plan has none of it.
    """

    name: str
    path: str
    schema: type[Record]
    extract: Callable[[Any, Resource], Generator[None] | None]
    key: tuple[str, ...]
    active_at: str = ""
    read_again: timedelta | None = None
    is_optional: bool = False

    @property
    def is_of_media(self) -> bool:
        """Whether it is read for each video."""
        return "{media_id}" in self.path

    @property
    def is_snapshot(self) -> bool:
        """Whether an answer is one record, of one video or of the account."""
        return self.key == ("media_id",)

    def split(self, record: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
        """What the API said in a record of bronze, and what was added to it."""
        ours = ADDED_FIELDS if self.is_snapshot else STAMPS
        body = {name: value for name, value in record.items() if name not in ours}
        return body, {name: value for name, value in record.items() if name in ours}

    def identify(self, record: Mapping[str, object]) -> object:
        """What names a record among all of its resource."""
        if len(self.key) == 1:
            return record.get(self.key[0])
        return " ".join(str(record.get(name)) for name in self.key)
