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
    location_of,
    name_of,
    versions_of,
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
    """What was done: Iceberg tables compacted, temporary tables of killed builds dropped.

    And how many folders of tables that no version of a table names, and result files, are gone.
    """

    optimized: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    folders: int = 0
    results: int = 0


def maintain_bucket(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Maintenance:
    """Do all of it; the caller holds the lake's `build` lock."""
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
        kept_since = clock() - _RESULTS_KEPT
        old = wr.s3.list_objects(f"{group.results_uri}/", last_modified_end=kept_since)
        wr.s3.delete_objects(old)
        done.results = len(old)
    return done


def optimize(settings: Settings, name: str) -> None:
    """Merge small files and the deletions that wait beside them."""
    execute(settings, f"optimize {name} rewrite data using bin_pack")


def vacuum(settings: Settings, name: str) -> None:
    """Remove expired snapshots and what only they name."""
    for number in range(1, _VACUUM_RUNS + 1):
        try:
            execute(settings, f"vacuum {name}")
        except QueryError as error:
            if _MORE not in str(error) or number == _VACUUM_RUNS:
                raise
        else:
            return


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
    every = [*tables, *(version["Table"] for version in versions_of(table))]
    named = {location_of(one) for one in every}
    count = 0
    for found in wr.s3.list_directories(f"{parent}/"):
        folder = found.rstrip("/")
        files = wr.s3.describe_objects(f"{folder}/").values()
        newest = max((one["LastModified"] for one in files), default=None)
        if folder not in named and newest is not None and newest < before:
            delete_folder(folder)
            count += 1
    return count
