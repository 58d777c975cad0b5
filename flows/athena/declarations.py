"""What bronze holds, as Glue's tables say it: read from the project's one declaration.

`dbt_project/models/bronze.yml` is dbt's; Terraform reads the same file (`infra/`).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from ingestion.config.settings import PROJECT_ROOT

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


@dataclass(frozen=True, slots=True)
class BronzeTable:
    """One declared table.

    Attributes:
        name: In the database `bronze`.
        description: What one line is.
        location: Below LAKE_URI, without slashes at its ends.
        columns: `{"Name", "Type", "Comment"}`, Hive's types, the partition's left out.
        partition: The column it is partitioned by, in the same form; None for none.
    """

    name: str
    description: str
    location: str
    columns: tuple[dict[str, str], ...]
    partition: dict[str, str] | None

    def uri(self, lake_uri: str) -> str:
        """Where it lies, with a slash at its end: else `media` would hold `medias` too."""
        return f"{lake_uri.rstrip('/')}/{self.location}/"

    def storage(self, uri: str) -> dict[str, Any]:
        """Glue's storage descriptor, of the table or of a partition at `uri`."""
        compressed = self.partition is not None
        return {
            "Columns": [dict(column) for column in self.columns],
            "Location": uri,
            "Compressed": compressed,
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
    by_name = {column["name"]: _parse_column(column) for column in table["columns"]}
    partition = by_name.pop(meta["partition_column"]) if "partition_column" in meta else None
    return BronzeTable(
        name=table["name"],
        description=" ".join(table["description"].split()),
        location=meta["location"],
        columns=tuple(by_name.values()),
        partition=partition,
    )


def _parse_column(column: dict[str, str]) -> dict[str, str]:
    # Glue takes at most 255 characters of comment.
    return {
        "Name": column["name"],
        "Type": column["data_type"],
        "Comment": column["description"][:255],
    }
