"""Types in three spellings: Hive's (in DDL and Glue), the engine's, and what a result says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.athena.errors import QueryError
from sandbox.athena.job import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.athena.sql.words import Words

# Hive's names and the engine's where they differ, then those that both have.
_ENGINE_NAMES = {"int": "integer", "float": "real", "string": "varchar", "binary": "varbinary"}
_HIVE_NAMES = {engine: hive for hive, engine in _ENGINE_NAMES.items()}
_SHARED_NAMES = {
    *("boolean", "tinyint", "smallint", "bigint", "double", "decimal"),
    *("date", "timestamp", "timestamptz", "varchar", "char"),
}
_SYNONYMS = {"integer": "int", "long": "bigint", "real": "float", "bool": "boolean"}
_SIZED = {"decimal": 2, "varchar": 1, "char": 1}
_UNBOUNDED = 2147483647


@dataclass(frozen=True)
class HiveType:
    """A type as DDL spells it; `fields` names the parts of a struct."""

    base: str
    sizes: tuple[int, ...] = ()
    parts: tuple[HiveType, ...] = ()
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Spell it as Glue keeps it, such as `struct<name:string,at:array<int>>`."""
        if self.fields:
            named = zip(self.fields, self.parts, strict=True)
            return f"struct<{','.join(f'{name}:{part}' for name, part in named)}>"
        if self.parts:
            return f"{self.base}<{','.join(map(str, self.parts))}>"
        return self.base + (f"({','.join(map(str, self.sizes))})" if self.sizes else "")

    def for_iceberg(self) -> str:
        """Spell it as the engine does where an Iceberg table is made."""
        if self.fields:
            named = zip(self.fields, self.parts, strict=True)
            fields = (f"{quoted(name)} {part.for_iceberg()}" for name, part in named)
            return f"row({', '.join(fields)})"
        if self.parts:
            return f"{self.base}({', '.join(part.for_iceberg() for part in self.parts)})"
        if self.base in {"timestamp", "timestamptz"}:
            return "timestamp(6)" + (" with time zone" if self.base == "timestamptz" else "")
        if self.base in {"tinyint", "smallint", "varchar", "char"}:
            raise QueryError(f"NOT_SUPPORTED: Type not supported for Iceberg: {self}")
        sizes = f"({','.join(map(str, self.sizes))})" if self.sizes else ""
        return _ENGINE_NAMES.get(self.base, self.base) + sizes


def read_type(words: Words) -> HiveType:
    """Take a type.

    Raises:
        QueryError: there is none of this name.
    """
    base = words.name()
    base = _SYNONYMS.get(base, base)
    if base == "struct":
        words.expect("<")
        named = [_field(words)]
        while words.take(","):
            named.append(_field(words))
        words.expect(">")
        fields, kinds = zip(*named, strict=True)
        return HiveType(base, (), kinds, fields)
    if base in {"array", "map"}:
        words.expect("<")
        parts = [read_type(words)]
        if base == "map":
            words.expect(",")
            parts.append(read_type(words))
        words.expect(">")
        return HiveType(base, (), tuple(parts))
    if base not in _ENGINE_NAMES and base not in _SHARED_NAMES:
        raise QueryError(f"FAILED: ParseException: no such type: {base}")
    sizes = tuple(words.listed(words.number)) if base in _SIZED and words.peek("(") else ()
    return HiveType(base, sizes or ((10, 0) if base == "decimal" else ()))


def _field(words: Words) -> tuple[str, HiveType]:
    name = words.name()
    words.expect(":")
    return name, read_type(words)


def hive_name(signature: Mapping[str, Any]) -> str:
    """Spell an engine's type as Glue keeps it, for a view's columns."""
    base, arguments = str(signature["rawType"]), signature["arguments"]
    if base in {"array", "map"}:
        return f"{base}<{','.join(hive_name(item['value']) for item in arguments)}>"
    if base == "row":
        fields = (_named(item["value"]) for item in arguments)
        return f"struct<{','.join(f'{name}:{hive_name(part)}' for name, part in fields)}>"
    sizes = [item["value"] for item in arguments if item["kind"] == "LONG"]
    if base in {"decimal", "char"} or (base == "varchar" and sizes[0] != _UNBOUNDED):
        return f"{base}({','.join(map(str, sizes))})"
    return _HIVE_NAMES.get(base, base)


def _named(value: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    return (value.get("fieldName") or {}).get("name", ""), value["typeSignature"]


def iceberg_problem(engine_type: str) -> str | None:
    """Return what Athena says against a column of this type in an Iceberg table, if anything."""
    # The engine of today would widen these by itself; Athena's refuses.
    for digits in re.findall(r"time(?:stamp)?\((\d+)\)", engine_type):
        if digits != "6":
            return (
                f"Timestamp precision ({digits}) not supported for Iceberg. "
                'Use "timestamp(6)" instead.'
            )
    outermost = engine_type.partition("(")[0]
    if outermost in {"tinyint", "smallint", "char", "json", "interval day to second"}:
        return f"Type not supported for Iceberg: {engine_type}"
    return None
