"""dbt's page of all tables in one file, with the types that the models declare.

dbt takes a column's type from the warehouse. Here contracts declare it, so the page needs no
warehouse: it is the same for a folder and for a bucket, before the first build too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_MANIFEST, _CATALOG = '"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"'
_KINDS = {"table": "table", "incremental": "table", "seed": "table", "view": "view"}
Node = dict[str, Any]


def write_page(target: Path, page: Path, database: str) -> None:
    """Write the page that `dbt docs generate --static` would, types filled in.

    Args:
        target: dbt's target folder after `docs generate --empty-catalog`.
        page: The file.
        database: What the engine of the tables calls what holds their schemas.

    Raises:
        OSError: A file is missing or the page cannot be written.
        ValueError: What dbt left is not its own.
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
    page.write_text(text, encoding="utf-8")


def _declared(node: Node) -> Node:
    kind = node.get("config", {}).get("materialized") or "table"
    return {
        "unique_id": node["unique_id"],
        "metadata": {
            "type": _KINDS.get(kind, kind),
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
