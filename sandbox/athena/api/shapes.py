"""What GetQueryExecution and GetQueryResults answer, made of an execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.athena.errors import InvalidRequest, QueryError
from sandbox.athena.results import column_info, read_csv, read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.athena.api.protocol import Request
    from sandbox.athena.executions import Execution

_MOST_ROWS = 1000  # a page


def execution_shape(execution: Execution) -> dict[str, Any]:
    """Return a QueryExecution."""
    job, request = execution.job, execution.request
    shape = {
        "QueryExecutionId": job.id,
        "Query": request["QueryString"],
        "StatementType": execution.statement.type,
        "SubstatementType": execution.statement.sub,
        "ResultConfiguration": {
            **request.get("ResultConfiguration", {}),
            "OutputLocation": execution.result_uri,
        },
        "ResultReuseConfiguration": request.get(
            "ResultReuseConfiguration", {"ResultReuseByAgeConfiguration": {"Enabled": False}}
        ),
        "QueryExecutionContext": request.get("QueryExecutionContext", {}),
        "Status": _status(execution),
        "Statistics": _statistics(execution),
        "WorkGroup": execution.workgroup,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    }
    if "ExecutionParameters" in request:
        shape["ExecutionParameters"] = request["ExecutionParameters"]
    return shape


def _status(execution: Execution) -> dict[str, Any]:
    status: dict[str, Any] = {
        "State": execution.state,
        "SubmissionDateTime": execution.submitted_at,
    }
    if execution.ended_at:
        status["CompletionDateTime"] = execution.ended_at
    if failure := execution.failure:
        status["StateChangeReason"] = str(failure)
        if execution.state == "FAILED":
            status["AthenaError"] = {
                "ErrorCategory": failure.category,
                "ErrorType": failure.kind,
                "Retryable": failure.category == QueryError.SYSTEM,
                "ErrorMessage": str(failure),
            }
    return status


def _statistics(execution: Execution) -> dict[str, Any]:
    started, ended = execution.started_at, execution.ended_at
    queued = (started or execution.submitted_at) - execution.submitted_at
    ran = (ended - started) if started and ended else 0.0
    shape = {
        "EngineExecutionTimeInMillis": round(ran * 1000),
        "DataScannedInBytes": execution.job.watch.scanned_bytes,
        "TotalExecutionTimeInMillis": round((queued + ran) * 1000),
        "QueryQueueTimeInMillis": round(queued * 1000),
        "ServiceProcessingTimeInMillis": 0,
        # Every query is run: to say so is all that a request for reuse gets.
        "ResultReuseInformation": {"ReusedPreviousResult": False},
    }
    if execution.manifest:
        shape["DataManifestLocation"] = execution.manifest
    return shape


def rows_shape(execution: Execution, request: Request) -> dict[str, Any]:
    """Return a page of results, read from where the query left them.

    The first page of a query's results begins with a row of column names; DDL has none.
    """
    most = int(request.get("MaxResults") or _MOST_ROWS)
    token = str(request.get("NextToken") or "0")
    if not token.isdigit():
        raise InvalidRequest(f"invalid NextToken: {token}")
    storage, uri = execution.job.stack.storage, execution.result_uri
    rows: Sequence[Sequence[str | None]] = []
    following = 0
    if execution.columns and execution.plain:
        lines, following = read_lines(storage, uri, int(token), most)
        rows = [_cells(line, execution) for line in lines]
    elif execution.columns:
        rows, following = read_csv(storage, uri, int(token), most)
    shape: dict[str, Any] = {
        "ResultSet": {
            "Rows": [{"Data": [_datum(cell) for cell in row]} for row in rows],
            "ResultSetMetadata": {"ColumnInfo": [column_info(c) for c in execution.columns]},
        }
    }
    written = execution.job.watch.written_rows
    if written is not None:
        shape["UpdateCount"] = written
    elif execution.columns and not execution.plain:
        shape["UpdateCount"] = 0
    return shape | ({"NextToken": str(following)} if following else {})


def _cells(line: str, execution: Execution) -> list[str | None]:
    # DESCRIBE keeps a line in one cell; what has two columns is split.
    if execution.statement.sub == "DESCRIBE_TABLE":
        return [line]
    return list(line.split("\t", len(execution.columns) - 1))


def _datum(cell: str | None) -> dict[str, str]:
    return {} if cell is None else {"VarCharValue": cell}
