"""What loads, what is quarantined and with which words; what is new is kept and told."""

import json
from typing import Any

import pytest

from ingestion.config.errors import BadResponseError
from ingestion.extract.context import Scope
from ingestion.load.schemas import Verdict, Visitor, check_record
from tests.ingestion.account import ENGAGEMENT, STATS, medium, visitor, visitors
from tests.ingestion.api.wire import as_json, text
from tests.ingestion.conftest import Bench

ONLY = Scope(resource="visitors")
MEDIA = Scope(resource="media")
WORDS = ("red", "blue", "green", "pink", "grey", "black", "white", "brown")
SECRET = "planted-value-91c"  # noqa: S105 - invented


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


GOOD = {
    "whole": visitor(1),
    "older, shortest": without(
        visitor(1), "identifying_event_key", "user_agent_details", "last_event_key"
    )
    | {"visitor_identity": {"name": "", "email": ""}},
    "no identity": without(visitor(1), "visitor_identity"),
    "identity null": visitor(1, visitor_identity=None, user_agent_details=None),
    "blanks": visitor(1, last_event_key="", identifying_event_key=""),
    "unicode": visitor(1, visitor_identity={"name": "Zoë 🎬 \u2028 \u0000", "email": "ü@例え.jp"}),
    "counts null": visitor(1, load_count=None, play_count=None),
    "plays above loads": visitor(1, load_count=0, play_count=7),
    "created after active": visitor(1, created_at="2026-01-08T13:00:00Z"),
    "never active": visitor(1, last_active_at=None),
    "no fraction": visitor(1, last_active_at="2026-01-08T11:59:00Z"),
    "offset": visitor(1, last_active_at="2026-01-08T05:59:00.000-06:00"),
    "day": visitor(1, created_at="2026-01-08"),
    "negative": visitor(1, load_count=-1),
    "15 digits": visitor(1, load_count=10**15 - 1, play_count=1 - 10**15),
}


@pytest.mark.parametrize("record", GOOD.values(), ids=GOOD.keys())
def test_odd_but_good_visitors_land_without_a_word(record: dict[str, Any]) -> None:
    assert check_record(record, Visitor) == Verdict(None)


BAD: dict[str, tuple[object, str]] = {
    "null": (None, "record: input should be"),
    "text": (SECRET, "record: input should be"),
    "number": (7, "record: input should be"),
    "list": ([SECRET], "record: input should be"),
    "empty": ({}, "created_at: field required; last_active_at: field required; load_count: "),
    "no key": (without(visitor(1), "visitor_key"), "visitor_key: field required"),
    "key null": (visitor(1, visitor_key=None), "visitor_key: "),
    "key blank": (visitor(1, visitor_key=" \t"), "visitor_key: "),
    "key number": (visitor(1, visitor_key=9), "visitor_key: "),
    "key list": (visitor(1, visitor_key=[SECRET]), "visitor_key: "),
    "no time": (without(visitor(1), "last_active_at"), "last_active_at: field required"),
    "time word": (visitor(1, last_active_at=SECRET), "last_active_at: "),
    "time blank": (visitor(1, last_active_at=""), "last_active_at: "),
    "time number": (visitor(1, created_at=1767873600), "created_at: "),
    "time year 0": (visitor(1, last_active_at="0000-01-01T00:00:00Z"), "last_active_at: "),
    "time year 1": (visitor(1, last_active_at="0001-01-01T00:00:00+14:00"), "last_active_at: "),
    "time year 9999": (visitor(1, last_active_at="9999-12-31T23:59:59-12:00"), "last_active_at: "),
    "time 25 h": (visitor(1, last_active_at="2026-01-08T25:00:00Z"), "last_active_at: "),
    "count text": (visitor(1, load_count="3"), "load_count: "),
    "count true": (visitor(1, play_count=True), "play_count: "),
    "count fraction": (visitor(1, load_count=1.5), "load_count: "),
    "count float": (visitor(1, load_count=3.0), "load_count: "),
    "count huge": (visitor(1, load_count=10**15), "load_count: "),
    "count object": (visitor(1, load_count={"a": SECRET}), "load_count: "),
    "no count": (without(visitor(1), "play_count"), "play_count: field required"),
    "identity blank": (visitor(1, visitor_identity=""), "visitor_identity: "),
    "identity list": (visitor(1, visitor_identity=[SECRET]), "visitor_identity: "),
    "name number": (visitor(1, visitor_identity={"name": 5}), "visitor_identity.name: "),
    "org text": (visitor(1, visitor_identity={"org": SECRET}), "visitor_identity.org: "),
    "agent text": (visitor(1, user_agent_details=SECRET), "user_agent_details: "),
    "mobile text": (visitor(1, user_agent_details={"mobile": "yes"}), "user_agent_details.mobile"),
}


@pytest.mark.parametrize(("record", "said"), BAD.values(), ids=BAD.keys())
def test_a_bad_visitor_is_set_aside_and_the_others_land(
    bench: Bench, record: object, said: str
) -> None:
    bench.api.visitors = [visitor(0), record, visitor(2)]

    run = bench.ingest(ONLY)

    assert bench.keys("visitors") == [visitor(0)["visitor_key"], visitor(2)["visitor_key"]]
    (line,) = bench.set_aside("visitors")
    assert line["record"] == record
    assert line["reason"].startswith(said)
    assert SECRET not in line["reason"]
    assert (line["resource"], line["run_id"]) == ("visitors", run.run_id)
    assert line["quarantined_at"].endswith("Z")
    assert run.exit_code == 3
    assert run.resource("visitors").quarantined == 1


def test_every_fault_of_a_record_is_named() -> None:
    found = check_record(visitor(1, load_count="x", play_count=None, created_at=5), Visitor)

    assert found.reason is not None
    assert [part.split(":")[0] for part in found.reason.split("; ")] == ["created_at", "load_count"]


def nested(levels: int) -> object:
    value: object = SECRET
    for _ in range(levels):
        value = {"in": [value]}
    return value


HALVES = ["a\ud800", "a\udfff"]
EXCESS = {
    "larger than 1,000,000 bytes": visitor(1, note=SECRET * 60_000),
    "nested deeper than 64 levels": visitor(1, note=nested(40)),
    "nested deeper than 64 levels ": visitor(1, note=nested(5_000)),
    "a number is no number": visitor(1, note=float("nan")),
    "a field's name holds half a character": visitor(1) | dict.fromkeys(HALVES, 1),
}


@pytest.mark.parametrize(("said", "record"), EXCESS.items(), ids=EXCESS.keys())
def test_what_no_reader_of_bronze_takes_is_set_aside(said: str, record: dict[str, Any]) -> None:
    reason = check_record(record, Visitor).reason

    assert reason is not None
    assert reason.startswith(f"record: {said.strip()}")


def test_a_record_may_be_large_deep_and_odd_within_bounds() -> None:
    record = visitor(1, note="x" * 990_000, deep=nested(31), half="\ud800", other="\ud83d\ude00")

    assert check_record(record, Visitor).reason is None


def test_a_huge_and_a_deep_record_cost_themselves_alone(bench: Bench) -> None:
    huge, deep = visitor(1, note=SECRET * 100_000), visitor(2, note=nested(100))
    bench.api.visitors = [visitor(0), huge, deep, visitor(3)]

    run = bench.ingest(ONLY)

    assert bench.keys("visitors") == [visitor(0)["visitor_key"], visitor(3)["visitor_key"]]
    aside = [line["record"] for line in bench.set_aside("visitors")]
    # Nothing is lost of the large one; of the deep one what lies beyond the bound.
    assert aside[0] == huge
    assert "nested deeper than" in json.dumps(aside[1])
    assert run.resource("visitors").quarantined == 2


def test_a_bad_record_inside_the_overlap_is_set_aside_once(bench: Bench) -> None:
    bench.api.visitors = [visitor(0), visitor(1, load_count="x"), {}, 7, None, visitor(2)]
    assert bench.ingest(ONLY).exit_code == 3

    again = bench.ingest(ONLY)

    assert len(bench.set_aside("visitors")) == 4
    assert (again.exit_code, again.resource("visitors").unchanged) == (0, 6)


def test_a_record_that_is_mended_lands(bench: Bench) -> None:
    bench.api.visitors = [visitor(0), visitor(1, load_count="x")]
    bench.ingest(ONLY)
    bench.api.visitors = [visitor(0), visitor(1)]

    bench.ingest(ONLY)

    assert bench.keys("visitors") == [visitor(0)["visitor_key"], visitor(1)["visitor_key"]]


def test_unknown_fields_land_and_are_told(bench: Bench) -> None:
    news = visitor(1, shoe_size=44, visitor_identity={"name": "", "phone": {"home": ""}})
    bench.api.visitors = [visitor(0), news]

    run = bench.ingest(ONLY)

    assert run.exit_code == 0
    assert bench.rows("visitors")[1]["shoe_size"] == 44
    told = ["shoe_size", "visitor_identity.phone"]
    assert run.resource("visitors").unknown_fields == told


def test_a_new_field_is_told_once(bench: Bench) -> None:
    bench.api.visitors = [visitor(1, shoe_size=44)]
    bench.ingest(ONLY)
    bench.home.remove("state/visitors.json")  # the manifests remember it too
    bench.api.visitors = [visitor(0, shoe_size=45, hat_size=7), *bench.api.visitors]

    run = bench.ingest(ONLY)

    assert run.resource("visitors").unknown_fields == ["hat_size"]


def test_a_name_that_may_hold_a_value_is_told_without_it(bench: Bench) -> None:
    odd = {"jo@example.org": 1, "192.0.2.7": 2, "+49 30 1": 3, "x" * 41: 4, "a1b2c3": 5, "": 6}
    many = {f"{word}_{other}": 1 for word in WORDS for other in WORDS}
    bench.api.visitors = [visitor(0) | odd, *(visitor(1) | {name: 1} for name in many)]

    told = bench.ingest(ONLY).resource("visitors").unknown_fields

    assert told[0] == "(a name that is no word)"
    # Beyond some fifty they are data: an object by people's names.
    assert len(told) <= 51
    assert not set(odd) & set(told)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (without(STATS, "visitors"), "visitors: field required"),
        (STATS | {"play_rate": "0.25"}, "play_rate: "),
        (STATS | {"play_count": 4.5}, "play_count: "),
        ({}, "engagement: field required"),
    ],
)
def test_bad_statistics_are_set_aside_and_other_media_land(
    bench: Bench, body: object, said: str
) -> None:
    bench.api.add_medium("abc")
    bench.api.add_medium("def", 2)
    bench.api.stats["abc"] = body

    run = bench.ingest(MEDIA)

    assert [row["media_id"] for row in bench.rows("media")] == ["def"]
    (line,) = bench.set_aside("media")
    assert line["reason"].startswith(said)
    assert line["record"]["media_id"] == "abc"
    assert run.exit_code == 3


@pytest.mark.parametrize("cells", ["", None, [1, "2"], [1.5], [True], {"0": 1}])
def test_cells_that_are_no_whole_numbers_are_set_aside(bench: Bench, cells: object) -> None:
    bench.api.add_medium("abc")
    bench.api.engagement["abc"] = ENGAGEMENT | {"engagement_data": cells}

    assert bench.ingest(Scope(resource="media_engagement")).exit_code == 3
    assert bench.set_aside("media_engagement")[0]["reason"].startswith("engagement_data: ")


def test_an_infinite_rate_is_set_aside_as_it_was_written(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.order("/stats/medias/abc", text(json.dumps(STATS).replace("0.25", "1e999")))

    bench.ingest(MEDIA)

    assert bench.set_aside("media")[0]["record"]["play_rate"] == "1e999"


@pytest.mark.parametrize("media_id", ["../../../../etc", "a/b", "", "a b", "x" * 65, None, 5])
def test_an_id_that_is_no_name_is_set_aside_and_never_asked_for(
    bench: Bench, media_id: object
) -> None:
    bench.api.add_medium("abc")
    bench.api.medias.append(medium("", 2) | {"hashed_id": media_id})

    run = bench.ingest(Scope(resource="medias"))
    bench.ingest(MEDIA)

    assert run.exit_code == 3
    assert bench.set_aside("medias")[0]["reason"].startswith("hashed_id: ")
    prefix = "/v1/stats/medias/"
    names = {path for path in bench.wire.paths() if path.startswith(prefix)}
    assert {name.removeprefix(prefix).partition("/")[0] for name in names} - {"5"} == {"abc"}


def test_a_page_that_is_never_json_fails_loudly_and_leaves_its_measure(bench: Bench) -> None:
    bench.api.visitors = visitors(3)
    bench.api.order("/stats/visitors", *[text(f"<html>{SECRET}")] * 20)

    with pytest.raises(BadResponseError, match="HTML"):
        bench.ingest(ONLY)

    (line,) = bench.set_aside("visitors")
    assert line["record"]["length"] == 6 + len(SECRET)
    assert len(line["record"]["sha256"]) == 64
    assert SECRET.encode() not in b"".join(bench.every_byte().values())


def test_a_medium_that_is_of_another_shape_costs_itself_and_is_not_kept(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.add_medium("def", 2)
    bench.api.order("/stats/medias/abc", *[as_json([SECRET])] * 9)

    run = bench.ingest(MEDIA)

    assert run.exit_code == 3
    (line,) = bench.set_aside("media")
    assert "list instead of a dict" in line["reason"]
    assert line["record"].keys() == {"length", "sha256", "media_id"}
    assert SECRET.encode() not in b"".join(bench.every_byte().values())
    assert [row["media_id"] for row in bench.rows("media")] == ["def"]


def test_a_page_of_html_in_a_medium_s_place_fails_and_keeps_what_landed(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.add_medium("def", 2)
    bench.api.order("/stats/medias/def", *[text(f"<html>{SECRET}")] * 9)

    with pytest.raises(BadResponseError, match="HTML"):
        bench.ingest(MEDIA)
    bench.api.faults.clear()
    bench.ingest(MEDIA)

    assert [row["media_id"] for row in bench.rows("media")] == ["abc", "def"]
