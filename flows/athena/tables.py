"""The built tables as Glue describes them, and the folders of the bucket that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awswrangler as wr
import boto3

from flows.athena.catalog import database
from ingestion.storage.s3 import BucketLake

if TYPE_CHECKING:
    from ingestion.config.settings import Settings

BUILT = ("silver", "gold", "pages")


def read_tables(name: str) -> list[dict[str, Any]]:
    """Glue's tables of a database; none when there is no such database."""
    glue = boto3.client("glue")
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=name)
    try:
        return [dict(table) for page in pages for table in page["TableList"]]
    except glue.exceptions.EntityNotFoundException:
        return []


def all_tables(settings: Settings) -> list[dict[str, Any]]:
    """Glue's tables of every built layer, those of a build that is at work too."""
    return [table for layer in BUILT for table in read_tables(database(settings, layer))]


def built_tables(settings: Settings) -> list[dict[str, Any]]:
    """Glue's tables of every built layer, without those of a build that is at work."""
    return [table for table in all_tables(settings) if not is_temporary(table)]


def name_of(table: dict[str, Any]) -> str:
    """`database.table`, as a statement names it."""
    return f"{table['DatabaseName']}.{table['Name']}"


def is_temporary(table: dict[str, Any]) -> bool:
    """Whether dbt made it for the length of one build (`__dbt_tmp_…`, `__ha`, `__bkp`)."""
    return "__" in table["Name"]


def is_iceberg(table: dict[str, Any]) -> bool:
    """Whether it is an Iceberg table."""
    return str(table.get("Parameters", {}).get("table_type", "")).upper() == "ICEBERG"


def drop_older_versions(table: dict[str, Any]) -> None:
    """Keep a swapped table's current version alone, in Glue and in the bucket."""
    glue = boto3.client("glue")
    database, name = table["DatabaseName"], table["Name"]
    current = location_of(dict(glue.get_table(DatabaseName=database, Name=name)["Table"]))
    for version in versions_of(table):
        older = location_of(version["Table"])
        if older != current:
            glue.delete_table_version(
                DatabaseName=database, TableName=name, VersionId=version["VersionId"]
            )
            delete_folder(older)


def location_of(table: dict[str, Any]) -> str:
    """Where a table's files are, without a slash at its end."""
    return str(table.get("StorageDescriptor", {}).get("Location", "")).rstrip("/")


def versions_of(table: dict[str, Any]) -> list[Any]:
    """Every version of a table that Glue keeps."""
    pages = boto3.client("glue").get_paginator("get_table_versions")
    found = pages.paginate(DatabaseName=table["DatabaseName"], TableName=table["Name"])
    return [version for page in found for version in page["TableVersions"]]


def delete_folder(uri: str) -> None:
    """Delete every object below; a folder that is not one of a bucket is left alone."""
    if uri.startswith("s3://") and uri.count("/") > 3:  # noqa: PLR2004 - never a whole bucket
        wr.s3.delete_objects(f"{uri.rstrip('/')}/")


def delete_older(uri: str) -> None:
    """Delete what a versioned bucket keeps of replaced and removed objects below."""
    folder = BucketLake(uri)
    folder.delete_older(folder.list_older(""))
