"""A person as a lake knows one: visitor keys, and an e-mail address as the policy writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion.load.redaction import make_redactor
from ingestion.resources import VISITORS
from ingestion.storage.json_lines import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.config.settings import Settings

_IDENTITY = "visitor_identity"


@dataclass(slots=True)
class Person:
    """Who is to be forgotten.

    Attributes:
        keys: Visitor keys; more are learnt from records with the address.
        email: The address, lower case, or its HMAC; blank when only the key is known.
        digests: Digests of the person's records, as states keep those set aside.
    """

    keys: set[str]
    email: str = ""
    digests: set[str] = field(default_factory=set)

    def learn(self, record: object) -> None:
        """Take over the visitor key of a record that names the address."""
        if isinstance(record, dict) and self.is_named_in(record):
            key = record.get("visitor_key")
            self.keys |= {key} if isinstance(key, str) and key.strip() else set()

    def is_named_in(self, record: object) -> bool:
        """Whether a record holds the address."""
        if not self.email:
            return False
        # Part of a longer text too, since what was set aside may have any shape.
        pattern = rf"(?<![\w.+-]){re.escape(self.email)}(?![\w-])"
        return any(re.search(pattern, text.lower()) for text in _texts(record))

    def is_in(self, record: object) -> bool:
        """Whether a record is of the person; remembers its digest when it is."""
        found = not self.keys.isdisjoint(_visitor_keys(record)) or self.is_named_in(record)
        if found:
            self.digests.add(digest(record))
        return found


def make_person(settings: Settings, who: str) -> Person:
    """Read a visitor key or an e-mail address, which is compared as PII_POLICY writes it."""
    if "@" not in who:
        return Person({who})
    record = make_redactor(settings)({_IDENTITY: {"email": who.strip().lower()}}, VISITORS)
    assert isinstance(record, dict)  # noqa: S101 - a redactor keeps the shape
    return Person({who}, email=record[_IDENTITY]["email"] or "")


def _visitor_keys(value: object) -> Iterator[str]:
    # By the field and not by any text: nobody's key is "Chrome".
    if isinstance(value, dict):
        yield from _texts(value.get("visitor_key"))
    for inner in value.values() if isinstance(value, dict) else ():
        yield from _visitor_keys(inner)
    for inner in value if isinstance(value, list) else ():
        yield from _visitor_keys(inner)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
