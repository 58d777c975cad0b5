"""Personal data is settled before anything is written: kept, hashed or dropped.

Unknown is personal. Only fields that a schema marks as `Clear` stay in clear, and only while they
hold what they should; all else obeys `PII_POLICY`, whatever its shape and however deep.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, get_args
from urllib.parse import urlsplit

from ingestion.config.secrets import read_hash_key
from ingestion.load.schemas import Clear, Event, Record, Visitor, is_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic.fields import FieldInfo

    from ingestion.config.settings import Settings
    from ingestion.load.resource import Resource

# A time that is none, such as a 30th of February, and a number out of bounds tell of nobody.
_HARMLESS = re.compile("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9:.,]{1,20}( ?[-+Zz][0-9:]{0,5})?)?")
_DIGEST = re.compile("[0-9a-f]{64}")
# Of a page's query what names a campaign and nobody: a word. The macro `url_campaign` reads it.
_CAMPAIGN = re.compile("utm_(source|medium|campaign)=[a-z][a-z0-9._-]{0,39}", re.IGNORECASE)
_HASHED = "hashed"


def make_redactor(settings: Settings, *, is_again: bool = False) -> Redactor:
    """Make the function that applies PII_POLICY to a record.

    Under `hash` a value becomes the HMAC-SHA256 of its trimmed, lower-cased text, in hexadecimal,
    so a person stays one person across days; names of fields that are not known become one too,
    unless they read like a name of a field. Under `drop` a known field becomes null and an unknown
    one goes, with its name. Blanks stay blank, since they say nothing of anyone. Of an address (a
    field that ends in `?`) the page stays, and of its query the words of utm_source, utm_medium and
    utm_campaign; all else of it (login, query, fragment) goes, or becomes one digest.

    Where records may have been redacted before (`is_again`), what looks like one of our digests
    stays: of one that somebody else made it cannot be told apart.

    Raises:
        ConfigurationError: The key of `hash` cannot be read.
    """
    if settings.pii_policy == "keep":
        return Redactor(None, keeps_everything=True)
    if settings.pii_policy == "drop":
        return Redactor(None)
    key = read_hash_key(settings)

    def digest(value: object) -> str:
        text = str(value).strip().lower().encode(errors="surrogatepass")
        if is_again and isinstance(value, str) and _DIGEST.fullmatch(value):
            return value
        return hmac.new(key, text, hashlib.sha256).hexdigest()

    return Redactor(digest)


class _Fields(NamedTuple):
    """Dotted names of a resource's fields: what stays, addresses, what is known, what has parts."""

    clear: set[str]
    lists: set[str]
    pages: set[str]
    numbers: set[str]
    known: set[str]
    parents: set[str]


@lru_cache(maxsize=64)
def _fields_of(schema: type[Record]) -> _Fields:
    fields = list(_fields(schema))
    marks = ((name, mark) for name, info in fields for mark in info.metadata)
    shown = {name + part for name, mark in marks if isinstance(mark, Clear) for part in mark.parts}
    lists = {one[:-2] for one in shown if one.endswith("[]")}
    pages = {one[:-1] for one in shown if one.endswith("?")}
    clear = {one for one in shown if one[-1] not in "?]"} | lists
    numbers = {name for name, info in fields if {int, float} & {*_types(info.annotation)}}
    known = {name for name, _ in fields} | clear | pages
    parents = {one.rpartition(".")[0] for one in known if "." in one}
    return _Fields(clear, lists, pages, numbers, known, parents)


def _fields(schema: type[Record]) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of a schema and of the schemas inside it, by their dotted names."""
    for name, info in schema.model_fields.items():
        yield name, info
        for inner in _types(info.annotation):
            if issubclass(inner, Record):
                yield from ((f"{name}.{one}", info) for one, info in _fields(inner))


def _types(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _types(part)


# Names that tell of nobody inside what is personal: those of forms and of the records themselves.
_FIELD_NAMES = {"email", "first_name", "last_name", "is_new_lead", _HASHED} | {
    name.rpartition(".")[2] for schema in (Event, Visitor) for name, _ in _fields(schema)
}


def _is_harmless(value: object, *, is_number: bool) -> bool:
    """Whether what is not as its field should be still tells of nobody."""
    if isinstance(value, str):
        return _HARMLESS.fullmatch(value) is not None
    items = value if isinstance(value, list) else [value]
    return is_number and all(isinstance(inner, (int, float)) for inner in items)


class Redactor:
    """One policy at work; `digest` makes a value's stand-in, None drops it."""

    def __init__(
        self, digest: Callable[[object], str] | None, *, keeps_everything: bool = False
    ) -> None:
        self._digest, self._keeps_everything = digest, keeps_everything

    def __call__(
        self, record: object, resource: Resource, faulty: frozenset[str] = frozenset()
    ) -> object:
        """A copy that obeys the policy.

        `faulty` are the dotted fields that are not what they should be (`schemas.check_record`):
        they are no longer known to be impersonal.
        """
        if self._keeps_everything:
            return record
        if not isinstance(record, dict):
            return self._conceal(record)
        return self._walk(record, _fields_of(resource.schema), faulty, "")

    def _walk(
        self, record: dict[str, object], fields: _Fields, faulty: frozenset[str], prefix: str
    ) -> dict[str, object]:
        made = {}
        for name, value in record.items():
            if prefix + name in fields.known:
                made[name] = self._known(value, prefix + name, fields, faulty)
            elif self._digest is not None:
                shown = name if is_word(name) else self._digest(name)
                made[shown] = self._conceal(value)
        return made

    def _known(self, value: object, path: str, fields: _Fields, faulty: frozenset[str]) -> object:
        is_clear, is_parent = path in fields.clear, path in fields.parents
        if is_parent and isinstance(value, dict):
            return self._walk(value, fields, faulty, f"{path}.")
        if is_parent and isinstance(value, list):
            return [self._known(inner, path, fields, faulty) for inner in value]
        if path in fields.pages:
            return self._shorten(value)
        if is_clear and path in faulty:
            is_harmless = _is_harmless(value, is_number=path in fields.numbers)
            return value if is_harmless else self._block(value)
        if isinstance(value, (dict, list)):
            is_clear = (
                path in fields.lists
                and isinstance(value, list)
                and not any(isinstance(inner, (dict, list)) for inner in value)
            )
        return value if is_clear else self._conceal(value)

    def _block(self, value: object) -> object:
        """What no schema takes for the value, so that no replay loads it."""
        if self._digest is None:
            return {}
        hidden = self._conceal(value)
        is_done = isinstance(value, dict) and value.keys() == {_HASHED}
        return hidden if is_done else {_HASHED: hidden}

    def _conceal(self, value: object) -> object:
        if value is None or value in ({}, []) or (isinstance(value, str) and not value.strip()):
            return value
        if self._digest is None:
            return None
        if isinstance(value, dict):
            # Keys may be data: {"jo@example.org": true}.
            return {
                name if name in _FIELD_NAMES else self._digest(name): self._conceal(inner)
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self._conceal(inner) for inner in value]
        return self._digest(value)

    def _shorten(self, value: object) -> object:
        try:
            parts = urlsplit(value) if isinstance(value, str) else None
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in {"http", "https"}:
            return self._conceal(value)  # no address: whatever it is stands where one should
        login, _, host = parts.netloc.rpartition("@")
        page = f"{parts.scheme}://{host}{parts.path}"
        asked = [one for one in parts.query.split("&") if one]
        shown = [one for one in asked if _CAMPAIGN.fullmatch(one)]
        said = login + "&".join(one for one in asked if one not in shown) + parts.fragment
        if said and self._digest is not None:
            shown.append(self._digest(said))
        return "?".join([page, "&".join(shown)] if shown else [page])
