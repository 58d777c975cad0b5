"""Types in three spellings: Hive's (in DDL and Glue), the engine's, and what a result says."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sandbox.athena.errors import QueryError
from sandbox.athena.sql.job import quoted
from sandbox.athena.sql.words import Words

# Hive's names beside the engine's.
_ENGINE_NAMES = {
    "int": "integer",
    "float": "real",
    "string": "varchar",
    "binary": "varbinary",
    "timestamp": "timestamp(6)",
    "timestamptz": "timestamp(6) with time zone",
    **{name: name for name in ("boolean", "bigint", "double", "decimal", "date")},
}
_HIVE_NAMES = {"integer": "int", "real": "float", "varbinary": "binary"}
_SYNONYMS = {**_HIVE_NAMES, "long": "bigint", "bool": "boolean"}
_HIVE_ALONE = {"tinyint", "smallint", "varchar", "char"}
_UNBOUNDED = 2147483647


class HiveType(NamedTuple):
    """A type as Glue keeps it, and as the engine makes it in an Iceberg table, if Athena does."""

    hive: str
    iceberg: str | None


def read_type(words: Words) -> HiveType:
    """Take a type, such as `struct<name:string,at:array<int>>`.

    Raises:
        QueryError: there is none of this name.
    """
    base = words.name()
    base = _SYNONYMS.get(base, base)
    if base == "struct":
        fields = words.listed(lambda: _field(words), "<>")
        return _nested(base, fields, "row")
    if base in {"array", "map"}:
        parts = words.listed(lambda: read_type(words), "<>")
        return _nested(base, parts, base)
    if base not in _ENGINE_NAMES and base not in _HIVE_ALONE:
        raise QueryError(f"FAILED: ParseException: no such type: {base}")
    sizes = ",".join(words.listed(words.value)) if words.peek("(") else ""
    sizes = f"({sizes or '10,0'})" if base == "decimal" else f"({sizes})" if sizes else ""
    engine = _ENGINE_NAMES.get(base)
    return HiveType(base + sizes, engine and engine + sizes)


def _field(words: Words) -> HiveType:
    name = words.name()
    words.expect(":")
    kind = read_type(words)
    return HiveType(f"{name}:{kind.hive}", kind.iceberg and f"{quoted(name)} {kind.iceberg}")


def _nested(base: str, parts: list[HiveType], engine: str) -> HiveType:
    known = [part.iceberg for part in parts if part.iceberg]
    return HiveType(
        f"{base}<{','.join(part.hive for part in parts)}>",
        f"{engine}({', '.join(known)})" if len(known) == len(parts) else None,
    )


def hive_name(signature: Mapping[str, Any]) -> str:
    """Spell an engine's type as Glue keeps it, for a view's columns."""
    base, arguments = str(signature["rawType"]), signature["arguments"]
    if base in {"array", "map"}:
        return f"{base}<{','.join(hive_name(item['value']) for item in arguments)}>"
    if base == "row":
        parts = [item["value"] for item in arguments]
        names = [(part.get("fieldName") or {}).get("name", "") for part in parts]
        kinds = [hive_name(part["typeSignature"]) for part in parts]
        return f"struct<{','.join(map(':'.join, zip(names, kinds, strict=True)))}>"
    sizes = [item["value"] for item in arguments if item["kind"] == "LONG"]
    if base == "varchar" and sizes[0] == _UNBOUNDED:
        return "string"
    if base in {"decimal", "char", "varchar"}:
        return f"{base}({','.join(map(str, sizes))})"
    return _HIVE_NAMES.get(base, base)


def iceberg_problem(engine_type: str) -> str | None:
    """Return what Athena says against a column of this type in an Iceberg table, if anything."""
    # The engine of today would widen these by itself; Athena's refuses.
    for digits in re.findall(r"time(?:stamp)?\((\d+)\)", engine_type):
        if digits != "6":
            return (
                f"Timestamp precision ({digits}) not supported for Iceberg. "
                'Use "timestamp(6)" instead.'
            )
    if engine_type.partition("(")[0] in {"tinyint", "smallint", "char", "json"}:
        return f"Type not supported for Iceberg: {engine_type}"
    return None
