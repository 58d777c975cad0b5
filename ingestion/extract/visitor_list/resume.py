"""Where a crawl that was broken off goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from ingestion.extract.visitor_list.slices import Slice

if TYPE_CHECKING:
    from ingestion.extract.visitor_list.watch import Digests

# Rows: less would make a part of every few windows where each is proved as it comes.
_LEAP = 5_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A window as it is kept: where it was asked for, and what it held, without names.

    Attributes:
        offset: Where it began.
        per_page: How many rows were asked for.
        digests: Hex digests of its rows.
        first_at: `active_at` of its first row.
        last_at: `active_at` of its last row.
    """

    offset: int
    per_page: int
    digests: tuple[str | None, ...]
    first_at: datetime | None = None
    last_at: datetime | None = None

    @classmethod
    def of(cls, one: Slice) -> Mark:
        """What is kept of a window."""
        return cls(one.offset, one.per_page, _to_hex(one.digests), one.first_at, one.last_at)

    @property
    def slice(self) -> Slice:
        """The window, read before anything else was."""
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

    @property
    def where(self) -> tuple[int, int]:
        """`(page, per_page)` that asks for it again."""
        return self.offset // self.per_page + 1, self.per_page

    def is_same(self, digests: Digests) -> bool:
        """Whether an answer holds just the same rows."""
        return self.digests == _to_hex(digests)

    def to_json(self) -> dict[str, Any]:
        """The same as values that JSON has."""
        times = {"first_at": _text(self.first_at), "last_at": _text(self.last_at)}
        rows = {"offset": self.offset, "per_page": self.per_page, "digests": self.digests}
        return rows | times

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Mark:
        """Read what `to_json` gave."""
        digests = tuple(values["digests"])
        times = _time(values["first_at"]), _time(values["last_at"])
        return cls(int(values["offset"]), int(values["per_page"]), digests, *times)


@dataclass(frozen=True, slots=True)
class Pending:
    """Windows that landed and wait for a look; if both ends are still the same, they are proved.

    Attributes:
        boundary: The last of them.
        anchor: The page far down, as the last look saw it.
        front: The first page, as the last look saw it.
    """

    boundary: Mark
    anchor: Mark
    front: Mark

    def to_json(self) -> dict[str, Any]:
        """The same as values that JSON has."""
        marks = {"boundary": self.boundary, "anchor": self.anchor, "front": self.front}
        return {name: mark.to_json() for name, mark in marks.items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Pending:
        """Read what `to_json` gave."""
        names = "boundary", "anchor", "front"
        return cls(*(Mark.from_json(values[name]) for name in names))


@dataclass(frozen=True, slots=True)
class Resume:
    """What a later process needs to go on: times and digests, no names, about 10 kB.

    Everything above the boundary's last row has landed. Where that row is by then is found by its
    digest or its time, never by its offset alone.

    Attributes:
        started_at: When the crawl began, UTC.
        watermark: What the crawl will end with; None when its first page held no time.
        bound: How far down it reads; None for the end of the list.
        front_only: Whether the list is done and only its front is left.
        boundary: The last window proved; None to begin at the top.
        pending: What landed below it, and how to prove it; None without any.
    """

    started_at: datetime
    watermark: datetime | None
    bound: datetime | None
    front_only: bool = False
    boundary: Mark | None = None
    pending: Pending | None = None

    @property
    def rows(self) -> int:
        """Rows above the end of the boundary, when it was read."""
        return self.boundary.offset + len(self.boundary.digests) if self.boundary else 0

    def below(self, boundary: Slice, pending: Pending | None) -> Self:
        """The same crawl, landed down to a window."""
        return replace(self, boundary=Mark.of(boundary), pending=pending)

    def to_json(self) -> dict[str, Any]:
        """The same as values that JSON has."""
        return {
            "started_at": _text(self.started_at),
            "watermark": _text(self.watermark),
            "bound": _text(self.bound),
            "front_only": self.front_only,
            "boundary": self.boundary and self.boundary.to_json(),
            "pending": self.pending and self.pending.to_json(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        boundary, pending = values["boundary"], values["pending"]
        return cls(
            started_at=datetime.fromisoformat(values["started_at"]),
            watermark=_time(values["watermark"]),
            bound=_time(values["bound"]),
            front_only=bool(values["front_only"]),
            boundary=boundary and Mark.from_json(boundary),
            pending=pending and Pending.from_json(pending),
        )


def has_leapt(saved: Resume | None, now: Resume | None) -> bool:
    """Whether so much more is proved than was saved that it is worth a save of its own.

    A look proves a hundred windows at once. What is proved needs no look after a crash, so it is
    what still holds when the list has moved by then.
    """
    if now is None or now.front_only:
        return False
    return now.rows - (saved.rows if saved else 0) >= _LEAP


def _to_hex(digests: Digests) -> tuple[str | None, ...]:
    return tuple(digest.hex() if digest else None for digest in digests)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
