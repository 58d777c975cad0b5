"""What a versioned bucket keeps of objects that were replaced or removed.

`forget` looks there too: a rewritten object is only a newer version of the one that holds the
person. Elsewhere nothing is kept, and there is nothing to look at.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingestion.resources import RESOURCES
from ingestion.state.checkpoint import ResourceState, identity_of, state_key
from ingestion.state.manifest import ENDED, PREFIX
from ingestion.storage.json_lines import QUARANTINE, RAW, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.admin.erase import Person
    from ingestion.storage.base import Lake, Version


# A layer of its own: what a versioned bucket keeps of replaced and removed objects.
OLDER = "older versions"


def record_in(key: str, line: bytes) -> object:
    """The record that a line of bronze or quarantine holds."""
    content = json.loads(line)
    return content.get("record") if key.startswith(QUARANTINE) else content


def find_versions(lake: Lake, person: Person) -> list[Version]:
    """The older versions that hold a person; what they say of the address tells more keys.

    Raises:
        LakeError: The bucket does not let us look.
    """
    for _, record in _records(lake) if person.email else ():
        person.learn(record)
    first, last = _holding(lake, person)
    return [*first, *last]


def remove_versions(lake: Lake, person: Person) -> int:
    """Remove the older versions that hold a person; tells how many."""
    first, last = _holding(lake, person)
    first += _broken_crawls(lake)
    lake.delete_older(first)
    # Not with them: a forget that is killed finds the person's keys by these again.
    lake.delete_older(last)
    return len(first) + len(last)


def _holding(lake: Lake, person: Person) -> tuple[list[Version], list[Version]]:
    """The versions that hold a person: those that do not name the address, those that do."""
    holding = [(version, record) for version, record in _records(lake) if person.is_in(record)]
    naming = {version for version, record in holding if person.is_named_in(record)}
    first = {version: None for version, _ in holding if version not in naming}
    gone = {identity_of(key) for key in person.keys} | person.digests
    return [*first, *_remembering(lake, gone)], sorted(naming)


def _records(lake: Lake) -> Iterator[tuple[Version, object]]:
    for root in (RAW, QUARANTINE):
        for version in lake.list_older(root):
            for line in unpack_lines(lake.get_older(version) or b"") or ():
                yield version, record_in(version.key, line)


def _remembering(lake: Lake, gone: set[str]) -> Iterator[Version]:
    """States that know a digest of the person."""
    states = {state_key(resource.name) for resource in RESOURCES}
    for version in lake.list_older("state"):
        if version.key in states and gone & set(_known(lake.get_older(version) or b"")):
            yield version


def _broken_crawls(lake: Lake) -> Iterator[Version]:
    """Manifests with the digests of rows that a crawl would go on below, anybody's."""
    for version in lake.list_older("state"):
        is_run = version.key.startswith(PREFIX)
        if version.key == ENDED or (is_run and b'"digests"' in (lake.get_older(version) or b"")):
            yield version


def _known(body: bytes) -> dict[str, object]:
    try:
        return dict(ResourceState.model_validate_json(body).known)
    except ValueError:
        return {}
