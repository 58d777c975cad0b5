"""What moto's Glue lacks and the engine or its clients need.

column statistics   taken and forgotten: the engine writes them with every new Hive table
VersionId           UpdateTable refuses a stale one: Iceberg's commits rest on it
iceberg.field.*     Iceberg's columns carry what Glue itself adds to them
"""

from __future__ import annotations

import threading
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.glue.models import FakeTable
from moto.glue.responses import GlueResponse

_LOCK = threading.Lock()


def close_gaps() -> None:
    """Mend moto's Glue in this process; to do so twice changes nothing."""
    responses: Any = GlueResponse
    for action, method in _STATISTICS.items():
        setattr(responses, action, method)
    responses.update_table = _update_table
    table: Any = FakeTable
    table.get_version = _get_version


_update_table_before = GlueResponse.update_table
_get_version_before = FakeTable.get_version


def _update_table(self: GlueResponse) -> ActionResult:
    database, name = self.parameters["DatabaseName"], self.parameters["TableInput"]["Name"]
    expected = self.parameters.get("VersionId")
    with _LOCK:
        table = self.glue_backend.get_table(database, name)
        current = table.as_dict()["VersionId"]
        if expected is not None and expected != current:
            raise JsonRESTError(
                "ConcurrentModificationException",
                f"Update table failed due to concurrent modifications: version {expected} was "
                f"expected, {current} is there",
            )
        return _update_table_before(self)


def _get_version(self: FakeTable, ver: str) -> dict[str, Any]:
    """Show Iceberg's columns with the parameters that Glue gives them."""
    table = _get_version_before(self, ver)
    if table.get("Parameters", {}).get("table_type", "").upper() != "ICEBERG":
        return table
    descriptor = table.get("StorageDescriptor", {})
    columns = [
        {**column, "Parameters": _field(at) | (column.get("Parameters") or {})}
        for at, column in enumerate(descriptor.get("Columns", []), start=1)
    ]
    return {**table, "StorageDescriptor": {**descriptor, "Columns": columns}}


def _field(at: int) -> dict[str, str]:
    return {
        "iceberg.field.current": "true",
        "iceberg.field.id": str(at),
        "iceberg.field.optional": "true",
    }


def _no_statistics(_: GlueResponse) -> ActionResult:
    return ActionResult({"ColumnStatisticsList": [], "Errors": []})


_STATISTICS = {
    f"{verb}_column_statistics_for_{owner}": _no_statistics
    for verb in ("get", "update", "delete")
    for owner in ("table", "partition")
}
