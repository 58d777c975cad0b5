"""Ask a running stack as boto3 users do."""

import time
from typing import Any

from tests.support.aws.athena_stack import AthenaStack

Rows = list[list[str | None]]


class Asking:
    """Queries in a database and under a prefix of its own."""

    def __init__(self, athena: AthenaStack) -> None:
        self.athena = athena
        self.lake = athena.new_lake()
        self.bucket, _, self.prefix = self.lake.removeprefix("s3://").partition("/")
        self.database = f"d{self.prefix}"
        self.client, self.s3 = athena.client("athena"), athena.client("s3")
        self.glue = athena.client("glue")
        self.run(f"create database {self.database}")

    def declare_events(self, name: str = "serialization.format", value: str = "1") -> None:
        """Declare the table `events` and the days under `events/`; its SerDe has one property."""
        self.run(
            "create external table events (`id` string comment 'a key', at struct<x:string>) "
            "partitioned by (day string) row format serde 'org.openx.data.jsonserde.JsonSerDe' "
            f"with serdeproperties ('{name}' = '{value}') location '{self.lake}/events/' "
            "tblproperties ('classification'='json')"
        )
        self.run("msck repair table events")

    def table(self, name: str) -> dict[str, Any]:
        """Return a table as Glue has it."""
        return dict(self.glue.get_table(DatabaseName=self.database, Name=name)["Table"])

    def put(self, path: str, body: bytes) -> None:
        """Store an object under the prefix."""
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{path}", Body=body)

    def read(self, path: str) -> bytes:
        """Return an object under the prefix."""
        return self.read_uri(f"{self.lake}/{path}")

    def read_uri(self, uri: str) -> bytes:
        """Return an object by its address."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def output(self, path: str) -> dict[str, str]:
        """Return a ResultConfiguration that leaves results under the prefix."""
        return {"OutputLocation": f"{self.lake}/{path}"}

    def files(self, path: str) -> list[str]:
        """Return what lies under a path of the prefix, without it."""
        start = f"{self.prefix}/{path}"
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=start).get("Contents", [])
        return [item["Key"].removeprefix(start) for item in found]

    def start(self, sql: str, **request: object) -> str:
        """Start a query in the test's database; return its id."""
        context = {"QueryExecutionContext": {"Database": self.database}}
        started = self.client.start_query_execution(QueryString=sql, **(context | request))
        return str(started["QueryExecutionId"])

    def wait(self, name: str) -> dict[str, Any]:
        """Return a query's execution once it has ended."""
        while True:
            execution = self.client.get_query_execution(QueryExecutionId=name)["QueryExecution"]
            if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
                return dict(execution)
            time.sleep(0.05)

    def execute(self, sql: str, **request: object) -> dict[str, Any]:
        """Run a query to its end, whichever that is; return its execution."""
        return self.wait(self.start(sql, **request))

    def run(self, sql: str, **request: object) -> dict[str, Any]:
        """Run a query that is to succeed; return its execution."""
        execution = self.execute(sql, **request)
        assert execution["Status"]["State"] == "SUCCEEDED", (sql, execution["Status"])
        return execution

    def failure(self, sql: str, **request: object) -> str:
        """Run a query that is to fail; return its reason."""
        execution = self.execute(sql, **request)
        assert execution["Status"]["State"] == "FAILED", (sql, execution["Status"])
        return str(execution["Status"]["StateChangeReason"])

    def rows(self, sql: str, **request: object) -> Rows:
        """Run a query; return its rows, the one with the columns' names first."""
        name = self.run(sql, **request)["QueryExecutionId"]
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=name)
        return [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
