"""Bronze to gold on Athena: dbt's own steps, with what goes wrong said in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.athena.explain import explain_failure
from flows.athena.workgroup import read_builders_workgroup
from flows.dbt import BuildResult, build_arguments, run_dbt
from flows.errors import BuildError

if TYPE_CHECKING:
    from ingestion.settings import Settings


def build_on_athena(
    settings: Settings,
    *,
    as_of_date: str,
    full_refresh: bool = False,
    chosen: tuple[str, ...] = (),
) -> BuildResult:
    """Build and test every model; each table is replaced or committed by itself.

    Args:
        settings: The lake and the workgroup.
        as_of_date: The ISO date that recency counts from.
        full_refresh: Build the incremental tables anew from all of bronze.
        chosen: dbt's arguments that choose one table; none for all.

    Raises:
        BuildError: A model or test failed: what comes after it was not built.
        ConfigurationError: The workgroup or its result location is not in order.
    """
    if chosen:
        arguments = (*build_arguments(full_refresh=False), *chosen)
        return dbt_on_athena(settings, *arguments, as_of_date=as_of_date)
    if full_refresh:
        # dbt-athena drops what it refreshes in full. What holds history has no other way; the
        # tables that people ask are swapped as every day, and all is tested, in what follows.
        history = ("--full-refresh", "--select", "config.materialized:incremental")
        dbt_on_athena(settings, "run", *history, as_of_date=as_of_date)
    return dbt_on_athena(settings, *build_arguments(full_refresh=False), as_of_date=as_of_date)


def dbt_on_athena(settings: Settings, *arguments: str, as_of_date: str) -> BuildResult:
    """Run one dbt command against the target `athena`.

    Raises:
        BuildError: It failed, with Athena's reason where that is known.
    """
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
            },
        )
    except BuildError as error:
        raise _explained(error) from error


def _explained(error: BuildError) -> BuildError:
    known = explain_failure(str(error))
    if known:
        return BuildError(f"{known[0]} ({error})", known[1])
    log = error.remedy.split(";", maxsplit=1)[0]
    return BuildError(
        str(error),
        f"{log}; tables before the failing one are today's, those after it stay as they were, "
        "and `wistia-elt build` tries again",
    )
