"""What dbt knows about its own work: the page of all tables, and what their tests found.

dbt takes a column's type from the warehouse. Here contracts declare it, so the page needs no
warehouse: it is the same for a folder and for a bucket, before the first build too. `checks` is
one more table of the pages and no model, for dbt writes it down after the tables.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb

from reports.errors import PagesError
from reports.export import write_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MANIFEST, _CATALOG = '"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"'
# A way back, and the page's fixed sidebar below the text on a phone.
_FRAME = """<style>
#way-back{position:fixed;right:1rem;top:.6rem;z-index:9999;font:14px/1.4 system-ui,sans-serif;
background:#fff;border:1px solid #d6d6d6;border-radius:6px;padding:.25rem .7rem;color:#0b5cad}
@media(max-width:768px){
html,body,.app,.app-row,.app-body,.app-content,.app-scroll,.app-column{height:auto!important;
overflow:visible!important;min-width:0!important;width:auto!important;position:static!important}
.app-row{display:block!important}
.app-menu,.app-sidebar{width:100%!important;max-width:none!important;position:static!important;
height:auto!important;max-height:45vh;overflow:auto!important}
.app-body,.app-details,.app-frame{width:100%!important;max-width:none!important;min-width:0!important;
position:static!important;margin:0!important}
.app-body table,.app-body pre{display:block;max-width:calc(100vw - 3rem);overflow-x:auto}
.app-header{flex-wrap:wrap;height:auto!important}
.logo{display:none}#way-back{position:static;display:inline-block;margin:.5rem 1rem}
}</style><a id="way-back" href="/">← Wistia statistics</a>
<noscript><p style="padding:3rem 1rem">This page needs scripts. The same tables are in
docs/reference of the project.</p></noscript>"""
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
Node = dict[str, Any]


def write_page(target: Path, page: Path, database: str) -> None:
    """Write the page that `dbt docs generate --static` would, types filled in.

    `target` is dbt's own after `docs generate --empty-catalog`; `database` what the engine of the
    tables calls what holds their schemas.
    """
    template = (target / "index.html").read_text(encoding="utf-8")
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))
    for kind in ("nodes", "sources"):
        for node in manifest[kind].values():
            # The documentation's own engine has another name than the tables'.
            node["database"] = database
        catalog[kind] = {
            key: _declared(node) for key, node in manifest[kind].items() if node["columns"]
        }
    if _MANIFEST not in template or _CATALOG not in template:
        raise ValueError("dbt's page of the tables has no place for its data")
    text = template.replace(_MANIFEST, _inline(manifest)).replace(_CATALOG, _inline(catalog))
    page.write_text(text.replace("<body>", f"<body>{_FRAME}", 1), encoding="utf-8")


def _declared(node: Node) -> Node:
    kind = node.get("config", {}).get("materialized") or "table"
    return {
        "unique_id": node["unique_id"],
        "metadata": {
            "type": "table" if kind in {"incremental", "seed"} else kind,
            "database": node["database"],
            "schema": node["schema"],
            "name": node["name"],
            "comment": None,
            "owner": None,
        },
        "columns": {
            column["name"]: {
                "type": column.get("data_type") or "",
                "index": place,
                "name": column["name"],
                "comment": None,
            }
            for place, column in enumerate(node["columns"].values(), start=1)
        },
        "stats": {},
    }


def _inline(value: object) -> str:
    # Inside a script, a tag's end in a text would end the script.
    return json.dumps(value).replace("</", "<\\/")


def export_artifacts(manifest: Path, results: Path, folder: Path) -> None:
    """Write `checks.parquet` of dbt's `manifest.json` and the last `run_results.json`, if any."""
    nodes = _read(manifest).get("nodes")
    if not nodes:
        raise PagesError(
            f"dbt's description of the tables, {manifest}, cannot be read",
            "run `wistia-elt build`, then `wistia-elt publish`",
        )
    with duckdb.connect() as connection:
        connection.execute(f"create table checks ({_CHECKS})")
        if rows := list(_checks(nodes, _read(results).get("results", []))):
            connection.executemany("insert into checks values (?, ?, ?, ?, ?)", rows)
        write_table(connection, "checks", folder)


def _read(path: Path) -> Node:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _checks(nodes: dict[str, Node], results: list[Node]) -> Iterator[tuple[Any, ...]]:
    for result in results:
        test = nodes.get(result["unique_id"], {})
        if test.get("resource_type") == "test":
            yield (
                nodes.get(test.get("attached_node") or "", {}).get("name") or "",
                _describe(test),
                "the build stops" if test["config"]["severity"] == "ERROR" else "a warning",
                str(result["status"]),
                int(result.get("failures") or 0),
            )


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
