"""Ask the engine: one statement, its rows as text or JSON values, its statistics."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from trino.client import ClientSession, TrinoQuery, TrinoRequest
from trino.exceptions import Error, TrinoQueryError

from sandbox.athena.engine.server import HIVE, ICEBERG
from sandbox.athena.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Values = list[Any]


@dataclass(frozen=True)
class Column:
    """A result's column: its name and the engine's type, such as `array(row(x bigint))`."""

    name: str
    type: str
    signature: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass
class Watch:
    """What a caller sees of a running statement, and how it stops it."""

    scanned_bytes: int = 0
    written_rows: int | None = None
    scan_limit: int | None = None
    # Raises to end the statement; called each time the engine tells how far it is.
    check: Callable[[], None] = lambda: None


@dataclass
class Result:
    """Columns at once, rows as they come; `update` is set where there are none."""

    columns: list[Column]
    rows: Iterator[Values]
    update: str | None = None


# A minute in all.
_LOOKS_FOR_NODES, _SECONDS_BETWEEN_LOOKS = 120, 0.5


class Engine:
    """One engine; each statement has a session of its own."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 0

    def run(
        self,
        sql: str,
        database: str | None = None,
        *,
        watch: Watch | None = None,
        properties: Mapping[str, str] | None = None,
        prepared: Mapping[str, str] | None = None,
    ) -> Result:
        """Run one statement in `database` of the Hive catalog.

        Raises:
            QueryError: the engine refused it, or it failed; also while rows are read.
        """
        watch = watch or Watch()
        settings = dict(properties or {})
        if watch.scan_limit:
            settings["query_max_scan_physical_bytes"] = f"{watch.scan_limit}B"
        session = ClientSession(
            user="athena", catalog=HIVE, schema=database, timezone="UTC", properties=settings
        )
        session.prepared_statements = dict(prepared or {})
        for left in range(_LOOKS_FOR_NODES, -1, -1):
            request = TrinoRequest(self._host, self._port, session)
            query = TrinoQuery(
                request, sql, legacy_primitive_types=True, stats_callback=_follow(watch)
            )
            try:
                with _translated(query):
                    result = query.execute()
                break
            except QueryError as error:
                # For seconds after its start the engine is no node of its catalogs yet.
                if "NO_NODES_AVAILABLE" not in str(error) or not left:
                    raise
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        with _translated(query):
            columns = [
                Column(item["name"], item["type"], item["typeSignature"])
                for item in query.columns or ()
            ]
        if query.update_type is not None:
            watch.written_rows = query.update_count
        return Result(columns, _rows(query, result), query.update_type)

    def check(self, sql: str) -> None:
        """Parse one statement, without looking at tables.

        Raises:
            QueryError: it is not SQL.
        """
        head = "PREPARE checked FROM "
        try:
            self.run(head + sql)
        except QueryError as error:
            # Places are those of the statement itself.
            text = re.sub(
                r"line 1:(\d+)", lambda m: f"line 1:{int(m[1]) - len(head)}", str(error), count=1
            )
            raise QueryError(text) from error

    def describe(self, sql: str, database: str | None) -> list[tuple[str, str]]:
        """Return the names and types of a query's columns without running it."""
        found = self.run("DESCRIBE OUTPUT described", database, prepared={"described": sql})
        return [(row[0], row[4]) for row in found.rows]


def _follow(watch: Watch) -> Callable[[Mapping[str, Any]], None]:
    def follow(stats: Mapping[str, Any]) -> None:
        watch.scanned_bytes = stats.get("physicalInputBytes", 0)
        watch.check()

    return follow


def _rows(query: TrinoQuery, result: Any) -> Iterator[Values]:  # noqa: ANN401 - the driver's
    with _translated(query):
        if query.update_type is not None:
            return
        yield from result


@contextmanager
def _translated(query: TrinoQuery) -> Iterator[None]:
    """Turn the driver's errors into a query's failure; stop the query that is left early."""
    try:
        yield
    except TrinoQueryError as error:
        raise _failure(error) from error
    except Error as error:
        raise QueryError(f"GENERIC_INTERNAL_ERROR: {error}", category=1, kind=1) from error
    except BaseException:
        if not query.finished:
            query.cancel()
        raise


def _failure(error: TrinoQueryError) -> QueryError:
    """Say it as Athena does: `NAME: line 1:8: Column 'x' cannot be resolved`."""
    name, text = error.error_name or "", error.message
    # Names of the two catalogs are the engine's affair.
    text = text.replace(f"{ICEBERG}.", f"{HIVE}.")
    if name.startswith("ICEBERG"):
        return QueryError(f"{name}: {text}", category=QueryError.USER, kind=QueryError.ICEBERG)
    category = QueryError.SYSTEM if error.error_type == "INTERNAL_ERROR" else QueryError.USER
    return QueryError(f"{name}: {text}", category=category)
