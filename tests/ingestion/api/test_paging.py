"""Lists that never end are given up, pages too slow are made smaller, nothing is told twice."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

import ingestion.api.client
import ingestion.api.paging
from ingestion.api.paging import PageSize, Paging
from ingestion.extract.context import Scope
from ingestion.state.manifest import ResourceRun, exit_code
from tests.ingestion.account import NOON, event, medium, visitor, visitors
from tests.ingestion.api.wire import Asked, Reply, as_json
from tests.ingestion.conftest import Bench

DAY = timedelta(days=1)
ROWS: list[object] = [{"key": number} for number in range(700)]


def read(server: Callable[[int, int], list[object]], paging: Paging) -> list[object]:
    """What comes of a list, page after page; the server is told page and size."""
    found: list[object] = []
    for _ in range(ingestion.api.paging.MOST_PAGES + 1):
        rows = server(paging.page, paging.per_page)
        found += rows
        if not paging.goes_on(rows):
            return found
    raise AssertionError("it is read for ever")


def capped(cap: int = 100) -> Callable[[int, int], list[object]]:
    def serve(page: int, per_page: int) -> list[object]:
        size = min(cap, per_page)
        return ROWS[(page - 1) * size : page * size]

    return serve


@pytest.mark.parametrize("cap", [100, 60, 10, 3])
def test_a_list_is_read_to_its_empty_page(cap: int) -> None:
    paging = Paging("list")

    assert read(capped(cap), paging) == ROWS
    assert paging.gave_up is None


ENDLESS: dict[str, Callable[[int, int], list[object]]] = {
    "one page": lambda _page, _size: ROWS[:100],
    "alternating": lambda page, _size: ROWS[:100] if page % 2 else ROWS[100:200],
    "in a circle": lambda page, _size: ROWS[page % 7 * 100 :][:100],
    "in another order": lambda page, _size: ROWS[page % 100 : 100] + ROWS[: page % 100],
}


@pytest.mark.parametrize("server", ENDLESS.values(), ids=ENDLESS.keys())
def test_pages_without_news_end_a_list(server: Callable[[int, int], list[object]]) -> None:
    paging = Paging("the list")

    found = read(server, paging)

    assert len(found) <= 1000
    assert paging.gave_up == "the list: 3 pages in a row brought nothing new"


def test_a_list_of_ever_new_rows_ends_at_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion.api.paging, "MOST_PAGES", 50)
    paging = Paging("the list")

    read(lambda page, _size: [{"key": page}], paging)

    assert paging.gave_up == "the list: there is no end after 50 pages"


def test_rows_that_only_count_on_are_no_news() -> None:
    ticks = count()
    paging = Paging("the list", identify=lambda row: row["key"])

    read(lambda _page, _size: [{"key": 1, "load_count": next(ticks)}], paging)

    assert paging.gave_up is not None


def test_a_list_that_moves_by_a_page_once_is_read_on() -> None:
    rows = {1: ROWS[:100], 2: ROWS[:100], 3: ROWS[100:200], 4: []}
    paging = Paging("list")

    assert read(lambda page, _size: rows[page], paging)[200:] == ROWS[100:200]
    assert paging.gave_up is None


@pytest.mark.parametrize("cap", [100, 60, 20, 7])
@pytest.mark.parametrize("slow_from", [1, 2, 4])
def test_smaller_pages_go_on_at_the_same_row(cap: int, slow_from: int) -> None:
    paging, serve, seen = Paging("list"), capped(cap), list[object]()
    while True:
        if paging.page == slow_from and paging.per_page == 100:
            assert paging.shrink()
        rows = serve(paging.page, paging.per_page)
        seen += [row for row in rows if row not in seen]
        if not paging.goes_on(rows):
            break

    assert seen == ROWS
    assert paging.gave_up is None
    # What a later run goes on with at the usual size lies no deeper than what was read.
    assert (paging.usual_page - 1) * min(cap, 100) <= len(ROWS)


def test_pages_are_made_smaller_until_they_cannot_be() -> None:
    size = PageSize()
    paging = Paging("list", size)

    assert [(paging.shrink(), paging.per_page) for _ in range(3)] == [
        (True, 20),
        (True, 5),
        (False, 5),
    ]
    assert Paging("the next one", size).per_page == 5


def stuck(bench: Bench, path: str, pages: Callable[[int], list[Any]]) -> None:
    """From now on an address gives what is told for a page."""
    real = bench.wire.answer

    def answer(asked: Asked) -> Reply:
        return as_json(pages(asked.page)) if asked.path == f"/v1{path}" else real(asked)

    bench.wire.answer = answer


def told(bench: Bench, resource: str, **scope: Any) -> ResourceRun:  # noqa: ANN401
    run = bench.ingest(Scope(resource=resource, **scope))
    assert exit_code(run) == 3
    entry = run.resource(resource)
    assert entry.is_cut_short
    assert entry.notes[0].startswith("not read to its end: ")
    assert run.state == "completed"
    return entry


@pytest.mark.parametrize("pages", [1, 2])
def test_events_that_repeat_end_and_are_read_again_tomorrow(bench: Bench, pages: int) -> None:
    bench.api.events = [event(number) for number in range(30)]
    bench.ingest(Scope(resource="events"))
    before, real = bench.state("events")["watermark"], bench.wire.answer
    rows = [[event(100 * n + k, NOON + DAY / 2) for k in range(100)] for n in range(1, 1 + pages)]
    stuck(bench, "/stats/events", lambda page: rows[page % pages])

    entry = told(bench, "events")

    assert (entry.records, entry.pages) == (100 * pages, 3 * (pages + 3))
    assert "backfill --since 2026-01-0" in entry.notes[0]
    assert bench.state("events")["watermark"] == before
    bench.wire.answer = real
    bench.api.events = [event(7_000, NOON + DAY / 4), *bench.api.events]
    assert bench.ingest(Scope(resource="events")).resource("events").records == 1


def test_a_first_run_leaves_a_stuck_list_to_a_backfill(bench: Bench) -> None:
    stuck(bench, "/stats/events", lambda _page: [event(1)])

    entry = told(bench, "events")

    assert bench.state("events")["watermark"] is not None
    assert len(entry.notes) == 5


@pytest.mark.parametrize("pages", [1, 2])
def test_visitors_that_repeat_end_and_what_came_stays(bench: Bench, pages: int) -> None:
    stuck(bench, "/stats/visitors", lambda page: visitors(200)[page % pages * 100 :][:100])

    entry = told(bench, "visitors")

    assert entry.records == 100 * pages
    assert bench.state("visitors")["watermark"] is None
    assert len(bench.wire.asked) < 300


def test_visitors_without_end_are_given_up(bench: Bench) -> None:
    def endless(page: int) -> list[Any]:
        return [
            visitor(n, NOON - timedelta(seconds=n)) for n in range(page * 100 - 100, page * 100)
        ]

    stuck(bench, "/stats/visitors", endless)

    assert "no end after" in told(bench, "visitors").notes[0]
    assert len(bench.wire.asked) < 300


def test_a_list_of_media_that_alternates_ends(bench: Bench) -> None:
    bench.api.stats["a"] = bench.api.stats["b"] = {}
    stuck(bench, "/medias", lambda page: [medium("ab"[page % 2])] * 100)

    assert told(bench, "medias").records == 2


def test_days_that_repeat_whatever_is_asked_are_one_set(bench: Bench) -> None:
    bench.api.add_medium("abc")
    row = {"date": "2026-01-08", "load_count": 2, "play_count": 1, "hours_watched": 0.5}
    stuck(bench, "/stats/medias/abc/by_date", lambda _page: [row])

    assert bench.ingest(Scope(resource="media_by_date")).resource("media_by_date").records == 1


@pytest.fixture
def slow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Pages of more than 20 rows never come."""
    monkeypatch.setattr(ingestion.api.client, "READ_SECONDS", 0.2)
    real = bench.wire.answer

    def answer(asked: Asked) -> Reply:
        is_slow = int(asked.query.get("per_page", ["0"])[0]) > 20 and asked.page > 1
        return bench.wire.hang() if is_slow else real(asked)

    bench.wire.answer = answer
    yield bench
    bench.wire.closing.set()


def test_visitors_come_in_smaller_pages_where_larger_ones_do_not(slow: Bench) -> None:
    slow.api.visitors = visitors(230)

    run = slow.ingest(Scope(resource="visitors"))

    assert run.exit_code == 0
    assert len(set(slow.keys("visitors"))) == 230


def test_events_come_in_smaller_pages_where_larger_ones_do_not(slow: Bench) -> None:
    slow.api.events = [event(number) for number in range(330)]

    run = slow.ingest(Scope(resource="events"))

    assert run.exit_code == 0
    assert run.resource("events").records == 330
    # The four that the first small page holds of what the large one brought, and no others.
    assert run.resource("events").unchanged == 0


def test_a_bad_record_costs_itself_and_is_told_once(bench: Bench) -> None:
    rows = [json.dumps(event(number)) for number in range(4)]
    rows[1] = rows[1].replace("0.5,", "NaN,", 1)
    rows[2] = rows[2].replace("Berlin", "Berl\x01n")
    real = bench.wire.answer
    bench.wire.answer = lambda asked: (
        Reply(f"[{','.join(rows)}]".encode())
        if asked.path.endswith("/events")
        and asked.page == 1
        and asked.query["start_date"][0] <= "2026-01-08" <= asked.query["end_date"][0]
        else real(asked)
    )

    first = bench.ingest(Scope(resource="events"))

    assert [len(bench.rows("events")), exit_code(first)] == [2, 3]
    reasons = sorted(aside["reason"] for aside in bench.set_aside("events"))
    assert reasons == ["NaN is not JSON", "it has a control character in a text"]
    bench.clock.now += timedelta(hours=1)
    again = bench.ingest(Scope(resource="events"))
    assert (exit_code(again), again.resource("events").quarantined) == (0, 0)
    assert again.resource("events").unchanged == 4


@pytest.mark.parametrize("lost", [False, True])
def test_statistics_that_stay_wrong_are_set_aside_once(bench: Bench, *, lost: bool) -> None:
    bench.api.add_medium("abc")
    bench.api.add_medium("def", 2)
    bench.api.engagement["abc"] = bench.api.engagement["def"] = {"engagement": None}
    codes = []
    for _ in range(3):
        run = bench.ingest(Scope(resource="media_engagement"))
        codes.append(exit_code(run))
        bench.clock.now += DAY
        if lost:
            bench.home.remove("state/media_engagement.json")

    assert codes == [3, 0, 0]
    assert len(bench.set_aside("media_engagement")) == 2
    assert run.resource("media_engagement").unchanged == 2


def test_a_listed_video_without_statistics_is_told_once(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.add_medium("gone", 2)
    stats = bench.api.stats.pop("gone"), bench.api.engagement.pop("gone")

    def code() -> int:
        bench.clock.now += DAY
        return exit_code(bench.ingest(Scope(resource="media")))

    assert [code(), code(), code()] == [3, 0, 0]
    bench.api.stats["gone"], bench.api.engagement["gone"] = stats
    assert code() == 0
    del bench.api.stats["gone"], bench.api.engagement["gone"]
    assert [code(), code()] == [3, 0]


def test_a_medium_that_only_the_settings_name_is_told_each_time(bench: Bench) -> None:
    for _ in range(2):
        assert exit_code(bench.ingest(Scope(resource="media"), wistia_media_ids=("nosuch0",))) == 3
