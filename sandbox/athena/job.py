"""One statement on its way: what it needs, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.athena.engine.client import Column, Result, Watch
from sandbox.athena.engine.server import HIVE
from sandbox.athena.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.athena.catalog import Catalog
    from sandbox.athena.engine.client import Engine
    from sandbox.athena.storage import Storage


@dataclass(frozen=True)
class Stack:
    """What every statement works on."""

    engine: Engine
    catalog: Catalog
    storage: Storage
    region: str


@dataclass
class Job:
    """A statement, where it runs, and where its results go."""

    id: str
    sql: str
    stack: Stack
    database: str | None
    output: str  # s3://bucket/prefix/, with the slash
    enforced: bool = False  # the workgroup decides where results go
    parameters: Sequence[str] = ()
    watch: Watch = field(default_factory=Watch)

    @property
    def catalog(self) -> Catalog:
        """Return the catalog."""
        return self.stack.catalog

    def run(self, sql: str, properties: Mapping[str, str] | None = None) -> Result:
        """Run a statement in the engine."""
        return self.stack.engine.run(sql, self.database, watch=self.watch, properties=properties)

    def place(self, names: Sequence[str]) -> tuple[str, str]:
        """Return database and name of a table, given with or without catalog and database.

        Raises:
            QueryError: no database was said, or another catalog.
        """
        *before, name = names
        if len(before) > 1 and before[0].lower() != HIVE:
            raise QueryError(f"CATALOG_NOT_FOUND: Catalog '{before[0]}' not found")
        database = before[-1] if before else self.database
        if not database:
            raise QueryError("SESSION: Schema must be specified when session schema is not set")
        return database.lower(), name.lower()


@dataclass
class Outcome:
    """What a statement leaves: rows of text or values, or files, or nothing to read."""

    columns: Sequence[Column] = ()
    rows: Iterable[Sequence[object]] = ()
    files: list[str] | None = None  # written, for the manifest


def text_column(name: str) -> Column:
    """Return a column as listings have it."""
    return Column(name, "varchar")


def quoted(*names: str) -> str:
    """Join names for the engine, each in double quotes."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
