"""What looks at both ends of a list prove."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion.extract.visitor_list.slices import Purpose, Read, Row, Slice, reach, straddle
from ingestion.extract.visitor_list.watch import Watch, rows_on_top
from tests.ingestion.extract.list_model import EPOCH

FRONT = (b"a", b"b", b"c")
DEEP = (b"x", b"y", b"z")


def anchor(sent: int, digests: tuple[bytes, ...] = DEEP) -> Slice:
    read = Read(sent, 4, len(DEEP), Purpose.LOOK)
    rows = [Row(EPOCH - timedelta(seconds=i), one, None) for i, one in enumerate(digests)]
    return Slice.of(read).fill(rows, sent + 2)


def open_watch() -> Watch:
    watch = Watch()
    watch.restart(FRONT)
    watch.open(anchor(10))
    return watch


def test_two_equal_looks_prove_the_stretch_between_them() -> None:
    watch = open_watch()
    watch.look(anchor(20), FRONT)
    assert watch.level((12, 20)) == (0, 0)
    assert watch.level((13, 21)) is None
    assert watch.is_hopeless((11, 15))
    assert not watch.is_hopeless((13, 21))


def test_an_arrival_between_two_looks_is_a_step() -> None:
    watch = open_watch()
    watch.look(anchor(20), FRONT)
    watch.look(anchor(30, (b"w", b"x", b"y")), (b"n", b"a", b"b"))
    watch.look(anchor(40, (b"w", b"x", b"y")), (b"n", b"a", b"b"))
    assert watch.level((13, 19)) == (0, 0)
    assert watch.level((13, 21)) == (0, 1)
    assert watch.level((31, 39)) == (0, 1)
    assert watch.level((33, 39)) == (1, 1)


def test_nothing_is_known_to_have_stood_still_before_the_watch_was_open() -> None:
    assert not Watch().has_stood_since((1, 2))
    watch = open_watch()
    assert not watch.has_stood_since((11, 15))
    assert watch.has_stood_since((13, 15))


def test_what_was_cut_before_an_arrival_has_not_stood_still_since() -> None:
    watch = open_watch()
    watch.look(anchor(20), FRONT)
    assert watch.has_stood_since((13, 15))
    watch.look(anchor(30, (b"w", b"x", b"y")), (b"n", b"a", b"b"))
    assert not watch.has_stood_since((33, 35))
    watch.look(anchor(40, (b"w", b"x", b"y")), (b"n", b"a", b"b"))
    assert not watch.has_stood_since((13, 15))
    assert watch.has_stood_since((33, 35))


def test_where_the_counts_differ_nothing_has_stood_still() -> None:
    watch = open_watch()
    watch.look(anchor(20), (b"n", b"a", b"b"))
    assert not watch.has_stood_since((13, 15))
    watch.look(anchor(30), (b"n", b"a", b"b"))
    assert not watch.has_stood_since((33, 35))


def test_a_shift_between_two_windows_shows_that_the_list_has_moved() -> None:
    watch = open_watch()
    watch.saw_shift((13, 15), (14, 16), 1)
    assert not watch.has_stood_since((17, 18))


def test_an_arrival_between_anchor_and_first_page_is_counted_one_look_later() -> None:
    watch = open_watch()
    watch.look(anchor(20), (b"n", b"a", b"b"))
    assert watch.level((13, 19)) is None
    watch.look(anchor(30, (b"w", b"x", b"y")), (b"n", b"a", b"b"))
    assert watch.level((13, 25)) == (0, 1)


@pytest.mark.parametrize(
    ("deep", "front"),
    [
        (DEEP, (b"n", b"a", b"b")),
        ((b"y", b"z", b"!"), FRONT),
        ((b"y", b"z", b"!"), (b"n", b"a", b"b")),
        (DEEP, (b"a", b"c", b"d")),
        ((), FRONT),
        ((b"p", b"q", b"r"), FRONT),
    ],
    ids=[
        "one came and one went",
        "one went",
        "one came and two went",
        "one went from the first page",
        "the anchor is beyond the end",
        "the anchor is another page",
    ],
)
def test_nothing_is_proved_when_rows_went_away(
    deep: tuple[bytes, ...], front: tuple[bytes, ...]
) -> None:
    watch = open_watch()
    watch.look(anchor(20, deep), front)
    watch.look(anchor(30, deep), front)
    assert watch.level((13, 19)) is None


def test_looks_go_on_after_a_move() -> None:
    watch = open_watch()
    moved = (b"y", b"z", b"!")
    watch.look(anchor(20, moved), FRONT)
    assert watch.restless
    watch.look(anchor(30, moved), FRONT)
    assert not watch.restless
    assert watch.level((22, 30)) == (0, 0)


def test_a_shift_that_the_looks_missed_ends_their_credit() -> None:
    watch = open_watch()
    watch.look(anchor(20), FRONT)
    watch.saw_shift((13, 15), (14, 17), 1)
    assert watch.level((13, 15)) is None


def test_a_shift_that_an_arrival_explains_does_not() -> None:
    watch = open_watch()
    watch.saw_shift((13, 15), (14, 17), 1)
    watch.look(anchor(20, (b"w", b"x", b"y")), (b"n", b"a", b"b"))
    assert watch.level((13, 15)) == (0, 1)


def test_a_deeper_anchor_is_taken_only_from_a_quiet_stretch() -> None:
    deeper = Slice.of(Read(13, 9, 3, Purpose.PROBE)).fill([Row(None, b"q", None)], 15)
    watch = open_watch()
    watch.deepen(deeper)
    assert watch.anchor is not deeper
    watch.look(anchor(20), FRONT)
    watch.deepen(deeper)
    assert watch.anchor is deeper


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [(b"abc", b"abc", 0), (b"abc", b"nab", 1), (b"abc", b"bcd", None), (b"ab", b"nab", 1)],
)
def test_rows_put_on_top_of_a_page_are_counted(
    before: bytes, after: bytes, rows: int | None
) -> None:
    assert rows_on_top(tuple(map(bytes, zip(before))), tuple(map(bytes, zip(after)))) == rows


def test_windows_reach_far_and_still_overlap() -> None:
    assert reach(100, 100, 1) == (2, 99)  # rows 99 to 197
    assert reach(100, 100, 0) == (2, 100)  # rows 100 to 199
    assert reach(198, 100, 1) == (3, 98)  # rows 196 to 293


def test_every_seam_between_pages_of_100_is_straddled_by_30_rows() -> None:
    for seam in range(100, 120_000, 100):
        page, per_page = straddle(seam, 100)
        assert (page - 1) * per_page + 30 <= seam <= page * per_page - 30
