"""Terraform and a run declare bronze alike: whoever comes second changes nothing."""

from typing import Any

from flows.athena.catalog import read_declarations
from tests.infra.terraform import Root

# What Glue itself adds to a table.
GLUES_OWN = {
    "CatalogId",
    "CreateTime",
    "CreatedBy",
    "DatabaseName",
    "IsRegisteredWithLakeFormation",
    "LastAccessTime",
    "Retention",
    "UpdateTime",
    "VersionId",
}


def tables(root: Root) -> dict[str, dict[str, Any]]:
    database = root.outputs()["databases"]["bronze"]
    listed = root.client("glue").get_tables(DatabaseName=database)["TableList"]
    return {table["Name"]: table for table in listed}


def without(value: Any, names: set[str]) -> Any:  # noqa: ANN401 - any JSON
    """The value without what Glue adds and what is empty, at every depth."""
    if isinstance(value, dict):
        kept = {key: without(one, names) for key, one in value.items() if key not in names}
        return {key: one for key, one in kept.items() if one not in ({}, [], None, "", False, 0)}
    return [without(one, names) for one in value] if isinstance(value, list) else value


def test_a_run_would_declare_the_same_tables(production: Root) -> None:
    lake = production.outputs()["settings"]["LAKE_URI"]
    declared = {table.name: table.table_input(lake) for table in read_declarations()}
    made = tables(production)
    assert without(made, GLUES_OWN) == without(declared, GLUES_OWN)
