"""The built tables as Glue describes them: what they are, where they and their versions lie."""

from __future__ import annotations

from typing import Any

import boto3

from flows.athena.folders import delete_folder

BUILT = ("silver", "gold", "pages")


def read_tables(name: str) -> list[dict[str, Any]]:
    """Glue's tables of a database; none when there is no such database."""
    glue = boto3.client("glue")
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=name)
    try:
        return [dict(table) for page in pages for table in page["TableList"]]
    except glue.exceptions.EntityNotFoundException:
        return []


def is_temporary(table: dict[str, Any]) -> bool:
    """Whether dbt made it for the length of one build (`__dbt_tmp_…`, `__ha`, `__bkp`)."""
    return "__" in table["Name"]


def is_iceberg(table: dict[str, Any]) -> bool:
    """Whether it is an Iceberg table."""
    return str(table.get("Parameters", {}).get("table_type", "")).upper() == "ICEBERG"


def drop_older_versions(table: dict[str, Any]) -> None:
    """Keep a swapped table's current version alone, in Glue and in the bucket."""
    glue = boto3.client("glue")
    here = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
    current = glue.get_table(DatabaseName=here["DatabaseName"], Name=here["TableName"])["Table"]
    for page in glue.get_paginator("get_table_versions").paginate(**here):
        for version in page["TableVersions"]:
            older = location_of(dict(version["Table"]))
            if older != location_of(dict(current)):
                glue.delete_table_version(VersionId=version["VersionId"], **here)
                delete_folder(older)


def location_of(table: dict[str, Any]) -> str:
    """Where a table's files are, without a slash at its end."""
    return str(table.get("StorageDescriptor", {}).get("Location", "")).rstrip("/")


def version_locations(table: dict[str, Any]) -> set[str]:
    """Where every version of a table that Glue keeps has its files."""
    glue = boto3.client("glue")
    pages = glue.get_paginator("get_table_versions").paginate(
        DatabaseName=table["DatabaseName"], TableName=table["Name"]
    )
    return {location_of(dict(v["Table"])) for page in pages for v in page["TableVersions"]}
