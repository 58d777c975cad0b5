"""`forget`: a person leaves every layer of the lake, for a data-protection request.

A forget that was killed is completed by asking for the same person again: what names an e-mail
address goes last, so that the person's keys can be found until the end. Where the bucket keeps
older versions, those that hold the person go too. Of the person nothing is recorded: no key, no
address, and no digest of either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from ingestion.admin.job import OLDER, Job, open_job, record_in
from ingestion.config.errors import IngestionError
from ingestion.load.redaction import make_redactor
from ingestion.resources import RESOURCES, VISITORS
from ingestion.state.checkpoint import identity_of, parse_state, state_key
from ingestion.state.manifest import ENDED, PREFIX, Manifest
from ingestion.storage.json_lines import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingestion.config.settings import Settings
    from ingestion.config.timestamps import Clock
    from ingestion.storage.base import Lake, Version

    Objects = Iterable[tuple[Version, list[bytes] | None]]

_STATES = [state_key(resource.name) for resource in RESOURCES]


class UnknownPersonError(IngestionError):
    """Nothing in the lake is of this person."""

    is_recorded = False


class Tables(Protocol):
    """The tables built from bronze, as far as a forget needs them."""

    def find_keys(self, email: str) -> set[str]:
        """The visitor keys of rows with this e-mail address, as the lake writes it."""

    def count(self, keys: set[str]) -> int:
        """How many rows are of these visitors."""

    def erase(self, keys: set[str]) -> dict[str, int]:
        """Remove their rows from every table; rows by table."""


@dataclass(slots=True)
class _Person:
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
    def traces(self) -> set[str]:
        """What states may know of the person: keys as they have them, digests of records."""
        return {identity_of(key) for key in self.keys} | self.digests

    def learn(self, objects: Objects) -> None:
        """Take over the visitor keys of records that name the address."""
        for version, lines in objects:
            for record in (record_in(version.key, line) for line in lines or ()):
                if isinstance(record, dict) and self._is_named_in(record):
                    key = record.get("visitor_key")
                    self.keys |= {key} if isinstance(key, str) and key.strip() else set()

    def find(self, objects: Objects) -> tuple[dict[Version, int], dict[Version, int]]:
        """Records of the person by object: where none names the address, and the others."""
        first: dict[Version, int] = {}
        last: dict[Version, int] = {}
        for version, lines in objects:
            records = (record_in(version.key, line) for line in lines or ())
            if found := [record for record in records if self.is_in(record)]:
                (last if any(map(self._is_named_in, found)) else first)[version] = len(found)
        return first, last

    def _is_named_in(self, record: object) -> bool:
        if not self.email:
            return False
        # Part of a longer text too, since what was quarantined may have any shape.
        pattern = rf"(?<![\w.+-]){re.escape(self.email)}(?![\w-])"
        return any(
            re.search(pattern, written.lower())
            for text, _ in _texts(record)
            # As it is, and as a page's address means it: a sign of percent may be the person's own.
            for written in {text, unquote(text)}
        )

    def is_in(self, record: object) -> bool:
        """Whether a record is of the person; remembers its digest when it is."""
        keys = (text for text, is_key in _texts(record) if is_key)
        found = not self.keys.isdisjoint(keys) or self._is_named_in(record)
        if found:
            self.digests.add(digest(record))
        return found


def forget(
    settings: Settings, lake: Lake, who: str, tables: Tables, clock: Clock
) -> tuple[Manifest, list[str]]:
    """Remove a person, a visitor key or an e-mail address, from every layer.

    Returns:
        The manifest with the rows removed by layer, and the objects that could not be read.

    Raises:
        UnknownPersonError: Nothing of the person is there.
        SourceMismatchError: The lake was written under another privacy policy or key.
    """
    with open_job(settings, lake, "forget", clock) as job:
        job.check_policy()
        person = _make_person(settings, who)
        if person.email:
            person.keys |= tables.find_keys(person.email)
            person.learn(job.read_objects())
        older = False
        with job.looking_at_older():
            if person.email:
                person.learn(job.read_older())
            older = any(person.find(job.read_older()))
        first, last = person.find(job.read_objects())
        here = {version.key: records for version, records in (first | last).items()}
        state = parse_state(lake.get(state_key(VISITORS.name)))
        is_in_state = state is not None and not person.traces.isdisjoint(state.known)
        if not (here or older or is_in_state or tables.count(person.keys)):
            job.complete_broken()
            raise UnknownPersonError(
                "nothing in this lake is of that person",
                "check the visitor key or address; under PII_POLICY=drop no address is kept",
            )
        job.announce(here)
        job.manifest.removed |= tables.erase(person.keys)
        _forget_digests(lake, person)
        job.rewrite(lambda key, line: None if person.is_in(record_in(key, line)) else line)
        job.manifest.rewriting = []
        # Those that held the person, those that this forget replaced among them.
        if OLDER not in job.damaged and (removed := _remove_older(job, person)):
            job.manifest.removed[OLDER] = removed
        job.name_foreign()
        return job.manifest, job.damaged


def _make_person(settings: Settings, who: str) -> _Person:
    """Of an address, as PII_POLICY writes it."""
    if "@" not in who:
        return _Person({who})
    record = {"visitor_identity": {"email": who.strip().lower()}}
    written: Any = make_redactor(settings)(record, VISITORS)
    return _Person({who}, email=written["visitor_identity"]["email"] or "")


def _forget_digests(lake: Lake, person: _Person) -> None:
    """Drop what the states remember of the person; a corrupt one is made again anyway."""
    gone = person.traces
    for key in _STATES:
        body = lake.get(key)
        state = parse_state(body)
        if state is not None:
            # Of an event its own key is the name, and what was seen of it the digest.
            kept = {n: s for n, s in state.known.items() if not {n, s.digest} & gone}
            if len(kept) < len(state.known):
                state.known = kept
                state.save(lake)
        elif body is not None:
            lake.delete(key)


def _remove_older(job: Job, person: _Person) -> int:
    """Remove the older versions that tell of a person; tells how many."""
    first, last = person.find(job.read_older())
    going = [*first, *_remembering(job.lake, person)]
    job.lake.delete_older(going)
    # Not with them: a forget that is killed finds the person's keys by these again.
    job.lake.delete_older(last)
    return len(going) + len(last)


def _remembering(lake: Lake, person: _Person) -> Iterator[Version]:
    """States that know a digest of the person, manifests with digests of a crawl's last rows."""
    gone = [one.encode() for one in person.traces]
    for version in lake.list_older("state"):
        is_run = version.key.startswith(PREFIX)
        body = lake.get_older(version) if is_run or version.key in _STATES else None
        tells = any(one in (body or b"") for one in ([b'"resume":{'] if is_run else gone))
        if tells or version.key == ENDED:
            yield version


def _texts(value: object, *, is_key: bool = False) -> Iterator[tuple[str, bool]]:
    """Every text and name in a record, and whether it stands in a `visitor_key`.

    No other text names a visitor; an address may stand anywhere, a page's address included.
    """
    if isinstance(value, str):
        yield value, is_key
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, is_key=is_key)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name, False
            yield from _texts(inner, is_key=is_key or name == "visitor_key")
