"""One bad record costs itself and not its page, wherever it can still be told apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.api.salvage import BadRecord, salvage

GOOD = [{"key": f"v{n}", "at": "2026-01-08", "in": {"name": "é", "mail": None}} for n in range(5)]
PLAIN = [json.dumps(row).encode() for row in GOOD]
LATIN = json.dumps(GOOD[2], ensure_ascii=False).encode("latin-1")


def page(*records: bytes, comma: bytes = b",") -> bytes:
    return b"[" + comma.join(records) + b"]"


BAD = {
    "NaN": (b'{"key": "v2", "at": NaN}', {"key": "v2", "at": "NaN"}, "NaN is not JSON"),
    "infinity": (b'{"key": -Infinity}', {"key": "-Infinity"}, "-Infinity is not JSON"),
    "bytes": (
        LATIN,
        {**GOOD[2], "in": {"name": "\ufffd", "mail": None}},
        "bytes that are not UTF-8",
    ),
    "control": (b'{"key": "a\nb", "at": ""}', {"key": "a\nb", "at": ""}, "a control character"),
}


@pytest.mark.parametrize(("raw", "record", "reason"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_bad_record_is_named_and_its_neighbours_are_good(
    raw: bytes, record: object, reason: str, place: int
) -> None:
    rows = salvage(page(*PLAIN[:place], raw, *PLAIN[place:]), list)

    bad = rows.pop(place)
    assert isinstance(bad, BadRecord)
    assert bad.record == record
    assert reason in bad.reason
    assert rows == GOOD


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_record_that_is_none_is_told_by_length_and_digest_alone(place: int) -> None:
    broken = b'{"key": "v9", "at": , "mail": "jo@example.com"}'

    rows = salvage(page(*PLAIN[:place], broken, *PLAIN[place:]), list)

    bad = rows.pop(place)
    assert bad.record["length"] == len(broken)
    assert bad.record.keys() == {"length", "sha256"}
    assert rows == GOOD


def test_a_page_of_one_bad_record_is_a_page() -> None:
    (bad,) = salvage(b'[{"key": NaN}]', list)
    assert bad.record == {"key": "NaN"}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[{", b'[{"a": 1}, {"b"', b'{"a": [1]}', b'[{"a" 1}]', b"[" * 9_999]
)
def test_an_answer_without_a_frame_tells_nothing(body: bytes) -> None:
    assert salvage(body, list) is None


def test_one_record_alone_is_salvaged_too() -> None:
    found = salvage(b'{"play_rate": NaN, "visitors": 8}', dict)

    assert (found.record, found.reason) == ({"play_rate": "NaN", "visitors": 8}, "NaN is not JSON")
    assert salvage(b'[{"play_rate": NaN}]', dict) is None
    assert salvage(b'{"play_rate": NaN} x', dict) is None


@given(st.integers(0, len(page(*PLAIN)) - 1), st.integers(0, 255))
def test_one_changed_byte_costs_at_most_the_records_it_touches(place: int, byte: int) -> None:
    body = bytearray(page(*PLAIN))
    body[place] = byte

    rows = salvage(bytes(body), list)

    if rows is not None:
        kept = [row for row in rows if row in GOOD]
        assert len(kept) >= 3
        assert len(rows) >= 4
