"""What a lake remembers: nothing loads twice without need, nothing is lost with the state."""

import json
from datetime import timedelta
from typing import Any

import pytest

from ingestion.config.errors import IngestionError
from ingestion.extract.context import Scope
from ingestion.state import checkpoint
from ingestion.state.checkpoint import ResourceState
from tests.ingestion.account import ENGAGEMENT, NOON, STATS, medium, visitor
from tests.ingestion.api.wire import text
from tests.ingestion.conftest import Bench

ONLY = Scope(resource="visitors")
HOUR = timedelta(hours=1)


def spaced(count: int, step: timedelta = HOUR) -> list[object]:
    """Visitors `step` apart, the newest at noon."""
    return [visitor(number, NOON - number * step) for number in range(count)]


def next_day(bench: Bench) -> None:
    bench.clock.now += timedelta(days=1)


def test_an_unchanged_account_lands_nothing_again(bench: Bench) -> None:
    bench.api.visitors = spaced(130)
    bench.api.add_medium("abc")
    bench.ingest()
    before = bench.objects("raw-data")
    next_day(bench)

    run = bench.ingest()

    assert bench.objects("raw-data") == before
    # 0 to 6 hours old: the row at the bound itself is inside the overlap.
    assert {e.resource: e.unchanged for e in run.resources if e.unchanged} == {
        "medias": 1,
        "media": 1,
        "media_engagement": 1,
        "account": 1,
        "visitors": 7,
    }


@pytest.mark.parametrize("path", ["/medias", "/stats/medias/abc", "/stats/medias/abc/engagement"])
def test_order_of_keys_and_spaces_are_no_change(bench: Bench, path: str) -> None:
    bench.api.add_medium("abc")
    bench.ingest()
    next_day(bench)
    body = {"/medias": [medium("abc")], "/stats/medias/abc": STATS}.get(path, ENGAGEMENT)
    turned = [_turned(item) for item in body] if isinstance(body, list) else _turned(body)
    bench.api.order(path, text(json.dumps(turned, indent=3)))

    run = bench.ingest()

    assert run.ingest is not None
    assert run.ingest.records == 0


def _turned(item: Any) -> dict[str, Any]:  # noqa: ANN401
    return dict(reversed(item.items()))


def test_changed_media_land_again_and_the_others_not(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.add_medium("def", 2)
    bench.ingest()
    next_day(bench)
    bench.api.stats["abc"] = STATS | {"play_count": 5}
    bench.api.engagement["def"] = ENGAGEMENT | {"rewatch_data": [1, 0, 1]}
    bench.api.medias[1] = medium("def", 2, name="Renamed")

    bench.ingest()

    assert [row["play_count"] for row in bench.rows("media")] == [4, 4, 5]
    assert [row["media_id"] for row in bench.rows("media_engagement")] == ["abc", "def", "def"]
    assert [row["name"] for row in bench.rows("medias")] == ["Film 1", "Film 2", "Renamed"]


@pytest.mark.both_lakes
def test_only_new_and_changed_visitors_land_the_next_day(bench: Bench) -> None:
    bench.api.visitors = spaced(40)
    bench.ingest(ONLY)
    next_day(bench)
    fresh = visitor(100, NOON + 2 * HOUR)
    returned = visitor(30, NOON + HOUR, play_count=9)
    older = [row for row in spaced(40) if row["visitor_key"] != returned["visitor_key"]]  # type: ignore[index]
    restated = visitor(2, NOON - 2 * HOUR, load_count=8)
    older[2] = restated
    bench.api.visitors = [fresh, returned, *older]

    run = bench.ingest(ONLY)

    landed = bench.rows("visitors")[40:]
    assert [row["visitor_key"] for row in landed] == [
        row["visitor_key"] for row in (fresh, returned, restated)
    ]
    assert run.resource("visitors").pages <= 2


def test_what_lies_before_the_overlap_does_not_land_again(bench: Bench) -> None:
    bench.api.visitors = spaced(20)
    bench.ingest(ONLY)
    next_day(bench)
    # Changed, but older than six hours before the watermark: what that page holds besides.
    bench.api.visitors = [
        visitor(n, NOON - n * HOUR, load_count=7 if n in {6, 7} else 3) for n in range(20)
    ]

    bench.ingest(ONLY)

    assert bench.keys("visitors")[20:] == [visitor(6)["visitor_key"]]


def test_many_visitors_of_one_instant_at_the_bound_are_all_read(bench: Bench) -> None:
    first = [visitor(n, NOON) for n in range(3)]
    at_bound = [visitor(n, NOON - 6 * HOUR) for n in range(10, 160)]
    bench.api.visitors = [*first, *at_bound, visitor(200, NOON - 7 * HOUR)]
    bench.ingest(ONLY)
    next_day(bench)
    late = visitor(500, NOON - 6 * HOUR)
    bench.api.visitors = [*first, *at_bound, late, visitor(200, NOON - 7 * HOUR)]

    bench.ingest(ONLY)

    assert bench.keys("visitors")[154:] == [late["visitor_key"]]


def test_visitors_never_active_land_once(bench: Bench) -> None:
    never = [visitor(n, last_active_at=None) for n in (900, 901)]
    bench.api.visitors = [never[0], *spaced(4), never[1]]
    bench.ingest(ONLY)
    for _ in range(2):
        next_day(bench)
        bench.ingest(ONLY)

    assert sorted(bench.keys("visitors")) == sorted(v["visitor_key"] for v in [*spaced(4), *never])  # type: ignore[index]


def test_a_visitor_seen_twice_below_the_new_overlap_lands_once(bench: Bench) -> None:
    bench.api.visitors = spaced(10)
    bench.ingest(ONLY)
    next_day(bench)
    back = visitor(3, NOON + 2 * HOUR, play_count=5)
    busy = [visitor(1000 + n, NOON + 20 * HOUR - timedelta(minutes=n)) for n in range(99)]
    # The list slid by one between the pages: the last of one page is the first of the next.
    bench.api.visitors = [*busy, back, back, *spaced(3)]

    bench.ingest(ONLY)

    assert bench.keys("visitors").count(back["visitor_key"]) == 2


def test_a_failed_run_moves_no_watermark_and_the_next_one_catches_up(bench: Bench) -> None:
    bench.api.visitors = spaced(250)
    broken = [text("no", 500)] * 20
    bench.api.order("/stats/visitors", *broken, page=2)
    with pytest.raises(IngestionError):
        bench.ingest(ONLY)
    assert "state/visitors.json" not in bench.objects("state")
    bench.api.faults.clear()
    next_day(bench)

    run = bench.ingest(ONLY)

    assert set(bench.keys("visitors")) == {v["visitor_key"] for v in spaced(250)}  # type: ignore[index]
    assert run.resource("visitors").watermark == "2026-01-08T12:00:00.000000Z"


def remembered(bench: Bench, resource: str) -> tuple[object, ...]:
    state = bench.state(resource)
    known = {key: seen["digest"] for key, seen in state["known"].items()}
    return known, state["watermark"], state["newest_at"], state["records"], state["quarantined"]


RUINS: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "half": b'{"resource": "visitors", "waterm',
    "list": b"[]",
    "bytes": b"\xff\xfe\x00",
    "time without zone": b'{"resource": "visitors", "watermark": "2026-01-08T12:00:00"}',
}


def test_a_ruined_state_is_made_again_from_the_manifests(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    first, *others = spaced(20)
    bench.api.visitors = [first, visitor(50, NOON - HOUR / 2, load_count="x"), 7, *others]
    bench.api.add_medium("abc")
    bench.ingest()
    next_day(bench)
    bench.api.visitors = [visitor(77, NOON + 9 * HOUR), *bench.api.visitors]
    bench.ingest()
    names = ("visitors", "media", "media_engagement", "medias")
    before = [remembered(bench, name) for name in names]
    landed = bench.objects("raw-data") + bench.objects("quarantine")
    for what, ruin in RUINS.items():
        for name in names:
            bench.home.remove(f"state/{name}.json")
            if ruin is not None:
                bench.home.write(f"state/{name}.json", ruin)
        next_day(bench)
        caplog.clear()

        bench.ingest()

        assert [remembered(bench, name) for name in names] == before, what
        assert bench.objects("raw-data") + bench.objects("quarantine") == landed, what
        for name in names:
            assert f"state/{name}.json" in caplog.text, what


def test_a_corrupt_manifest_costs_a_warning_and_no_visitor(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.api.visitors = spaced(20)
    first = bench.ingest(ONLY)
    bench.home.write(first.key, b'{"run_id": "2026')
    bench.home.remove("state/visitors.json")
    next_day(bench)

    run = bench.ingest(ONLY)

    assert run.state == "completed"
    assert set(bench.keys("visitors")) == {v["visitor_key"] for v in spaced(20)}  # type: ignore[index]
    assert f"{first.key} is corrupt" in caplog.text


def test_a_damaged_object_costs_a_warning_and_no_visitor(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.api.visitors = spaced(20)
    bench.ingest(ONLY)
    (key,) = bench.objects("raw-data")
    body = bytearray(bench.home.read(key))
    body[len(body) // 2] ^= 0xFF
    bench.home.write(key, bytes(body))
    bench.home.remove("state/visitors.json")
    next_day(bench)

    assert bench.ingest(ONLY).state == "completed"
    assert f"{key} is damaged" in caplog.text


def test_a_visitor_of_the_years_to_come_makes_nothing_fresh(bench: Bench) -> None:
    bench.api.visitors = [visitor(9, "2099-01-01T00:00:00.000Z"), visitor(1)]

    run = bench.ingest(Scope(resource="visitors"))

    newest = str(visitor(1)["last_active_at"])[:19]
    assert run.ingest is not None
    assert str(run.ingest.newest_visitor_at).startswith(newest)
    assert str(bench.state("visitors")["newest_at"]).startswith(newest)
    assert len(bench.rows("visitors")) == 2


def test_a_state_of_an_older_version_still_knows_what_was_quarantined() -> None:
    text = '{"resource":"visitors","known":{"k":{"digest":"d","at":null,"is_aside":true}}}'

    state = ResourceState.model_validate_json(text)

    assert state.is_quarantined("k", "d")
    assert '"is_quarantined":true' in state.model_dump_json()


def test_a_run_is_folded_into_a_state_that_lacks_it_and_into_no_other(bench: Bench) -> None:
    bench.api.visitors = [visitor(0), visitor(1), visitor(2, load_count="x")]
    bench.ingest(ONLY)
    before = bench.home.read("state/visitors.json")
    bench.clock.now += timedelta(minutes=1)
    bench.api.visitors = [visitor(3, NOON), visitor(4, load_count="x"), *bench.api.visitors]
    bench.ingest(ONLY)
    bench.home.write("state/visitors.json", before)

    bench.clock.now += timedelta(minutes=1)
    run = bench.ingest(ONLY)

    assert run.resource("visitors").records == 0
    state = bench.state("visitors")
    assert (state["records"], state["quarantined"], state["run_id"]) == (3, 2, run.run_id)


def test_of_too_many_quarantined_records_the_oldest_are_forgotten(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "MOST_QUARANTINED", 2)
    state = ResourceState(resource="visitors")
    for identity, minutes in (("a", 3), ("b", 1), ("c", 2)):
        state.note_quarantined(identity, "digest", NOON + timedelta(minutes=minutes))
    state.note("loaded", "digest", NOON)

    state.save(bench.lake())

    assert sorted(bench.state("visitors")["known"]) == ["a", "c", "loaded"]


def test_a_state_that_is_there_spares_reading_what_was_loaded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.api.visitors = [visitor(0), visitor(1)]
    bench.ingest(ONLY)
    asked, lake = list[str](), bench.lake()
    real = lake.get

    def get(key: str) -> bytes | None:
        asked.append(key)
        return real(key)

    monkeypatch.setattr(lake, "get", get)
    bench.clock.now += timedelta(minutes=1)
    bench.ingest(ONLY, lake=lake)

    assert [key for key in asked if key.startswith("raw-data/")] == []
    assert "missing" not in caplog.text

    bench.home.remove("state/visitors.json")
    bench.clock.now += timedelta(minutes=1)
    bench.ingest(ONLY, lake=lake)

    assert [key for key in asked if key.startswith("raw-data/")] == bench.objects("raw-data")
    assert "state/visitors.json is missing" in caplog.text
