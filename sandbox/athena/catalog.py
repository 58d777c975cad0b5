"""The catalog, Glue, as statements need it; every call goes through its real API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sandbox.athena.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_glue import GlueClient

Table = dict[str, Any]
_BATCH = 100  # partitions a call
# What GetTable tells and UpdateTable takes.
_INPUT = [
    "Name",
    "Description",
    "Owner",
    "LastAccessTime",
    "LastAnalyzedTime",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "TargetTable",
]


class Catalog:
    """Databases, tables, partitions."""

    def __init__(self, glue: GlueClient) -> None:
        self.glue = glue

    def databases(self) -> list[str]:
        """Return the databases' names in order."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return sorted(found["Name"] for page in pages for found in page["DatabaseList"])

    def has_database(self, name: str) -> bool:
        """Say whether there is such a database."""
        return name in self.databases()

    def require_database(self, name: str) -> None:
        """Make sure of a database.

        Raises:
            QueryError: there is none of this name.
        """
        if not self.has_database(name):
            raise QueryError(
                f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}"
            )

    def tables(self, database: str) -> list[Table]:
        """Return a database's tables by name."""
        self.require_database(database)
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=database)
        return sorted((dict(t) for p in pages for t in p["TableList"]), key=lambda t: t["Name"])

    def find(self, database: str, name: str) -> Table | None:
        """Return a table or view, None where there is none."""
        try:
            return dict(self.glue.get_table(DatabaseName=database, Name=name)["Table"])
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def require(self, database: str, name: str) -> Table:
        """Return a table or view.

        Raises:
            QueryError: there is none of this name.
        """
        if table := self.find(database, name):
            return table
        raise QueryError(
            f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}"
        )

    def create(self, database: str, table: Table) -> None:
        """Declare a table.

        Raises:
            QueryError: there is one, or no such database.
        """
        self.require_database(database)
        try:
            self.glue.create_table(DatabaseName=database, TableInput=table)  # type: ignore[arg-type]
        except self.glue.exceptions.AlreadyExistsException:
            raise QueryError(
                f"FAILED: Execution Error, return code 1: AlreadyExistsException: Table "
                f"{table['Name']} already exists"
            ) from None

    def update(self, table: Table, **changes: object) -> None:
        """Keep a table as it is but for `changes`."""
        kept = {name: table[name] for name in _INPUT if name in table} | changes
        self.glue.update_table(DatabaseName=table["DatabaseName"], TableInput=kept)  # type: ignore[arg-type]

    def delete(self, table: Table) -> None:
        """Forget a table; its files stay."""
        self.glue.delete_table(DatabaseName=table["DatabaseName"], Name=table["Name"])

    def partitions(self, table: Table) -> Iterator[dict[str, Any]]:
        """Give a table's partitions."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=table["DatabaseName"], TableName=table["Name"]
        )
        for page in pages:
            yield from (dict(found) for found in page["Partitions"])

    def add_partitions(self, table: Table, places: Iterable[tuple[list[str], str]]) -> list[str]:
        """Add partitions by values and location; return what Glue had against any of them."""
        inputs = [
            {
                "Values": values,
                "StorageDescriptor": {**table["StorageDescriptor"], "Location": location},
            }
            for values, location in places
        ]
        problems: list[str] = []
        for start in range(0, len(inputs), _BATCH):
            answer = self.glue.batch_create_partition(
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
                PartitionInputList=inputs[start : start + _BATCH],  # type: ignore[arg-type]
            )
            problems += [
                f"{error['ErrorDetail']['ErrorCode']}: {error['PartitionValues']}"
                for error in answer.get("Errors", [])
            ]
        return problems

    def drop_partition(self, table: Table, values: list[str]) -> bool:
        """Forget one partition; say whether it was there."""
        try:
            self.glue.delete_partition(
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
                PartitionValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return False
        return True


def is_iceberg(table: Table) -> bool:
    """Say whether the table is Iceberg's."""
    return bool(table.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG")


def is_view(table: Table) -> bool:
    """Say whether it is a view."""
    return bool(table.get("TableType") == "VIRTUAL_VIEW")
