"""What moto's Glue lacks and the engine or its clients need.

column statistics   taken and forgotten: the engine writes them with every new Hive table
VersionId           UpdateTable refuses a stale one: Iceberg's commits rest on it
iceberg.field.*     Iceberg's columns carry what Glue itself adds to them
"""

import threading
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.glue.models import FakeTable
from moto.glue.responses import GlueResponse

from sandbox.athena.aws.catalog import is_iceberg

_LOCK = threading.Lock()
_update_table_before = GlueResponse.update_table
_get_version_before = FakeTable.get_version


def close_gaps() -> None:
    """Mend moto's Glue in this process; to do so twice changes nothing."""
    responses: Any = GlueResponse
    for owner in ("table", "partition"):
        for verb in ("get", "update", "delete"):
            setattr(responses, f"{verb}_column_statistics_for_{owner}", _no_statistics)
    responses.update_table = _update_table
    table: Any = FakeTable
    table.get_version = _get_version


def _no_statistics(_: GlueResponse) -> ActionResult:
    return ActionResult({"ColumnStatisticsList": [], "Errors": []})


def _update_table(self: GlueResponse) -> ActionResult:
    database, name = self.parameters["DatabaseName"], self.parameters["TableInput"]["Name"]
    with _LOCK:
        current = self.glue_backend.get_table(database, name).as_dict()["VersionId"]
        expected = self.parameters.get("VersionId", current)
        if expected != current:
            raise JsonRESTError(
                "ConcurrentModificationException",
                f"Update table failed due to concurrent modifications: version {expected} was "
                f"expected, {current} is there",
            )
        return _update_table_before(self)


def _get_version(self: FakeTable, ver: str) -> dict[str, Any]:
    """Show Iceberg's columns with the parameters that Glue gives them."""
    table = _get_version_before(self, ver)
    if not is_iceberg(table):
        return table
    descriptor = table.get("StorageDescriptor", {})
    columns = []
    for at, column in enumerate(descriptor.get("Columns", []), start=1):
        field = {"current": "true", "id": str(at), "optional": "true"}
        given = {f"iceberg.field.{name}": value for name, value in field.items()}
        columns.append({**column, "Parameters": given | (column.get("Parameters") or {})})
    return {**table, "StorageDescriptor": {**descriptor, "Columns": columns}}
