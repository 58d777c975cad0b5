"""`forget`: a person leaves every layer of the lake, for a data-protection request.

A forget that was killed is completed by asking for the same person again: what names an e-mail
address goes last, so that the person's keys can be found until the end. Where the bucket keeps
older versions, those that hold the person go too. Of the person nothing is recorded: no key, no
address, and no digest of either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ingestion.admin import rewrite
from ingestion.admin.job import check_policy, open_job
from ingestion.config.errors import IngestionError
from ingestion.load.redaction import make_redactor
from ingestion.resources import RESOURCES, VISITORS
from ingestion.state.checkpoint import identity_of, parse_state, state_key
from ingestion.state.manifest import ENDED, PREFIX
from ingestion.storage.json_lines import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingestion.config.settings import Settings
    from ingestion.config.timestamps import Clock
    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake, Version

    Objects = Iterable[tuple[Version, list[bytes] | None]]

_IDENTITY = "visitor_identity"
_STATES = [state_key(resource.name) for resource in RESOURCES]


class UnknownPersonError(IngestionError):
    """Nothing in the lake is of this person."""

    is_recorded = False


@dataclass(slots=True)
class Person:
    """Who is to be forgotten.

    Attributes:
        keys: Visitor keys; more are learnt from records with the address.
        email: The address, lower case, or its HMAC; blank when only the key is known.
        digests: Digests of the person's records, as states keep those quarantined.
    """

    keys: set[str]
    email: str = ""
    digests: set[str] = field(default_factory=set)

    @property
    def identities(self) -> set[str]:
        """The keys as states have them."""
        return {identity_of(key) for key in self.keys}

    def learn(self, objects: Objects) -> None:
        """Take over the visitor keys of records that name the address."""
        for version, lines in objects:
            for record in (rewrite.record_in(version.key, line) for line in lines or ()):
                if isinstance(record, dict) and self.is_named_in(record):
                    key = record.get("visitor_key")
                    self.keys |= {key} if isinstance(key, str) and key.strip() else set()

    def find(self, objects: Objects) -> tuple[dict[Version, int], dict[Version, int]]:
        """Records of the person by object: where none names the address, and the others."""
        first: dict[Version, int] = {}
        last: dict[Version, int] = {}
        for version, lines in objects:
            records = (rewrite.record_in(version.key, line) for line in lines or ())
            if found := [record for record in records if self.is_in(record)]:
                names = any(map(self.is_named_in, found))
                (last if names else first)[version] = len(found)
        return first, last

    def is_named_in(self, record: object) -> bool:
        """Whether a record holds the address."""
        if not self.email:
            return False
        # Part of a longer text too, since what was quarantined may have any shape.
        pattern = rf"(?<![\w.+-]){re.escape(self.email)}(?![\w-])"
        return any(re.search(pattern, text.lower()) for text in _texts(record))

    def is_in(self, record: object) -> bool:
        """Whether a record is of the person; remembers its digest when it is."""
        found = not self.keys.isdisjoint(_visitor_keys(record)) or self.is_named_in(record)
        if found:
            self.digests.add(digest(record))
        return found


class Tables(Protocol):
    """The tables built from bronze, as far as a forget needs them."""

    def find_keys(self, email: str) -> set[str]:
        """The visitor keys of rows with this e-mail address, as the lake writes it."""

    def count(self, keys: set[str]) -> int:
        """How many rows are of these visitors."""

    def erase(self, keys: set[str]) -> dict[str, int]:
        """Remove their rows from every table; rows by table."""


def forget(
    settings: Settings, lake: Lake, who: str, tables: Tables, clock: Clock
) -> tuple[Manifest, list[str]]:
    """Remove a person from every layer.

    Returns:
        The manifest with the rows removed by layer, and the objects that could not be read.

    Raises:
        UnknownPersonError: Nothing of the person is there.
        SourceMismatchError: The lake was written under another privacy policy or key.
    """
    with open_job(settings, lake, "forget", clock) as job:
        check_policy(settings, lake)
        person, damaged = make_person(settings, who), list[str]()
        if person.email:
            person.keys |= tables.find_keys(person.email)
            person.learn(rewrite.read_objects(job, []))
        older = False
        with rewrite.looking_at_older(damaged):
            if person.email:
                person.learn(rewrite.read_older(lake))
            older = any(person.find(rewrite.read_older(lake)))
        first, last = person.find(rewrite.read_objects(job, damaged))
        here = {version.key: records for version, records in (first | last).items()}
        state = parse_state(lake.get(state_key(VISITORS.name)))
        is_in_state = state is not None and not person.identities.isdisjoint(state.known)
        if not (here or older or is_in_state or tables.count(person.keys)):
            rewrite.complete_broken(job)
            raise UnknownPersonError(
                "nothing in this lake is of that person",
                "check the visitor key or address; under PII_POLICY=drop no address is kept",
            )
        rewrite.announce(job, here)
        job.manifest.removed |= tables.erase(person.keys)
        _forget_digests(lake, person)
        rewrite.apply(
            job, lambda key, line: None if person.is_in(rewrite.record_in(key, line)) else line
        )
        job.manifest.rewriting = []
        # Those that held the person, those that this forget replaced among them.
        if rewrite.OLDER not in damaged and (removed := _remove_older(lake, person)):
            job.manifest.removed[rewrite.OLDER] = removed
        return job.manifest, damaged


def _forget_digests(lake: Lake, person: Person) -> None:
    """Drop what the states remember of the person; a corrupt one is made again anyway."""
    for key in _STATES:
        body = lake.get(key)
        state = parse_state(body)
        if state is None and body is not None:
            lake.delete(key)
        if state is None:
            continue
        gone = person.identities | person.digests
        # Of an event its own key is the name, and what was seen of it the digest.
        kept = {n: s for n, s in state.known.items() if not {n, s.digest} & gone}
        if len(kept) < len(state.known):
            state.known = kept
            state.save(lake)


def _remove_older(lake: Lake, person: Person) -> int:
    """Remove the older versions that tell of a person; tells how many."""
    first, last = person.find(rewrite.read_older(lake))
    going = [*first, *_remembering(lake, person)]
    lake.delete_older(going)
    # Not with them: a forget that is killed finds the person's keys by these again.
    lake.delete_older(last)
    return len(going) + len(last)


def _remembering(lake: Lake, person: Person) -> Iterator[Version]:
    """States that know a digest of the person, manifests with digests of a crawl's last rows."""
    gone = [one.encode() for one in person.identities | person.digests]
    for version in lake.list_older("state"):
        is_run = version.key.startswith(PREFIX)
        body = lake.get_older(version) if is_run or version.key in _STATES else None
        tells = any(one in (body or b"") for one in ([b'"resume":{'] if is_run else gone))
        if tells or version.key == ENDED:
            yield version


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
    for inner in _inside(value):
        yield from _visitor_keys(inner)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in _inside(value):
        yield from _texts(inner)


def _inside(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
