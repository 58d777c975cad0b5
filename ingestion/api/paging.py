"""Where the reading of a list stands, how large its pages are, and when it has to end.

A list ends with an empty page. One that repeats itself, alternates, or never ends would be read
forever: it is given up with a reason, and what was read stays.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingestion.api.salvage import fields_of, record_of

if TYPE_CHECKING:
    from collections.abc import Callable

PER_PAGE = 100
# A page too slow to arrive is asked for again in pages of a fifth, down to these rows.
_FEWEST_PER_PAGE = 5
# A busy list moves by a whole page between two reads now and then, but not thrice in a row.
_PAGES_WITHOUT_NEWS = 3
# At a page a second more than an hour: of half a million rows.
MOST_PAGES = 5_000


class PageSize:
    """Rows a page, shared by every reader of one list: falls where pages are too slow."""

    def __init__(self) -> None:
        self.rows = PER_PAGE

    def lower(self, tried: int) -> bool:
        """Ask for smaller pages than these from now on; False when they cannot be smaller."""
        if tried <= _FEWEST_PER_PAGE:
            return False
        self.rows = min(self.rows, max(_FEWEST_PER_PAGE, tried // 5))
        return True


class Paging:
    """One list, read page after page; `gave_up` says why it was not read to its end, if it was not.

    It `is_endless` where each page brought news: what is asked for may only be too much for one.

    Args:
        name: What is said of it, `events of 2026-01-08`.
        size: The list's page size.
        identify: What names a row; its whole content when None.
        page: The page to read next.
        granted: The rows of each page above that one, where they are known.
    """

    def __init__(
        self,
        name: str,
        size: PageSize | None = None,
        identify: Callable[[dict[str, object]], object] | None = None,
        page: int = 1,
        granted: int = 0,
    ) -> None:
        self.name, self.page, self.size = name, page, size or PageSize()
        self.per_page = granted or self.size.rows
        self.gave_up: str | None = None
        self.is_endless = False
        # Rows of the largest page so far: a server may grant fewer than it is asked for.
        self._granted = granted
        self._identify = identify
        self._seen: set[int] = set()
        self._without_news = 0
        if self.size.rows < self.per_page:
            self._divide()

    def shrink(self) -> bool:
        """Read on in smaller pages from the same row; False when they cannot be smaller."""
        if not self.size.lower(self.per_page):
            return False
        self._divide()
        return True

    def _divide(self) -> None:
        read = (self.page - 1) * self._granted
        self.per_page = self.size.rows
        self.page = read // min(self.per_page, self._granted or self.per_page) + 1

    @property
    def usual_page(self) -> int:
        """The page of the usual size that holds the next row, or one before it."""
        if self.per_page == PER_PAGE:
            return self.page
        return (self.page - 1) * min(self.per_page, self._granted) // PER_PAGE + 1

    def goes_on(self, rows: list[object]) -> bool:
        """Take in a page: whether to read the next one."""
        news = set(map(self._name, rows)) - self._seen
        self._seen |= news
        self._without_news = 0 if news else self._without_news + 1
        self._granted = max(self._granted, len(rows))
        if self._without_news >= _PAGES_WITHOUT_NEWS and rows:
            self.gave_up = f"{self.name}: {self._without_news} pages in a row brought nothing new"
        elif self.page >= MOST_PAGES and rows:
            self.is_endless = True
            self.gave_up = f"{self.name}: there is no end after {self.page:,} pages"
        self.page += 1
        return bool(rows) and self.gave_up is None

    def _name(self, row: object) -> int:
        fields = fields_of(row)
        named = self._identify(fields) if self._identify and fields else None
        return hash(json.dumps(record_of(row)) if named is None else str(named))
