"""Personal data is settled before anything is written: kept, hashed or dropped."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingestion.credentials import read_hash_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingestion.settings import Settings


def make_redactor(settings: Settings) -> Callable[[object, tuple[str, ...]], object]:
    """Make the function that applies PII_POLICY to a record.

    Under `hash` a value becomes the HMAC-SHA256 of its trimmed, lower-cased text, in
    hexadecimal, so a person stays one person across days; under `drop` it becomes null.
    Blanks stay blank, since they say nothing of anyone. Of an address (a field that ends
    in `?`) the page stays; its query, fragment and login go, or become one digest.

    Returns:
        `redact(record, fields)`: a copy in which the dotted fields obey the policy, and all
        that is inside them.

    Raises:
        ConfigurationError: The key of `hash` cannot be read.
    """
    if settings.pii_policy == "keep":
        return lambda record, _fields: record
    if settings.pii_policy == "drop":
        return lambda record, fields: _replace_all(record, fields, lambda _value: None)
    key = read_hash_key(settings)

    def digest(value: object) -> str:
        text = str(value).strip().lower().encode(errors="surrogatepass")
        return hmac.new(key, text, hashlib.sha256).hexdigest()

    return lambda record, fields: _replace_all(record, fields, digest)


def fingerprint_key(settings: Settings) -> str | None:
    """Tell the key of `hash` from another: 16 hexadecimal digits; None under other policies.

    Raises:
        ConfigurationError: The key cannot be read.
    """
    if settings.pii_policy != "hash":
        return None
    return hmac.new(read_hash_key(settings), b"which key is this", hashlib.sha256).hexdigest()[:16]


def _replace_all(
    record: object, fields: tuple[str, ...], change: Callable[[object], object]
) -> object:
    for field in fields:
        path = field.removesuffix("?").split(".")
        record = _replace(record, path, _shorten(change) if field.endswith("?") else change)
    return record


def _shorten(change: Callable[[object], object]) -> Callable[[object], object]:
    def shorten(value: object) -> object:
        try:
            parts = urlsplit(value) if isinstance(value, str) else None
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in {"http", "https"}:
            return change(value)  # no address: whatever it is stands where one should
        login, _, host = parts.netloc.rpartition("@")
        page = f"{parts.scheme}://{host}{parts.path}"
        said = f"{login}{parts.query}{parts.fragment}"
        digest = change(said) if said else None
        return page if digest is None else f"{page}?{digest}"

    return shorten


def _replace(value: object, path: list[str], change: Callable[[object], object]) -> object:
    if not path and isinstance(value, dict):
        return {name: _replace(inner, path, change) for name, inner in value.items()}
    if not path and isinstance(value, list):
        return [_replace(inner, path, change) for inner in value]
    if not path:
        blank = value is None or (isinstance(value, str) and not value.strip())
        return value if blank else change(value)
    if isinstance(value, dict):
        if path[0] not in value:
            return value
        return {**value, path[0]: _replace(value[path[0]], path[1:], change)}
    # Something of another shape stands where the person should be: none of it is safe.
    return value if value is None or value == "" else change(value)
