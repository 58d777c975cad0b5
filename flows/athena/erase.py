"""The tables' part of a forget on Athena: rows go, and the files that held them.

Athena keeps the text of its queries, so a person is named there by digests, never in clear.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flows.athena.build import dbt_on_athena
from flows.athena.maintenance import optimize, vacuum
from flows.athena.query import execute, query_athena
from flows.athena.tables import (
    built_tables,
    delete_folder,
    drop_older_versions,
    is_iceberg,
    name_of,
)
from flows.athena.workgroup import read_workgroup
from ingestion.config.aws_errors import explained
from ingestion.config.errors import BuildError

if TYPE_CHECKING:
    from datetime import date

    from ingestion.config.settings import Settings

# Athena's own property; its default of five days keeps what was deleted that long.
_KEPT = "vacuum_max_snapshot_age_seconds"
_KEPT_SECONDS = 432_000


class AthenaTables:
    """The tables in Glue; none before the first build. Those made again count recency to today."""

    def __init__(self, settings: Settings, today: date) -> None:
        self._settings = settings
        self._as_of = (settings.as_of_date or today).isoformat()

    def find_keys(self, email: str) -> set[str]:
        """The visitor keys of the rows with this address, as the lake writes it."""
        wanted = f"{_digest_of('lower(trim(email))')} = '{_digest(email)}'"
        return {
            str(row[0])
            for table in self._keyed()
            if "email" in _columns(table)
            for row in self._ask(f"select visitor_key from {name_of(table)} where {wanted}")  # noqa: S608
        }

    def count(self, keys: set[str]) -> int:
        """How many rows are of these visitors."""
        return sum(self._counts(keys).values())

    def erase(self, keys: set[str]) -> dict[str, int]:
        """Remove their rows from every table, with the snapshots and versions that held them.

        Gives the rows removed, by `database.table`. Where Athena refuses or a table cannot be made
        again, asking again goes on from there.
        """
        counts = {name: n for name, n in self._counts(keys).items() if n}
        tables = {name_of(table): table for table in self._keyed()}
        history = [name for name in counts if is_iceberg(tables[name])]
        for name in history:
            self._erase_from_history(name, keys)
        if rebuilt := [tables[name]["Name"] for name in counts if name not in history]:
            dbt_on_athena(self._settings, "run", "--select", *rebuilt, as_of_date=self._as_of)
        self.remove_other_copies()
        return counts

    def is_built(self) -> bool:
        """Whether there is any table."""
        return bool(self._built())

    def remove_other_copies(self) -> None:
        """Remove older versions of the tables made again, and answers that somebody asked for."""
        with explained("remove what the older tables held", BuildError):
            for table in self._built():
                if not is_iceberg(table):
                    drop_older_versions(table)
            # They may name the person too.
            delete_folder(f"{read_workgroup(self._settings).results_uri}/queries")

    def _erase_from_history(self, name: str, keys: set[str]) -> None:
        execute(self._settings, f"delete from {name} where {_is_one_of(keys)}")  # noqa: S608
        optimize(self._settings, name)
        # Only while this lasts: readers of older snapshots are interrupted, a person is not kept.
        execute(self._settings, f"alter table {name} set tblproperties ('{_KEPT}' = '1')")
        try:
            vacuum(self._settings, name)
        finally:
            kept = f"('{_KEPT}' = '{_KEPT_SECONDS}')"
            execute(self._settings, f"alter table {name} set tblproperties {kept}")

    def _counts(self, keys: set[str]) -> dict[str, int]:
        if not keys:
            return {}
        return {
            name_of(table): int(
                self._ask(f"select count(*) from {name_of(table)} where {_is_one_of(keys)}")[0][0]  # noqa: S608
            )
            for table in self._keyed()
        }

    def _keyed(self) -> list[dict[str, Any]]:
        return [table for table in self._built() if "visitor_key" in _columns(table)]

    def _built(self) -> list[dict[str, Any]]:
        with explained("list the tables", BuildError):
            return built_tables(self._settings)

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return query_athena(self._settings, sql).rows


def _columns(table: dict[str, Any]) -> set[str]:
    return {column["Name"] for column in table.get("StorageDescriptor", {}).get("Columns", [])}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of(expression: str) -> str:
    return f"lower(to_hex(sha256(to_utf8({expression}))))"


def _is_one_of(keys: set[str]) -> str:
    digests = ", ".join(f"'{_digest(key)}'" for key in sorted(keys))
    return f"{_digest_of('visitor_key')} in ({digests})"
