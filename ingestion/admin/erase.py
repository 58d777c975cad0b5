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

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ingestion.admin.job import Job, open_job
from ingestion.admin.person import Person, make_person
from ingestion.admin.rewrite import complete_broken, data_keys, relist
from ingestion.admin.versions import OLDER, find_versions, learn_keys, remove_versions
from ingestion.config.errors import IngestionError, LakeError
from ingestion.resources import RESOURCES
from ingestion.state.checkpoint import ResourceState, identity_of, state_key
from ingestion.state.source_guard import check_source, read_source
from ingestion.storage.json_lines import QUARANTINE, RAW, compress, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingestion.config.settings import Settings
    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake, Version

log = logging.getLogger(__name__)


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
class _Plan:
    """Lines of the person by object: those to go first, those that name the address."""

    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    @property
    def objects(self) -> dict[str, int]:
        return {**self.first, **self.last}


def forget(
    settings: Settings, lake: Lake, who: str, tables: Tables, clock: Callable[[], datetime]
) -> tuple[Manifest, list[str]]:
    """Remove a person from every layer.

    Args:
        settings: The privacy policy, under which an address is compared.
        lake: Where.
        who: A visitor key or an e-mail address.
        tables: What was built from the lake.
        clock: UTC.

    Returns:
        The manifest with the rows removed by layer, and the objects that could not be read.

    Raises:
        UnknownPersonError: Nothing of the person is there.
        SourceMismatchError: The lake was written under another privacy policy or key.
        LakeBusyError: An ingest is at work.
    """
    with open_job(settings, lake, "forget", clock) as job:
        _check_policy(settings, lake)
        person, keys = make_person(settings, who), data_keys(job)
        if person.email:
            person.keys |= tables.find_keys(person.email)
            _find_keys(lake, keys, person)
        plan = _plan(lake, keys, person)
        older = _find_older(lake, person, plan)
        state = _read_state(lake)
        is_in_state = any(identity_of(key) in state.known for key in person.keys)
        if not (plan.objects or older or is_in_state or tables.count(person.keys)):
            complete_broken(job)
            raise UnknownPersonError(
                "nothing in this lake is of that person",
                "check the visitor key or address; under PII_POLICY=drop no address is kept",
            )
        _remove(job, person, plan, tables)
        _remove_older(job, person, plan)
        return job.manifest, plan.damaged


def _check_policy(settings: Settings, lake: Lake) -> None:
    """Hold policy and key against the lake's; whose account it is does not matter here."""
    recorded = read_source(lake)
    if recorded is not None:
        same = settings.model_copy(update={"wistia_base_url": recorded.get("base_url")})
        check_source(lake, same, recorded.get("account"))


def _find_older(lake: Lake, person: Person, plan: _Plan) -> list[Version]:
    """What a versioned bucket still has of the person; a role may lack the right to look."""
    try:
        if person.email:
            learn_keys(lake, person)
        return find_versions(lake, person)
    except LakeError as error:
        log.warning("%s", error)
        plan.damaged.append(OLDER)
        return []


def _remove_older(job: Job, person: Person, plan: _Plan) -> None:
    """Remove the versions that held the person, those that this forget replaced among them."""
    if OLDER in plan.damaged:
        return
    if removed := remove_versions(job.lake, person):
        job.manifest.removed[OLDER] = removed


def _find_keys(lake: Lake, keys: list[str], person: Person) -> None:
    for key in keys:
        for line in unpack_lines(lake.get(key) or b"") or ():
            person.learn(_record(key, line))


def _record(key: str, line: bytes) -> object:
    content = json.loads(line)
    return content.get("record") if key.startswith(QUARANTINE) else content


def _plan(lake: Lake, keys: list[str], person: Person) -> _Plan:
    plan = _Plan()
    for key in keys:
        body = lake.get(key)
        if body is None:  # removed by a forget that was broken off, or lost
            continue
        lines = unpack_lines(body)
        if lines is None:
            plan.damaged.append(key)
            continue
        records = [record for line in lines if person.is_in(record := _record(key, line))]
        if records:
            names = any(person.is_named_in(record) for record in records)
            (plan.last if names else plan.first)[key] = len(records)
    return plan


def _remove(job: Job, person: Person, plan: _Plan, tables: Tables) -> None:
    manifest, lake = job.manifest, job.lake
    manifest.rewriting = list(plan.objects)
    manifest.removed = {
        "bronze": sum(n for key, n in plan.objects.items() if key.startswith(RAW)),
        "quarantine": sum(n for key, n in plan.objects.items() if key.startswith(QUARANTINE)),
    }
    job.run.save()
    manifest.removed |= tables.erase(person.keys)
    _forget_digests(lake, person)
    for key in plan.objects:
        _rewrite(lake, key, person)
    relist(job, set(plan.objects))
    complete_broken(job)
    manifest.rewriting = []


def _rewrite(lake: Lake, key: str, person: Person) -> None:
    lines = unpack_lines(lake.get(key) or b"") or []
    kept = [line for line in lines if not person.is_in(_record(key, line))]
    if kept:
        lake.put(key, compress(b"".join(line + b"\n" for line in kept)))
    else:
        lake.delete(key)


def _read_state(lake: Lake) -> ResourceState:
    try:
        return ResourceState.model_validate_json(lake.get(state_key("visitors")) or b"")
    except ValueError:
        return ResourceState(resource="visitors")


def _forget_digests(lake: Lake, person: Person) -> None:
    """Drop what the states remember of the person; a corrupt one is made again anyway."""
    for resource in RESOURCES:
        key = state_key(resource.name)
        body = lake.get(key)
        if body is None:
            continue
        try:
            state = ResourceState.model_validate_json(body)
        except ValueError:
            lake.delete(key)
            continue
        gone = {identity_of(one) for one in person.keys} | person.digests
        # Of an event its own key is the name, and what was seen of it the digest.
        kept = {n: s for n, s in state.known.items() if not {n, s.digest} & gone}
        if len(kept) < len(state.known):
            state.known = kept
            state.save(lake)
