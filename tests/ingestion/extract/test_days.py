"""The days of media: each as it was told last, those before them remembered no longer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ingestion.extract.context import Scope
from tests.ingestion.conftest import Bench

DAY = timedelta(days=1)
DAYS = Scope(resource="media_by_date")


def day(text: str, **changes: object) -> dict[str, Any]:
    return {"date": text, "load_count": 2, "play_count": 1, "hours_watched": 0.5} | changes


def asked(bench: Bench) -> list[tuple[str, str]]:
    found = [
        (one.query["start_date"][0], one.query["end_date"][0])
        for one in bench.wire.asked
        if one.path.endswith("by_date")
    ]
    bench.wire.asked.clear()
    return found


@pytest.fixture
def two_years(bench: Bench) -> Bench:
    """A video with a row a day; the bench's clock stands at 2026-01-09 UTC, 8 in New York."""
    bench.api.add_medium("abc")
    days = (date(2026, 1, 8) - n * DAY for n in range(731))
    bench.api.days["abc"] = [day(one.isoformat()) for one in days]
    return bench


def test_days_land_when_they_are_new_or_restated(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.days["abc"] = [day(f"2026-01-0{n}", load_count=n) for n in range(1, 9)]
    bench.ingest(DAYS)
    assert [row["date"] for row in bench.rows("media_by_date")] == [
        f"2026-01-0{n}" for n in range(1, 9)
    ]
    assert {row["media_id"] for row in bench.rows("media_by_date")} == {"abc"}
    bench.api.days["abc"][3]["hours_watched"] = 0.6
    bench.clock.now += DAY
    bench.wire.asked.clear()
    run = bench.ingest(DAYS)
    # New York's 8 January when the first run was; 30 days before it.
    (one,) = [one for one in bench.wire.asked if one.path.endswith("by_date")]
    assert (one.query["start_date"], one.query["end_date"]) == (["2025-12-09"], ["2026-01-09"])
    assert (run.resource("media_by_date").records, bench.rows("media_by_date")[-1]["date"]) == (
        1,
        "2026-01-04",
    )


def test_only_what_is_asked_again_is_remembered(two_years: Bench) -> None:
    bench = two_years
    bench.ingest(DAYS)
    assert len(bench.rows("media_by_date")) == 731
    # 8 January and the 30 days before it.
    state = bench.state("media_by_date")
    assert len(state["known"]) == 31
    assert state["newest_at"].startswith("2026-01-08")
    bench.clock.now += DAY
    bench.api.days["abc"].insert(0, day("2026-01-09"))
    assert bench.ingest(DAYS).resource("media_by_date").records == 1
    assert len(bench.state("media_by_date")["known"]) == 31
    bench.home.remove("state/media_by_date.json")
    bench.clock.now += DAY
    assert bench.ingest(DAYS).resource("media_by_date").records == 0


def test_a_backfill_lands_older_days_again_and_newer_ones_not(two_years: Bench) -> None:
    bench = two_years
    bench.ingest(DAYS)
    bench.clock.now += DAY
    since = date(2025, 11, 1)
    run = bench.ingest(Scope(resource="media_by_date", since=since))
    # November, and December up to the 8th; from the 9th on they were remembered.
    assert run.resource("media_by_date").records == 30 + 8
    assert run.resource("media_by_date").unchanged == 31


def test_a_backfill_of_the_newest_days_leaves_no_gap(two_years: Bench) -> None:
    bench = two_years
    bench.ingest(Scope(resource="media_by_date", since=date(2026, 1, 5)))
    assert asked(bench) == [("2026-01-05", "2026-01-08")]
    assert bench.state("media_by_date")["watermark"] is None
    run = bench.ingest(DAYS)
    assert min(first for first, _ in asked(bench)) == "2024-01-09"
    assert run.resource("media_by_date").records == 731 - 4
    bench.clock.now = datetime(2026, 3, 9, 12, tzinfo=UTC)
    bench.ingest(Scope(resource="media_by_date", since=date(2026, 3, 1)))
    asked(bench)
    bench.ingest(DAYS)
    assert asked(bench) == [("2025-12-09", "2026-03-09")]


def test_a_medium_that_is_gone_is_noted(bench: Bench) -> None:
    bench.api.add_medium("abc")
    del bench.api.stats["abc"]
    run = bench.ingest(DAYS)
    (note,) = run.resource("media_by_date").notes
    assert "/stats/medias/abc/by_date" in note


def test_a_video_that_is_new_to_the_lake_is_read_from_its_first_day_on(two_years: Bench) -> None:
    bench = two_years
    bench.ingest(DAYS)
    bench.api.add_medium("def")
    bench.api.days["def"] = [day("2024-03-01"), day("2026-01-08")]
    bench.clock.now += DAY
    bench.home.remove("state/media_by_date.json")
    bench.wire.asked.clear()

    assert bench.ingest(DAYS).resource("media_by_date").records == 2

    news = [one for one in bench.wire.asked if one.path.endswith("/def/by_date")]
    assert min(one.query["start_date"][0] for one in news) == "2024-01-10"
    known = [one for one in bench.wire.asked if one.path.endswith("/abc/by_date")]
    assert [one.query["start_date"] for one in known] == [["2025-12-09"]]
    bench.clock.now += DAY
    asked(bench)
    bench.ingest(DAYS)
    assert asked(bench) == [("2025-12-10", "2026-01-10")] * 2


@pytest.mark.parametrize("loses_state", [False, True])
def test_a_video_that_was_away_for_months_has_no_gap(
    two_years: Bench,
    loses_state: bool,  # noqa: FBT001 - of parametrize
) -> None:
    bench = two_years
    bench.api.add_medium("def")
    bench.api.days["def"] = [day("2026-01-08")]
    bench.ingest(DAYS)
    for _ in range(3):
        bench.clock.now += 40 * DAY
        bench.ingest(DAYS, wistia_media_ids=("abc",))
        # The others' watermark waits for nobody.
        assert bench.state("media_by_date")["watermark"][:10] == f"{bench.clock.now:%Y-%m-%d}"
    bench.api.days["def"].insert(0, day("2026-02-20"))
    if loses_state:
        bench.home.remove("state/media_by_date.json")

    bench.ingest(DAYS)

    assert [row["date"] for row in bench.rows("media_by_date")].count("2026-02-20") == 1


def test_a_lake_of_before_asks_no_video_for_its_past_again(two_years: Bench) -> None:
    bench = two_years
    bench.ingest(DAYS)
    run = bench.manifests()[-1]
    run.resources[0].whole = []
    run.save(bench.lake())
    bench.home.remove("state/media_by_date.json")
    bench.clock.now += DAY
    asked(bench)

    bench.ingest(DAYS)

    assert asked(bench) == [("2025-12-09", "2026-01-09")]
