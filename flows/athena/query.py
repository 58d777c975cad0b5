"""Ask Athena through awswrangler; results come as they are typed, nulls apart from blanks.

Neither awswrangler nor pyathena's ArrowCursor reads them: a null text would be a blank one.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import awswrangler as wr
import boto3

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
    """Run one reading statement; tables without a database are gold's."""
    statement = single_statement(split_statements(sql))
    verb = statement.lstrip("( \t\r\n").split(maxsplit=1)[0].lower()
    if verb not in _READING:
        raise QueryError(
            f"the query begins with {verb}, and only reading is allowed here",
            "begin with select; tables are changed by `wistia-elt build`",
        )
    done = execute(settings, statement)
    with explained("read Athena's answer", QueryError):
        return _read_answer(done)


def execute(settings: Settings, statement: str) -> dict[str, Any]:
    """Run one statement to its end; gives what GetQueryExecution says of it.

    Tables without a database are gold's.
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
        known = explain_failure(str(error))
        if known:
            raise QueryError(f"the query failed: {known[0]}", known[1]) from error
        first = (str(error).strip() or "Athena gave no reason").splitlines()[0]
        raise QueryError(
            f"the query failed: {first}",
            '`wistia-elt query "show tables in gold"` lists the tables, `describe gold.…` the '
            "columns",
        ) from error
    return dict(done)


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


def _read_answer(done: dict[str, Any]) -> Answer:
    scanned = int(done.get("Statistics", {}).get("DataScannedInBytes", 0))
    pages = boto3.client("athena").get_paginator("get_query_results")
    described: list[Any] = []
    texts: list[list[str | None]] = []
    for page in pages.paginate(QueryExecutionId=done["QueryExecutionId"]):
        described = page["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
        texts += (
            [one.get("VarCharValue") for one in row.get("Data", [])]
            for row in page["ResultSet"]["Rows"]
        )
    columns = [column["Name"] for column in described]
    if done.get("StatementType", "DML") != "DML":
        return Answer(columns, [tuple(row) for row in texts], scanned)
    types = [column["Type"] for column in described]
    # The first row is the header.
    rows = (zip(row, types, strict=True) for row in texts[1:])
    return Answer(columns, [tuple(parse_value(*cell) for cell in row) for row in rows], scanned)


def parse_value(text: str | None, kind: str) -> object:
    """A value of a result; nested and unknown types stay the text that Athena writes."""
    if text is None:
        return None
    return _PARSERS.get(kind.partition("(")[0].lower(), str)(text)


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
    "timestamp": lambda text: dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC),
    "timestamp with time zone": _parse_zoned,
}
