"""A folder over HTTP: whole, in ranges, compressed beforehand, and safe to swap meanwhile.

A file is opened first and asked for its size second, so a folder that is replaced between
the two gives the old file whole or the new one whole, never one with the other's length.
Starlette's StaticFiles asks for the size first, and opens by name.
"""

from __future__ import annotations

import os
import re
from typing import IO, TYPE_CHECKING

from starlette.responses import RedirectResponse, Response, StreamingResponse

from reports.compression import SIBLINGS
from reports.headers import cache_control, content_type
from reports.server.policy import WORKER, page_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

_CHUNK_BYTES = 256 * 1024
_MOST_DIGITS = 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class Folder:
    """Answers requests from one folder, which may be missing now and there later.

    A loose one has pages that need scripts which a strict policy forbids (dbt's do).
    """

    def __init__(self, root: Path, *, loose: bool = False) -> None:
        self.root = root
        self._loose = loose

    def answer(self, request: Request, path: str) -> Response | None:
        """The file at a decoded path below the folder; None when there is none."""
        found = self._find(path)
        if found is None:
            return None
        if found.is_dir():
            # Pages name their scripts relative to themselves: `/x` and `/x/` differ.
            # One slash at its beginning: two would name another host.
            return RedirectResponse(f"/{request.url.path.strip('/')}/", 308)
        try:
            handle = found.open("rb")
        except OSError:
            return None
        return self._respond(request, found, handle, path)

    def _find(self, path: str) -> Path | None:
        parts = [part for part in path.split("/") if part]
        if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        root = self.root.resolve()
        asked = root.joinpath(*parts)
        if path.endswith("/") or not parts:
            candidates = [asked / "index.html"]
        else:
            candidates = [asked, asked.with_name(asked.name + ".html")]
        for candidate in candidates:
            try:
                if not candidate.resolve().is_relative_to(root):
                    continue
                if candidate.is_file() or (candidate / "index.html").is_file():
                    return candidate
            except (OSError, ValueError):
                continue  # no file system has such a name
        return None

    def _respond(self, request: Request, file: Path, handle: IO[bytes], path: str) -> Response:
        headers = {
            "content-type": content_type(file.name),
            "cache-control": cache_control(path),
            "accept-ranges": "bytes",
            "vary": "accept-encoding",
        }
        if file.suffix == ".html":
            headers["content-security-policy"] = page_policy(handle, loose=self._loose)
        elif file.suffix == ".js":
            headers["content-security-policy"] = WORKER
        encoding = ""
        if "range" not in request.headers:
            encoding, handle = _choose(request, file, handle)
            if encoding:
                headers["content-encoding"] = encoding
        return _send(request, handle, headers, encoding)


def _send(request: Request, handle: IO[bytes], headers: dict[str, str], encoding: str) -> Response:
    """An open file, or the part of it that the request's headers ask for."""
    state = os.fstat(handle.fileno())
    tag = f'"{state.st_mtime_ns:x}-{state.st_size:x}{"-" * bool(encoding)}{encoding}"'
    start, length, status = _part(request, tag, state.st_size)
    headers["etag"] = tag
    if status == 206:  # noqa: PLR2004
        headers["content-range"] = f"bytes {start}-{start + length - 1}/{state.st_size}"
    if status == 416:  # noqa: PLR2004
        headers["content-range"] = f"bytes */{state.st_size}"
    if status != 304:  # noqa: PLR2004
        headers["content-length"] = str(length)
    left = 0 if request.method == "HEAD" else length
    return StreamingResponse(_chunks(handle, start, left), status, headers)


def _chunks(handle: IO[bytes], start: int, left: int) -> Iterator[bytes]:
    """So many bytes of a file from one on; it is closed when they are sent."""
    with handle:
        handle.seek(start)
        while left > 0 and (chunk := handle.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


def _part(request: Request, tag: str, size: int) -> tuple[int, int, int]:
    """Where to begin, how many bytes, and the status."""
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in (one.strip() for one in known.split(",")):
        return 0, 0, 304
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    # Several ranges, or one of another state of the file: the whole of it is right too.
    if asked is None or not any(asked.groups()):
        return 0, size, 200
    if request.headers.get("if-range", tag) != tag:
        return 0, size, 200
    first, last = asked.groups()
    if not first:
        start, end = max(0, size - _number(last)), size - 1
    else:
        start, end = _number(first), min(_number(last) if last else size - 1, size - 1)
    if start > end:
        return 0, 0, 416
    return start, end - start + 1, 206


def _number(digits: str) -> int:
    # Python refuses to read thousands of digits; no file has as many bytes.
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def _choose(request: Request, file: Path, plain: IO[bytes]) -> tuple[str, IO[bytes]]:
    accepted = _accepted(request.headers.get("accept-encoding", ""))
    for encoding, suffix in SIBLINGS.items():
        if encoding not in accepted:
            continue
        try:
            packed = file.with_name(file.name + suffix).open("rb")
            now = file.stat()
        except OSError:
            continue
        # Swapped between the two openings: they may not be the same file's.
        if os.path.samestat(now, os.fstat(plain.fileno())):
            plain.close()
            return encoding, packed
        packed.close()
    return "", plain


def _accepted(header: str) -> set[str]:
    found = set()
    for part in header.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if not re.fullmatch(r"\s*q=0(\.0*)?", weight):
            found.add(name.strip())
    return found
