"""What dbt knows about its own work, as one more table of the pages.

`checks` is what each data test found at the last build. It is no model: dbt writes it down after
the tables.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb

from reports.errors import PagesError
from reports.export import write_table

if TYPE_CHECKING:
    from pathlib import Path

Node = dict[str, Any]
_CHECKS = "table_name varchar, test varchar, severity varchar, result varchar, rows_found bigint"


def export_artifacts(manifest: Path, results: Path, folder: Path) -> None:
    """Write `checks.parquet` of dbt's `manifest.json` and the last `run_results.json`, if any.

    Raises:
        PagesError: The manifest cannot be read.
    """
    nodes = _read(manifest).get("nodes")
    if not nodes:
        raise PagesError(
            f"dbt's description of the tables, {manifest}, cannot be read",
            "run `wistia-elt build`, then `wistia-elt publish`",
        )
    with duckdb.connect() as connection:
        connection.execute(f"create table checks ({_CHECKS})")
        _insert(connection, "checks", _checks(nodes, _read(results).get("results", [])))
        write_table(connection, "checks", folder)


def _read(path: Path) -> Node:
    try:
        found: Node = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {table} values ({places})", rows)  # noqa: S608


def _checks(nodes: dict[str, Node], results: list[Node]) -> list[tuple[Any, ...]]:
    rows = []
    for result in results:
        test = nodes.get(result["unique_id"], {})
        if test.get("resource_type") != "test":
            continue
        attached = nodes.get(test.get("attached_node") or "", {})
        rows.append(
            (
                attached.get("name") or "",
                _describe(test),
                "the build stops" if test["config"]["severity"] == "ERROR" else "a warning",
                str(result["status"]),
                int(result.get("failures") or 0),
            )
        )
    return rows


def _describe(test: Node) -> str:
    """`between: play_rate, 0 to 1` reads better than the name dbt makes up."""
    metadata = test.get("test_metadata") or {}
    arguments = dict(metadata.get("kwargs") or {})
    arguments.pop("model", None)
    column = arguments.pop("column_name", None)
    details = [f"{name} {_short(value)}" for name, value in arguments.items()]
    said = [text for text in (column, *details) if text]
    name = str(metadata.get("name") or test["name"]).replace("_", " ")
    return f"{name}: {', '.join(said)}" if said else name


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value).removeprefix("ref('").removesuffix("')")
