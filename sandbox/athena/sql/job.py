"""One statement on its way: what it needs, and what it leaves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.athena.aws.catalog import Catalog
from sandbox.athena.aws.storage import Storage
from sandbox.athena.engine.client import Column, Engine, Outcome, Watch
from sandbox.athena.engine.server import HIVE
from sandbox.athena.errors import QueryError


@dataclass
class Job:
    """A statement, what it works on, where it runs, and where its results go."""

    id: str
    sql: str
    engine: Engine
    catalog: Catalog
    storage: Storage
    database: str | None
    output: str  # s3://bucket/prefix/, with the slash
    enforced: bool  # the workgroup decides where results go
    parameters: Sequence[str]
    watch: Watch

    def run(self, sql: str, properties: dict[str, str] | None = None) -> Outcome:
        """Run a statement in the engine."""
        return self.engine.run(sql, self.database, watch=self.watch, properties=properties)

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


def lines(titles: Iterable[str], found: Iterable[str]) -> Outcome:
    """Return what listings leave: texts, one a row."""
    return Outcome([Column(title) for title in titles], [[line] for line in found])


def quoted(*names: str) -> str:
    """Join names for the engine, each in double quotes."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def text(value: str) -> str:
    """Return a text as the engine's literal."""
    return "'" + value.replace("'", "''") + "'"


def array(values: Iterable[str]) -> str:
    """Return an array of texts as the engine's literal."""
    return f"ARRAY[{', '.join(map(text, values))}]"
