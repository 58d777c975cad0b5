"""Ask Athena through awswrangler; results come as they are typed, nulls apart from blanks.

Not by pyathena's ArrowCursor: it reads a null text as a blank one.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import awswrangler as wr
import boto3
import pyarrow as pa
from pyarrow import csv

from flows.athena.catalog import database
from flows.athena.explain import explain_failure
from flows.athena.tables import built_tables, name_of
from flows.athena.workgroup import read_workgroup
from flows.stages.query import Answer, single_statement
from ingestion.config.aws_errors import explained
from ingestion.config.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingestion.config.settings import Settings

# Texts, names and comments: a semicolon inside of them ends nothing.
_PIECES = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>;)|.""", re.DOTALL
)
_POLL_SECONDS = 0.25
_ZONED = re.compile(r"^(?P<moment>.{10} [0-9:.]+) ?(?P<zone>\S+)$")
_READING = {"select", "with", "values", "table", "show", "describe", "desc", "explain"}


def query_athena(settings: Settings, sql: str) -> Answer:
    """Run one reading statement; tables without a database are gold's.

    Raises:
        ConfigurationError: Workgroup, region or credentials are not in order.
        QueryError: The statement writes, is wrong, or was cancelled.
    """
    statement = single_statement(split_statements(sql))
    _refuse_writing(statement)
    done = execute(settings, statement)
    with explained("read Athena's answer", QueryError):
        return _read_answer(done)


def execute(settings: Settings, statement: str) -> dict[str, Any]:
    """Run one statement to its end; gives what GetQueryExecution says of it.

    Tables without a database are gold's.

    Raises:
        ConfigurationError: Workgroup, region or credentials are not in order.
        QueryError: The statement failed or was cancelled.
    """
    group = read_workgroup(settings)
    try:
        with explained("ask Athena", QueryError):
            done = wr.athena.start_query_execution(
                statement,
                database=database(settings, "gold"),
                workgroup=group.name,
                s3_output=f"{group.results_uri}/queries/",
                athena_query_wait_polling_delay=_POLL_SECONDS,
                wait=True,
            )
    except (wr.exceptions.QueryFailed, wr.exceptions.QueryCancelled) as error:
        raise _query_failure(str(error)) from error
    return dict(done)


def _query_failure(reason: str) -> QueryError:
    known = explain_failure(reason)
    if known:
        return QueryError(f"the query failed: {known[0]}", known[1])
    first = reason.strip().splitlines()[0] if reason.strip() else "Athena gave no reason"
    return QueryError(
        f"the query failed: {first}",
        '`wistia-elt query "show tables in gold"` lists the tables, `describe gold.…` the columns',
    )


def count_athena_rows(settings: Settings) -> dict[str, int]:
    """Rows of every table of silver, gold and pages, by `layer.table` without the prefix."""
    with explained("list the tables", QueryError):
        names = [name_of(table) for table in built_tables(settings)]
    if not names:
        return {}
    prefix = settings.glue_database_prefix
    counts = (
        f"select '{name.removeprefix(prefix)}' as name, count(*) as row_count from {name}"  # noqa: S608 - Glue's own names
        for name in names
    )
    answer = query_athena(settings, " union all ".join(counts) + " order by 1")
    return dict(answer.rows)


def split_statements(sql: str) -> list[str]:
    """The statements of a text, without comments; what is blank is none."""
    statements = [""]
    for piece in _PIECES.finditer(sql):
        if piece["end"]:
            statements.append("")
        else:
            statements[-1] += " " if piece["comment"] else piece[0]
    return [statement.strip() for statement in statements if statement.strip()]


def _refuse_writing(statement: str) -> None:
    verb = statement.lstrip("( \t\r\n").split(maxsplit=1)[0].lower()
    if verb not in _READING:
        raise QueryError(
            f"the query begins with {verb}, and only reading is allowed here",
            "begin with select; tables are changed by `wistia-elt build`",
        )


def _read_answer(done: dict[str, Any]) -> Answer:
    execution = done["QueryExecutionId"]
    scanned = int(done.get("Statistics", {}).get("DataScannedInBytes", 0))
    athena = boto3.client("athena")
    if done.get("StatementType", "DML") != "DML":
        columns, rows = _read_pages(athena, execution)
        return Answer(columns, rows, scanned)
    first = athena.get_query_results(QueryExecutionId=execution, MaxResults=1)
    described = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    columns = [column["Name"] for column in described]
    types = [column["Type"] for column in described]
    texts = _read_csv(done["ResultConfiguration"]["OutputLocation"], len(columns))
    return Answer(columns, [_typed(row, types) for row in texts], scanned)


def _read_pages(athena: Any, execution: str) -> tuple[list[str], list[tuple[Any, ...]]]:  # noqa: ANN401
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution)
    columns: list[str] = []
    rows: list[tuple[Any, ...]] = []
    for page in pages:
        described = page["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
        columns = [column["Name"] for column in described]
        rows.extend(
            tuple(value.get("VarCharValue") for value in row.get("Data", []))
            for row in page["ResultSet"]["Rows"]
        )
    return columns, rows


def _read_csv(uri: str, width: int) -> list[tuple[str | None, ...]]:
    """Rows of Athena's result file: a null is nothing at all, a blank two quotes."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    names = [str(number) for number in range(width)]
    table = csv.read_csv(
        io.BytesIO(body),
        csv.ReadOptions(column_names=names, use_threads=False),
        csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    columns = [column.to_pylist() for column in table.columns]
    # The first is the header.
    return list(zip(*columns, strict=True))[1:]


def _typed(row: tuple[str | None, ...], types: list[str]) -> tuple[Any, ...]:
    return tuple(parse_value(text, kind) for text, kind in zip(row, types, strict=True))


def parse_value(text: str | None, kind: str) -> object:
    """A value of a result; nested and unknown types stay the text that Athena writes."""
    if text is None:
        return None
    return _PARSERS.get(kind.partition("(")[0].lower(), str)(text)


def _parse_moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _parse_zoned(text: str) -> dt.datetime:
    found = _ZONED.match(text)
    if found is None or found["zone"][0] in "+-":
        return dt.datetime.fromisoformat(text.replace(" UTC", "+00:00")).astimezone(dt.UTC)
    moment = dt.datetime.fromisoformat(found["moment"]).replace(tzinfo=ZoneInfo(found["zone"]))
    return moment.astimezone(dt.UTC)


_PARSERS: dict[str, Callable[[str], object]] = {
    "boolean": lambda text: text == "true",
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "int": int,
    "bigint": int,
    "real": float,
    "float": float,
    "double": float,
    "decimal": Decimal,
    "varbinary": bytes.fromhex,
    "date": dt.date.fromisoformat,
    "timestamp": _parse_moment,
    "timestamp with time zone": _parse_zoned,
}
