"""What a query answers loses nothing on its way to JSON and CSV, and one statement is asked."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from flows.athena.query import parse_value, split_statements
from flows.stages.query import Answer, query
from ingestion.config.errors import QueryError
from ingestion.config.settings import Settings


@pytest.fixture
def tables(tmp_path: Path) -> Settings:
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    return Settings(lake_uri=str(tmp_path))


def rows(answer: Answer) -> object:
    return json.loads(answer.to_json(), parse_float=Decimal)


def test_twin_columns_are_numbered_past_names_that_are_taken(tables: Settings) -> None:
    answer = query(tables, 'select 1 as a, 2 as a, 3 as a_2, 4 as a, 5 as "A"')

    assert rows(answer) == [{"a": 1, "a_3": 2, "a_2": 3, "a_4": 4, "A": 5}]
    assert answer.columns == ["a", "a_3", "a_2", "a_4", "A"]


@pytest.mark.parametrize(
    ("sql", "value", "text"),
    [
        ("'nan'::double", None, ""),
        ("'-infinity'::double", None, ""),
        ("['nan'::float, 1.5::float]", [None, Decimal("1.5")], "[null, 1.5]"),
        ("170141183460469231731687303715884105727::hugeint", 2**127 - 1, str(2**127 - 1)),
        (
            "1234567890123456789012345678.0123456789::decimal(38, 10)",
            Decimal("1234567890123456789012345678.0123456789"),
            "1234567890123456789012345678.0123456789",
        ),
        ("0.0000001::decimal(10, 7)", Decimal("0.0000001"), "0.0000001"),
        ("7.00::decimal(5, 2)", 7, "7"),
        ("'\\x00\\xFFab'::blob", "00ff6162", "00ff6162"),
        (
            "{'a': [{'b': 1.5::decimal(2, 1)}]}",
            {"a": [{"b": Decimal("1.5")}]},
            '{"a": [{"b": 1.5}]}',
        ),
        ("map {'k': null}", {"k": None}, '{"k": null}'),
        ("date '99999-01-01'", "99999-01-01", "99999-01-01"),
        ("true", True, "true"),
        ("''", "", ""),
        ("null", None, ""),
        ("timestamp '2026-01-02 03:04:05.678'", "2026-01-02T03:04:05.678000Z", None),
    ],
)
def test_every_value_comes_whole(tables: Settings, sql: str, value: object, text: str) -> None:
    answer = query(tables, f"select {sql} as v")

    assert rows(answer) == [{"v": value}]
    assert answer.to_text() == [[value if text is None else text]]


@pytest.mark.parametrize("sql", ["", "  \n", ";", ";;", "-- select 1", "/* select 1; */ ; --"])
def test_an_empty_query_is_a_usage_error_on_both_engines(tables: Settings, sql: str) -> None:
    with pytest.raises(QueryError, match="the query is empty") as caught:
        query(tables, sql)

    assert caught.value.exit_code == 2
    assert split_statements(sql) == []


def test_several_statements_are_refused_on_both_engines(tables: Settings) -> None:
    sql = "select 1; -- one\nselect 2"

    with pytest.raises(QueryError, match="2 statements"):
        query(tables, sql)
    assert split_statements(sql) == ["select 1", "select 2"]


@pytest.mark.parametrize(
    ("sql", "statement"),
    [
        ("select ';' as a, 'it''s; --' as b;", "select ';' as a, 'it''s; --' as b"),
        ('select 1 as ";"; ', 'select 1 as ";"'),
        ("/* ; */ (select 1) -- ; end", "(select 1)"),
        ("select 4 - -1 / 2", "select 4 - -1 / 2"),
    ],
)
def test_a_semicolon_inside_a_text_or_comment_ends_nothing(sql: str, statement: str) -> None:
    assert split_statements(sql) == [statement]


@pytest.mark.parametrize("sql", ["selec 1", "select 'x", "select no_such_column"])
def test_a_wrong_query_is_one_sentence(tables: Settings, sql: str) -> None:
    with pytest.raises(QueryError, match="the query failed: "):
        query(tables, sql)


def test_athena_s_texts_are_the_same_values() -> None:
    found = [parse_value("NaN", "double"), parse_value("00 ff 61", "varbinary")]
    answer = Answer(["a", "a"], [tuple(found)])

    assert rows(answer) == [{"a": None, "a_2": "00ff61"}]
