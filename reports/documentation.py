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
_KINDS = {"table": "table", "incremental": "table", "seed": "table", "view": "view"}
Node = dict[str, Any]


def write_page(target: Path, page: Path, database: str) -> None:
    """Write the page that `dbt docs generate --static` would, types filled in.

    `target` is dbt's own after `docs generate --empty-catalog`; `database` what the engine of the
    tables calls what holds their schemas.

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
    page.write_text(text.replace("<body>", f"<body>{_FRAME}", 1), encoding="utf-8")


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
