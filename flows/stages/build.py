"""Bronze to gold: on DuckDB a build that readers see whole or not at all.

DuckDB has one writer, so a local build works in a copy of the last good file and takes
its place by a rename when every test has passed. Whoever reads meanwhile keeps the file
they opened. On Athena each table is swapped or committed by itself, see `flows.athena`.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from flows.duckdb.warehouse import (
    BUILDING,
    ask_file,
    is_damaged,
    memory_limit,
    publish,
    read_record,
    set_aside,
    start_copy,
    tables_of,
    workshop,
    write_objects,
)
from flows.stages.dbt import BUILD, BuildResult, has_results, list_models, run_dbt
from flows.stages.increments import VARIABLE, choose_stale, make_record, write_plan
from ingestion.config.errors import BuildError, ConfigurationError
from ingestion.state.inventory import hold_against, read_inventory

if TYPE_CHECKING:
    from ingestion.config.settings import Settings
    from ingestion.state.inventory import Inventory
    from ingestion.storage.base import Lake

log = logging.getLogger(__name__)


def build(
    settings: Settings,
    lake: Lake,
    *,
    as_of_date: str,
    full_refresh: bool = False,
    table: str | None = None,
) -> BuildResult:
    """Build and test every model, or one table (`silver.fact_visitors`) and those that read it.

    Raises:
        BuildError: A model or test failed; on DuckDB the last good tables are untouched.
        ConfigurationError: There is no such table, or Athena's workgroup is not in order.
        LakeBusyError: Another build is at work.
        LakeError: No space for the copy, or what the manifests list is not whole.
    """
    chosen = choose(table)
    with lake.lock("build"):
        inventory, unlisted = take_inventory(lake)
        if settings.on_s3:
            # boto3 and awswrangler cost a second and 100 MB: a folder does without.
            from flows.athena.build import Reading, build_on_athena  # noqa: PLC0415

            attempt = partial(build_on_athena, settings, Reading(lake, inventory, unlisted))
        else:
            attempt = partial(_build_file, settings, inventory)
        return attempt(chosen, as_of_date=as_of_date, full_refresh=full_refresh)


def choose(table: str | None) -> tuple[str, ...]:
    """Arguments of dbt that build one table again, and those that read it; none for all."""
    if table is None:
        return ()
    if table not in list_models():
        raise ConfigurationError(
            f"there is no table {table!r}", f"choose one of {', '.join(list_models())}"
        )
    return ("--full-refresh", "--select", f"{table.partition('.')[2]}+")


def _build_file(
    settings: Settings,
    inventory: Inventory,
    chosen: tuple[str, ...],
    *,
    as_of_date: str,
    full_refresh: bool,
) -> BuildResult:
    attempt = partial(_build_copy, settings, inventory, as_of_date=as_of_date)
    good = settings.warehouse_path
    try:
        return attempt(chosen, full_refresh=full_refresh)
    except BuildError:
        # All of it can be made again from bronze: a damaged file needs nobody's help.
        if full_refresh or not is_damaged(good):
            raise
    aside = set_aside(good)
    log.warning("the tables' file was damaged: it lies at %s, and all is built again", aside)
    return attempt((), full_refresh=True)


def _build_copy(
    settings: Settings,
    inventory: Inventory,
    chosen: tuple[str, ...],
    *,
    as_of_date: str,
    full_refresh: bool,
) -> BuildResult:
    good = settings.warehouse_path
    with workshop(good) as folder:
        copy = folder / BUILDING
        now = make_record(inventory, as_of_date=as_of_date, time_zone=settings.wistia_time_zone)
        try:
            before = read_record(good)
        except BuildError:
            # A full refresh needs nothing of the file before, however broken that is.
            if not full_refresh:
                raise
            before = None
        # What other SQL has made, or made by a clock, is rebuilt: it takes no longer here.
        is_other = before is None or before.code != now.code
        start_copy(good, copy, empty=full_refresh or (is_other and not chosen))
        write_objects(copy, inventory)
        if chosen or full_refresh:
            before = None
        plan = write_plan(inventory, now, before)
        work_dir = settings.work_path / ".dbt"
        # What the checks of all tables said is told from one build to the next.
        is_whole = has_results(work_dir) and before and set(tables_of(good)) >= set(list_models())
        result = run_dbt(
            settings,
            *(*BUILD, *["--full-refresh"] * full_refresh),
            *(chosen or choose_stale(now, before if is_whole else None)),
            target="local",
            as_of_date=as_of_date,
            work_dir=work_dir,
            environment={
                "WAREHOUSE_PATH": str(copy),
                "DUCKDB_MEMORY": memory_limit(),
                VARIABLE: plan,
            },
            ask=partial(ask_file, copy),
        )
        # Of one table rebuilt the others know nothing: what is new to them stays so.
        publish(copy, good, None if chosen else now)
    return result


def take_inventory(lake: Lake) -> tuple[Inventory, list[str]]:
    """Hold what the manifests list against the lake, before anything is read.

    Gives it, and the files of bronze that no manifest lists.
    """
    inventory = read_inventory(lake)
    unlisted = hold_against(lake, inventory)
    if unlisted:
        more = f" and {len(unlisted) - 1:,} more files" if len(unlisted) > 1 else ""
        log.warning(
            "%s%s: no manifest lists them, so they are not read; `wistia-elt doctor --lake` "
            "names each",
            *(unlisted[0], more),
        )
    return inventory, unlisted
