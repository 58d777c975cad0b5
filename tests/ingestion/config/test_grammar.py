"""One grammar of times, numbers and keys: what the schema lets in, silver can read."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.config import grammar
from ingestion.load.schemas import Event, Media, MediaDay, Record, Visitor, check_record
from ingestion.storage.json_lines import encode
from tests.ingestion.account import event, medium, visitor
from tests.support.bronze.grammar_cases import CASES, MACROS, Case
from tests.support.lakes.silver_sql import cast_of, model_of

DAY = {"date": "2026-01-08", "load_count": 1, "play_count": 1, "hours_watched": 0.5}


def record_with(kind: str, value: object) -> tuple[dict[str, Any], type[Record]]:
    """A good record but for the one value."""
    known: dict[str, tuple[dict[str, Any], type[Record]]] = {
        "time": (event(1, received_at=value), Event),
        "date": (DAY | {"date": value}, MediaDay),
        "whole": (visitor(1, load_count=value), Visitor),
        "number": (event(1, percent_viewed=value), Event),
        "key": (visitor(1, visitor_key=value), Visitor),
        "id": (medium("abc") | {"hashed_id": value}, Media),
        "flag": (visitor(1, user_agent_details={"mobile": value}), Visitor),
        "form": (event(1, conversion_data=value), Event),
    }
    return known[kind]


def lake_of(folder: Path, **tables: list[Any]) -> duckdb.DuckDBPyConnection:
    """Bronze as it is written and read: lines of JSON, every column a text."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; create schema bronze; create schema silver")
    for name, rows in tables.items():
        file = folder / f"{name}.json"
        file.write_bytes(b"".join(encode(row) + b"\n" for row in rows))
        columns = ", ".join(f"{column}: '{kind}'" for column, kind in COLUMNS[name].items())
        connection.execute(
            f"create view bronze.{name} as from read_json('{file}', "
            f"format = 'newline_delimited', columns = {{{columns}}})"
        )
    return connection


AGENT = "struct(browser varchar, browser_version varchar, platform varchar, mobile varchar)"
IDENTITY = "struct(name varchar, email varchar, org struct(name varchar, title varchar))"


def texts(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "varchar")


# As bronze.yml declares them, in the words of DuckDB.
COLUMNS: dict[str, dict[str, str]] = {
    "cases": texts("value"),
    "visitors": texts(
        "visitor_key created_at last_active_at last_event_key load_count play_count "
        "identifying_event_key ingested_at"
    )
    | {"visitor_identity": IDENTITY, "user_agent_details": AGENT},
    "events": texts(
        "event_key received_at visitor_key media_id embed_url ip org country region city email "
        "conversion_type conversion_data percent_viewed lat lon ingested_at"
    )
    | {"user_agent_details": AGENT},
    "media_by_date": texts(
        "media_id date load_count play_count hours_watched snapshot_ts ingested_at"
    ),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind} {str(case.value)[:40]!r}")
def test_the_schema_lets_in_what_can_be_read_and_refuses_the_rest(case: Case) -> None:
    reason = check_record(*record_with(case.kind, case.value)).reason

    assert (reason is None) == case.is_let_in, reason


def test_silver_reads_the_same_values_on_duckdb(tmp_path: Path) -> None:
    for kind, macro in MACROS.items():
        cases = [case for case in CASES if case.kind == kind]
        lake = lake_of(tmp_path, cases=[{"value": case.value} for case in cases])
        cast = cast_of("duckdb", macro)
        if kind == "time":
            cast = f"strftime({cast}, '%Y-%m-%d %H:%M:%S.%g')"
        read = lake.sql(f"select cast({cast} as varchar) from bronze.cases").fetchall()  # noqa: S608
        assert [text for (text,) in read] == [case.silver for case in cases], kind


SEPARATORS = st.sampled_from(["T", "t", " ", "  ", "_", ""])
FRACTIONS = st.integers(0, 12).flatmap(
    lambda digits: st.sampled_from([".", ",", ":"]).map(
        lambda mark: mark + "1234567890123"[:digits]
    )
)
ZONES = st.one_of(
    st.sampled_from(["", "Z", "z", " Z", " UTC", "UTC", " GMT", "utc", "CET", "+", "+0", "+24:00"]),
    st.builds(
        "{}{:02d}{}{:02d}".format,
        st.sampled_from("+-"),
        st.integers(0, 15),
        st.sampled_from(["", ":"]),
        st.integers(0, 60),
    ),
    st.builds("{}{:02d}".format, st.sampled_from("+-"), st.integers(0, 15)),
)
TIMES = st.one_of(
    st.builds(
        lambda y, mo, d, sep, h, mi, s, fraction, zone: (
            f"{y:04d}-{mo:02d}-{d:02d}{sep}{h:02d}:{mi:02d}{s}{fraction}{zone}"
        ),
        st.integers(1890, 2105),
        st.integers(0, 13),
        st.integers(0, 32),
        SEPARATORS,
        st.integers(0, 24),
        st.integers(0, 60),
        st.one_of(st.just(""), st.integers(0, 60).map(":{:02d}".format)),
        st.one_of(st.just(""), FRACTIONS),
        ZONES,
    ),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
    st.dates().map(str),
    st.text(max_size=30),
)


@settings(max_examples=40, deadline=None)
@given(written=st.lists(TIMES, max_size=40))
def test_a_time_is_the_same_moment_to_schema_and_silver(
    tmp_path_factory: pytest.TempPathFactory, written: list[str]
) -> None:
    lake = lake_of(tmp_path_factory.mktemp("times"), cases=[{"value": text} for text in written])
    read = lake.sql(f"select {cast_of('duckdb', 'to_timestamp')} from bronze.cases").fetchall()  # noqa: S608

    for text, (silver,) in zip(written, read, strict=True):
        schema = grammar.parse_time(text)
        if schema is not None:
            schema = schema.astimezone(UTC).replace(tzinfo=None)
            schema -= timedelta(microseconds=schema.microsecond % 1000)
        assert silver == schema, text


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([case.value for case in CASES]),
)


def changed(base: dict[str, Any], names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A record with a few odd values, and a key that comes seldom twice."""
    return st.dictionaries(st.sampled_from(names), ODD, max_size=3).map(lambda odd: base | odd)


VISITORS = st.integers(0, 300).flatmap(lambda n: changed(visitor(n), list(visitor(0))))
EVENTS = st.integers(0, 300).flatmap(lambda n: changed(event(n), list(event(0))))
DAYS = st.dates(datetime(2026, 1, 1).date(), datetime(2026, 3, 1).date()).flatmap(  # noqa: DTZ001
    lambda day: changed(DAY | {"date": str(day)}, list(DAY))
)
STAMP = {"ingested_at": "2026-01-09T00:00:00.000000Z"}
OURS = {"media_id": "abc", "snapshot_ts": "2026-01-09T00:00:00.000000Z"}


@settings(max_examples=15, deadline=None)
@given(
    visitors=st.lists(VISITORS, max_size=25),
    events=st.lists(EVENTS, max_size=25),
    days=st.lists(DAYS, max_size=25),
)
def test_silver_has_the_key_of_every_record_that_the_schema_lets_in(
    tmp_path_factory: pytest.TempPathFactory,
    visitors: list[dict[str, Any]],
    events: list[dict[str, Any]],
    days: list[dict[str, Any]],
) -> None:
    landed = {
        "visitors": [one | STAMP for one in visitors if _is_let_in(one, Visitor)],
        "events": [one | STAMP for one in events if _is_let_in(one, Event)],
        "media_by_date": [one | STAMP | OURS for one in days if _is_let_in(one | OURS, MediaDay)],
    }
    lake = lake_of(tmp_path_factory.mktemp("lake"), **landed)
    lake.execute(
        "create table silver.dim_media_history (media_id varchar, duration_seconds double, "
        "version_number int, valid_from timestamp, valid_to timestamp, is_current boolean)"
    )
    for table, model, key in (
        ("visitors", "fact_visitors", "visitor_key"),
        ("events", "fact_events", "event_key"),
        ("media_by_date", "fact_media_daily", "cast(activity_date as varchar)"),
    ):
        field = {"media_by_date": "date"}.get(table, key)
        rows = lake.sql(f"select {key} from ({model_of(model)})").fetchall()  # noqa: S608
        assert Counter(text for (text,) in rows) == Counter({one[field] for one in landed[table]})


def _is_let_in(record: dict[str, Any], contract: type[Record]) -> bool:
    return check_record(record, contract).reason is None
