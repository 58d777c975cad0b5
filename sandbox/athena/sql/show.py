"""SHOW and DESCRIBE: what the catalog holds, as Hive prints it."""

import re

from sandbox.athena.aws.catalog import Table, partition_keys
from sandbox.athena.engine.client import Outcome
from sandbox.athena.sql.job import Job, lines
from sandbox.athena.sql.words import Words

_WIDTH = 20  # Hive pads what it prints to this width


def show_databases(words: Words, job: Job) -> Outcome:
    """List databases."""
    words.expect("SHOW")
    if not words.take("SCHEMAS"):
        words.expect("DATABASES")
    return _listing(words, "database_name", job.catalog.databases())


def show_tables(words: Words, job: Job) -> Outcome:
    """List a database's tables and views."""
    words.expect("SHOW", "TABLES")
    is_said = words.take("IN") or words.take("FROM")
    database = words.names()[-1] if is_said else job.place(["any"])[0]
    names = [table["Name"] for table in job.catalog.tables(database)]
    return _listing(words, "tab_name", names)


def _listing(words: Words, title: str, names: list[str]) -> Outcome:
    """List the names that a pattern such as `'sales*|visits'` leaves."""
    words.take("LIKE")
    if not words.done:
        pattern = words.string().replace("*", ".*")
        names = [name for name in names if re.fullmatch(pattern, name)]
    words.finish()
    return lines([title], names)


def show_partitions(words: Words, job: Job) -> Outcome:
    """List a table's partitions."""
    words.expect("SHOW", "PARTITIONS")
    table = job.catalog.require(*job.place(words.names()))
    words.finish()
    found = (partition_path(table, values) for values in job.catalog.partitions(table))
    return lines(["partition"], sorted(found))


def partition_path(table: Table, values: list[str]) -> str:
    """Return a partition's folder below its table's, without a slash at its end."""
    pairs = zip(partition_keys(table), values, strict=True)
    return "/".join(f"{key}={value}" for key, value in pairs)


def describe(words: Words, job: Job) -> Outcome:
    """List a table's columns with types and comments, then what it is partitioned by."""
    if not words.take("DESC"):
        words.expect("DESCRIBE")
    table = job.catalog.require(*job.place(words.names()))
    words.finish()
    own, keys = columns_of(table), table.get("PartitionKeys", [])
    found = [_described(**column) for column in own + keys]
    if keys:
        heading = _described("# col_name", "data_type", "comment")
        found += ["\t \t ", "# Partition Information\t \t ", heading, "\t \t "]
        found += [_described(**column) for column in keys]
    # One cell a line: this is how the service answers, and what its clients split.
    return lines(["col_name", "data_type", "comment"], found)


def columns_of(table: Table) -> list[dict[str, str]]:
    """Return a table's own columns; dropped ones left out."""
    found = table["StorageDescriptor"].get("Columns", [])
    return [c for c in found if c.get("Parameters", {}).get("iceberg.field.current") != "false"]


def _described(Name: str, Type: str, Comment: str = "", **_: object) -> str:  # noqa: N803 - Glue's
    return "\t".join(f"{cell:<{_WIDTH}}" for cell in (Name, Type, Comment))
