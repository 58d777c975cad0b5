"""Glue's databases and bronze tables, made from the declarations where they are missing.

Bucket, workgroup and crawler must exist: they cost money and carry rights. Databases and
declarations of tables do neither, so a run brings its own.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3

from flows.athena.declarations import LAYERS, read_declarations
from flows.athena.partitions import restate_partitions
from ingestion.config.aws_errors import explained
from ingestion.config.errors import CrawlError

if TYPE_CHECKING:
    from flows.athena.declarations import BronzeTable
    from ingestion.config.settings import Settings

log = logging.getLogger(__name__)


def database(settings: Settings, layer: str) -> str:
    """The Glue database of a layer."""
    return f"{settings.glue_database_prefix}{layer}"


def ensure_catalog(settings: Settings) -> list[BronzeTable]:
    """Make missing databases and bronze tables, bring older ones up to date; gives the tables.

    Raises:
        ConfigurationError: No region, no credentials.
        CrawlError: Glue refuses, or a table of that name lies elsewhere.
    """
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
    _refuse_elsewhere(name, found, wanted)
    if _shape(found) != _shape(wanted):
        log.warning("%s.%s follows its new declaration", name, declared.name)
        glue.update_table(DatabaseName=name, TableInput=_updated(found, wanted))
        if declared.partition:
            restate_partitions(glue, name, declared)


def _refuse_elsewhere(name: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    there = found.get("StorageDescriptor", {}).get("Location", "").rstrip("/")
    here = wanted["StorageDescriptor"]["Location"].rstrip("/")
    if there != here:
        raise CrawlError(
            f"the Glue table {name}.{found['Name']} reads {there}, and this lake is at {here}",
            "set GLUE_DATABASE_PREFIX so that each lake has databases of its own",
        )


def _shape(table: dict[str, Any]) -> list[tuple[str, str]]:
    # Comments are left out: a crawler or a console may have its own.
    storage = table["StorageDescriptor"]
    columns = [*storage["Columns"], *table.get("PartitionKeys", [])]
    case = storage.get("SerdeInfo", {}).get("Parameters", {}).get("case.insensitive", "")
    return [*((column["Name"], column["Type"]) for column in columns), ("case", case.upper())]


def _updated(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    # What others keep there (a crawler's marks, Lake Formation's) stays.
    return {**wanted, "Parameters": {**found.get("Parameters", {}), **wanted["Parameters"]}}
