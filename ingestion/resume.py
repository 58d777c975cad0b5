"""Where a crawl that was broken off goes on."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Self

from ingestion.slices import Slice


@dataclass(frozen=True, slots=True)
class Resume:
    """What a later process needs to go on: times and digests, no names, about 3 kB.

    Everything above the boundary's last row has landed. Where that row is by then is found by its
    digest or its time, never by its offset alone.

    Attributes:
        started_at: When the crawl began, UTC.
        watermark: What the crawl will end with; None when its first page held no time.
        bound: How far down it reads; None for the end of the list.
        front_only: Whether the list is done and only its front is left.
        offset: Where the boundary, the last window proved, began.
        digests: Hex digests of the boundary's rows.
        first_at: `active_at` of the boundary's first row.
        last_at: `active_at` of the boundary's last row.
    """

    started_at: datetime
    watermark: datetime | None
    bound: datetime | None
    front_only: bool = False
    offset: int = 0
    digests: tuple[str | None, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def boundary(self) -> Slice | None:
        """The window to go on below; None to begin at the top."""
        if not self.digests:
            return None
        digests = tuple(bytes.fromhex(digest) if digest else None for digest in self.digests)
        return Slice(
            offset=self.offset,
            per_page=len(digests),
            sent=-1,
            received=-1,
            digests=digests,
            known=frozenset(digests) - {None},
            first_at=self.first_at,
            last_at=self.last_at,
        )

    def below(self, boundary: Slice) -> Self:
        """The same crawl, landed down to a window."""
        return replace(
            self,
            offset=boundary.offset,
            digests=tuple(digest.hex() if digest else None for digest in boundary.digests),
            first_at=boundary.first_at,
            last_at=boundary.last_at,
        )

    def to_json(self) -> dict[str, Any]:
        """The same as values that JSON has."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        times = {
            name: datetime.fromisoformat(values[name]) if values[name] else None
            for name in ("started_at", "watermark", "bound", "first_at", "last_at")
        }
        return cls(**(values | times | {"digests": tuple(values["digests"])}))
