"""SELECT, INSERT and what changes rows of Iceberg tables: the engine takes these as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.catalog import is_iceberg
from sandbox.athena.errors import QueryError
from sandbox.athena.job import Job, Outcome, text_column
from sandbox.athena.sql.json_keys import refuse_twin_keys
from sandbox.athena.sql.properties import text

if TYPE_CHECKING:
    from sandbox.athena.sql.words import Words


def run_query(words: Words, job: Job) -> Outcome:
    """Run a query, or an INSERT."""
    del words
    refuse_twin_keys(job)
    result = job.run(_with_parameters(job))
    return Outcome(result.columns if result.update is None else (), result.rows)


def change_rows(words: Words, job: Job) -> Outcome:
    """Run a DELETE, an UPDATE or a MERGE."""
    for before in (("DELETE", "FROM"), ("UPDATE",), ("MERGE", "INTO")):
        if words.take(*before):
            break
    database, name = job.place(words.names())
    table = job.catalog.find(database, name)
    if table and not is_iceberg(table):
        raise QueryError("NOT_SUPPORTED: Modifying Hive table rows is not supported")
    refuse_twin_keys(job)
    job.run(_with_parameters(job))
    return Outcome()


def explain(words: Words, job: Job) -> Outcome:
    """Print a query's plan."""
    del words
    result = job.run(_with_parameters(job))
    lines = [line for row in result.rows for line in str(row[0]).splitlines()]
    return Outcome([text_column("Query Plan")], [[line] for line in lines])


def _with_parameters(job: Job) -> str:
    if not job.parameters:
        return job.sql
    return f"EXECUTE IMMEDIATE {text(job.sql)} USING {', '.join(job.parameters)}"
