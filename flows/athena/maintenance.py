"""What a bucket gathers and nobody reads: small files, old snapshots, leftovers of killed builds.

Iceberg tables are compacted (OPTIMIZE) and freed of snapshots and files that no snapshot names
(VACUUM); temporary tables, table folders and query results that nothing refers to any more go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import awswrangler as wr

from flows.athena.query import execute
from flows.athena.tables import (
    all_tables,
    delete_folder,
    is_iceberg,
    is_temporary,
    list_folders,
    location_of,
    name_of,
    newest_below,
    version_locations,
)
from flows.athena.workgroup import read_builders_workgroup
from ingestion.config.aws_errors import explained
from ingestion.config.errors import BuildError, QueryError
from ingestion.config.timestamps import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingestion.config.settings import Settings

# Older than any build that may still be at work.
_LEFT_BEHIND = timedelta(days=1)
_RESULTS_KEPT = timedelta(days=7)
# Athena ends a long VACUUM early and asks for another.
_VACUUM_RUNS = 10
_MORE = "ICEBERG_VACUUM_MORE_RUNS_NEEDED"


@dataclass(slots=True)
class Maintenance:
    """What was done, counted.

    Attributes:
        optimized: Iceberg tables, `database.table`.
        dropped: Temporary tables of builds that were killed.
        folders: Folders of tables that no version of a table names.
        results: Result files.
    """

    optimized: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    folders: int = 0
    results: int = 0


def maintain_bucket(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Maintenance:
    """Do all of it; the caller holds the lake's `build` lock.

    Raises:
        BuildError: AWS refuses a step; the others before it are done.
        ConfigurationError: The workgroup or its result location is not in order.
    """
    done, group = Maintenance(), read_builders_workgroup(settings)
    with explained("maintain the tables", BuildError):
        tables = all_tables(settings)
        before = clock() - _LEFT_BEHIND
        for table in [t for t in tables if is_temporary(t) and t["CreateTime"] < before]:
            _drop(table, tables)
            done.dropped.append(name_of(table))
        kept = [table for table in tables if not is_temporary(table)]
        for table in filter(is_iceberg, kept):
            optimize(settings, name_of(table))
            vacuum(settings, name_of(table))
            done.optimized.append(name_of(table))
        for table in kept:
            done.folders += _delete_unnamed_folders(table, tables, before)
        done.results = _delete_results(group.results_uri, clock() - _RESULTS_KEPT)
    return done


def optimize(settings: Settings, name: str) -> None:
    """Merge small files and the deletions that wait beside them."""
    execute(settings, f"optimize {name} rewrite data using bin_pack")


def vacuum(settings: Settings, name: str) -> None:
    """Remove expired snapshots and what only they name.

    Raises:
        QueryError: Athena refuses, or does not come to an end.
    """
    for _ in range(_VACUUM_RUNS - 1):
        try:
            execute(settings, f"vacuum {name}")
        except QueryError as error:
            if _MORE not in str(error):
                raise
        else:
            return
    execute(settings, f"vacuum {name}")


def _drop(table: dict[str, Any], tables: list[dict[str, Any]]) -> None:
    wr.catalog.delete_table_if_exists(database=table["DatabaseName"], table=table["Name"])
    # A swap that was killed leaves two names for one folder.
    if location_of(table) not in {location_of(other) for other in tables if other is not table}:
        delete_folder(location_of(table))


def _delete_unnamed_folders(
    table: dict[str, Any], tables: list[dict[str, Any]], before: datetime
) -> int:
    """Folders beside a table's own that no table and no version of it names."""
    location = location_of(table)
    parent = location.rpartition("/")[0]
    if not location or parent.rpartition("/")[2] != table["Name"]:
        return 0
    named = {location_of(other) for other in tables} | version_locations(table)
    count = 0
    for folder in list_folders(parent):
        newest = newest_below(folder)
        if folder not in named and newest is not None and newest < before:
            delete_folder(folder)
            count += 1
    return count


def _delete_results(uri: str, before: datetime) -> int:
    old = wr.s3.list_objects(f"{uri}/", last_modified_end=before)
    wr.s3.delete_objects(old)
    return len(old)
