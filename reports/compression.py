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
    from pathlib import Path

SIBLINGS = {"br": ".br", "gzip": ".gz"}
# What shrinks; pictures, fonts and Parquet are compressed by themselves.
_SHRINKING = {
    *(".html", ".css", ".js", ".mjs", ".json", ".map", ".svg", ".txt", ".xml"),
    *(".wasm", ".arrow", ".csv", ".webmanifest", ".ico"),
}
# A page asks for dozens of answers of a kilobyte; a smaller one shrinks by nothing.
_LEAST_BYTES = 400
# 11 takes twenty times as long as 9 and wins a twentieth.
_BROTLI_QUALITY = 9


def compress_folder(folder: Path, previous: Path | None = None) -> int:
    """Write a `.br` and a `.gz` beside each file that shrinks; gives how many files do.

    What is the same in an earlier state of the folder is copied, not computed.
    """
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in _SHRINKING)
    files = [path for path in found if path.is_file() and path.stat().st_size >= _LEAST_BYTES]

    def compress(file: Path) -> None:
        if previous is None or not _copy_siblings(file, previous / file.relative_to(folder)):
            body = file.read_bytes()
            packed = brotli.compress(body, quality=_BROTLI_QUALITY)  # type: ignore[no-untyped-call]
            _sibling(file, ".br").write_bytes(packed)
            # No time inside: equal files have equal siblings.
            _sibling(file, ".gz").write_bytes(gzip.compress(body, mtime=0))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compress, files))
    return len(files)


def _copy_siblings(file: Path, old: Path) -> bool:
    held = [_sibling(old, suffix) for suffix in SIBLINGS.values()]
    is_known = all(path.is_file() for path in (old, *held))
    if not is_known or not filecmp.cmp(file, old, shallow=False):
        return False
    for path in held:
        shutil.copyfile(path, file.with_name(path.name))
    return True


def _sibling(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)
