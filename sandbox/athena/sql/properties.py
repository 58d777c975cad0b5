"""Table properties: Athena's names, checked, and what they are called in the engine."""

from collections.abc import Iterable, Mapping, Sequence

from sandbox.athena.errors import QueryError
from sandbox.athena.sql.job import array, text

Value = str | Sequence[str]

_FORMATS = {"PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"}
_ICEBERG_FORMATS = {"PARQUET", "ORC", "AVRO"}
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
ICEBERG_DDL = {"table_type", "format", "write_compression"} | ICEBERG_KEPT
_CTAS = {
    "HIVE": {"external_location", "field_delimiter", "partitioned_by"},
    "ICEBERG": {"location", "partitioning"} | ICEBERG_KEPT,
}
_EVERY_CTAS = {"table_type", "is_external", "format", "write_compression"}


def check(given: Iterable[str], allowed: Iterable[str]) -> None:
    """Check the names of properties.

    Raises:
        QueryError: one is not among those that Athena takes here.
    """
    if unknown := [name for name in given if name not in allowed]:
        raise QueryError(f"INVALID_TABLE_PROPERTY: property '{unknown[0]}' is not supported here")


def check_ctas(given: Mapping[str, Value]) -> bool:
    """Check a CTAS's properties; say whether the table is to be Iceberg's.

    Raises:
        QueryError: one is unknown, or not for such a table.
    """
    kind = str(given.get("table_type", "HIVE")).upper()
    if kind not in _CTAS:
        raise QueryError(f"INVALID_TABLE_PROPERTY: table_type '{kind}' is neither HIVE nor ICEBERG")
    check(given, _EVERY_CTAS | _CTAS[kind])
    return kind == "ICEBERG"


def table_format(given: Mapping[str, Value], *, iceberg: bool = False) -> str:
    """Return the file format, Parquet where none is given."""
    chosen = str(given.get("format", "PARQUET")).upper()
    if chosen not in (_ICEBERG_FORMATS if iceberg else _FORMATS):
        raise QueryError(f"INVALID_TABLE_PROPERTY: format '{chosen}' is not supported")
    return chosen


def compression(given: Mapping[str, Value], default: str) -> str:
    """Return the engine's codec: as CTAS or UNLOAD say it, else Athena's `default`."""
    return str(given.get("write_compression") or given.get("compression") or default).upper()


def iceberg_with(given: Mapping[str, Value], location: str, partitioning: Iterable[str]) -> str:
    """Return the engine's WITH clause for a new Iceberg table."""
    parts = [
        f"format = {text(table_format(given, iceberg=True))}",
        f"location = {text(location.rstrip('/'))}",
        f"partitioning = {array(partitioning)}",
    ]
    if kept := {name: str(given[name]) for name in sorted(ICEBERG_KEPT & set(given))}:
        parts.append(f"extra_properties = {extra_properties(kept)}")
    return f"WITH ({', '.join(parts)})"


def extra_properties(kept: Mapping[str, str]) -> str:
    """Return properties that the engine keeps and does not know, as its literal."""
    return f"MAP({array(kept)}, {array(kept.values())})"
