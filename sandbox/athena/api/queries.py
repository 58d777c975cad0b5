"""The actions on queries: start, look at, read, stop, list."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.athena.api.execution import ENDED, Execution
from sandbox.athena.app import Action
from sandbox.athena.aws.catalog import Catalog
from sandbox.athena.aws.storage import Storage, split_uri
from sandbox.athena.aws.workgroups import PRIMARY, find_workgroup
from sandbox.athena.engine.client import Engine, Watch
from sandbox.athena.engine.server import HIVE
from sandbox.athena.errors import InvalidRequest
from sandbox.athena.sql.job import Job
from sandbox.athena.sql.statements import find_statement

Request = dict[str, Any]
_AT_ONCE = 20  # the service's own limit in most regions
_MOST = 50  # of a page, where no other number is asked for


class Queries:
    """All queries of the account, the newest last."""

    def __init__(self, engine: Engine, catalog: Catalog, storage: Storage) -> None:
        self._engine, self._catalog, self._storage = engine, catalog, storage
        self._all: dict[str, Execution] = {}
        self._tokens: dict[str, Execution] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="query")

    def actions(self) -> dict[str, Action]:
        """Return the actions by name."""
        return {
            "StartQueryExecution": self._start,
            "GetQueryExecution": lambda r, _: {"QueryExecution": self._find(r).describe()},
            "BatchGetQueryExecution": self._batch,
            "ListQueryExecutions": self._list,
            "StopQueryExecution": self._stop,
            "GetQueryResults": lambda r, _: self._find(r).read_page(r),
        }

    def close(self) -> None:
        """Stop what runs."""
        for execution in self._all.values():
            execution.job.watch.stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, request: Request, region: str) -> dict[str, Any]:
        execution = self._prepare(request, region)
        token = request.get("ClientRequestToken", execution.job.id)
        # A client that waited too long asks again, with the same token.
        first = self._tokens.setdefault(token, execution)
        if first is execution:
            self._all[execution.job.id] = execution
            self._pool.submit(execution.run)
        return {"QueryExecutionId": first.job.id}

    def _prepare(self, request: Request, region: str) -> Execution:
        group = find_workgroup(request.get("WorkGroup", PRIMARY), region)
        context = request.get("QueryExecutionContext", {})
        catalog = context.get("Catalog", HIVE)
        if catalog.lower() != HIVE:
            raise InvalidRequest(f"DataCatalog {catalog} was not found")
        statement, text = find_statement(request["QueryString"])
        configuration = group["Configuration"]
        job = Job(
            id=str(uuid.uuid4()),
            sql=text,
            engine=self._engine,
            catalog=self._catalog,
            storage=self._storage,
            database=context.get("Database", "").strip('`"') or None,
            output=self._output(request, configuration, region),
            enforced=configuration["EnforceWorkGroupConfiguration"],
            parameters=request.get("ExecutionParameters", []),
            watch=Watch(configuration.get("BytesScannedCutoffPerQuery")),
        )
        return Execution(job, statement, request, group["Name"])

    def _output(self, request: Request, configuration: dict[str, Any], region: str) -> str:
        own = request.get("ResultConfiguration", {}).get("OutputLocation")
        groups = configuration.get("ResultConfiguration", {}).get("OutputLocation")
        enforced = configuration["EnforceWorkGroupConfiguration"]
        output = str((groups or own if enforced else own or groups) or "")
        if not output:
            raise InvalidRequest(
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input."
            )
        try:
            bucket, _ = split_uri(output)
        except ValueError:
            raise InvalidRequest(f"outputLocation is not a valid S3 path: {output}") from None
        found = self._storage.region(bucket)
        if found is None:
            raise InvalidRequest(f"Unable to verify/create output bucket {bucket}")
        if found != region:
            raise InvalidRequest(
                "The S3 location provided to save your query results is invalid. Please check "
                "your S3 location is correct and is in the same region and try again."
            )
        return output.rstrip("/") + "/"

    def _find(self, request: Request) -> Execution:
        name = request["QueryExecutionId"]
        if name not in self._all:
            raise InvalidRequest(f"QueryExecution {name} was not found")
        return self._all[name]

    def _batch(self, request: Request, _: str) -> dict[str, Any]:
        names = request["QueryExecutionIds"]
        return {
            "QueryExecutions": [self._all[name].describe() for name in names if name in self._all],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": name} for name in names if name not in self._all
            ],
        }

    def _list(self, request: Request, region: str) -> dict[str, Any]:
        group = find_workgroup(request.get("WorkGroup", PRIMARY), region)["Name"]
        names = [name for name, one in self._all.items() if one.workgroup == group][::-1]
        start = int(request.get("NextToken", 0))
        end = start + request.get("MaxResults", _MOST)
        following = {"NextToken": str(end)} if end < len(names) else {}
        return {"QueryExecutionIds": names[start:end], **following}

    def _stop(self, request: Request, _: str) -> None:
        execution = self._find(request)
        if execution.state not in ENDED:
            execution.job.watch.stopped.set()
