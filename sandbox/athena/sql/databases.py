"""CREATE and DROP DATABASE, CREATE and DROP VIEW."""

from typing import Any

from sandbox.athena.engine.client import Outcome
from sandbox.athena.engine.server import HIVE
from sandbox.athena.errors import QueryError
from sandbox.athena.sql.job import Job, quoted
from sandbox.athena.sql.tables import delete_table
from sandbox.athena.sql.types import hive_name
from sandbox.athena.sql.words import Words


def create_database(words: Words, job: Job) -> Outcome:
    """Make a database."""
    words.expect("CREATE")
    lenient, name = _database(words, "IF", "NOT", "EXISTS")
    made: dict[str, Any] = {"Name": name}
    if words.take("LOCATION"):
        made["LocationUri"] = words.string()
    words.finish()
    if not lenient or name not in job.catalog.databases():
        job.catalog.glue.create_database(DatabaseInput=made)
    return Outcome()


def drop_database(words: Words, job: Job) -> Outcome:
    """Forget a database; with CASCADE its tables too."""
    words.expect("DROP")
    lenient, name = _database(words, "IF", "EXISTS")
    cascade = words.take("CASCADE")
    words.finish()
    if lenient and name not in job.catalog.databases():
        return Outcome()
    tables = job.catalog.tables(name)
    if tables and not cascade:
        raise QueryError(
            f"FAILED: Execution Error: InvalidOperationException: Database {name} is not empty. "
            "One or more tables exist."
        )
    for table in tables:
        delete_table(job, table)
    job.catalog.glue.delete_database(Name=name)
    return Outcome()


def _database(words: Words, *condition: str) -> tuple[bool, str]:
    if not words.take("SCHEMA"):
        words.expect("DATABASE")
    return words.take(*condition), words.names()[-1]


def create_view(words: Words, job: Job) -> Outcome:
    """Make a view, and tell the catalog its columns as Athena does."""
    words.expect("CREATE")
    replace = "OR REPLACE " if words.take("OR", "REPLACE") else ""
    words.expect("VIEW")
    database, name = job.place(words.names())
    words.expect("AS")
    target = quoted(HIVE, database, name)
    job.run(f"CREATE {replace}VIEW {target} AS {words.rest}")
    # The engine leaves one dummy column; clients read the catalog.
    shown = job.engine.run(f"SELECT * FROM {target} LIMIT 0").columns
    columns = [{"Name": column.name, "Type": hive_name(column.signature)} for column in shown]
    table = job.catalog.require(database, name)
    job.catalog.update(table, StorageDescriptor={**table["StorageDescriptor"], "Columns": columns})
    return Outcome()


def drop_view(words: Words, job: Job) -> Outcome:
    """Forget a view."""
    words.expect("DROP", "VIEW")
    exists = "IF EXISTS " if words.take("IF", "EXISTS") else ""
    target = quoted(HIVE, *job.place(words.names()))
    words.finish()
    job.run(f"DROP VIEW {exists}{target}")
    return Outcome()
