"""The actions on queries."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.athena.api.protocol import Action, Request, page
from sandbox.athena.api.shapes import execution_shape, rows_shape
from sandbox.athena.engine.client import Watch
from sandbox.athena.engine.server import HIVE
from sandbox.athena.errors import InvalidRequest, QueryError
from sandbox.athena.executions import ENDED, Execution, Executions
from sandbox.athena.job import Job, Stack
from sandbox.athena.sql.statements import find_statement
from sandbox.athena.storage import split_uri
from sandbox.athena.workgroups import PRIMARY, WorkGroups

_PARSED_AT_ONCE = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"}


class Queries:
    """Start, watch, read and stop queries."""

    def __init__(self, stack: Stack, groups: WorkGroups, executions: Executions) -> None:
        self._stack, self._groups, self._executions = stack, groups, executions
        self._tokens: dict[str, tuple[Request, str]] = {}

    def actions(self) -> dict[str, Action]:
        """Return the actions by name."""
        return {
            "StartQueryExecution": self._start,
            "GetQueryExecution": lambda r: {"QueryExecution": self._shape(r["QueryExecutionId"])},
            "BatchGetQueryExecution": self._batch,
            "ListQueryExecutions": self._list,
            "StopQueryExecution": self._stop,
            "GetQueryResults": self._results,
        }

    def _start(self, request: Request) -> dict[str, Any]:
        token = request.get("ClientRequestToken")
        if token in self._tokens:
            before, name = self._tokens[token]
            if before != request:
                raise InvalidRequest("Idempotent parameters do not match")
            return {"QueryExecutionId": name}
        execution = self._prepare(request)
        if token:
            self._tokens[token] = (request, execution.job.id)
        self._executions.submit(execution)
        return {"QueryExecutionId": execution.job.id}

    def _prepare(self, request: Request) -> Execution:
        group = self._groups.usable(request.get("WorkGroup", PRIMARY))
        configuration = group["Configuration"]
        context = request.get("QueryExecutionContext", {})
        catalog = context.get("Catalog", HIVE)
        if catalog.lower() != HIVE:
            raise InvalidRequest(f"DataCatalog {catalog} was not found")
        statement, text = find_statement(request["QueryString"])
        if statement.sub in _PARSED_AT_ONCE:
            self._parse(text)
        job = Job(
            id=str(uuid.uuid4()),
            sql=text,
            stack=self._stack,
            database=(context.get("Database") or "").replace("`", "").strip('"') or None,
            output=self._output(request, configuration),
            enforced=configuration["EnforceWorkGroupConfiguration"],
            parameters=request.get("ExecutionParameters", []),
            watch=Watch(scan_limit=configuration.get("BytesScannedCutoffPerQuery")),
        )
        return Execution(job, statement, request, group["Name"])

    def _parse(self, sql: str) -> None:
        """Refuse at once what is no SQL, as the service does; tables are looked at later."""
        try:
            self._stack.engine.check(sql)
        except QueryError as error:
            raise InvalidRequest(
                str(error).removeprefix("SYNTAX_ERROR: "), "MALFORMED_QUERY"
            ) from error

    def _output(self, request: Request, configuration: dict[str, Any]) -> str:
        own: str | None = request.get("ResultConfiguration", {}).get("OutputLocation")
        groups: str | None = configuration["ResultConfiguration"].get("OutputLocation")
        enforced = configuration["EnforceWorkGroupConfiguration"]
        output = groups if enforced and groups else own or groups
        if not output:
            raise InvalidRequest(
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input."
            )
        try:
            bucket, _ = split_uri(output)
        except ValueError:
            raise InvalidRequest(f"outputLocation is not a valid S3 path: {output}") from None
        if not self._stack.storage.has_bucket(bucket):
            raise InvalidRequest(f"Unable to verify/create output bucket {bucket}")
        if self._stack.storage.region(bucket) != self._stack.region:
            raise InvalidRequest(
                "The S3 location provided to save your query results is invalid. Please check "
                "your S3 location is correct and is in the same region and try again. If you "
                "continue to see the issue, contact customer support for further assistance."
            )
        return output.rstrip("/") + "/"

    def _find(self, name: str) -> Execution:
        if found := self._executions.find(name):
            return found
        raise InvalidRequest(f"QueryExecution {name} was not found", "INVALID_QUERY_EXECUTION_ID")

    def _shape(self, name: str) -> dict[str, Any]:
        return execution_shape(self._find(name))

    def _batch(self, request: Request) -> dict[str, Any]:
        names = request["QueryExecutionIds"]
        known = [name for name in names if self._executions.find(name)]
        return {
            "QueryExecutions": [self._shape(name) for name in known],
            "UnprocessedQueryExecutionIds": [
                {
                    "QueryExecutionId": name,
                    "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                    "ErrorMessage": f"QueryExecution {name} was not found",
                }
                for name in names
                if name not in known
            ],
        }

    def _list(self, request: Request) -> dict[str, Any]:
        group = self._groups.get(request.get("WorkGroup", PRIMARY))["Name"]
        names = [one.job.id for one in self._executions.newest(group)]
        shown, following = page(names, request)
        return {"QueryExecutionIds": shown, **following}

    def _stop(self, request: Request) -> None:
        execution = self._find(request["QueryExecutionId"])
        if execution.state not in ENDED:
            execution.stop.set()

    def _results(self, request: Request) -> dict[str, Any]:
        execution = self._find(request["QueryExecutionId"])
        if execution.state not in ENDED:
            raise InvalidRequest(
                "Query has not yet finished. Current state: " + execution.state,
                "INVALID_QUERY_EXECUTION_STATE",
            )
        if execution.state != "SUCCEEDED":
            raise InvalidRequest(
                f"Query did not finish successfully. Final query state: {execution.state}",
                "INVALID_QUERY_EXECUTION_STATE",
            )
        return rows_shape(execution, request)
