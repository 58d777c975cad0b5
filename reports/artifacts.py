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
# By the name of a test: what it holds.
_HOLDS = {
    "accepted_values": "{column_name} is one of {values}",
    "between": "{column_name} lies between {low} and {high}",
    "holds_all_of_bronze": "no record of bronze is lost",
    "holds_days": "every day with figures is there",
    "holds_spans": "every span has the plays of its days",
    "hours_from_engagement": "hours watched follow from engagement, plays and length",
    "mostly_known": "{column_name} is known of nearly all rows",
    "not_in_the_future": "nothing is from the future",
    "not_null": "{column_name} is always known",
    "primary_key": "one row per {columns}",
    "relationships": "every {column_name} is in {others}",
    "same_total": "adds up to {others}",
    "viewers_at_most_plays": "there are no more viewers than plays",
    "whole_plays": "the play rate is a share of whole plays",
}
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
    """What holds while a test passes, in words; a test that is not known here by its name."""
    metadata = test.get("test_metadata") or {}
    name = str(metadata.get("name") or test["name"])
    arguments = metadata.get("kwargs") or {}
    others = [one for one in test["depends_on"]["nodes"] if one != test.get("attached_node")]
    said = {key: _joined(value) for key, value in arguments.items()}
    said["others"] = _joined([one.rpartition(".")[2] for one in others if "." in one])
    return _HOLDS.get(name, name.replace("_", " ")).format_map(said)


def _joined(value: object) -> str:
    *most, last = map(str, value) if isinstance(value, list) and value else [str(value)]
    return f"{', '.join(most)} and {last}" if most else last
