"""One statement on Athena that changes something: run, waited for, its failure said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awswrangler as wr

from flows.athena.catalog import database
from flows.athena.explain import explain_failure
from flows.athena.workgroup import read_workgroup
from ingestion.config.aws_errors import explained
from ingestion.config.errors import QueryError

if TYPE_CHECKING:
    from ingestion.config.settings import Settings

_POLL_SECONDS = 0.25


def execute(settings: Settings, statement: str) -> dict[str, Any]:
    """Run one statement to its end; tables without a database are gold's.

    Returns:
        What GetQueryExecution says of it.

    Raises:
        ConfigurationError: Workgroup, region or credentials are not in order.
        QueryError: The statement failed or was cancelled.
    """
    group = read_workgroup(settings)
    try:
        with explained("ask Athena", QueryError):
            done = wr.athena.start_query_execution(
                statement,
                database=database(settings, "gold"),
                workgroup=group.name,
                s3_output=f"{group.results_uri}/queries/",
                athena_query_wait_polling_delay=_POLL_SECONDS,
                wait=True,
            )
    except (wr.exceptions.QueryFailed, wr.exceptions.QueryCancelled) as error:
        raise _failure(str(error)) from error
    return dict(done)


def _failure(reason: str) -> QueryError:
    known = explain_failure(reason)
    if known:
        return QueryError(f"the query failed: {known[0]}", known[1])
    first = reason.strip().splitlines()[0] if reason.strip() else "Athena gave no reason"
    return QueryError(
        f"the query failed: {first}",
        '`wistia-elt query "show tables in gold"` lists the tables, `describe gold.…` the columns',
    )
