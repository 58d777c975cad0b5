"""How a file of the pages is served: what it is, and how long a browser keeps it unasked."""

import mimetypes
import re
from pathlib import PurePath

_FOR_EVER = "public, max-age=31536000, immutable"
# Kept by the browser, but asked about: a page and its data change with every build.
_ASK_FIRST = "no-cache"
# SvelteKit's scripts carry a digest in their names, and a font its version; nothing else is
# believed to. Of a font that it has to ask about, a browser shows another one meanwhile.
_NEVER_CHANGES = re.compile(r"(^|/)(_app/immutable|fonts)/")
# What a machine's own list may lack or name otherwise.
_TYPES = {
    ".arrow": "application/vnd.apache.arrow.stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


def cache_control(path: str) -> str:
    """The header of a file by its path below the site."""
    return _FOR_EVER if _NEVER_CHANGES.search(path) else _ASK_FIRST


def content_type(name: str) -> str:
    """The header of a file by its name."""
    guessed = mimetypes.guess_type(name, strict=False)[0]
    return _TYPES.get(PurePath(name).suffix) or guessed or "application/octet-stream"
