"""Ask the last good tables, on the engine that keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from flows.cli.look.answer import Answer, single_statement
from flows.stages.errors import QueryError

if TYPE_CHECKING:
    from ingestion.config.settings import Settings


def query(settings: Settings, sql: str) -> Answer:
    """Run one statement on the last good tables, read only.

    Raises:
        ConfigurationError: Athena's workgroup, region or credentials are not in order.
        QueryError: There are no tables yet, or it is not one statement that is right.
    """
    if settings.on_s3:
        # awswrangler costs a second and 100 MB: only who asks Athena pays.
        from flows.athena.query import query_athena  # noqa: PLC0415

        return query_athena(settings, sql)
    return _query_file(settings, sql)


def count_rows(settings: Settings) -> dict[str, int]:
    """Rows of every table of silver, gold and pages, by `schema.table`; empty before a build."""
    if settings.on_s3:
        from flows.athena.query import count_athena_rows  # noqa: PLC0415

        return count_athena_rows(settings)
    if not settings.warehouse_path.exists():
        return {}
    tables = query(
        settings,
        "select table_schema || '.' || table_name from information_schema.tables where "
        "table_schema in ('silver', 'gold', 'pages') and table_type = 'BASE TABLE' order by 1",
    )
    names = [str(row[0]) for row in tables.rows]
    if not names:
        return {}
    # One statement: to open the file again for each table takes a second.
    counts = query(
        settings,
        " union all ".join(f"select '{name}', count(*) from {name}" for name in names),  # noqa: S608
    )
    found = {str(name): int(rows) for name, rows in counts.rows}
    return {name: found[name] for name in names}


def _query_file(settings: Settings, sql: str) -> Answer:
    try:
        single_statement([one.query for one in duckdb.extract_statements(sql)])
    except duckdb.Error as error:
        raise _failure(error) from error
    path = settings.warehouse_path
    if not path.exists():
        raise QueryError(
            f"there are no tables in {settings.lake_path} yet", "run `wistia-elt run` first"
        )
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            cursor = connection.execute(sql)
            columns = [column[0] for column in cursor.description or []]
            return Answer(columns, cursor.fetchall())
    except duckdb.Error as error:
        raise _failure(error) from error


def _failure(error: duckdb.Error) -> QueryError:
    message = str(error).strip().splitlines()[0]
    return QueryError(
        f"the query failed: {message}",
        '`wistia-elt query "show all tables"` lists every table with its columns',
    )
