"""`forget`: a person leaves every layer of the lake, for a data-protection request.

The one exception to "never edited". The run's manifest lists the objects about to change before
the first does. Each is put again whole, under its own key, without the person's lines; then the
manifests that list it are brought up to date from what lies there. A forget that was killed is
therefore completed by asking for the same person again. Where the bucket keeps older versions,
those that hold the person go too. What names an e-mail address goes last, so that the person's keys
can be found until the end. Of the person nothing is recorded: no key, no address, and no digest of
either.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ingestion.admin.job import (
    announce,
    check_policy,
    complete_broken,
    open_job,
    read_objects,
    rewrite,
)
from ingestion.admin.versions import OLDER, find_versions, record_in, remove_versions
from ingestion.config.errors import IngestionError, LakeError
from ingestion.load.redaction import make_redactor
from ingestion.resources import RESOURCES, VISITORS
from ingestion.state.checkpoint import ResourceState, identity_of, parse_state, state_key
from ingestion.storage.json_lines import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingestion.admin.job import Job
    from ingestion.config.settings import Settings
    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake, Version

log = logging.getLogger(__name__)
_IDENTITY = "visitor_identity"


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

    def learn(self, record: object) -> None:
        """Take over the visitor key of a record that names the address."""
        if isinstance(record, dict) and self.is_named_in(record):
            key = record.get("visitor_key")
            self.keys |= {key} if isinstance(key, str) and key.strip() else set()

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
    settings: Settings, lake: Lake, who: str, tables: Tables, clock: Callable[[], datetime]
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
        person = make_person(settings, who)
        if person.email:
            person.keys |= tables.find_keys(person.email)
            for key, lines in read_objects(job, []):
                for line in lines:
                    person.learn(record_in(key, line))
        changes, damaged = _plan(job, person)
        older = _find_older(lake, person, damaged)
        state = _read_state(lake)
        is_in_state = any(identity_of(key) in state.known for key in person.keys)
        if not (changes or older or is_in_state or tables.count(person.keys)):
            complete_broken(job)
            raise UnknownPersonError(
                "nothing in this lake is of that person",
                "check the visitor key or address; under PII_POLICY=drop no address is kept",
            )
        announce(job, changes)
        job.manifest.removed |= tables.erase(person.keys)
        _forget_digests(lake, person)
        rewrite(job, lambda key, line: None if person.is_in(record_in(key, line)) else line)
        job.manifest.rewriting = []
        # Those that held the person, those that this forget replaced among them.
        if OLDER not in damaged and (removed := remove_versions(lake, person)):
            job.manifest.removed[OLDER] = removed
        return job.manifest, damaged


def _plan(job: Job, person: Person) -> tuple[dict[str, int], list[str]]:
    """Lines of the person by object, those that name the address last; what cannot be read."""
    first, last, damaged = dict[str, int](), dict[str, int](), list[str]()
    for key, lines in read_objects(job, damaged):
        records = [record for line in lines if person.is_in(record := record_in(key, line))]
        if records:
            names = any(person.is_named_in(record) for record in records)
            (last if names else first)[key] = len(records)
    return {**first, **last}, damaged


def _find_older(lake: Lake, person: Person, damaged: list[str]) -> list[Version]:
    """What a versioned bucket still has of the person; a role may lack the right to look."""
    try:
        return find_versions(lake, person)
    except LakeError as error:
        log.warning("%s", error)
        damaged.append(OLDER)
        return []


def _read_state(lake: Lake) -> ResourceState:
    body = lake.get(state_key("visitors")) or b""
    return parse_state(body) or ResourceState(resource="visitors")


def _forget_digests(lake: Lake, person: Person) -> None:
    """Drop what the states remember of the person; a corrupt one is made again anyway."""
    for resource in RESOURCES:
        key = state_key(resource.name)
        body = lake.get(key)
        if body is None:
            continue
        state = parse_state(body)
        if state is None:
            lake.delete(key)
            continue
        gone = {identity_of(one) for one in person.keys} | person.digests
        # Of an event its own key is the name, and what was seen of it the digest.
        kept = {n: s for n, s in state.known.items() if not {n, s.digest} & gone}
        if len(kept) < len(state.known):
            state.known = kept
            state.save(lake)


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
