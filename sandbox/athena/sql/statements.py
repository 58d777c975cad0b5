"""Which statements Athena takes, and who carries each out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sandbox.athena.errors import InvalidRequest, QueryError
from sandbox.athena.sql import (
    alter,
    ctas,
    databases,
    dml,
    maintenance,
    partitions,
    show,
    tables,
)
from sandbox.athena.sql.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.athena.job import Job, Outcome


class Statement(NamedTuple):
    """A kind of statement: what GetQueryExecution calls it, and what runs it."""

    type: str
    sub: str
    run: Callable[[Words, Job], Outcome]
    # Hive's rules for quotes: backticks for names, both quotes for texts.
    hive: bool = True


_DDL, _DML, _UTILITY = "DDL", "DML", "UTILITY"
_SELECT = Statement(_DML, "SELECT", dml.run_query, hive=False)
_CTAS = Statement(_DDL, "CREATE_TABLE_AS_SELECT", ctas.create_table_as, hive=False)
_CREATE_DATABASE = Statement(_DDL, "CREATE_DATABASE", databases.create_database)
_DROP_DATABASE = Statement(_DDL, "DROP_DATABASE", databases.drop_database)
_CREATE_VIEW = Statement(_DDL, "CREATE_VIEW", databases.create_view, hive=False)
_SHOW_DATABASES = Statement(_UTILITY, "SHOW_DATABASES", show.show_databases)
_DESCRIBE = Statement(_UTILITY, "DESCRIBE_TABLE", show.describe)

# By the words that they begin with.
STATEMENTS: dict[str, Statement] = {
    "SELECT": _SELECT,
    "WITH": _SELECT,
    "VALUES": _SELECT,
    "TABLE": _SELECT,
    "(": _SELECT,
    "INSERT INTO": Statement(_DML, "INSERT", dml.run_query, hive=False),
    "DELETE FROM": Statement(_DML, "DELETE", dml.change_rows, hive=False),
    "UPDATE": Statement(_DML, "UPDATE", dml.change_rows, hive=False),
    "MERGE INTO": Statement(_DML, "MERGE", dml.change_rows, hive=False),
    "UNLOAD": Statement(_DML, "UNLOAD", ctas.unload, hive=False),
    "OPTIMIZE": Statement(_DML, "OPTIMIZE_TABLE", maintenance.optimize, hive=False),
    "VACUUM": Statement(_DML, "VACUUM_TABLE", maintenance.vacuum, hive=False),
    "EXPLAIN": Statement(_UTILITY, "EXPLAIN", dml.explain, hive=False),
    "CREATE EXTERNAL TABLE": Statement(_DDL, "CREATE_TABLE", tables.create_external_table),
    "CREATE TABLE": Statement(_DDL, "CREATE_TABLE", tables.create_table),
    "DROP TABLE": Statement(_DDL, "DROP_TABLE", tables.drop_table),
    "ALTER TABLE": Statement(_DDL, "ALTER_TABLE", alter.alter_table),
    "MSCK REPAIR TABLE": Statement(_DDL, "MSCK_REPAIR_TABLE", partitions.repair_table),
    "CREATE DATABASE": _CREATE_DATABASE,
    "CREATE SCHEMA": _CREATE_DATABASE,
    "DROP DATABASE": _DROP_DATABASE,
    "DROP SCHEMA": _DROP_DATABASE,
    "CREATE VIEW": _CREATE_VIEW,
    "CREATE OR REPLACE VIEW": _CREATE_VIEW,
    "DROP VIEW": Statement(_DDL, "DROP_VIEW", databases.drop_view),
    "SHOW DATABASES": _SHOW_DATABASES,
    "SHOW SCHEMAS": _SHOW_DATABASES,
    "SHOW TABLES": Statement(_UTILITY, "SHOW_TABLES", show.show_tables),
    "SHOW PARTITIONS": Statement(_UTILITY, "SHOW_PARTITIONS", show.show_partitions),
    "DESCRIBE": _DESCRIBE,
    "DESC": _DESCRIBE,
}


def find_statement(sql: str) -> tuple[Statement, str]:
    """Return what kind of statement this is, and its text without a closing semicolon.

    Raises:
        InvalidRequest: it is none, more than one, or one that Athena does not take.
    """
    words = _words(sql)
    if words.done:
        raise InvalidRequest("Query is empty", "EMPTY_QUERY")
    for beginning in sorted(STATEMENTS, key=len, reverse=True):
        if words.peek(*beginning.split()):
            statement = STATEMENTS[beginning]
            if beginning == "CREATE TABLE" and _is_ctas(words):
                statement = _CTAS
            return statement, _only(Words(sql, hive=statement.hive))
    raise InvalidRequest(
        f"Queries of this type are not supported: {sql.strip()[:60]}", "NOT_SUPPORTED"
    )


def _words(sql: str) -> Words:
    try:
        return Words(sql, hive=False)
    except QueryError:
        return Words(sql, hive=True)


def _is_ctas(words: Words) -> bool:
    """Say whether CREATE TABLE goes on with AS or WITH, not with columns."""
    words.expect("CREATE", "TABLE")
    words.take("IF", "NOT", "EXISTS")
    words.names()
    return words.peek("AS") or words.peek("WITH")


def _only(words: Words) -> str:
    """Return the statement's own text; another one after it is refused."""
    text = words.skip_to(";")
    words.take(";")
    if not words.done:
        raise InvalidRequest(
            f"Only one sql statement is allowed. Got: {words.sql}", "MALFORMED_QUERY"
        )
    return text
