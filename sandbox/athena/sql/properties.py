"""Table properties: Athena's names, checked, and what they are called in the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMATS = {"PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"}
_ICEBERG_FORMATS = {"PARQUET", "ORC", "AVRO"}
_CODECS = {"NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4"}
# Kept with an Iceberg table for OPTIMIZE, VACUUM and writers; obeyed is one of them.
ICEBERG_KEPT = {
    "vacuum_min_snapshots_to_keep",
    "vacuum_max_snapshot_age_seconds",  # obeyed
    "vacuum_max_metadata_files_to_keep",
    "optimize_rewrite_min_data_file_size_bytes",
    "optimize_rewrite_max_data_file_size_bytes",
    "optimize_rewrite_data_file_threshold",
    "optimize_rewrite_delete_file_threshold",
    "write_target_data_file_size_bytes",
}
_HIVE_CTAS = {
    "table_type",
    "is_external",
    "external_location",
    "format",
    "field_delimiter",
    "partitioned_by",
    "write_compression",
    "parquet_compression",
    "orc_compression",
}
_ICEBERG_CTAS = {
    "table_type",
    "is_external",
    "location",
    "format",
    "partitioning",
    "write_compression",
} | ICEBERG_KEPT
_ICEBERG_DDL = {"table_type", "format", "write_compression"} | ICEBERG_KEPT

Value = str | list[str]


def check_ctas(given: Mapping[str, Value]) -> bool:
    """Check a CTAS's properties; say whether the table is to be Iceberg's.

    Raises:
        QueryError: one is unknown, or not for such a table.
    """
    kind = str(given.get("table_type", "HIVE")).upper()
    if kind not in {"HIVE", "ICEBERG"}:
        raise QueryError(f"INVALID_TABLE_PROPERTY: table_type '{kind}' is neither HIVE nor ICEBERG")
    _known(given, _ICEBERG_CTAS if kind == "ICEBERG" else _HIVE_CTAS, kind)
    external = str(given.get("is_external", "")).lower()
    if kind == "ICEBERG" and external == "true":
        raise QueryError("INVALID_TABLE_PROPERTY: is_external must be false for an Iceberg table")
    if kind == "HIVE" and external == "false":
        raise QueryError("INVALID_TABLE_PROPERTY: is_external must be true for a Hive table")
    return kind == "ICEBERG"


def check_iceberg_ddl(given: Mapping[str, str], *, changing: bool = False) -> None:
    """Check the TBLPROPERTIES of an Iceberg table.

    Raises:
        QueryError: one is not among those that Athena takes.
    """
    allowed = _ICEBERG_DDL - {"table_type"} if changing else _ICEBERG_DDL
    for name in given:
        if name not in allowed:
            raise QueryError(f"FAILED: Unsupported table property key: {name}")


def _known(given: Mapping[str, Value], allowed: set[str], kind: str) -> None:
    for name in given:
        if name not in allowed:
            raise QueryError(
                f"INVALID_TABLE_PROPERTY: Table property '{name}' is not supported for table "
                f"type {kind}"
            )


def table_format(given: Mapping[str, Value], *, iceberg: bool) -> str:
    """Return the file format, Parquet where none is given."""
    chosen = str(given.get("format", "PARQUET")).upper()
    if chosen not in (_ICEBERG_FORMATS if iceberg else _FORMATS):
        raise QueryError(f"INVALID_TABLE_PROPERTY: format '{chosen}' is not supported")
    return chosen


def compression(given: Mapping[str, Value], *, iceberg: bool) -> str:
    """Return the engine's codec: as given, else Athena's default for such a table."""
    file_format = table_format(given, iceberg=iceberg)
    names = ("write_compression", f"{file_format.lower()}_compression")
    chosen = next((str(given[name]).upper() for name in names if name in given), None)
    if chosen is None:
        return "ZSTD" if iceberg else "GZIP"
    if chosen not in _CODECS:
        raise QueryError(f"INVALID_TABLE_PROPERTY: compression '{chosen}' is not supported")
    return chosen


def iceberg_with(given: Mapping[str, Value], location: str, partitioning: list[str]) -> str:
    """Return the engine's WITH clause for a new Iceberg table."""
    parts = [
        f"format = {text(table_format(given, iceberg=True))}",
        f"location = {text(location.rstrip('/'))}",
    ]
    if partitioning:
        parts.append(f"partitioning = {array(partitioning)}")
    if kept := {name: str(given[name]) for name in sorted(ICEBERG_KEPT & set(given))}:
        parts.append(f"extra_properties = {mapping(kept)}")
    return f"WITH ({', '.join(parts)})"


def text(value: str) -> str:
    """Return a text as the engine's literal."""
    return "'" + value.replace("'", "''") + "'"


def array(values: list[str]) -> str:
    """Return an array of texts as the engine's literal."""
    return f"ARRAY[{', '.join(map(text, values))}]"


def mapping(values: Mapping[str, str]) -> str:
    """Return a map of texts as the engine's literal."""
    return f"MAP({array(list(values))}, {array(list(values.values()))})"
