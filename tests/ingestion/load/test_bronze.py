"""Names, lines and counts of what loads, as everything downstream reads them."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.extract.context import Scope
from ingestion.load import bronze
from ingestion.load.bronze import RECORDS_PER_PART, newest_snapshots
from ingestion.load.loader import Loader
from ingestion.resources import MEDIA, VISITORS
from ingestion.state.checkpoint import identity_of
from ingestion.state.run import start_run
from ingestion.storage.json_lines import ADDED_FIELDS, Line, compress, digest, encode
from tests.ingestion.account import ENGAGEMENT, STATS, medium, visitor, visitors
from tests.ingestion.api.wire import Asked, Reply, as_json, text
from tests.ingestion.conftest import Bench

DAY = "ingest_date=2026-01-09"
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def test_names_of_every_resource(bench: Bench) -> None:
    bench.api.visitors = visitors(3)
    bench.api.add_medium("gskhw4w4lm")

    bench.ingest()

    assert bench.objects("raw-data") == [
        f"raw-data/account/{DAY}/account_account_20260109T000148Z.json.gz",
        f"raw-data/media/{DAY}/media_gskhw4w4lm_20260109T000148Z.json.gz",
        f"raw-data/media_engagement/{DAY}/media_engagement_gskhw4w4lm_20260109T000148Z.json.gz",
        f"raw-data/medias/{DAY}/medias_20260109T000148Z_part-00001_batch_1.json.gz",
        f"raw-data/visitors/{DAY}/visitors_20260109T000148Z_part-00001_batch_3.json.gz",
    ]
    state = bench.objects("state")
    assert [key for key in state if "/runs/" not in key] == [
        "state/account.json",
        "state/events.json",
        "state/media.json",
        "state/media_by_date.json",
        "state/media_engagement.json",
        "state/medias.json",
        "state/source.json",
        "state/visitors.json",
    ]
    runs = [Path(key).name for key in state if "/runs/" in key]
    assert len(runs) == 1
    assert re.fullmatch(r"20260109T000148Z-[0-9a-f]{8}\.json", runs[0])


def test_a_line_is_the_record_and_what_was_added(bench: Bench) -> None:
    bench.api.visitors = [visitor(1), visitor(2)]
    bench.api.add_medium("abc")

    run = bench.ingest()

    row, _ = bench.rows("visitors")
    added = {"ingested_at": row["ingested_at"], "run_id": run.run_id}
    assert row == visitor(1) | added
    (stats,) = bench.rows("media")
    assert {name: stats[name] for name in STATS} == STATS
    assert set(stats) - set(STATS) == {"media_id", "snapshot_ts", "ingested_at", "run_id"}
    assert stats["media_id"] == "abc"
    (cells,) = bench.rows("media_engagement")
    assert {name: cells[name] for name in ENGAGEMENT} == ENGAGEMENT
    (item,) = bench.rows("medias")
    assert item == medium("abc") | {"ingested_at": item["ingested_at"], "run_id": run.run_id}
    for moment in (row["ingested_at"], stats["snapshot_ts"], item["ingested_at"]):
        assert re.fullmatch(ISO, moment)


def answering(bench: Bench, path: str, page: str) -> Callable[[Asked], Reply]:
    """The account, but with this text as the first page of one list."""
    return lambda asked: (
        text(page if asked.page == 1 else "[]") if asked.path == path else bench.api(asked)
    )


ODD = {
    "unicode": '"Zoë 🎬 \\u0000 \\u2028 \\" \\\\ \\n"',
    "big": "123456789012345678901234567890",
    "one": "1",
    "point": "1.0",
    "small": "1e-7",
    "third": "0.1549501234567891",
    "huge": "1e999",
    "nested": '{"a": [1, {"b": null}], "": true}',
    "empty": '""',
}


def test_values_come_through_as_they_were_sent(bench: Bench) -> None:
    known = json.dumps(visitor(1))[:-1]
    extra = ", ".join(f'"odd_{name}": {value}' for name, value in ODD.items())
    bench.api.visitors = visitors(2)
    page = f"[{json.dumps(visitor(0))}, {known}, {extra}}}]"
    bench.wire.answer = answering(bench, "/v1/stats/visitors", page)

    run = bench.ingest(Scope(resource="visitors"))

    (key,) = bench.objects("raw-data/visitors")
    _, line, end = gzip.decompress(bench.home.read(key)).decode().split("\n")
    assert end == ""
    row = json.loads(line)
    for name, value in ODD.items():
        sent = "1e999" if name == "huge" else json.loads(value)
        assert (row[f"odd_{name}"], type(row[f"odd_{name}"])) == (sent, type(sent))
    assert "Zoë 🎬" in line
    assert {name: row[name] for name in visitor(1)} == visitor(1)
    assert run.resource("visitors").unknown_fields == sorted(f"odd_{name}" for name in ODD)
    assert "Infinity" not in line


def test_half_a_character_does_not_make_a_line_unreadable(bench: Bench) -> None:
    odd = json.dumps([visitor(0), visitor(1, last_event_key="a\ud800b")])
    bench.wire.answer = answering(bench, "/v1/stats/visitors", odd)

    bench.ingest(Scope(resource="visitors"))

    assert [row["last_event_key"] for row in bench.rows("visitors")] == ["event-0", "a?b"]


def test_the_manifest_counts_what_lies_there(bench: Bench) -> None:
    bench.api.visitors = [*visitors(130), {"no": "key"}]
    bench.api.add_medium("abc")
    bench.api.add_medium("def", 2)

    run = bench.ingest()

    body = bench.home.read(run.key)
    assert body.count(b"\n") == 0
    stored = json.loads(body)
    counts = {entry["resource"]: entry["records"] for entry in stored["resources"]}
    assert counts == {
        "medias": 2,
        "media": 2,
        "media_engagement": 2,
        "media_by_date": 0,
        "account": 1,
        "visitors": 130,
        "events": 0,
    }
    assert stored["ingest"]["records"] == 137
    assert stored["ingest"]["visitors"] == 130
    assert stored["ingest"]["quarantined"] == 1
    assert stored["ingest"]["newest_visitor_at"] == "2026-01-08T12:00:00.000000Z"
    assert stored["ingest"]["requests"] == len(bench.wire.asked)
    assert (stored["state"], stored["ingest"]["state"], stored["exit_code"]) == (
        "completed",
        "completed",
        3,
    )
    assert stored["source"]["account"] == "account-one"
    assert [stage["stage"] for stage in stored["stages"]] == ["ingest"]


def test_checksums_are_those_of_the_bytes_on_disk(bench: Bench) -> None:
    bench.api.visitors = [*visitors(130), 7]
    bench.api.add_medium("abc")

    run = bench.ingest()

    listed = [o for entry in run.resources for o in [*entry.objects, *entry.quarantine]]
    there = bench.objects("raw-data") + bench.objects("quarantine")
    assert sorted(stored.key for stored in listed) == sorted(there)
    for stored in listed:
        body = bench.home.read(stored.key)
        assert (stored.bytes, stored.sha256) == (len(body), hashlib.sha256(body).hexdigest())
        assert stored.records == len(gzip.decompress(body).splitlines())


def test_parts_hold_at_most_ten_thousand(bench: Bench) -> None:
    assert RECORDS_PER_PART == 10_000
    bench.api.visitors = visitors(10_950)

    bench.ingest(Scope(resource="visitors"))

    sizes = [int(re.findall(r"batch_(\d+)", key)[0]) for key in bench.objects("raw-data")]
    assert sum(sizes) == 10_950
    # Put at a page's end, and early: what a crash costs is read again in no more than a whole part.
    assert 7_500 <= sizes[0] < 7_600
    assert max(sizes) <= 10_000
    assert len(set(bench.keys("visitors"))) == 10_950


def test_a_part_lies_under_the_date_of_its_lines_though_midnight_falls_between(
    bench: Bench,
) -> None:
    bench.clock.now = datetime(2026, 1, 8, 23, 59, 59, 990_000, tzinfo=UTC)
    bench.api.visitors = visitors(120)
    bench.api.add_medium("abc")

    bench.ingest()

    for key in bench.objects("raw-data"):
        for line in gzip.decompress(bench.home.read(key)).splitlines():
            assert f"ingest_date={json.loads(line)['ingested_at'][:10]}/" in key
    assert "20260108T235959Z" in bench.objects("raw-data/visitors")[0]


def test_equal_lines_give_equal_bytes() -> None:
    assert compress(b'{"a":1}\n') == compress(b'{"a":1}\n')
    assert encode({"b": 1, "a": "é"}) == '{"b":1,"a":"é"}'.encode()


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, True),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, True),
        ({"a": 1}, {"a": 1, "ingested_at": "now", "run_id": "r"}, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": None}, {}, False),
        ("\ud800", "\ud801", False),
    ],
)
def test_content_is_compared_and_not_its_bytes(left: object, right: object, *, same: bool) -> None:
    assert (digest(left) == digest(right)) is same


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
@example({"media_id": 1, "run_id": 2})
@example("\ud800 \x7f \u2028 🎬")
def test_digests_are_those_that_states_have_had_from_the_first(record: object) -> None:
    plain = record
    if isinstance(record, dict):
        plain = {name: value for name, value in record.items() if name not in ADDED_FIELDS}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    assert digest(record) == hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@pytest.mark.parametrize("beside", [{}, {"media_id": "abc", "snapshot_ts": "now"}])
@pytest.mark.parametrize("content", [{}, {"b": 1, "a": "é"}])
def test_a_line_is_all_of_its_record_and_more(
    content: dict[str, object], beside: dict[str, object]
) -> None:
    line = Line.of(content | beside)
    assert json.loads(line.text()) == content | beside
    assert json.loads(line.text(run_id="r")) == content | beside | {"run_id": "r"}


def test_many_snapshots_share_an_object_and_few_have_their_own(bench: Bench) -> None:
    for number in range(11):
        bench.api.add_medium(f"film{number:02d}", number)
    bench.ingest(Scope(resource="media"))

    (shared,) = bench.objects("raw-data/media")
    assert shared.endswith("/media_20260109T000148Z_part-00001_batch_11.json.gz")
    assert [row["media_id"] for row in bench.rows("media")] == list(bench.api.stats)

    bench.clock.now = datetime(2026, 1, 10, tzinfo=UTC)
    changed = [f"film{number:02d}" for number in range(1, 11)]
    bench.api.stats |= {film: {**STATS, "play_count": 5} for film in changed}
    assert bench.ingest(Scope(resource="media")).resource("media").unchanged == 1
    assert [key.rpartition("/")[2] for key in bench.objects("raw-data/media")[1:]] == [
        f"media_{film}_20260110T000000Z.json.gz" for film in changed
    ]
    newest = {"film00": "20260109T000148Z"} | dict.fromkeys(changed, "20260110T000000Z")
    assert newest_snapshots(bench.lake(), "media") == newest


def test_a_page_of_nothing_leaves_no_object(bench: Bench) -> None:
    bench.api.order("/stats/visitors", as_json([]))

    run = bench.ingest()

    assert bench.objects("raw-data/visitors") == []
    assert (run.exit_code, run.state) == (0, "completed")


def test_the_state_keeps_the_newest_snapshot_in_whatever_order_they_come(bench: Bench) -> None:
    run = start_run(bench.lake(), "ingest", "test", bench.clock)
    loader = Loader(MEDIA, run, [], bench.settings())

    for day in (3, 1, 2):
        taken_at = datetime(2026, 1, day, tzinfo=UTC)
        loader.load_snapshot("abc", {**STATS, "play_count": day}, taken_at)

    assert loader.state.known[identity_of("abc")].digest == digest({**STATS, "play_count": 3})


def test_one_answer_that_fills_many_parts_is_cut_into_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bronze, "RECORDS_PER_PART", 5)
    run = start_run(bench.lake(), "ingest", "test", bench.clock)
    loader = Loader(VISITORS, run, [], bench.settings())

    loader.load([*visitors(12), *(visitor(n, load_count="x") for n in range(20, 26))])
    entry = run.manifest.resource("visitors")
    assert [stored.records for stored in entry.objects] == [5, 5, 2]
    assert [stored.records for stored in entry.quarantine] == [5]
    # What is listed without a point to go on from is followed by one as soon as there is one.
    assert loader.is_due
    loader.flush()
    assert [stored.records for stored in entry.quarantine] == [5, 1]
    assert not loader.is_due


def test_an_error_told_with_200_is_quarantined_once_and_counted_while_it_stays(
    bench: Bench,
) -> None:
    bench.api.add_medium("abc")
    bench.api.stats["abc"] = {"error": "internal", "status": 500}
    only = Scope(resource="media")

    counts = [bench.ingest(only).resource("media") for _ in range(2)]
    bench.api.add_medium("abc")
    healed = bench.ingest(only).resource("media")

    assert [(one.quarantined, one.refused, one.unchanged) for one in counts] == [
        (1, 0, 0),
        (0, 1, 1),
    ]
    assert (healed.records, healed.refused) == (1, 0)
