"""Odd values, and what becomes of each: the one list that schema, DuckDB and Athena are held to.

A case is a value as the API might send it, whether the schema lets it in, and what silver reads
(as text; None is null). What the schema refuses silver may read, and what it lets in silver reads.
"""

# ruff: noqa: FBT003 - true is one of the values
from typing import Any, NamedTuple

NUL, HALF, WIDE = "\u0000", "\ud800", "\u00a0"


class Case(NamedTuple):
    """One value of one kind."""

    kind: str
    value: Any
    is_let_in: bool
    silver: str | None


def _let_in(kind: str, values: dict[Any, str]) -> list[Case]:
    return [Case(kind, value, is_let_in=True, silver=text) for value, text in values.items()]


def _refused(kind: str, *values: object) -> list[Case]:
    return [Case(kind, value, is_let_in=False, silver=None) for value in values]


TIMES = _let_in(
    "time",
    {
        "2026-11-27T10:00:00Z": "2026-11-27 10:00:00.000",
        "2026-11-27T10:00:00.000Z": "2026-11-27 10:00:00.000",
        "2026-11-27 10:00:00": "2026-11-27 10:00:00.000",
        "2026-11-27 10:00:00Z": "2026-11-27 10:00:00.000",
        "2026-11-27 10:00:00 UTC": "2026-11-27 10:00:00.000",
        "2026-11-27 10:00:00 GMT": "2026-11-27 10:00:00.000",
        "2026-11-27 10:00:00 +0000": "2026-11-27 10:00:00.000",
        "2026-11-27 10:00:00.5 -0830": "2026-11-27 18:30:00.500",
        "2026-11-27t10:00:00z": "2026-11-27 10:00:00.000",
        "2026-11-27T10:00:00": "2026-11-27 10:00:00.000",
        "2026-11-27T10:00": "2026-11-27 10:00:00.000",
        "2026-11-27T10:00Z": "2026-11-27 10:00:00.000",
        "2026-11-27 10:00+05:30": "2026-11-27 04:30:00.000",
        "2026-11-27": "2026-11-27 00:00:00.000",
        "2026-11-27T10:00:00+00:00": "2026-11-27 10:00:00.000",
        "2026-11-27T10:00:00-00:00": "2026-11-27 10:00:00.000",
        "2026-11-27T10:00:00+0530": "2026-11-27 04:30:00.000",
        "2026-11-27T10:00:00+05": "2026-11-27 05:00:00.000",
        "2026-11-27T10:00:00+14:00": "2026-11-26 20:00:00.000",
        "2026-11-27T10:00:00-14": "2026-11-28 00:00:00.000",
        "2026-11-27T10:00:00.1Z": "2026-11-27 10:00:00.100",
        "2026-11-27T10:00:00,25Z": "2026-11-27 10:00:00.250",
        "2026-11-27T10:00:00.123456Z": "2026-11-27 10:00:00.123",
        "2026-11-27T10:00:00.999999999Z": "2026-11-27 10:00:00.999",
        "2024-02-29T00:00:00Z": "2024-02-29 00:00:00.000",
        "1900-01-01T00:00:00Z": "1900-01-01 00:00:00.000",
        "1969-12-31T23:59:59.9996Z": "1969-12-31 23:59:59.999",
        "2099-12-31T23:59:59-14:00": "2100-01-01 13:59:59.000",
    },
) + _refused(
    "time",
    "2026-02-30T00:00:00Z",
    "2026-02-29 10:00:00 UTC",
    "2026-04-31",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-11-27T24:00:00Z",
    "2026-11-27T23:59:60Z",
    "2026-11-27T10:60:00Z",
    "2026-11-27T10Z",
    "2026-11-27T10:00:00.Z",
    "2026-11-27T10:00:00.1234567890Z",
    "2026-11-27T10:00:00+15:00",
    "2026-11-27T10:00:00+14:30",
    "2026-11-27T10:00:00+05:30:15",
    "2026-11-27T10:00:00 CET",
    "2026-11-27T10:00:00  Z",
    "2026-11-27T10:00:00Z ",
    " 2026-11-27T10:00:00Z",
    "2026-11-27T10:00:00Zjo@example.org",
    "2026-1-9T10:00:00Z",
    "20261127T100000Z",
    "2026-W48-5T10:00:00.000Z",
    "2026-331T10:00:00Z",
    "27/11/2026 10:00",
    "1899-12-31T23:59:59Z",
    "2100-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0000-00-00T00:00:00Z",
    "٢٠٢٦-11-27T10:00:00Z",
    "−2026-11-27T10:00:00Z",  # noqa: RUF001 - a minus
    "yesterday",
    "",
    " ",
    1795773600,
    True,
    ["2026-11-27T10:00:00Z"],
    {"at": "2026-11-27T10:00:00Z"},
)
DATES = _let_in(
    "date",
    {"2026-11-27": "2026-11-27", "2024-02-29": "2024-02-29", "1900-01-01": "1900-01-01"},
) + _refused(
    "date",
    "2026-02-30",
    "2026-02-29",
    "2026-1-9",
    "2026-11-27T00:00:00Z",
    "20261127",
    "27.11.2026",
    "2026-W48-5",
    "1899-12-31",
    "2100-01-01",
    " 2026-11-27",
    "٢٠٢٦-11-27",
    "",
    20261127,
    None,
)
WHOLES = [
    *_let_in("whole", {0: "0", 7: "7", -1: "-1", 10**15 - 1: "999999999999999"}),
    Case("whole", None, is_let_in=True, silver=None),
    # Refused, since a count that is a text may be anything; what lies in bronze is read.
    Case("whole", "7", is_let_in=False, silver="7"),
    *_refused("whole", 10**15, -(10**15), 2**63, 10**400, 1.0, 1.5, "1e3", "", True, [7], {"n": 7}),
]
NUMBERS = [
    *_let_in(
        "number",
        {
            0: "0.0",
            0.5: "0.5",
            1.5: "1.5",
            -0.25: "-0.25",
            1e-07: "1e-07",
            5e-324: "5e-324",
            0.1549501234567891: "0.1549501234567891",
            100: "100.0",
        },
    ),
    Case("number", None, is_let_in=True, silver=None),
    Case("number", "0.5", is_let_in=False, silver="0.5"),
    # As an answer's 1e400 and NaN come through: no engine could read what Python would write.
    *_refused("number", "1e400", "NaN", "Infinity", "half", "", "0,5", ".5", "5.", "0x10"),
    *_refused("number", True, [0.5], {"share": 0.5}),
    Case("number", 1e15, is_let_in=False, silver="1000000000000000.0"),
    # Silver reads it; but gold's exact sums would leave 64 bits, and no build would end.
    Case("number", 999_999_999_999_999, is_let_in=False, silver="999999999999999.0"),
    Case("number", 100.5, is_let_in=False, silver="100.5"),
]
KEYS = [
    *_let_in(
        "key",
        {
            "v000001-2cbe4e": "v000001-2cbe4e",
            "ключ-😀": "ключ-😀",
            "Key": "Key",
            "key": "key",
            "é": "é",
            "e\u0301": "e\u0301",
            " padded ": " padded ",
            "a/b?c=d#e": "a/b?c=d#e",
            "'; drop table x --": "'; drop table x --",
            "null": "null",
            "{}": "{}",
            "\ufeffx": "\ufeffx",
            "k" * 512: "k" * 512,
        },
    ),
    *_refused("key", "", " ", "\t", "\r\n", None),
    # Something to silver; but blank to the eye, or not one line, or too long for an id.
    *(
        Case("key", text, is_let_in=False, silver=text)
        for text in (WIDE, "\u2003", f"a{NUL}b", "a\nb", "a\u2028b", "\u007f", "k" * 513)
    ),
    # Two halves would both be written as a question mark: one key of two.
    Case("key", f"a{HALF}", is_let_in=False, silver="a?"),
    Case("key", 7, is_let_in=False, silver="7"),
    Case("key", True, is_let_in=False, silver="true"),
]
IDS = [
    *_let_in("id", {"abc123": "abc123", "-_": "-_", "x" * 64: "x" * 64}),
    *(
        Case("id", text, is_let_in=False, silver=text)
        for text in ("a/b", "../up", "a b", "a?b", "ä", "jo@example.org", "x" * 65)
    ),
    *_refused("id", "", None),
]
FLAGS = [
    Case("flag", True, is_let_in=True, silver="true"),
    Case("flag", False, is_let_in=True, silver="false"),
    Case("flag", None, is_let_in=True, silver=None),
    Case("flag", "true", is_let_in=False, silver="true"),
    *_refused("flag", "yes", "True", 1, 0, ""),
]
FORMS = [
    Case("form", {}, is_let_in=True, silver=None),
    Case("form", [], is_let_in=True, silver=None),
    Case("form", "", is_let_in=True, silver=None),
    Case("form", " \n", is_let_in=True, silver=None),
    Case("form", None, is_let_in=True, silver=None),
    Case("form", {"email": "jo@example.org"}, is_let_in=True, silver='{"email":"jo@example.org"}'),
    Case("form", {"email": ""}, is_let_in=True, silver='{"email":""}'),
    Case("form", "typed", is_let_in=True, silver="typed"),
]
CASES = [*TIMES, *DATES, *WHOLES, *NUMBERS, *KEYS, *IDS, *FLAGS, *FORMS]
MACROS = {
    "time": "to_timestamp",
    "date": "to_date",
    "whole": "to_integer",
    "number": "to_double",
    "key": "blank_to_null",
    "id": "blank_to_null",
    "flag": "to_boolean",
    "form": "empty_to_null",
}
