"""One query's life: queued, run, ended; what it tells of itself."""

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sandbox.athena.api.results import describe_column, read_results, write_results
from sandbox.athena.engine.client import Column
from sandbox.athena.errors import InvalidRequest, QueryCancelled, QueryError
from sandbox.athena.sql.job import Job
from sandbox.athena.sql.statements import Statement
from sandbox.athena.sql.words import Words

ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_MOST_ROWS = 1000  # a page


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

    def run(self) -> None:
        """Run the query to its end, whichever that is."""
        self.started_at, self.state = time.time(), "RUNNING"
        state = "FAILED"
        try:
            self._run()
            state = "SUCCEEDED"
        except QueryCancelled as error:
            state, self.failure = "CANCELLED", error
        except QueryError as error:
            self.failure = error
        except ClientError as error:
            # S3 or Glue refused: as the service would pass it on.
            self.failure = QueryError(f"FAILED: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it was, the client must hear of it
            traceback.print_exc()
            reason = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
            self.failure = QueryError(reason, category=QueryError.SYSTEM, kind=1)
        self.ended_at = time.time()
        self.state = state

    def _run(self) -> None:
        job = self.job
        # One that was stopped while it was queued ends here.
        job.watch.follow({})
        outcome = self.statement.run(Words(job.sql, hive=self.statement.hive), job)
        self.columns = outcome.columns
        write_results(job.storage, self._result_uri, outcome, plain=self._is_plain)
        if outcome.files is not None:
            self.manifest = f"{job.output}{job.id}-manifest.csv"
            listed = "".join(f"{file}\n" for file in outcome.files)
            job.storage.write(self.manifest, listed.encode())

    @property
    def _is_plain(self) -> bool:
        """Whether the results are lines instead of CSV."""
        return self.statement.type != "DML"

    @property
    def _result_uri(self) -> str:
        return f"{self.job.output}{self.job.id}.{'txt' if self._is_plain else 'csv'}"

    def describe(self) -> dict[str, Any]:
        """Return what GetQueryExecution answers."""
        request = self.request
        result = {**request.get("ResultConfiguration", {}), "OutputLocation": self._result_uri}
        kept = ("QueryExecutionContext", "ExecutionParameters")
        return {
            "QueryExecutionId": self.job.id,
            "Query": request["QueryString"],
            "StatementType": self.statement.type,
            "SubstatementType": self.statement.sub,
            "ResultConfiguration": result,
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": self.workgroup,
            "EngineVersion": {"EffectiveEngineVersion": "Athena engine version 3"},
            **{name: request[name] for name in kept if name in request},
        }

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted_at}
        if self.ended_at:
            status["CompletionDateTime"] = self.ended_at
        if failure := self.failure:
            status["StateChangeReason"] = str(failure)
            status["AthenaError"] = {
                "ErrorCategory": failure.category,
                "ErrorType": failure.kind,
                "Retryable": failure.category == QueryError.SYSTEM,
                "ErrorMessage": str(failure),
            }
        return status

    def _statistics(self) -> dict[str, Any]:
        started = self.started_at or self.submitted_at
        ended = self.ended_at or started
        statistics = {
            "QueryQueueTimeInMillis": round((started - self.submitted_at) * 1000),
            "EngineExecutionTimeInMillis": round((ended - started) * 1000),
            "TotalExecutionTimeInMillis": round((ended - self.submitted_at) * 1000),
            "DataScannedInBytes": self.job.watch.scanned_bytes,
            # Every query is run: to say so is all that a request for reuse gets.
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        manifest = {"DataManifestLocation": self.manifest} if self.manifest else {}
        return statistics | manifest

    def read_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a page of results, read from where the query left them.

        The first page begins with a row of column names, that of DDL does not.

        Raises:
            InvalidRequest: the query has no results, or no longer.
        """
        if self.state != "SUCCEEDED":
            raise InvalidRequest(
                f"Query did not finish successfully. Final query state: {self.state}"
                if self.state in ENDED
                else f"Query has not yet finished. Current state: {self.state}"
            )
        start, most = int(request.get("NextToken", 0)), request.get("MaxResults", _MOST_ROWS)
        storage, uri = self.job.storage, self._result_uri
        try:
            rows, following = read_results(storage, uri, start, most, plain=self._is_plain)
        except ClientError as error:
            raise InvalidRequest(f"Could not find results: {uri}") from error
        cells = ([{} if c is None else {"VarCharValue": c} for c in row] for row in rows)
        columns = [describe_column(column) for column in self.columns]
        return {
            "UpdateCount": self.job.watch.written_rows or 0,
            "ResultSet": {
                "Rows": [{"Data": row} for row in cells],
                "ResultSetMetadata": {"ColumnInfo": columns},
            },
            **({"NextToken": str(following)} if following else {}),
        }
