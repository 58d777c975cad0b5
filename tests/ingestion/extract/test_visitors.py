"""Visitors from the wire to bronze: what is counted, what is said, where a broken crawl goes on."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from ingestion.config.errors import AuthenticationError
from ingestion.extract.context import Scope
from ingestion.extract.drifting_list import Resume
from ingestion.state.manifest import ResourceRun
from tests.ingestion.account import NOON, visitor, visitors
from tests.ingestion.api.wire import Asked, Reply, as_json
from tests.ingestion.conftest import Bench

HOUR = timedelta(hours=1)
ONLY = Scope(resource="visitors")
REFUSED = as_json({"code": "unauthorized_credentials", "error": "no"}, 401)
# As the code before decision 0020 left it.
OLD_RESUME: dict[str, Any] = {
    "started_at": "2026-01-09T00:00:00+00:00",
    "watermark": "2026-01-08T12:00:00+00:00",
    "bound": None,
    "front_only": False,
    "boundary": {
        "offset": 300,
        "digests": ["00ff00ff00ff00ff", None],
        "first_at": "2026-01-08T07:00:00+00:00",
        "last_at": "2026-01-08T06:00:00+00:00",
    },
    "pending": None,
}


def break_off(bench: Bench, answers: int) -> ResourceRun:
    """A run that ends when the API refuses the token after so many pages of visitors."""
    real, left = bench.wire.answer, iter(range(answers))

    def answer(asked: Asked) -> Reply:
        is_visitors = asked.path == "/v1/stats/visitors"
        return REFUSED if is_visitors and next(left, None) is None else real(asked)

    bench.wire.answer = answer
    with pytest.raises(AuthenticationError):
        bench.ingest(ONLY)
    bench.wire.answer = real
    return bench.manifests()[-1].resource("visitors")


def keys(count: int) -> list[str]:
    return [visitor(number)["visitor_key"] for number in range(count)]


def requests(bench: Bench) -> int:
    return sum(asked.path == "/v1/stats/visitors" for asked in bench.wire.asked)


def test_a_row_that_two_windows_show_is_counted_once(bench: Bench) -> None:
    bench.api.visitors = visitors(1_050)

    entry = bench.ingest(ONLY).resource("visitors")

    assert bench.keys("visitors") == keys(1_050)
    assert (entry.records, entry.unchanged, entry.quarantined) == (1_050, 0, 0)


def test_a_day_of_4_new_and_20_returning_is_one_request(bench: Bench) -> None:
    everyone = [visitor(n, NOON - n * HOUR) for n in range(1_050)]
    bench.api.visitors = [*everyone]
    bench.ingest(ONLY)
    before = requests(bench)
    moved = [visitor(n, NOON + HOUR) for n in (*range(2_000, 2_004), *range(900, 920))]
    bench.api.visitors = [*moved, *everyone[:900], *everyone[920:]]

    entry = bench.ingest(ONLY).resource("visitors")

    assert entry.records == 24
    assert requests(bench) - before == 1


def test_a_crawl_that_was_broken_off_goes_on_below_what_landed(bench: Bench) -> None:
    bench.api.visitors = visitors(2_500)
    broken = break_off(bench, answers=20)
    before = requests(bench)

    entry = bench.ingest(ONLY).resource("visitors")

    assert Resume.model_validate(broken.resume)
    assert entry.crawl == broken.crawl
    assert broken.records + entry.records == 2_500
    assert sorted(bench.keys("visitors")) == sorted(keys(2_500))
    assert requests(bench) - before < 40


def test_where_older_code_left_off_is_ignored_and_the_list_read_anew(bench: Bench) -> None:
    bench.api.visitors = visitors(1_050)
    break_off(bench, answers=9)
    manifest = bench.manifests()[-1]
    manifest.resource("visitors").resume = OLD_RESUME
    manifest.save(bench.lake())

    run = bench.ingest(ONLY)

    assert run.exit_code == 0
    assert set(bench.keys("visitors")) == set(keys(1_050))
    assert bench.state("visitors")["watermark"] is not None


def test_a_list_in_no_order_is_read_whole_and_that_is_said(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.api.visitors = visitors(900)
    bench.ingest(ONLY)
    rows = visitors(900)
    rows[3], rows[800] = visitor(800, load_count=9), rows[3]
    bench.api.visitors = rows

    with caplog.at_level(logging.WARNING):
        entry = bench.ingest(ONLY).resource("visitors")

    assert "visitors are not in order of last activity: reading all of them" in caplog.text
    assert entry.violations >= 1
    assert entry.records + entry.unchanged >= 900
    assert {"v000800-2cbe4e"} <= {r["visitor_key"] for r in bench.rows("visitors")[900:]}


def test_rows_without_a_usable_time_land_like_any_other(bench: Bench) -> None:
    rows = visitors(330)
    for place in range(40, 260):
        rows[place] = visitor(place, at=None, last_active_at=None)
    bench.api.visitors = rows

    run = bench.ingest(ONLY)

    entry = run.resource("visitors")
    assert entry.records + entry.quarantined == 330
    assert not entry.is_cut_short
