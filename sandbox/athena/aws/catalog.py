"""The catalog, Glue, as statements need it; every call goes through its real API."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from sandbox.athena.aws.storage import Storage
from sandbox.athena.errors import QueryError

Table = dict[str, Any]


class Catalog:
    """Databases, tables, partitions."""

    def __init__(self, glue: Any) -> None:  # noqa: ANN401 - boto3's client
        self.glue = glue

    def databases(self) -> list[str]:
        """Return the databases' names in order."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return sorted(found["Name"] for page in pages for found in page["DatabaseList"])

    def tables(self, database: str) -> list[Table]:
        """Return a database's tables by name.

        Raises:
            QueryError: there is no such database.
        """
        if database not in self.databases():
            raise QueryError(
                f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}"
            )
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=database)
        return sorted((t for page in pages for t in page["TableList"]), key=lambda t: t["Name"])

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

    def update(self, table: Table, **changes: object) -> None:
        """Keep a table as it is but for `changes`."""
        known = self.glue.meta.service_model.shape_for("TableInput").members
        kept = {name: table[name] for name in known if name in table} | changes
        self.glue.update_table(DatabaseName=table["DatabaseName"], TableInput=kept)

    def delete(self, table: Table) -> None:
        """Forget a table; its files stay."""
        self.glue.delete_table(DatabaseName=table["DatabaseName"], Name=table["Name"])

    def partitions(self, table: Table) -> list[list[str]]:
        """Return the values of a table's partitions."""
        pages = self.glue.get_paginator("get_partitions").paginate(**_of(table))
        return [found["Values"] for page in pages for found in page["Partitions"]]

    def add_partitions(self, table: Table, places: Iterable[tuple[list[str], str]]) -> list[str]:
        """Add partitions by values and location; return what Glue had against any of them."""
        inputs = [
            {"Values": values, "StorageDescriptor": {**table["StorageDescriptor"], "Location": at}}
            for values, at in places
        ]
        answer = self.glue.batch_create_partition(**_of(table), PartitionInputList=inputs)
        return _errors(answer)

    def drop_partitions(self, table: Table, dropped: list[list[str]]) -> list[str]:
        """Forget partitions; return what Glue had against any of them."""
        wanted = [{"Values": values} for values in dropped]
        answer = self.glue.batch_delete_partition(**_of(table), PartitionsToDelete=wanted)
        return _errors(answer)

    def add_missing_partitions(self, table: Table, storage: Storage) -> None:
        """Add the partitions that files lie in and the catalog lacks."""
        location = table["StorageDescriptor"]["Location"].rstrip("/") + "/"
        keys = partition_keys(table)
        found = {}
        for file in storage.files(location):
            steps = file.removeprefix(location).split("/")[: len(keys)]
            if [step.partition("=")[0].lower() for step in steps] == keys:
                values = tuple(unquote(step.partition("=")[2]) for step in steps)
                found[values] = location + "/".join(steps) + "/"
        for known in self.partitions(table):
            found.pop(tuple(known), None)
        if found:
            self.add_partitions(table, [(list(values), at) for values, at in found.items()])


def _of(table: Table) -> dict[str, str]:
    return {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}


def _errors(answer: dict[str, Any]) -> list[str]:
    return [
        f"{error['ErrorDetail']['ErrorCode']}: {error['PartitionValues']}"
        for error in answer.get("Errors", [])
    ]


def partition_keys(table: Table) -> list[str]:
    """Return the names of the columns that a table is partitioned by."""
    return [key["Name"] for key in table.get("PartitionKeys", [])]


def is_iceberg(table: Table) -> bool:
    """Say whether the table is Iceberg's."""
    return bool(table.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG")


def is_view(table: Table) -> bool:
    """Say whether it is a view."""
    return bool(table.get("TableType") == "VIRTUAL_VIEW")
