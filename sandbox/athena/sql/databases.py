"""CREATE and DROP DATABASE, CREATE and DROP VIEW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.catalog import is_iceberg, is_view
from sandbox.athena.engine.server import HIVE, ICEBERG
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, quoted
from sandbox.athena.sql.types import hive_name

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words


def create_database(words: Words, job: Job) -> Outcome:
    """Make a database."""
    words.expect("CREATE")
    _database(words)
    lenient, name = words.take("IF", "NOT", "EXISTS"), words.names()[-1]
    made = {"LocationUri": words.string()} if words.take("LOCATION") else {}
    words.finish()
    if job.catalog.has_database(name):
        if lenient:
            return Outcome()
        raise QueryError(f"FAILED: Execution Error: Database {name} already exists")
    job.catalog.glue.create_database(DatabaseInput={"Name": name, **made})  # type: ignore[typeddict-item]
    return Outcome()


def drop_database(words: Words, job: Job) -> Outcome:
    """Forget a database; with CASCADE its tables too."""
    words.expect("DROP")
    _database(words)
    lenient, name = words.take("IF", "EXISTS"), words.names()[-1]
    cascade = words.take("CASCADE")
    if not cascade:
        words.take("RESTRICT")
    words.finish()
    if lenient and not job.catalog.has_database(name):
        return Outcome()
    tables = job.catalog.tables(name)
    if tables and not cascade:
        raise QueryError(
            f"FAILED: Execution Error: InvalidOperationException: Database {name} is not empty. "
            "One or more tables exist."
        )
    for table in tables:
        if is_iceberg(table):
            job.run(f"DROP TABLE {quoted(ICEBERG, name, table['Name'])}")
        else:
            job.catalog.delete(table)
    job.catalog.glue.delete_database(Name=name)
    return Outcome()


def _database(words: Words) -> None:
    if not words.take("SCHEMA"):
        words.expect("DATABASE")


def create_view(words: Words, job: Job) -> Outcome:
    """Make a view, and tell the catalog its columns as Athena does."""
    words.expect("CREATE")
    replace = words.take("OR", "REPLACE")
    words.expect("VIEW")
    database, name = job.place(words.names())
    words.expect("AS")
    query = words.rest
    before = job.catalog.find(database, name)
    if before and not is_view(before):
        raise QueryError(f"NOT_SUPPORTED: Table already exists: '{HIVE}.{database}.{name}'")
    target = quoted(HIVE, database, name)
    job.run(f"CREATE {'OR REPLACE ' if replace else ''}VIEW {target} AS {query}")
    # The engine leaves one dummy column; clients read the catalog.
    shown = job.stack.engine.run(f"SELECT * FROM {target} LIMIT 0")
    columns = [
        {"Name": column.name, "Type": hive_name(column.signature)} for column in shown.columns
    ]
    table = job.catalog.require(database, name)
    job.catalog.update(table, StorageDescriptor={**table["StorageDescriptor"], "Columns": columns})
    return Outcome()


def drop_view(words: Words, job: Job) -> Outcome:
    """Forget a view."""
    words.expect("DROP", "VIEW")
    lenient, (database, name) = words.take("IF", "EXISTS"), job.place(words.names())
    words.finish()
    table = job.catalog.find(database, name)
    if table is None and lenient:
        return Outcome()
    if table is None or not is_view(table):
        raise QueryError(f"NOT_FOUND: line 1:1: View '{HIVE}.{database}.{name}' does not exist")
    job.catalog.delete(table)
    return Outcome()
