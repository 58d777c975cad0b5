"""The actions on databases and tables, for clients that do not ask Glue."""

import re
from typing import Any

from sandbox.athena.app import Action
from sandbox.athena.aws.catalog import Catalog, Table
from sandbox.athena.errors import ApiError, QueryError
from sandbox.athena.sql.show import columns_of

Request = dict[str, Any]


class Metadata:
    """Reads the catalog; an answer is always whole, without a page after it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def actions(self) -> dict[str, Action]:
        """Return the actions by name."""
        return {
            "ListDatabases": self._databases,
            "ListTableMetadata": self._tables,
            "GetTableMetadata": self._table,
        }

    def _databases(self, _: Request, __: str) -> dict[str, Any]:
        return {"DatabaseList": [{"Name": name} for name in self._catalog.databases()]}

    def _tables(self, request: Request, _: str) -> dict[str, Any]:
        try:
            tables = self._catalog.tables(request["DatabaseName"])
        except QueryError as error:
            raise _missing(str(error)) from error
        wanted = request.get("Expression", ".*")
        shapes = [_shape(table) for table in tables if re.fullmatch(wanted, table["Name"])]
        return {"TableMetadataList": shapes}

    def _table(self, request: Request, _: str) -> dict[str, Any]:
        database, name = request["DatabaseName"], request["TableName"]
        if table := self._catalog.find(database, name):
            return {"TableMetadata": _shape(table)}
        raise _missing(f"Table {name} not found in database {database}.")


def _missing(message: str) -> ApiError:
    return ApiError("MetadataException", f"EntityNotFoundException: {message}")


def _shape(table: Table) -> dict[str, Any]:
    descriptor = table["StorageDescriptor"]
    described = {
        "inputformat": descriptor.get("InputFormat", ""),
        "location": descriptor.get("Location", ""),
        "outputformat": descriptor.get("OutputFormat", ""),
        "serde.serialization.lib": descriptor.get("SerdeInfo", {}).get("SerializationLibrary", ""),
    }
    return {
        "Name": table["Name"],
        "CreateTime": table["CreateTime"].timestamp(),
        "TableType": table.get("TableType", ""),
        "Columns": columns_of(table),
        "PartitionKeys": table.get("PartitionKeys", []),
        "Parameters": {**table.get("Parameters", {}), **described},
    }
