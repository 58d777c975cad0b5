"""SHOW and DESCRIBE: what the catalog holds, as Hive prints it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, text_column
from sandbox.athena.sql.partitions import path

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
    return _listing(words, "database_name", job.catalog.databases())


def show_tables(words: Words, job: Job) -> Outcome:
    """List a database's tables and views."""
    words.expect("SHOW", "TABLES")
    tables = job.catalog.tables(_database(words, job))
    words.take("LIKE")
    return _listing(words, "tab_name", [table["Name"] for table in tables])


def show_partitions(words: Words, job: Job) -> Outcome:
    """List a table's partitions."""
    words.expect("SHOW", "PARTITIONS")
    table = job.catalog.require(*job.place(words.names()))
    words.finish()
    if not table.get("PartitionKeys"):
        raise QueryError(
            f"FAILED: SemanticException [Error 10241]: Table {table['Name']} is not a partitioned "
            "table"
        )
    found = [path(table, partition["Values"]) for partition in job.catalog.partitions(table)]
    return _lines("partition", sorted(found))


def describe(words: Words, job: Job) -> Outcome:
    """List a table's columns with types and comments, then what it is partitioned by."""
    if not words.take("DESC"):
        words.expect("DESCRIBE")
    words.take("VIEW")
    table = job.catalog.require(*job.place(words.names()))
    words.finish()
    lines = [_described(column) for column in columns_of(table)]
    if table.get("PartitionKeys"):
        heading = {"Name": "# col_name", "Type": "data_type", "Comment": "comment"}
        lines += ["\t \t ", "# Partition Information\t \t ", _described(heading), "\t \t "]
        lines += [_described(column) for column in table["PartitionKeys"]]
    columns = [text_column(name) for name in ("col_name", "data_type", "comment")]
    # One cell a line: this is how the service answers, and what its clients split.
    return Outcome(columns, [[line] for line in lines])


def columns_of(table: Table) -> list[dict[str, str]]:
    """Return a table's columns, those it is partitioned by last; dropped ones left out."""
    found = table["StorageDescriptor"].get("Columns", []) + table.get("PartitionKeys", [])
    return [c for c in found if c.get("Parameters", {}).get("iceberg.field.current") != "false"]


def _described(column: dict[str, str]) -> str:
    cells = (column["Name"], column["Type"], column.get("Comment", ""))
    return "\t".join(f"{cell:<{_WIDTH}}" for cell in cells)


def _listing(words: Words, title: str, names: list[str]) -> Outcome:
    """List the names that a pattern such as `'sales*|visits'` leaves."""
    if not words.done:
        pattern = "|".join(part.replace("*", ".*") for part in words.string().split("|"))
        names = [name for name in names if re.fullmatch(pattern, name)]
    words.finish()
    return _lines(title, names)


def _lines(title: str, lines: list[str]) -> Outcome:
    return Outcome([text_column(title)], [[line] for line in lines])


def _database(words: Words, job: Job) -> str:
    if words.take("IN") or words.take("FROM"):
        return words.names()[-1]
    return job.place(["any"])[0]
