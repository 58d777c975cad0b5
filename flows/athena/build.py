"""Bronze to gold on Athena: dbt's own steps, with what goes wrong said in a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from flows.athena.explain import explain_failure
from flows.athena.query import query_athena
from flows.athena.tables import all_tables, name_of
from flows.athena.workgroup import read_builders_workgroup
from flows.stages.dbt import BUILD, BuildResult, LostRowsError, has_results, list_models, run_dbt
from flows.stages.increments import (
    VARIABLE,
    Record,
    choose_stale,
    make_record,
    parse_record,
    write_plan,
)
from ingestion.config.errors import BuildError, LakeError
from ingestion.state.manifest import PREFIX

if TYPE_CHECKING:
    from ingestion.config.settings import Settings
    from ingestion.state.inventory import Inventory
    from ingestion.storage.base import Lake


# Each is a literal of every statement that reads its table, and one holds 256 KB.
MOST_PASSED_OVER = 500


class Reading(NamedTuple):
    """What a build reads: what the manifests of a lake list, and files that none lists.

    Athena reads whatever lies in a table's folder, so the statements leave the latter out by name.
    """

    lake: Lake
    inventory: Inventory
    unlisted: list[str]


def build_on_athena(
    settings: Settings,
    reading: Reading,
    chosen: tuple[str, ...],
    *,
    as_of_date: str,
    full_refresh: bool,
) -> BuildResult:
    """Build and test every model; each table is replaced or committed by itself.

    `chosen` are dbt's arguments for one table; none for all.
    """
    plan = _Plans(settings, reading, as_of_date)
    if chosen:
        arguments = (*BUILD, *chosen)
        return dbt_on_athena(settings, *arguments, as_of_date=as_of_date, plan=plan.write())
    stale = plan.begin()
    if full_refresh:
        # dbt-athena drops what it refreshes in full. What holds history has no other way; the
        # tables that people ask are swapped as every day, and all is tested, in what follows.
        history = ("--full-refresh", "--select", "config.materialized:incremental")
        dbt_on_athena(settings, "run", *history, as_of_date=as_of_date, plan=plan.write())
    result = dbt_on_athena(
        settings,
        *BUILD,
        *(() if full_refresh else stale),
        as_of_date=as_of_date,
        plan=plan.write(None if full_refresh else plan.before, is_refreshed=full_refresh),
    )
    plan.keep()
    return result


class _Plans:
    """What dbt has to read, and where it is kept what a good build had read."""

    def __init__(self, settings: Settings, reading: Reading, as_of_date: str) -> None:
        self._settings, self._reading = settings, reading
        self._passed_over = _passed_over(settings, reading.unlisted)
        # Databases of two prefixes may be built from one lake.
        self._key = f"state/{settings.glue_database_prefix}build.json"
        self.before = parse_record(reading.lake.get(self._key))
        places = (settings.wistia_time_zone, settings.silver_uri, settings.gold_uri)
        self._now = make_record(
            reading.inventory, as_of_date=as_of_date, time_zone=" ".join(map(str, places))
        )

    def write(self, before: Record | None = None, *, is_refreshed: bool = False) -> str:
        inventory, now = self._reading.inventory, self._now
        return write_plan(inventory, now, before, self._passed_over, is_refreshed=is_refreshed)

    def begin(self) -> tuple[str, ...]:
        """Arguments of dbt that choose what may differ from the last good build; none for all.

        Until this one is good, the next makes all of it again: some tables may be of this one.
        """
        if self.before is None:
            return ()
        self._put(replace(self.before, project=""))
        prefix = self._settings.glue_database_prefix
        built = {name_of(table).removeprefix(prefix) for table in all_tables(self._settings)}
        is_whole = has_results(self._settings.work_path / ".dbt") and built >= set(list_models())
        return choose_stale(self._now, self.before if is_whole else None)

    def keep(self) -> None:
        self._put(self._now)

    def _put(self, record: Record) -> None:
        self._reading.lake.put(self._key, record.to_json().encode())


def _passed_over(settings: Settings, unlisted: list[str]) -> list[str]:
    """Addresses of unlisted files that Athena would read: it hides what begins with . or _."""
    found = [
        f"{settings.lake_uri.rstrip('/')}/{key}"
        for key in unlisted
        if ("/ingest_date=" in key or key.startswith(PREFIX))
        and key.rpartition("/")[2][:1] not in {".", "_"}
    ]
    if len(found) > MOST_PASSED_OVER:
        raise LakeError(
            f"{found[0]} and {len(found) - 1:,} more files lie in the lake and no manifest lists "
            "them; Athena would read them all",
            "`wistia-elt doctor --lake` names each, and with `--rebuild` it lists what a run wrote",
        )
    return found


def dbt_on_athena(
    settings: Settings, *arguments: str, as_of_date: str, plan: str = ""
) -> BuildResult:
    """Run one dbt command against the target `athena`; a blank plan reads all of bronze."""
    group = read_builders_workgroup(settings)
    try:
        return run_dbt(
            settings,
            *arguments,
            target="athena",
            as_of_date=as_of_date,
            work_dir=settings.work_path / ".dbt",
            environment={
                "ATHENA_RESULTS_URI": group.results_uri,
                "ATHENA_WORKGROUP": group.name,
                "GLUE_DATABASE_PREFIX": settings.glue_database_prefix,
                VARIABLE: plan,
            },
            ask=lambda sql: query_athena(settings, sql).rows,
        )
    except LostRowsError:
        raise
    except BuildError as error:
        if known := explain_failure(str(error)):
            raise BuildError(f"{known[0]} ({error})", known[1]) from error
        log = error.remedy.split(";", maxsplit=1)[0]
        raise BuildError(
            str(error),
            f"{log}; tables before the failing one are today's, those after it stay as they were, "
            "and `wistia-elt build` tries again",
        ) from error
