"""The tables' part of a forget: a copy without the person takes the last good file's place."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from flows.duckdb.warehouse import ask_file, is_damaged, put_in_place, quote, workshop
from ingestion.config.errors import BuildError
from reports.export import why_unreadable

# Tables with a visitor's key, and whether they have an address too.
_KEYED = """
select format('"{}"."{}"', schema_name, table_name), bool_or(column_name = 'email')
from duckdb_columns() semi join duckdb_tables() using (schema_name, table_name)
group by 1 having bool_or(column_name = 'visitor_key') order by 1
"""


class WarehouseTables:
    """The tables in DuckDB's file; none before the first build."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find_keys(self, email: str) -> set[str]:
        """The visitor keys of the rows with this address, as the lake writes it."""
        found: set[str] = set()
        for table, has_email in self._tables().items():
            if has_email:
                sql = f"select visitor_key from {table} where lower(trim(email)) = ?"  # noqa: S608
                found |= {str(key) for (key,) in ask_file(self._path, sql, email)}
        return found

    def count(self, keys: set[str]) -> int:
        """How many rows are of these visitors."""
        return sum(self._counts(keys).values())

    def is_built(self) -> bool:
        """Whether there is any table."""
        return self._path.exists()

    def erase(self, keys: set[str]) -> dict[str, int]:
        """Remove their rows from every table that has a visitor's key.

        Deleted rows stay in a file of DuckDB's until something overwrites them, so what is left
        is copied into a new file, which is renamed when it is whole.

        Raises:
            BuildError: The copy cannot be written; the last good tables stay as they were.
        """
        try:
            self.remove_other_copies()
            counts = {table: n for table, n in self._counts(keys).items() if n}
            if not counts:
                return {}
            with (
                workshop(self._path) as folder,
                # Named so that `remove_other_copies` finds what a killed one leaves.
                TemporaryDirectory(prefix=f"{self._path.stem}.", dir=folder) as room,
            ):
                put_in_place(self._copy_without(keys, list(counts), Path(room)), self._path)
            self._path.with_name(self._path.name + ".wal").unlink(missing_ok=True)
        except (duckdb.Error, OSError) as error:
            if isinstance(error, duckdb.Error) and is_damaged(self._path):
                cause, remedy = why_unreadable(self._path, error)
                raise BuildError(cause, f"{remedy}; then ask for the same person again") from error
            raise BuildError(
                f"the tables cannot be written without the person: {error}",
                "free some space beside them and ask for the same person again",
            ) from error
        return {table.replace('"', ""): n for table, n in counts.items()}

    def remove_other_copies(self) -> None:
        """Remove half-built and damaged copies of the tables, and what DuckDB spilled."""
        good = {self._path.name, self._path.name + ".wal"}
        for stale in self._path.parent.glob(f"{self._path.stem}.*"):
            if stale.name in good:
                continue
            if stale.is_dir() and not stale.is_symlink():
                shutil.rmtree(stale)
            else:
                stale.unlink()

    def _copy_without(self, keys: set[str], tables: list[str], room: Path) -> Path:
        kept = room / "kept.duckdb"
        with duckdb.connect() as connection:
            connection.execute(f"attach {quote(self._path)} as good (read_only)")
            connection.execute(f"attach {quote(room / 'part.duckdb')} as part")
            connection.execute("copy from database good to part")
            for table in tables:
                sql = f"delete from part.{table} where list_contains(?, visitor_key)"  # noqa: S608
                connection.execute(sql, [sorted(keys)])
            connection.execute(f"attach {quote(kept)} as kept")
            connection.execute("copy from database part to kept")
            connection.execute("checkpoint kept")
        return kept

    def _counts(self, keys: set[str]) -> dict[str, int]:
        sql = "select count(*) from {} where list_contains(?, visitor_key)"
        return {
            table: ask_file(self._path, sql.format(table), sorted(keys))[0][0]
            for table in self._tables()
        }

    def _tables(self) -> dict[str, bool]:
        return dict(ask_file(self._path, _KEYED)) if self._path.exists() else {}
