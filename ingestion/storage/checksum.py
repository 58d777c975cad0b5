"""A checksum of what the lake says of itself, so that one changed byte of it shows.

Objects of bronze have their checksum in a manifest; manifests, states and the note of the source
carry a digest of their own bytes as their last field.
"""

from __future__ import annotations

import hashlib
import re

_SEAL = re.compile(rb',"seal":"([0-9a-f]{32})"\}\Z')


def add_checksum(text: str) -> bytes:
    """A JSON object, at least one field in it, with its checksum in the last one, `seal`."""
    body = text.encode()
    return body[:-1] + f',"seal":"{_digest(body)}"}}'.encode()


def is_whole(body: bytes) -> bool:
    """Whether every byte is as it was written."""
    found = _SEAL.search(body)
    return found is not None and _digest(body[: found.start()] + b"}") == found[1].decode()


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
