"""The same lake twice: a folder that DuckDB builds from, a bucket that Athena builds from."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from flows.athena.build import dbt_on_athena
from flows.athena.catalog import database
from flows.athena.crawler import crawl
from flows.athena.tables import BUILT, is_temporary, read_tables
from flows.stages.build import build
from flows.stages.query import query
from ingestion.admin.rebuild import rebuild
from ingestion.config.settings import Settings
from ingestion.storage.base import open_lake
from tests.support.aws.athena_stack import AthenaStack

Rows = list[tuple[Any, ...]]
Tables = dict[str, Rows]


def point_at(stack: AthenaStack) -> dict[str, str]:
    """What a process's environment needs so that AWS's clients find the stack alone."""
    names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
    found = {name: stack.environment[name] for name in names}
    found |= {n: v for n, v in stack.environment.items() if n.startswith("AWS_ENDPOINT_URL")}
    return {
        **found,
        "AWS_DEFAULT_REGION": found["AWS_REGION"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@dataclass
class AthenaHome:
    """A lake in a bucket of the stack that follows a folder.

    Attributes:
        folder: The lake whose bronze is copied.
        settings: Those of the bucket's lake, with databases of its own.
    """

    folder: Path
    settings: Settings
    _copied: dict[str, float] = field(default_factory=dict)

    @classmethod
    def make(cls, stack: AthenaStack, folder: Path) -> "AthenaHome":
        """A new prefix and new databases."""
        lake_uri = stack.new_lake()
        settings = Settings(
            lake_uri=lake_uri,
            glue_database_prefix=f"t{lake_uri[-8:]}_",
            athena_workgroup=stack.environment["ATHENA_WORKGROUP"],
            athena_results_uri=stack.environment["ATHENA_RESULTS_URI"],
        )
        return cls(folder, settings)

    def copy_bronze(self) -> None:
        """Put what is new in the folder's bronze into the bucket."""
        bucket, _, prefix = self.settings.lake_uri.removeprefix("s3://").partition("/")
        s3 = boto3.client("s3")
        for root in ("raw-data", "state/runs"):
            for path in sorted((self.folder / root).rglob("*.json*")):
                key = path.relative_to(self.folder).as_posix()
                written = path.stat().st_mtime
                if self._copied.get(key) != written:
                    s3.upload_file(str(path), bucket, f"{prefix}/{key}")
                    self._copied[key] = written

    def build(self, as_of: str) -> None:
        """Copy, list it in manifests, crawl, build what is new."""
        self.copy_bronze()
        lake = open_lake(self.settings)
        rebuild(self.settings, lake)
        crawl(self.settings)
        build(self.settings, lake, as_of_date=as_of)

    def dbt(self, *arguments: str, as_of: str) -> None:
        """Run one dbt command against the target `athena`."""
        dbt_on_athena(self.settings, *arguments, as_of_date=as_of)

    def rows(self, sql: str) -> Rows:
        """Rows of a query as Athena gives them."""
        return query(self.settings, sql).rows

    def tables(self) -> Tables:
        """Every built table's rows by `layer.table`, in an order of their own."""
        names = {
            f"{layer}.{table['Name']}": f"{database(self.settings, layer)}.{table['Name']}"
            for layer in BUILT
            for table in read_tables(database(self.settings, layer))
            if not is_temporary(table)
        }
        return {name: read_table(self.settings, sql) for name, sql in sorted(names.items())}


def read_table(settings: Settings, name: str) -> Rows:
    """Rows as the query command writes them, sorted: the same whatever the engine."""
    objects = json.loads(query(settings, f"select * from {name}").to_json())  # noqa: S608
    return sorted((tuple(row.items()) for row in objects), key=json.dumps)
