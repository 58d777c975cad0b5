"""Query executions: queued, run in the background, remembered."""

from __future__ import annotations

import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sandbox.athena.errors import QueryCancelled, QueryError
from sandbox.athena.results import write_manifest, write_results
from sandbox.athena.sql.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.athena.engine.client import Column
    from sandbox.athena.job import Job, Outcome
    from sandbox.athena.sql.statements import Statement

_AT_ONCE = 20  # the service's own limit in most regions
ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_TOO_MUCH = "Query cancelled! : Bytes scanned limit was exceeded"


@dataclass
class Execution:
    """One query, from its submission on."""

    job: Job
    statement: Statement
    request: dict[str, Any]
    workgroup: str
    state: str = "QUEUED"
    failure: QueryError | None = None
    columns: Sequence[Column] = ()
    manifest: str | None = None
    submitted_at: float = field(default_factory=time.time)
    started_at: float | None = None
    ended_at: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def plain(self) -> bool:
        """Say whether the results are lines instead of CSV."""
        return self.statement.type != "DML"

    @property
    def result_uri(self) -> str:
        """Return where the results are."""
        return f"{self.job.output}{self.job.id}.{'txt' if self.plain else 'csv'}"


class Executions:
    """All queries of this account, newest last."""

    def __init__(self) -> None:
        self._all: dict[str, Execution] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="query")

    def submit(self, execution: Execution) -> None:
        """Queue a query."""
        self._all[execution.job.id] = execution
        self._pool.submit(_run, execution)

    def find(self, name: str) -> Execution | None:
        """Return a query by its id."""
        return self._all.get(name)

    def newest(self, workgroup: str) -> list[Execution]:
        """Return a workgroup's queries, the newest first."""
        found = [one for one in self._all.values() if one.workgroup == workgroup]
        return found[::-1]

    def close(self) -> None:
        """Stop what runs."""
        for execution in self._all.values():
            execution.stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _run(execution: Execution) -> None:
    job = execution.job
    execution.started_at = time.time()
    execution.state = "RUNNING"
    try:
        _check(execution)
        job.watch.check = lambda: _check(execution)
        words = Words(job.sql, hive=execution.statement.hive)
        outcome = execution.statement.run(words, job)
        _leave(execution, outcome)
        _end(execution, "SUCCEEDED")
    except QueryCancelled as error:
        _end(execution, "CANCELLED", error)
    except QueryError as error:
        _end(execution, "FAILED", error)
    except ClientError as error:
        # S3 or Glue refused: as the service would pass it on.
        _end(execution, "FAILED", QueryError(f"FAILED: {error}", category=QueryError.USER))
    except Exception as error:  # noqa: BLE001 - whatever it was, the client must hear of it
        traceback.print_exc()
        reason = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
        _end(execution, "FAILED", QueryError(reason, category=QueryError.SYSTEM, kind=1))


def _check(execution: Execution) -> None:
    """End a query that was stopped, or that has read more than its workgroup allows."""
    watch = execution.job.watch
    if execution.stop.is_set():
        raise QueryCancelled("Query was cancelled by user")
    # The engine's own limit is looked at now and then: a short query is through before.
    if watch.scan_limit and watch.scanned_bytes > watch.scan_limit:
        raise QueryCancelled(_TOO_MUCH)


def _leave(execution: Execution, outcome: Outcome) -> None:
    job, storage = execution.job, execution.job.stack.storage
    execution.columns = outcome.columns
    write_results(storage, execution.result_uri, outcome, plain=execution.plain)
    if outcome.files is not None:
        execution.manifest = f"{job.output}{job.id}-manifest.csv"
        write_manifest(storage, execution.manifest, outcome.files)


def _end(execution: Execution, state: str, failure: QueryError | None = None) -> None:
    if failure and "EXCEEDED_SCAN_LIMIT" in str(failure):
        state, failure = "CANCELLED", QueryCancelled(_TOO_MUCH)
    execution.failure = failure
    execution.ended_at = time.time()
    execution.state = state
