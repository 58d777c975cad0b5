"""Ask Athena through awswrangler; results come as they are typed, nulls apart from blanks."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import boto3
import pyarrow as pa
from pyarrow import csv

from flows.answer import Answer
from flows.athena.catalog import database
from flows.athena.explain import explain_failure
from flows.athena.types import parse_value
from flows.athena.workgroup import read_workgroup
from flows.errors import QueryError
from ingestion.aws import explained

if TYPE_CHECKING:
    from ingestion.settings import Settings

_BUILT = ("silver", "gold", "pages")
_POLL_SECONDS = 0.25
_COMMENTS = re.compile(r"\A(\s|--[^\n]*(\n|\Z)|/\*.*?\*/|\()*", re.DOTALL)
_READING = {"select", "with", "values", "table", "show", "describe", "desc", "explain"}


def query_athena(settings: Settings, sql: str) -> Answer:
    """Run one reading statement; tables without a database are gold's.

    Returns:
        The rows, and the bytes that Athena bills.

    Raises:
        ConfigurationError: Workgroup, region or credentials are not in order.
        QueryError: The statement writes, is wrong, or was cancelled.
    """
    statement = sql.strip().rstrip(";")
    _refuse_writing(statement)
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
            return _read_answer(dict(done))
    except (wr.exceptions.QueryFailed, wr.exceptions.QueryCancelled) as error:
        raise _failure(str(error)) from error


def count_athena_rows(settings: Settings) -> dict[str, int]:
    """Rows of every table of silver, gold and pages, by `layer.table` without the prefix."""
    with explained("list the tables", QueryError):
        glue = boto3.client("glue")
        names = [f"{layer}.{table}" for layer in _BUILT for table in _tables(glue, settings, layer)]
    if not names:
        return {}
    prefix = settings.glue_database_prefix
    counts = (
        f"select '{name}' as name, count(*) as row_count from {prefix}{name}"  # noqa: S608 - Glue's own names
        for name in names
    )
    answer = query_athena(settings, " union all ".join(counts) + " order by 1")
    return dict(answer.rows)


def _tables(glue: Any, settings: Settings, layer: str) -> list[str]:  # noqa: ANN401 - boto3's client
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database(settings, layer))
    try:
        found = [table["Name"] for page in pages for table in page["TableList"]]
    except glue.exceptions.EntityNotFoundException:
        return []
    # dbt's temporary tables of an increment live a minute, longer after a kill.
    return [name for name in found if "__" not in name]


def _refuse_writing(statement: str) -> None:
    bare = _COMMENTS.sub("", statement)
    verb = bare.split(maxsplit=1)[0].lower() if bare else ""
    if verb not in _READING:
        raise QueryError(
            f"the query begins with {verb or 'nothing'}, and only reading is allowed here",
            "begin with select; tables are changed by `wistia-elt build`",
        )


def _failure(reason: str) -> QueryError:
    known = explain_failure(reason)
    if known:
        return QueryError(f"the query failed: {known[0]}", known[1])
    first = reason.strip().splitlines()[0] if reason.strip() else "Athena gave no reason"
    return QueryError(
        f"the query failed: {first}",
        '`wistia-elt query "show tables in gold"` lists the tables, `describe gold.…` the columns',
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
