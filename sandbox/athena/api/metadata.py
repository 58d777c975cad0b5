"""The actions on catalogs, databases and tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.athena.api.protocol import Action, Request, page
from sandbox.athena.engine.server import HIVE
from sandbox.athena.errors import ApiError, InvalidRequest, QueryError
from sandbox.athena.sql.show import columns_of

if TYPE_CHECKING:
    from sandbox.athena.catalog import Catalog

_CATALOG = "AwsDataCatalog"


class Metadata:
    """Reads the catalog for clients that do not ask Glue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def actions(self) -> dict[str, Action]:
        """Return the actions by name."""
        return {
            "ListDataCatalogs": lambda _: {
                "DataCatalogsSummary": [{"CatalogName": _CATALOG, "Type": "GLUE"}]
            },
            "ListDatabases": self._databases,
            "ListTableMetadata": self._tables,
            "GetTableMetadata": self._table,
        }

    def _databases(self, request: Request) -> dict[str, Any]:
        self._check(request["CatalogName"])
        found = [{"Name": name} for name in self._catalog.databases()]
        shown, following = page(found, request)
        return {"DatabaseList": shown, **following}

    def _tables(self, request: Request) -> dict[str, Any]:
        self._check(request["CatalogName"])
        try:
            tables = self._catalog.tables(request["DatabaseName"])
        except QueryError as error:
            raise _missing(f"Database {request['DatabaseName']} not found.") from error
        if expression := request.get("Expression"):
            tables = [table for table in tables if re.fullmatch(expression, table["Name"])]
        shown, following = page([_shape(table) for table in tables], request)
        return {"TableMetadataList": shown, **following}

    def _table(self, request: Request) -> dict[str, Any]:
        self._check(request["CatalogName"])
        database, name = request["DatabaseName"], request["TableName"]
        table = self._catalog.find(database, name)
        if table is None:
            raise _missing(f"Table {name} not found in database {database}.")
        return {"TableMetadata": _shape(table)}

    @staticmethod
    def _check(catalog: str) -> None:
        if catalog.lower() != HIVE:
            raise InvalidRequest(f"DataCatalog {catalog} was not found")


def _missing(message: str) -> ApiError:
    return ApiError("MetadataException", f"EntityNotFoundException: {message}")


def _shape(table: dict[str, Any]) -> dict[str, Any]:
    descriptor, keys = table["StorageDescriptor"], table.get("PartitionKeys", [])
    own = columns_of({**table, "PartitionKeys": []})
    serde = descriptor.get("SerdeInfo", {})
    described = {
        "inputformat": descriptor.get("InputFormat", ""),
        "location": descriptor.get("Location", ""),
        "outputformat": descriptor.get("OutputFormat", ""),
        "serde.serialization.lib": serde.get("SerializationLibrary", ""),
    }
    return {
        "Name": table["Name"],
        "CreateTime": table["CreateTime"].timestamp(),
        "TableType": table.get("TableType", ""),
        "Columns": [_column(column) for column in own],
        "PartitionKeys": [_column(column) for column in keys],
        "Parameters": {**table.get("Parameters", {}), **described},
    }


def _column(column: dict[str, str]) -> dict[str, str]:
    return {key: column[key] for key in ("Name", "Type", "Comment") if column.get(key)}
