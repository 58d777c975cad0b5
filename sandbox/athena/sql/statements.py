"""Which statements Athena takes, and who carries each out."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from sandbox.athena.engine.client import Outcome
from sandbox.athena.errors import InvalidRequest, QueryError
from sandbox.athena.sql import alter, ctas, databases, dml, show, tables
from sandbox.athena.sql.job import Job
from sandbox.athena.sql.words import Words

Run = Callable[[Words, Job], Outcome]


class Statement(NamedTuple):
    """A kind of statement: what GetQueryExecution calls it, and what runs it."""

    type: str
    sub: str
    run: Run
    # Hive's rules for quotes: backticks for names, both quotes for texts.
    hive: bool


def _kind(
    kind: str, sub: str, run: Run, *beginnings: str, hive: bool = True
) -> dict[str, Statement]:
    return dict.fromkeys(beginnings, Statement(kind, sub, run, hive))


_ddl, _utility = partial(_kind, "DDL"), partial(_kind, "UTILITY")
_dml = partial(_kind, "DML", hive=False)
# By the words that they begin with; of several the longest.
STATEMENTS = {
    **_dml("SELECT", dml.run_query, "SELECT", "WITH", "VALUES", "TABLE", "("),
    **_dml("INSERT", dml.run_query, "INSERT INTO"),
    **_dml("DELETE", dml.change_rows, "DELETE FROM"),
    **_dml("UPDATE", dml.change_rows, "UPDATE"),
    **_dml("MERGE", dml.change_rows, "MERGE INTO"),
    **_dml("UNLOAD", ctas.unload, "UNLOAD"),
    **_dml("OPTIMIZE_TABLE", dml.optimize, "OPTIMIZE"),
    **_dml("VACUUM_TABLE", dml.vacuum, "VACUUM"),
    **_ddl("CREATE_TABLE", tables.create_external_table, "CREATE EXTERNAL TABLE"),
    **_ddl("CREATE_TABLE", tables.create_table, "CREATE TABLE"),
    **_ddl("DROP_TABLE", tables.drop_table, "DROP TABLE"),
    **_ddl("ALTER_TABLE", alter.alter_table, "ALTER TABLE"),
    **_ddl("MSCK_REPAIR_TABLE", alter.repair_table, "MSCK REPAIR TABLE"),
    **_ddl("CREATE_DATABASE", databases.create_database, "CREATE DATABASE", "CREATE SCHEMA"),
    **_ddl("DROP_DATABASE", databases.drop_database, "DROP DATABASE", "DROP SCHEMA"),
    **_ddl(
        *("CREATE_VIEW", databases.create_view, "CREATE VIEW", "CREATE OR REPLACE VIEW"),
        hive=False,
    ),
    **_ddl("DROP_VIEW", databases.drop_view, "DROP VIEW"),
    **_utility("EXPLAIN", dml.explain, "EXPLAIN", hive=False),
    **_utility("SHOW_DATABASES", show.show_databases, "SHOW DATABASES", "SHOW SCHEMAS"),
    **_utility("SHOW_TABLES", show.show_tables, "SHOW TABLES"),
    **_utility("SHOW_PARTITIONS", show.show_partitions, "SHOW PARTITIONS"),
    **_utility("DESCRIBE_TABLE", show.describe, "DESCRIBE", "DESC"),
}
_CTAS = Statement("DDL", "CREATE_TABLE_AS_SELECT", ctas.create_table_as, hive=False)


def find_statement(sql: str) -> tuple[Statement, str]:
    """Return what kind of statement this is, and its text without a closing semicolon.

    Raises:
        InvalidRequest: it is none, more than one, or one that Athena does not take.
    """
    words = Words(sql)
    try:
        if words.done:
            raise InvalidRequest("Query is empty")
        found = [beginning for beginning in STATEMENTS if words.peek(*beginning.split())]
        if not found:
            raise InvalidRequest(f"Queries of this type are not supported: {sql.strip()[:60]}")
        statement = _CTAS if _is_ctas(words) else STATEMENTS[max(found, key=len)]
        words = Words(sql, hive=statement.hive)
        text = words.skip_to(";")
        words.take(";")
        if not words.done:
            raise InvalidRequest(f"Only one sql statement is allowed. Got: {sql}")
    except QueryError as error:
        raise InvalidRequest(str(error)) from error
    return statement, text


def _is_ctas(words: Words) -> bool:
    """Say whether this is a CREATE TABLE that goes on with AS or WITH, not with columns."""
    if not words.take("CREATE", "TABLE"):
        return False
    words.take("IF", "NOT", "EXISTS")
    words.names()
    return words.peek("AS") or words.peek("WITH")
