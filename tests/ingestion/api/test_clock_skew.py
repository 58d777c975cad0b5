"""A run with a wrong clock is refused before it writes what no later run would find."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.api.clock_skew import ClockSkew, describe, parse_http_date
from ingestion.config.errors import ClockError
from tests.ingestion.account import visitors
from tests.ingestion.conftest import Bench

HERE = datetime(2026, 1, 9, 12, 0, 0, tzinfo=UTC)


def skewed(seconds: float, **headers: str) -> ClockSkew:
    """What a machine at noon makes of an answer so many seconds before it."""
    skew = ClockSkew(lambda: HERE)
    made = HERE - timedelta(seconds=seconds)
    skew.note({"Date": f"{made:%a, %d %b %Y %H:%M:%S} GMT"} | headers)
    return skew


@pytest.mark.parametrize("seconds", [0, 1, -1, 600, -600])
def test_ten_minutes_either_way_are_borne(seconds: int) -> None:
    assert skewed(seconds).largest == timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [601, -601, 3.5 * 86_400, -60 * 86_400])
def test_more_than_ten_minutes_are_refused_and_both_times_said(seconds: float) -> None:
    with pytest.raises(ClockError) as caught:
        skewed(seconds)

    made = HERE - timedelta(seconds=seconds)
    assert "clock says 2026-01-09 12:00:00 UTC" in str(caught.value)
    assert f"the API's {made:%Y-%m-%d %H:%M:%S} UTC" in str(caught.value)


@pytest.mark.parametrize(
    "date",
    ["", "soon", "0", "2026-01-02", "Fri, 02 Jan 2026", "Fri, 99 Foo 2026 10:00:00 GMT", "9" * 40],
)
def test_a_date_that_is_none_is_passed_over(date: str) -> None:
    skew = ClockSkew(lambda: HERE)

    skew.note({"Date": date})
    skew.note({})

    assert skew.largest is None


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 09 Jan 2026 12:00:00 GMT",
        "Friday, 09-Jan-26 12:00:00 GMT",
        "Fri Jan  9 12:00:00 2026",
        "Fri, 09 Jan 2026 14:00:00 +0200",
    ],
)
def test_every_form_of_a_date_is_read(text: str) -> None:
    assert parse_http_date(text) == HERE


def test_an_answer_out_of_a_cache_is_as_old_as_it_says() -> None:
    assert skewed(7_200, Age="7200").largest == timedelta(0)
    # A cache that renews Date and tells an Age all the same.
    assert skewed(0, Age="7200").largest == timedelta(0)
    assert skewed(7_200, Age="7000").largest == timedelta(seconds=200)
    for nonsense in ("", "-7200", "old", "7200.5", "²"):
        with pytest.raises(ClockError):
            skewed(7_200, Age=nonsense)
    with pytest.raises(ClockError):
        skewed(-7_200, Age="7200")


def test_skews_are_told_in_the_unit_that_fits() -> None:
    said = [describe(timedelta(seconds=s)) for s in (-40, 660, 7_200, 302_400)]
    assert said == ["40 seconds", "11 minutes", "2.0 hours", "3.5 days"]


@pytest.mark.parametrize("days", [3.5, -1, 60])
def test_a_run_with_a_wrong_clock_leaves_no_trace(bench: Bench, days: float) -> None:
    bench.api.visitors = visitors(3)
    there = bench.clock.now.timestamp()
    bench.wire.tells = lambda: there
    bench.clock.now += timedelta(days=days)

    with pytest.raises(ClockError):
        bench.ingest()

    assert bench.home.keys() == []
    assert len(bench.wire.asked) == 1


def test_a_clock_that_jumps_during_a_run_ends_it_and_what_landed_stays(bench: Bench) -> None:
    bench.api.visitors = visitors(3)
    there, answer = bench.clock.now.timestamp(), bench.wire.answer
    bench.wire.tells = lambda: there

    def jump(asked: object) -> object:
        if getattr(asked, "path", "").endswith("/events"):
            bench.clock.now += timedelta(hours=1)
        return answer(asked)  # type: ignore[arg-type]

    bench.wire.answer = jump  # type: ignore[assignment]
    with pytest.raises(ClockError, match="differ by"):
        bench.ingest()

    (run,) = bench.manifests()
    assert (run.state, run.resource("visitors").records) == ("failed", 3)
    assert "clock" in str(run.stages[0].error)


def test_an_api_without_a_clock_is_read_all_the_same(bench: Bench) -> None:
    bench.api.visitors = visitors(3)
    bench.wire.tells = None

    assert bench.ingest().exit_code == 0
