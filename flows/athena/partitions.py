"""The days of a bronze table, made known to Glue where they are not yet."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3

from ingestion.config.errors import CrawlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flows.athena.declarations import BronzeTable

# Glue's limit of one batch call.
_BATCH = 100
_KNOWN = "AlreadyExistsException"


def register_partitions(glue: Any, database: str, table: BronzeTable, lake_uri: str) -> list[str]:  # noqa: ANN401 - boto3's client
    """Add the partitions that have objects and no entry; gives their values, sorted.

    Raises:
        CrawlError: Glue refused one of them.
    """
    if table.partition is None:
        return []
    uri = table.uri(lake_uri)
    known = set(_known_values(glue, database, table.name))
    missing = sorted(set(_stored_values(uri, table.partition["Name"])) - known)
    for values in _batched(missing, _BATCH):
        inputs = [_partition_input(table, uri, value) for value in values]
        answer = glue.batch_create_partition(
            DatabaseName=database, TableName=table.name, PartitionInputList=inputs
        )
        _refuse(answer, f"{database}.{table.name}")
    return missing


def restate_partitions(glue: Any, database: str, table: BronzeTable) -> None:  # noqa: ANN401 - boto3's client
    """Give every partition the table's columns: Athena reads each by its own."""
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=table.name
    )
    entries = (
        {
            "PartitionValueList": found["Values"],
            "PartitionInput": {
                "Values": found["Values"],
                "Parameters": found.get("Parameters", {}),
                "StorageDescriptor": table.storage(found["StorageDescriptor"]["Location"]),
            },
        }
        for page in pages
        for found in page["Partitions"]
    )
    for some in _batched(entries, _BATCH):
        answer = glue.batch_update_partition(
            DatabaseName=database, TableName=table.name, Entries=some
        )
        _refuse(answer, f"{database}.{table.name}")


def _batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _known_values(glue: Any, database: str, table: str) -> Iterable[str]:  # noqa: ANN401
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=table, ExcludeColumnSchema=True
    )
    return (partition["Values"][0] for page in pages for partition in page["Partitions"])


def _stored_values(uri: str, column: str) -> Iterable[str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    pages = (
        boto3.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=bucket, Prefix=f"{prefix}{column}=", Delimiter="/")
    )
    for page in pages:
        for common in page.get("CommonPrefixes", []):
            yield unquote(common["Prefix"].rstrip("/").rpartition("=")[2])


def _partition_input(table: BronzeTable, uri: str, value: str) -> dict[str, Any]:
    column = table.partition["Name"] if table.partition else ""
    return {"Values": [value], "StorageDescriptor": table.storage(f"{uri}{column}={value}/")}


def _refuse(answer: dict[str, Any], name: str) -> None:
    refused = [
        error
        for error in answer.get("Errors", [])
        if error.get("ErrorDetail", {}).get("ErrorCode") != _KNOWN
    ]
    if refused:
        detail = refused[0]["ErrorDetail"]
        raise CrawlError(
            f"Glue did not take {len(refused)} partitions of {name}: "
            f"{detail.get('ErrorCode')}: {detail.get('ErrorMessage', '')}".rstrip(": "),
            "run again; nothing was built from the partial catalog",
        )
