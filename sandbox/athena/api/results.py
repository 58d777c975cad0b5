"""A query's results: what is left in S3, and what GetQueryResults reads from there."""

import base64
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import IO, Any

from sandbox.athena.aws.storage import Storage
from sandbox.athena.engine.client import Column, Outcome

Cell = str | None
# A cell in quotes, or nothing at all for null; the file is UTF-8.
_CSV_CELL = re.compile(rb'(?:"((?:[^"]|"")*)")?([,\n])')
# A page of a thousand rows is smaller as a rule.
_PIECE = 1024 * 1024
_SECONDS = re.compile(r"(\d\d:\d\d:\d\d)(?:\.(\d+))?")
# Between these Java writes a number without an exponent.
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e7


def write_results(storage: Storage, uri: str, outcome: Outcome, *, plain: bool) -> None:
    """Leave an outcome at `uri`: CSV with a header, or lines for DDL and utilities."""
    with tempfile.TemporaryFile() as file:
        if plain:
            file.writelines(str(row[0]).encode() + b"\n" for row in outcome.rows)
        elif outcome.columns:
            _write_csv(file, outcome)
        file.seek(0)
        storage.write(uri, file)
    # The service's own file is binary and undocumented; clients only copy or delete it.
    storage.write(f"{uri}.metadata", b"\n".join(column.name.encode() for column in outcome.columns))


def _write_csv(file: IO[bytes], outcome: Outcome) -> None:
    signatures = [column.signature for column in outcome.columns]
    file.write(_csv_line(column.name for column in outcome.columns))
    for row in outcome.rows:
        file.write(_csv_line(map(format_value, row, signatures)))


def _csv_line(cells: Iterable[Cell]) -> bytes:
    quoted = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in cells)
    return (",".join(quoted) + "\n").encode()


def read_results(
    storage: Storage, uri: str, start: int, most: int, *, plain: bool
) -> tuple[list[list[Cell]], int]:
    """Return up to `most` rows from byte `start` on, and the byte after the last; 0 at the end."""
    length = _PIECE
    while True:
        body = storage.read(uri, start, length)
        found = list(islice(_lines(body) if plain else _csv_rows(body), most))
        end = found[-1][1] if found else 0
        is_last = len(body) < length
        if is_last or len(found) == most:
            return [row for row, _ in found], 0 if is_last and end == len(body) else start + end
        length *= 2  # rows as long as these are rare


def _lines(body: bytes) -> Iterator[tuple[list[Cell], int]]:
    """Each whole line, and the byte after it."""
    at = 0
    while (end := body.find(b"\n", at) + 1) > 0:
        yield [body[at : end - 1].decode()], end
        at = end


def _csv_rows(body: bytes) -> Iterator[tuple[list[Cell], int]]:
    """Each whole row, and the byte after it."""
    row: list[Cell] = []
    at = 0
    while match := _CSV_CELL.match(body, at):
        cell, at = match[1], match.end()
        row.append(None if cell is None else cell.replace(b'""', b'"').decode())
        if match[2] == b"\n":
            yield row, at
            row = []


def describe_column(column: Column) -> dict[str, object]:
    """Return what GetQueryResults tells of a column."""
    base = column.signature["rawType"]
    sizes = [
        item["value"] for item in column.signature.get("arguments", ()) if item["kind"] == "LONG"
    ]
    precision, scale = (*sizes, 0, 0)[:2]
    return {
        "Name": column.name,
        "Label": column.name,
        "Type": "float" if base == "real" else base,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
    }


def format_value(value: Any, signature: Mapping[str, Any]) -> Cell:  # noqa: ANN401 - any JSON
    """Write a value of the engine's type `signature` as Athena does; None stays None."""
    if value is None:
        return None
    base = signature["rawType"]
    if base in {"array", "map", "row"}:
        return _format_nested(value, base, [item["value"] for item in signature["arguments"]])
    if base in {"double", "real"}:
        return _format_float(value)
    if base == "varbinary":
        return base64.b64decode(value).hex(" ")
    if base.startswith("timestamp"):
        # With three digits, however finely its column keeps it.
        return _SECONDS.sub(lambda match: f"{match[1]}.{(match[2] or '')[:3]:0<3}", str(value))
    return str(value).lower() if base == "boolean" else str(value)


def _format_nested(value: Any, base: str, parts: list[Any]) -> str:  # noqa: ANN401
    if base == "array":
        return f"[{', '.join(_format_inner(item, parts[0]) for item in value)}]"
    if base == "map":
        names = [_format_inner(key, parts[0]) for key in value]
        values = [_format_inner(item, parts[1]) for item in value.values()]
    else:
        named = [(part.get("fieldName") or {}).get("name") for part in parts]
        names = [name or f"field{at}" for at, name in enumerate(named)]
        values = [
            _format_inner(v, part["typeSignature"]) for v, part in zip(value, parts, strict=True)
        ]
    return f"{{{', '.join(map('='.join, zip(names, values, strict=True)))}}}"


def _format_inner(value: object, signature: Mapping[str, Any]) -> str:
    formatted = format_value(value, signature)
    return "null" if formatted is None else formatted


def _format_float(value: Any) -> str:  # noqa: ANN401
    """Write a floating-point number as Java does: `0.1`, `1.0E10`, `NaN`."""
    if isinstance(value, str):  # NaN and Infinity come as text
        return value
    if value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        plain = f"{Decimal(repr(value)):f}"
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    rest = "".join(map(str, digits[1:])) or "0"
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{power}"
