"""What an object of bronze or quarantine holds: whole lines of JSON, or damage."""

from __future__ import annotations

import gzip
import json
import zlib


def unpack_lines(body: bytes) -> list[bytes] | None:
    """An object's lines; None when it is not gzip, or a line of it is no JSON object."""
    try:
        lines = gzip.decompress(body).splitlines()
        is_whole = bool(body) and all(isinstance(json.loads(line), dict) for line in lines)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error):
        return None
    return lines if is_whole else None


def count_records(body: bytes) -> int | None:
    """How many records an object holds; None when it is damaged."""
    lines = unpack_lines(body)
    return None if lines is None else len(lines)
