"""What a page of ours may do in a browser, said in headers."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import IO

# Scripts that stand in the page are allowed by their digest; text that merely found its
# way into a page is not among them.
_INLINE = re.compile(rb"<script(?![^>]*\bsrc\s*=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)

COMMON = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def _policy(scripts: str, styles: str = "'self'") -> str:
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            f"style-src {styles}",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


# Ours: everything in files of its own.
STRICT = _policy("'self'")
# A worker obeys the policy of its own file, not of the page that starts it.
WORKER = _policy("'self' 'wasm-unsafe-eval'")
_STYLES = "'self' 'unsafe-inline'"
# dbt's page is one file with all its scripts, made for browsers without a policy.
_LOOSE = _policy("'self' 'unsafe-inline' 'unsafe-eval'", _STYLES)


def page_policy(page: IO[bytes], *, loose: bool) -> str:
    """The policy of an HTML file: its own scripts, DuckDB's wasm, nothing from elsewhere.

    The file is open, and left at its beginning; a loose one may run any script that stands in it.
    """
    if loose:
        return _LOOSE
    scripts = dict.fromkeys(match[1] for match in _INLINE.finditer(page.read()))
    page.seek(0)
    digests = (base64.b64encode(hashlib.sha256(one).digest()).decode() for one in scripts)
    allowed = [f"'sha256-{digest}'" for digest in digests]
    return _policy(" ".join(("'self' 'wasm-unsafe-eval'", *allowed)), _STYLES)
