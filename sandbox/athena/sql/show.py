"""SHOW and DESCRIBE: what the catalogue holds, as Hive prints it."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from sandbox.athena.catalogue import is_iceberg, is_view
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, text_column
from sandbox.athena.sql.partitions import path
from sandbox.athena.sql.properties import text

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words

Table = dict[str, Any]
_WIDTH = 20  # Hive pads what it prints to this width


def show_databases(words: Words, job: Job) -> Outcome:
    """List databases."""
    words.expect("SHOW")
    if not words.take("SCHEMAS"):
        words.expect("DATABASES")
    words.take("LIKE")
    return _listing(words, "database_name", job.catalogue.databases())


def show_tables(words: Words, job: Job) -> Outcome:
    """List a database's tables and views."""
    words.expect("SHOW", "TABLES")
    tables = job.catalogue.tables(_database(words, job))
    words.take("LIKE")
    return _listing(words, "tab_name", [table["Name"] for table in tables])


def show_views(words: Words, job: Job) -> Outcome:
    """List a database's views."""
    words.expect("SHOW", "VIEWS")
    tables = job.catalogue.tables(_database(words, job))
    words.take("LIKE")
    return _listing(words, "views", [table["Name"] for table in tables if is_view(table)])


def show_columns(words: Words, job: Job) -> Outcome:
    """List a table's columns."""
    words.expect("SHOW", "COLUMNS")
    _in(words)
    names = words.names()
    if words.peek("IN") or words.peek("FROM"):
        _in(words)
        names = [words.name(), names[-1]]
    _end(words)
    table = job.catalogue.require(*job.place(names))
    return _lines("field", [f"{column['Name']:<{_WIDTH}}" for column in columns_of(table)])


def show_partitions(words: Words, job: Job) -> Outcome:
    """List a table's partitions."""
    words.expect("SHOW", "PARTITIONS")
    table = job.catalogue.require(*job.place(words.names()))
    _end(words)
    if not table.get("PartitionKeys"):
        raise QueryError(
            f"FAILED: SemanticException [Error 10241]: Table {table['Name']} is not a partitioned "
            "table"
        )
    found = [path(table, partition["Values"]) for partition in job.catalogue.partitions(table)]
    return _lines("partition", sorted(found))


def show_properties(words: Words, job: Job) -> Outcome:
    """List a table's properties, or one of them."""
    words.expect("SHOW", "TBLPROPERTIES")
    table = job.catalogue.require(*job.place(words.names()))
    wanted = words.listed(words.string) if words.peek("(") else None
    _end(words)
    properties = table.get("Parameters", {})
    chosen = wanted if wanted is not None else sorted(properties)
    rows = [[name, properties.get(name, "")] for name in chosen]
    return Outcome([text_column("prpt_name"), text_column("prpt_value")], rows)


def describe(words: Words, job: Job) -> Outcome:
    """List a table's columns with types and comments, then what it is partitioned by."""
    if not words.take("DESC"):
        words.expect("DESCRIBE")
    words.take("VIEW")
    table = job.catalogue.require(*job.place(words.names()))
    _end(words)
    lines = [_described(column) for column in columns_of(table)]
    if table.get("PartitionKeys"):
        heading = {"Name": "# col_name", "Type": "data_type", "Comment": "comment"}
        lines += ["\t \t ", "# Partition Information\t \t ", _described(heading), "\t \t "]
        lines += [_described(column) for column in table["PartitionKeys"]]
    columns = [text_column(name) for name in ("col_name", "data_type", "comment")]
    # One cell a line: this is how the service answers, and what its clients split.
    return Outcome(columns, [[line] for line in lines])


def show_create_table(words: Words, job: Job) -> Outcome:
    """Print the statement that would declare the table."""
    words.expect("SHOW", "CREATE", "TABLE")
    table = job.catalogue.require(*job.place(words.names()))
    _end(words)
    if is_view(table):
        raise QueryError("FAILED: SemanticException: this is a view: use SHOW CREATE VIEW")
    return _lines("createtab_stmt", "\n".join(_declaration(table)).splitlines())


def show_create_view(words: Words, job: Job) -> Outcome:
    """Print the statement that would make the view."""
    words.expect("SHOW", "CREATE", "VIEW")
    table = job.catalogue.require(*job.place(words.names()))
    _end(words)
    if not is_view(table):
        raise QueryError(f"FAILED: SemanticException: {table['Name']} is no view")
    encoded = table["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    query = json.loads(base64.b64decode(encoded))["originalSql"]
    name = f"{table['DatabaseName']}.{table['Name']}"
    return _lines("Create View", [f"CREATE VIEW {name} AS", *query.splitlines()])


def columns_of(table: Table) -> list[dict[str, str]]:
    """Return a table's columns, those it is partitioned by last; dropped ones left out."""
    found = table["StorageDescriptor"].get("Columns", []) + table.get("PartitionKeys", [])
    return [c for c in found if c.get("Parameters", {}).get("iceberg.field.current") != "false"]


def _declaration(table: Table) -> list[str]:
    descriptor, iceberg = table["StorageDescriptor"], is_iceberg(table)
    listed = [f"  `{c['Name']}` {c['Type']}{_comment(c)}" for c in columns_of(table)]
    partitioned = table.get("PartitionKeys", [])
    own = listed[: len(listed) - len(partitioned)]
    kind = "TABLE" if iceberg else "EXTERNAL TABLE"
    lines = [f"CREATE {kind} `{table['DatabaseName']}.{table['Name']}`(", ",\n".join(own) + ")"]
    if partitioned:
        lines += ["PARTITIONED BY ( ", ",\n".join(listed[len(own) :]) + ")"]
    if not iceberg:
        serde = descriptor["SerdeInfo"]
        lines += ["ROW FORMAT SERDE ", f"  {text(serde['SerializationLibrary'])} "]
        if pairs := serde.get("Parameters"):
            lines += ["WITH SERDEPROPERTIES ( ", _pairs(pairs)]
        lines += ["STORED AS INPUTFORMAT ", f"  {text(descriptor['InputFormat'])} "]
        lines += ["OUTPUTFORMAT ", f"  {text(descriptor['OutputFormat'])}"]
    lines += ["LOCATION", f"  {text(descriptor['Location'])}"]
    own_properties = {
        name: value
        for name, value in table.get("Parameters", {}).items()
        if not iceberg or name == "table_type" or name.startswith(("vacuum_", "optimize_"))
    }
    return [*lines, "TBLPROPERTIES (", _pairs(own_properties)]


def _pairs(pairs: dict[str, str]) -> str:
    return (
        ", \n".join(f"  {text(name)}={text(value)}" for name, value in sorted(pairs.items())) + ")"
    )


def _comment(column: dict[str, str]) -> str:
    return f" COMMENT {text(column['Comment'])}" if column.get("Comment") else ""


def _described(column: dict[str, str]) -> str:
    cells = (column["Name"], column["Type"], column.get("Comment", ""))
    return "\t".join(f"{cell:<{_WIDTH}}" for cell in cells)


def _listing(words: Words, title: str, names: list[str]) -> Outcome:
    """List the names that a pattern such as `'sales*|visits'` leaves."""
    if not words.done:
        pattern = "|".join(part.replace("*", ".*") for part in words.string().split("|"))
        names = [name for name in names if re.fullmatch(pattern, name)]
    _end(words)
    return _lines(title, names)


def _lines(title: str, lines: list[str]) -> Outcome:
    return Outcome([text_column(title)], [[line] for line in lines])


def _database(words: Words, job: Job) -> str:
    if words.peek("IN") or words.peek("FROM"):
        _in(words)
        return words.names()[-1]
    return job.place(["any"])[0]


def _in(words: Words) -> None:
    if not words.take("IN"):
        words.expect("FROM")


def _end(words: Words) -> None:
    words.finish()
