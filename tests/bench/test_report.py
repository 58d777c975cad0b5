import pytest

from tests.bench.measure import Took, floor_seconds, pages_of
from tests.bench.report import make_table, summarise
from tests.bench.scenarios import Result, Scale
from tests.soak.lakes import Gaps


def result(who: str, seconds: float, *, missing: int = 0, exit_code: int = 0) -> Result:
    took = Took(
        seconds=seconds,
        processor_seconds=1,
        peak_mb=90,
        exit_code=exit_code,
        requests=1_105,
        refused=0,
        gaps=Gaps(missing=missing, stale=0),
    )
    return Result("full load", who, Scale(110_471), took)


@pytest.mark.parametrize(
    ("visitors", "a_minute", "seconds"), [(110_471, 600, 110.5), (100, 6000, 0.01), (101, 60, 2)]
)
def test_the_floor_is_every_page_at_the_limit(visitors: int, a_minute: int, seconds: float) -> None:
    assert floor_seconds(pages_of(visitors), a_minute) == pytest.approx(seconds)


def test_repeats_become_their_median_and_the_worst_of_their_gaps() -> None:
    (line,) = summarise(
        [result("ours", 12), result("ours", 30, missing=7), result("ours", 13, exit_code=1)]
    )
    assert (line.runs, line.seconds, line.missing, line.failed) == (3, 13, 7, 1)


def test_a_row_holds_its_time_against_ours_and_against_the_floor() -> None:
    table = make_table(summarise([result("ours", 13), result("loop", 390, missing=2)]))
    # 1,105 pages at 6,000 a minute: a floor of 11.05 s.
    assert table.splitlines()[2:] == [
        "| 110,471 | full load | ours | 1 | 13.0 | 1.00 | 1.18 | 1.0 | 1,105 | 0 | 90 | 0 | 0 |",
        "| 110,471 | full load | loop | 1 | 390.0 | 30.00 | 35.29 | 1.0 | 1,105 | 0 | 90 | 2 | 0 |",
    ]


def test_a_failed_run_says_so_in_its_row() -> None:
    assert "| ours (1 failed) |" in make_table(summarise([result("ours", 1, exit_code=1)]))
