"""Files compressed once, before they are served: `x.js` beside `x.js.br` and `x.js.gz`.

A visit to the pages moves megabytes of scripts and wasm. Compressing them at each request
would cost the reader seconds; done once, at the best level, the server only picks a file.
"""

from __future__ import annotations

import filecmp
import gzip
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import brotli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIBLINGS = {"br": ".br", "gzip": ".gz"}
# What shrinks; pictures, fonts and Parquet are compressed by themselves.
_SHRINKING = {
    *(".html", ".css", ".js", ".mjs", ".json", ".map", ".svg", ".txt", ".xml"),
    *(".wasm", ".arrow", ".csv", ".webmanifest", ".ico"),
}
# Below one packet there is nothing to win.
_LEAST_BYTES = 1_400
# 11 takes twenty times as long as 9 and wins a twentieth.
_BROTLI_QUALITY = 9


def compress_folder(folder: Path, previous: Path | None = None) -> int:
    """Write a `.br` and a `.gz` beside each file that shrinks; gives how many files do.

    What is the same in an earlier state of the folder is copied, not computed.
    """
    files = list(_shrinking(folder))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda file: _compress(file, folder, previous), files):
            pass
    return len(files)


def _shrinking(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SHRINKING and path.is_file() and path.stat().st_size >= _LEAST_BYTES:
            yield path


def _compress(file: Path, folder: Path, previous: Path | None) -> None:
    if previous is not None and _copy_siblings(file, previous / file.relative_to(folder)):
        return
    body = file.read_bytes()
    _sibling(file, ".br").write_bytes(brotli.compress(body, quality=_BROTLI_QUALITY))  # type: ignore[no-untyped-call]
    # No time inside: equal files have equal siblings.
    _sibling(file, ".gz").write_bytes(gzip.compress(body, mtime=0))


def _copy_siblings(file: Path, old: Path) -> bool:
    held = [_sibling(old, suffix) for suffix in SIBLINGS.values()]
    if not all(path.is_file() for path in (old, *held)):
        return False
    if not filecmp.cmp(file, old, shallow=False):
        return False
    for path in held:
        shutil.copyfile(path, file.with_name(path.name))
    return True


def _sibling(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)
