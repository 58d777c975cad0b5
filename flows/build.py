"""Bronze to gold: on DuckDB a build that readers see whole or not at all.

DuckDB has one writer, so a local build works in a copy of the last good file and takes
its place by a rename when every test has passed. Whoever reads meanwhile keeps the file
they opened. On Athena each table is swapped or committed by itself, see `flows.athena`.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb

from flows.dbt import PROJECT_DIR, BuildResult, build_arguments, run_dbt
from flows.errors import BuildError
from ingestion.errors import ConfigurationError, LakeError

if TYPE_CHECKING:
    from pathlib import Path

    from ingestion.lake import Lake
    from ingestion.settings import Settings


def build(
    settings: Settings,
    lake: Lake,
    *,
    as_of_date: str,
    full_refresh: bool = False,
    table: str | None = None,
) -> BuildResult:
    """Build and test every model, or one with those that read it.

    Args:
        settings: The lake and the engine.
        lake: Holds the lock: one build at a time.
        as_of_date: The ISO date that recency counts from.
        full_refresh: Build the incremental tables anew from all of bronze.
        table: Build only this one anew, `silver.fact_visitors`, and those that read it.

    Returns:
        What was built.

    Raises:
        BuildError: A model or test failed; on DuckDB the last good tables are untouched.
        ConfigurationError: There is no such table, or Athena's workgroup is not in order.
        LakeBusyError: Another build is at work.
        LakeError: No space for the copy.
    """
    chosen = choose(table)
    with lake.lock("build"):
        if settings.on_s3:
            # boto3 and awswrangler cost a second and 100 MB: a folder does without.
            from flows.athena.build import build_on_athena  # noqa: PLC0415

            return build_on_athena(
                settings, as_of_date=as_of_date, full_refresh=full_refresh, chosen=chosen
            )
        return _build_file(settings, chosen, as_of_date=as_of_date, full_refresh=full_refresh)


def choose(table: str | None) -> tuple[str, ...]:
    """Arguments of dbt that build one table anew, and those that read it; none for all.

    Raises:
        ConfigurationError: There is no such table.
    """
    if table is None:
        return ()
    models = sorted(
        f"{path.parent.name}.{path.stem}" for path in (PROJECT_DIR / "models").glob("*/*.sql")
    )
    if table not in models:
        raise ConfigurationError(
            f"there is no table {table!r}", f"choose one of {', '.join(models)}"
        )
    return ("--full-refresh", "--select", f"{table.partition('.')[2]}+")


def _build_file(
    settings: Settings, chosen: tuple[str, ...], *, as_of_date: str, full_refresh: bool
) -> BuildResult:
    good = settings.warehouse_path
    copy = good.with_name("warehouse.building.duckdb")
    _start_copy(good, copy, empty=full_refresh)
    result = run_dbt(
        settings,
        *build_arguments(full_refresh=full_refresh),
        *chosen,
        target="local",
        as_of_date=as_of_date,
        work_dir=settings.work_path / ".dbt",
        environment={"WAREHOUSE_PATH": str(copy)},
    )
    _publish(copy, good)
    return result


def _start_copy(good: Path, copy: Path, *, empty: bool) -> None:
    for stale in (copy, copy.with_name(copy.name + ".wal")):
        _remove(stale)
    if empty or not good.exists():
        return
    try:
        shutil.copyfile(good, copy)
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise LakeError(
            f"cannot copy {good} to build in: {error.strerror}",
            f"free at least {good.stat().st_size // 1_000_000 + 1} MB and build again",
        ) from error


def _remove(stale: Path) -> None:
    try:
        stale.unlink(missing_ok=True)
    except OSError as error:
        raise LakeError(
            f"cannot build in {stale}: {error.strerror}",
            f"move what lies at {stale} away and build again; the last good tables stay",
        ) from error


def _publish(copy: Path, good: Path) -> None:
    try:
        # What is still in the write-ahead log belongs in the file before it moves.
        with duckdb.connect(str(copy)) as connection:
            connection.execute("checkpoint")
        copy.replace(good)
    except (duckdb.Error, OSError) as error:
        raise BuildError(
            f"the built tables cannot take their place at {good}: {error}",
            "check the disk and build again; the last good tables stay",
        ) from error
