"""What moto's Glue lacks and the engine or its clients need.

column statistics   kept and answered; the engine writes them with every new Hive table
Segment             GetPartitions gives each segment its own part
VersionId           UpdateTable refuses a stale one: Iceberg's commits rest on it
iceberg.field.*     Iceberg's columns carry what Glue itself adds to them
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.glue.models import FakeTable
from moto.glue.responses import GlueResponse

if TYPE_CHECKING:
    from collections.abc import Callable

Owner = Any  # a table or a partition of moto's
_LOCK = threading.Lock()


def close_gaps() -> None:
    """Mend moto's Glue in this process; to do so twice changes nothing."""
    responses: Any = GlueResponse
    for action, method in _STATISTICS.items():
        setattr(responses, action, method)
    responses.get_partitions, responses.update_table = _get_partitions, _update_table
    table: Any = FakeTable
    table.get_version = _get_version


_get_partitions_before = GlueResponse.get_partitions
_update_table_before = GlueResponse.update_table
_get_version_before = FakeTable.get_version


def _get_partitions(self: GlueResponse) -> ActionResult:
    answer = _get_partitions_before(self)
    if segment := self.parameters.get("Segment"):
        number, total = segment["SegmentNumber"], segment["TotalSegments"]
        found: list[Any] = answer.result["Partitions"]  # type: ignore[index]
        return ActionResult({"Partitions": found[number::total]})
    return answer


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


def _of_table(self: GlueResponse) -> Owner:
    return self.glue_backend.get_table(
        self.parameters["DatabaseName"], self.parameters["TableName"]
    )


def _of_partition(self: GlueResponse) -> Owner:
    return _of_table(self).get_partition(self.parameters["PartitionValues"])


def _kept(owner: Owner) -> dict[str, Any]:
    kept: dict[str, Any] = owner.__dict__.setdefault("column_statistics", {})
    return kept


def _get(find: Callable[[GlueResponse], Owner]) -> Callable[[GlueResponse], ActionResult]:
    def get(self: GlueResponse) -> ActionResult:
        kept = _kept(find(self))
        wanted = self.parameters["ColumnNames"]
        return ActionResult(
            {"ColumnStatisticsList": [kept[name] for name in wanted if name in kept], "Errors": []}
        )

    return get


def _update(find: Callable[[GlueResponse], Owner]) -> Callable[[GlueResponse], ActionResult]:
    def update(self: GlueResponse) -> ActionResult:
        given = self.parameters["ColumnStatisticsList"]
        _kept(find(self)).update({one["ColumnName"]: one for one in given})
        return ActionResult({"Errors": []})

    return update


def _delete(find: Callable[[GlueResponse], Owner]) -> Callable[[GlueResponse], ActionResult]:
    def delete(self: GlueResponse) -> ActionResult:
        _kept(find(self)).pop(self.parameters["ColumnName"], None)
        return EmptyResult()

    return delete


_STATISTICS = {
    "get_column_statistics_for_table": _get(_of_table),
    "update_column_statistics_for_table": _update(_of_table),
    "delete_column_statistics_for_table": _delete(_of_table),
    "get_column_statistics_for_partition": _get(_of_partition),
    "update_column_statistics_for_partition": _update(_of_partition),
    "delete_column_statistics_for_partition": _delete(_of_partition),
}
