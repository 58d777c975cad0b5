"""The predecessor's published figures, to the digit."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.wistia.account.history import falling
from tests.support.machine.servers import Sandbox, running_sandbox


@pytest.mark.parametrize(
    ("medium", "counts", "shares", "hours"),
    [
        ("gskhw4w4lm", (111166, 16681, 104556), (0.154950, 0.167007), 336.975662),
        ("v08dlrgr7v", (110735, 43810, 94643), (0.435035, 0.500445), 2651.986970),
    ],
)
def test_media_have_the_published_figures(
    reading: Sandbox,
    medium: str,
    counts: tuple[int, int, int],
    shares: tuple[float, float],
    hours: float,
) -> None:
    stats = reading.json(f"/stats/medias/{medium}")
    assert (stats["load_count"], stats["play_count"], stats["visitors"]) == counts
    assert (round(stats["play_rate"], 6), round(stats["engagement"], 6)) == shares
    assert round(stats["hours_watched"], 6) == hours
    unique_plays = stats["play_rate"] * stats["visitors"]
    assert unique_plays == pytest.approx(round(unique_plays), abs=1e-9)
    watched = stats["engagement"] * stats["play_count"] * 435.456 / 3600
    assert stats["hours_watched"] == pytest.approx(watched, rel=1e-12)
    assert sorted(stats) == [
        "engagement",
        "hours_watched",
        "load_count",
        "play_count",
        "play_rate",
        "visitors",
    ]


@pytest.mark.parametrize(
    ("medium", "name", "ends", "total"),
    [
        (
            "gskhw4w4lm",
            "engagement_data",
            ([16108, 9796, 9394, 8996, 8649], [1790, 1785, 1780, 1754, 2060]),
            1297210,
        ),
        ("gskhw4w4lm", "rewatch_data", ([1542, 663, 629, 570, 542], [53, 52, 52, 48, 133]), 57850),
        (
            "v08dlrgr7v",
            "engagement_data",
            ([45074, 40660, 40227, 39499, 38867], [15529, 15386, 15225, 14965, 15719]),
            10103978,
        ),
        (
            "v08dlrgr7v",
            "rewatch_data",
            ([4645, 2517, 2502, 2390, 2286], [440, 436, 414, 400, 738]),
            435865,
        ),
    ],
)
def test_curves_have_the_published_ends_and_sums(
    reading: Sandbox, medium: str, name: str, ends: tuple[list[int], list[int]], total: int
) -> None:
    cells = reading.json(f"/stats/medias/{medium}/engagement")[name]
    assert len(cells) == 436
    assert (cells[:5], cells[-5:]) == ends
    assert sum(cells) == total
    assert all(after <= before for before, after in pairwise(cells[:-1]))


@given(st.integers(0, 50_000), st.integers(0, 50_000), st.integers(1, 300), st.floats(0, 1))
def test_a_curve_falls_between_its_ends_to_any_possible_sum(
    one: int, other: int, points: int, share: float
) -> None:
    low, high = sorted((one, other))
    total = low * points + int(share * (high - low) * points)
    cells = falling(high, low, points, total)
    assert len(cells) == points
    assert sum(cells) == total
    assert high >= cells[0]
    assert cells[-1] >= low
    assert all(after <= before for before, after in pairwise(cells))


def test_a_curve_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="3 cells between 1 and 5 cannot sum to 16"):
        falling(5, 1, 3, 16)


def test_runs_two_and_three_find_4_and_24_new_visitors_and_unchanged_media() -> None:
    with running_sandbox(visitors=110_471, today="2026-01-09") as server:
        before = [server.json(f"/stats/medias/{m}") for m in ("gskhw4w4lm", "v08dlrgr7v")]
        assert server.control("GET", "state")["now"] == "2026-01-08T00:01:48.000Z"
        assert server.advance(new=4, hours=1)["visitors"] == 110_475
        state = server.advance(new=24, hours=23)
        assert state["visitors"] == 110_499
        assert state["now"] == "2026-01-09T00:01:48.000Z"
        assert len(server.json("/stats/visitors", page=1105, per_page=100)) == 99
        assert server.json("/stats/visitors", page=1106, per_page=100) == []
        after = [server.json(f"/stats/medias/{m}") for m in ("gskhw4w4lm", "v08dlrgr7v")]
        assert after == before


def test_another_day_shifts_the_history_by_whole_days() -> None:
    def newest(today: str) -> dict[str, object]:
        with running_sandbox(today=today) as server:
            visitor: dict[str, object] = server.json("/stats/visitors", per_page=1)[0]
            return visitor

    ninth, nineteenth = newest("2026-01-09"), newest("2026-01-19")
    assert ninth["visitor_key"] == nineteenth["visitor_key"]
    assert ninth["load_count"] == nineteenth["load_count"]
    assert str(ninth["last_active_at"])[10:] == str(nineteenth["last_active_at"])[10:]
    assert (
        int(str(nineteenth["last_active_at"])[8:10]) - int(str(ninth["last_active_at"])[8:10]) == 10
    )
