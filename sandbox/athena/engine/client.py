"""Ask the engine: one statement, its rows as text or JSON values, its statistics."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from trino.client import ClientSession, TrinoQuery, TrinoRequest
from trino.exceptions import Error, TrinoQueryError

from sandbox.athena.engine.server import HIVE, ICEBERG
from sandbox.athena.errors import QueryCancelled, QueryError

# For seconds after its start the engine is no node of its catalogs yet.
_NOT_YET, _LOOKS, _SECONDS_BETWEEN_LOOKS = "NO_NODES_AVAILABLE", 120, 0.5


@dataclass(frozen=True)
class Column:
    """A result's column: its name, and the engine's type taken apart."""

    name: str
    signature: Mapping[str, Any] = field(default_factory=lambda: {"rawType": "varchar"})


@dataclass
class Outcome:
    """What a statement leaves: rows as they come, or files, or nothing to read."""

    columns: Sequence[Column] = ()
    rows: Iterable[list[Any]] = ()
    files: list[str] | None = None  # written, for the manifest


@dataclass
class Watch:
    """What a caller sees of a running statement, and how it is stopped."""

    scan_limit: int | None = None
    scanned_bytes: int = 0
    written_rows: int | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def follow(self, stats: Mapping[str, Any]) -> None:
        """Take what the engine tells of how far it is.

        Raises:
            QueryCancelled: that is far enough.
        """
        self.scanned_bytes = stats.get("physicalInputBytes", 0)
        if self.stopped.is_set():
            raise QueryCancelled("Query was cancelled by user")
        if self.scan_limit and self.scanned_bytes > self.scan_limit:
            raise QueryCancelled("Query cancelled! : Bytes scanned limit was exceeded")


class Engine:
    """One engine; each statement has a session of its own."""

    def __init__(self, address: str) -> None:
        found = urlsplit(address)
        self._host, self._port = found.hostname or "", found.port or 0

    def run(
        self,
        sql: str,
        database: str | None = None,
        *,
        watch: Watch | None = None,
        properties: dict[str, str] | None = None,
        prepared: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run one statement in `database` of the Hive catalog.

        Raises:
            QueryError: the engine refused it, or it failed; also while rows are read.
        """
        watch = watch or Watch()
        session = ClientSession(
            user="athena", catalog=HIVE, schema=database, timezone="UTC", properties=properties
        )
        session.prepared_statements = dict(prepared or {})
        request = TrinoRequest(self._host, self._port, session)
        for looks_left in range(_LOOKS, -1, -1):
            query = TrinoQuery(
                request, sql, legacy_primitive_types=True, stats_callback=watch.follow
            )
            try:
                with _translated(query):
                    rows = query.execute()
                break
            except QueryError as error:
                if _NOT_YET not in str(error) or not looks_left:
                    raise
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        if query.update_type is not None:
            watch.written_rows = query.update_count
            return Outcome()
        with _translated(query):
            columns = [Column(item["name"], item["typeSignature"]) for item in query.columns or ()]
        return Outcome(columns, _rows(query, rows))

    def describe(self, sql: str, database: str | None) -> list[tuple[str, str]]:
        """Return the names and types of a query's columns without running it."""
        found = self.run("DESCRIBE OUTPUT described", database, prepared={"described": sql})
        return [(row[0], row[4]) for row in found.rows]


def _rows(query: TrinoQuery, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    with _translated(query):
        yield from rows


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
    # Names of the two catalogs are the engine's affair.
    text = f"{error.error_name}: {error.message.replace(f'{ICEBERG}.', f'{HIVE}.')}"
    if text.startswith("ICEBERG"):
        return QueryError(text, kind=QueryError.ICEBERG)
    is_internal = error.error_type == "INTERNAL_ERROR"
    return QueryError(text, category=QueryError.SYSTEM if is_internal else QueryError.USER)
