"""Glue's databases, bronze tables and their days, made where they are missing.

Bucket, workgroup and crawler must exist: they cost money and carry rights. Databases, tables and
partitions do neither, so a run brings its own. What bronze holds is declared once, for dbt, in
`dbt_project/models/bronze.yml`; Terraform reads the same file (`infra/`).
"""

from __future__ import annotations

import logging
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
import yaml

from ingestion.config.aws_errors import explained
from ingestion.config.errors import CrawlError
from ingestion.config.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.config.settings import Settings

_DECLARATIONS = PROJECT_ROOT / "dbt_project" / "models" / "bronze.yml"
LAYERS = ("bronze", "silver", "gold", "pages")
# What a catalog says of gzip JSON Lines; the SerDe is the one that tells a malformed
# line from a missing field (docs of Athena, "OpenX JSON SerDe").
_STORED_AS = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
        # The SerDe's default folds keys to one case, and of a line whose keys differ by case
        # alone the whole table becomes unreadable ("Duplicate key"). Ours are in lower case.
        "Parameters": {"serialization.format": "1", "case.insensitive": "FALSE"},
    },
}
# Glue's limit of one batch call.
_BATCH = 100
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BronzeTable:
    """One declared table of the database `bronze`."""

    name: str
    # What one line is.
    description: str
    # Below LAKE_URI, without slashes at its ends.
    location: str
    # `{"Name", "Type", "Comment"}`, Hive's types; the one it is partitioned by apart, if any.
    columns: tuple[dict[str, str], ...]
    partition: dict[str, str] | None

    def uri(self, lake_uri: str) -> str:
        """Where it lies, with a slash at its end: else `media` would hold `medias` too."""
        return f"{lake_uri.rstrip('/')}/{self.location}/"

    def storage(self, uri: str) -> dict[str, Any]:
        """Glue's storage descriptor, of the table or of a partition at `uri`."""
        return {
            "Columns": [dict(column) for column in self.columns],
            "Location": uri,
            "Compressed": self.partition is not None,
            **deepcopy(_STORED_AS),
        }

    def table_input(self, lake_uri: str) -> dict[str, Any]:
        """The table as Glue's CreateTable takes it."""
        compression = {"compressionType": "gzip"} if self.partition else {}
        return {
            "Name": self.name,
            "Description": self.description,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "json", **compression},
            "PartitionKeys": [dict(self.partition)] if self.partition else [],
            "StorageDescriptor": self.storage(self.uri(lake_uri)),
        }


def read_declarations() -> list[BronzeTable]:
    """Every table of bronze, in the file's order."""
    source = yaml.safe_load(_DECLARATIONS.read_text())["sources"][0]
    return [_parse_table(table) for table in source["tables"]]


def _parse_table(table: dict[str, Any]) -> BronzeTable:
    meta = table["config"]["meta"]
    by_name = {
        column["name"]: {
            "Name": column["name"],
            "Type": column["data_type"],
            # Glue takes at most 255 characters of comment.
            "Comment": column["description"][:255],
        }
        for column in table["columns"]
    }
    partition = by_name.pop(meta["partition_column"]) if "partition_column" in meta else None
    description = " ".join(table["description"].split())
    columns = tuple(by_name.values())
    return BronzeTable(table["name"], description, meta["location"], columns, partition)


def database(settings: Settings, layer: str) -> str:
    """The Glue database of a layer."""
    return f"{settings.glue_database_prefix}{layer}"


def ensure_catalog(settings: Settings) -> list[BronzeTable]:
    """Make missing databases and bronze tables, bring older ones up to date; gives the tables."""
    tables = read_declarations()
    with explained("prepare the Glue catalog", CrawlError):
        glue = boto3.client("glue")
        for layer in LAYERS:
            _ensure_database(glue, database(settings, layer))
        for table in tables:
            _ensure_table(glue, settings, table)
    return tables


def _ensure_database(glue: Any, name: str) -> None:  # noqa: ANN401 - boto3's client
    try:
        glue.get_database(Name=name)
    except glue.exceptions.EntityNotFoundException:
        # Another run may be faster between the look and the creation.
        with suppress(glue.exceptions.AlreadyExistsException):
            glue.create_database(DatabaseInput={"Name": name})


def _ensure_table(glue: Any, settings: Settings, declared: BronzeTable) -> None:  # noqa: ANN401
    name = database(settings, "bronze")
    wanted = declared.table_input(settings.lake_uri)
    try:
        found = glue.get_table(DatabaseName=name, Name=declared.name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        with suppress(glue.exceptions.AlreadyExistsException):
            glue.create_table(DatabaseName=name, TableInput=wanted)
        return
    there = found.get("StorageDescriptor", {}).get("Location", "").rstrip("/")
    here = wanted["StorageDescriptor"]["Location"].rstrip("/")
    if there != here:
        raise CrawlError(
            f"the Glue table {name}.{declared.name} reads {there}, and this lake is at {here}",
            "set GLUE_DATABASE_PREFIX so that each lake has databases of its own",
        )
    if _shape(found) != _shape(wanted):
        log.warning("%s.%s follows its new declaration", name, declared.name)
        # What others keep there (a crawler's marks, Lake Formation's) stays.
        kept = {**found.get("Parameters", {}), **wanted["Parameters"]}
        glue.update_table(DatabaseName=name, TableInput={**wanted, "Parameters": kept})
        if declared.partition:
            _restate_partitions(glue, name, declared)


def _shape(table: dict[str, Any]) -> list[tuple[str, str]]:
    # Comments are left out: a crawler or a console may have its own.
    storage = table["StorageDescriptor"]
    columns = [*storage["Columns"], *table.get("PartitionKeys", [])]
    case = storage.get("SerdeInfo", {}).get("Parameters", {}).get("case.insensitive", "")
    return [*((column["Name"], column["Type"]) for column in columns), ("case", case.upper())]


def register_partitions(glue: Any, name: str, table: BronzeTable, lake_uri: str) -> list[str]:  # noqa: ANN401 - boto3's client
    """Add a table's partitions that have objects and no entry yet; gives their values, sorted."""
    if table.partition is None:
        return []
    uri, column = table.uri(lake_uri), table.partition["Name"]
    known = {one["Values"][0] for one in _partitions(glue, name, table, ExcludeColumnSchema=True)}
    missing = sorted(set(_stored_values(uri, column)) - known)
    for some in _batches(missing):
        inputs = [
            {"Values": [value], "StorageDescriptor": table.storage(f"{uri}{column}={value}/")}
            for value in some
        ]
        answer = glue.batch_create_partition(
            DatabaseName=name, TableName=table.name, PartitionInputList=inputs
        )
        _refuse(answer, f"{name}.{table.name}")
    return missing


def _restate_partitions(glue: Any, name: str, table: BronzeTable) -> None:  # noqa: ANN401
    """Give every partition the table's columns: Athena reads each by its own."""
    for some in _batches(list(_partitions(glue, name, table))):
        entries = [
            {
                "PartitionValueList": found["Values"],
                "PartitionInput": {
                    "Values": found["Values"],
                    "Parameters": found.get("Parameters", {}),
                    "StorageDescriptor": table.storage(found["StorageDescriptor"]["Location"]),
                },
            }
            for found in some
        ]
        answer = glue.batch_update_partition(
            DatabaseName=name, TableName=table.name, Entries=entries
        )
        _refuse(answer, f"{name}.{table.name}")


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _partitions(glue: Any, name: str, table: BronzeTable, **more: bool) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    pages = glue.get_paginator("get_partitions")
    for page in pages.paginate(DatabaseName=name, TableName=table.name, **more):
        yield from page["Partitions"]


def _stored_values(uri: str, column: str) -> Iterator[str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    pages = boto3.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=f"{prefix}{column}=", Delimiter="/"):
        for common in page.get("CommonPrefixes", []):
            yield unquote(common["Prefix"].rstrip("/").rpartition("=")[2])


def _refuse(answer: dict[str, Any], name: str) -> None:
    details = [error.get("ErrorDetail", {}) for error in answer.get("Errors", [])]
    refused = [one for one in details if one.get("ErrorCode") != "AlreadyExistsException"]
    if refused:
        code, said = refused[0].get("ErrorCode"), refused[0].get("ErrorMessage", "")
        raise CrawlError(
            f"Glue did not take {len(refused)} partitions of {name}: {code}: {said}".rstrip(": "),
            "run again; nothing was built from the partial catalog",
        )
