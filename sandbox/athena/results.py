"""A query's results: what is left in S3, and what GetQueryResults reads from there."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sandbox.athena.errors import InvalidRequest

if TYPE_CHECKING:
    from sandbox.athena.engine.client import Column
    from sandbox.athena.job import Outcome
    from sandbox.athena.storage import Storage

Cell = str | None
_IN_MEMORY = 8 << 20
_PIECE = 1 << 20  # bytes read at a time
# A cell in quotes, or nothing at all for null; the file is UTF-8.
_CSV_CELL = re.compile(rb'(?:"((?:[^"]|"")*)")?([,\n])')
_PRECISIONS = {"boolean": 0, "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_PRECISIONS |= {"real": 17, "double": 17, "date": 0, "timestamp": 3, "varchar": 2147483647}
_NAMES = {"real": "float"}
# Between these Java writes a number without an exponent.
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e7


def write_results(storage: Storage, uri: str, outcome: Outcome, *, plain: bool) -> None:
    """Leave an outcome at `uri`: CSV with a header, or lines for DDL and utilities."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        if plain:
            for row in outcome.rows:
                file.write("\t".join(str(cell) for cell in row).encode() + b"\n")
        elif outcome.columns:
            _write_csv(file, outcome.columns, outcome.rows)
        file.seek(0)
        storage.write(uri, file)  # type: ignore[arg-type]
    storage.write(f"{uri}.metadata", _metadata(outcome.columns))


def write_manifest(storage: Storage, uri: str, files: Sequence[str]) -> None:
    """Leave the list of files that a statement wrote, one address a line."""
    storage.write(uri, "".join(f"{file}\n" for file in files).encode())


def _write_csv(
    file: Any,  # noqa: ANN401 - a spooled file is none by its types
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
) -> None:
    file.write(_csv_line([column.name for column in columns]))
    signatures = [column.signature for column in columns]
    for row in rows:
        cells = zip(row, signatures, strict=True)
        file.write(_csv_line([format_value(value, kind) for value, kind in cells]))


def _csv_line(cells: Iterable[Cell]) -> bytes:
    quoted = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in cells)
    return (",".join(quoted) + "\n").encode()


def _metadata(columns: Sequence[Column]) -> bytes:
    # The service's own file is binary and undocumented; clients only copy or delete it.
    return "".join(f"{column.name}\t{column.type}\n" for column in columns).encode()


def read_csv(storage: Storage, uri: str, start: int, rows: int) -> tuple[list[list[Cell]], int]:
    """Return up to `rows` rows from byte `start` on, and the byte after the last; 0 at the end."""
    found: list[list[Cell]] = []
    buffer, fetched = b"", start
    while len(found) < rows:
        piece = _read(storage, uri, fetched)
        fetched += len(piece)
        more, used = _parse(buffer + piece, rows - len(found))
        found += more
        buffer = (buffer + piece)[used:]
        if not piece:
            return found, 0
    return found, fetched - len(buffer)


def _parse(data: bytes, most: int) -> tuple[list[list[Cell]], int]:
    """Return the whole rows at the beginning of `data`, and how many bytes they take."""
    rows: list[list[Cell]] = []
    row: list[Cell] = []
    at = used = 0
    while len(rows) < most and (match := _CSV_CELL.match(data, at)):
        cell = match.group(1)
        row.append(None if cell is None else cell.replace(b'""', b'"').decode())
        at = match.end()
        if match.group(2) == b"\n":
            rows.append(row)
            row, used = [], at
    return rows, used


def read_lines(storage: Storage, uri: str, start: int, rows: int) -> tuple[list[str], int]:
    """Return up to `rows` lines from byte `start` on, and the byte after them; 0 at the end."""
    text = b""
    while piece := _read(storage, uri, start + len(text)):
        text += piece
    lines = text.splitlines(keepends=True)
    taken = lines[:rows]
    following = start + sum(map(len, taken)) if len(lines) > rows else 0
    return [line.decode().removesuffix("\n") for line in taken], following


def _read(storage: Storage, uri: str, start: int) -> bytes:
    try:
        return storage.read(uri, start, _PIECE)
    except ClientError as error:
        raise InvalidRequest(f"Could not find results: {uri}", "RESULTS_NOT_FOUND") from error


def column_info(column: Column) -> dict[str, object]:
    """Return what GetQueryResults tells of a column."""
    base = column.signature.get("rawType", "varchar")
    sizes = [
        item["value"] for item in column.signature.get("arguments", ()) if item["kind"] == "LONG"
    ]
    precision, scale = _PRECISIONS.get(base, 0), 0
    if base == "decimal":
        precision, scale = sizes
    elif base in {"varchar", "char"} and sizes:
        precision = sizes[0]
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": _NAMES.get(base, base),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": base in {"varchar", "char"},
    }


def format_value(value: object, signature: Mapping[str, Any]) -> Cell:
    """Write a value as Athena does; None stays None.

    `signature` is the engine's type; without one the value is text already.
    """
    if value is None:
        return None
    base = signature.get("rawType", "varchar")
    if base in {"array", "map", "row"}:
        return _nested(value, signature)
    if base in {"double", "real"}:
        return format_float(value)
    if base == "varbinary":
        return base64.b64decode(str(value)).hex(" ")
    if base.startswith("timestamp"):
        return _milliseconds(str(value))
    return str(value).lower() if base == "boolean" else str(value)


def _milliseconds(text: str) -> str:
    """Write a timestamp with three digits, however finely its column keeps it."""
    day, _, time = text.partition(" ")
    clock, _, zone = time.partition(" ")
    whole, _, fraction = clock.partition(".")
    return f"{day} {whole}.{fraction[:3]:0<3}" + (f" {zone}" if zone else "")


def _nested(value: Any, signature: Mapping[str, Any]) -> str:  # noqa: ANN401 - any JSON
    arguments = [item["value"] for item in signature["arguments"]]
    if signature["rawType"] == "array":
        return f"[{', '.join(_inner(item, arguments[0]) for item in value)}]"
    if signature["rawType"] == "map":
        key, content = arguments
        pairs = value.items() if isinstance(value, Mapping) else value
        return f"{{{', '.join(f'{_inner(k, key)}={_inner(v, content)}' for k, v in pairs)}}}"
    parts = zip(arguments, value, strict=True)
    named = (
        f"{(part.get('fieldName') or {}).get('name') or f'field{at}'}="
        f"{_inner(item, part['typeSignature'])}"
        for at, (part, item) in enumerate(parts)
    )
    return f"{{{', '.join(named)}}}"


def _inner(value: object, signature: Mapping[str, Any]) -> str:
    formatted = format_value(value, signature)
    return "null" if formatted is None else formatted


def format_float(value: object) -> str:
    """Write a floating-point number as Java does: `0.1`, `1.0E10`, `NaN`."""
    if isinstance(value, str):  # NaN and Infinity come as text
        return value
    number = float(value)  # type: ignore[arg-type]
    if number == 0 or _SMALLEST_PLAIN <= abs(number) < _LARGEST_PLAIN:
        plain = f"{Decimal(repr(number)):f}"
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    rest = "".join(map(str, digits[1:])) or "0"
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{power}"
