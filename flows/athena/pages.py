"""The tables of the pages from Athena: unloaded as Parquet, read from there, removed again."""

from __future__ import annotations

import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import awswrangler as wr

from flows.athena.catalog import database
from flows.athena.tables import is_temporary, read_tables
from flows.athena.workgroup import read_workgroup
from ingestion.config.aws_errors import explained
from reports.errors import PagesError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from ingestion.config.settings import Settings

# Hive's words where DuckDB has others.
_TYPES = {"string": "varchar", "int": "integer"}


@contextmanager
def attach_unloaded(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> Iterator[list[str]]:
    """Copy each table of the Glue database `pages` into the connection's memory: they are small."""
    connection.execute("create schema exported")
    group = read_workgroup(settings)
    schema = database(settings, "pages")
    place = f"{group.results_uri}/pages/{secrets.token_hex(8)}"
    with explained("read the tables of the pages", PagesError, "ATHENA_RESULTS_URI"):
        found = read_tables(schema)
        names = sorted(table["Name"] for table in found if not is_temporary(table))
        try:
            for name in names:
                _load(connection, schema, name, f"{place}/{name}/", group.name)
        except (wr.exceptions.QueryFailed, wr.exceptions.QueryCancelled) as error:
            raise PagesError(
                f"Athena cannot unload the tables of the pages: {error}",
                "run `wistia-elt build`, then `wistia-elt publish`",
            ) from error
        finally:
            wr.s3.delete_objects(f"{place}/")
    yield names


def _load(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, place: str, workgroup: str
) -> None:
    types = wr.catalog.get_table_types(database=schema, table=name) or {}
    columns = ", ".join(f'"{column}" {_type(kind)}' for column, kind in types.items())
    connection.execute(f'create table exported."{name}" ({columns})')
    wr.athena.unload(
        f'select * from "{name}"',  # noqa: S608 - Glue's own name
        path=place,
        database=schema,
        workgroup=workgroup,
        file_format="PARQUET",
    )
    with tempfile.TemporaryDirectory() as folder:
        # A workgroup that leaves it to us where results go has them beside the data.
        found = wr.s3.list_objects(place, ignore_suffix=[".csv", ".metadata"])
        for number, key in enumerate(found):
            wr.s3.download(key, str(Path(folder) / f"{number}.parquet"))
        # A table without rows is unloaded as no file at all.
        if any(Path(folder).iterdir()):
            connection.read_parquet(f"{folder}/*.parquet").insert_into(f'exported."{name}"')


def _type(kind: str) -> str:
    return "varchar" if kind.startswith(("varchar", "char")) else _TYPES.get(kind, kind)
