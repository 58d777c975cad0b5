"""`forget`: a person leaves every layer of the lake, for a data-protection request.

The one exception to "never edited". The run's manifest lists the objects about to change before
the first does. Each is put again whole, under its own key, without the person's lines; then the
manifests that list it are brought up to date from what lies there. A forget that was killed is
therefore completed by asking for the same person again. What names an e-mail address goes last, so
that the person's keys can be found until the end. Of the person nothing is recorded: no key, no
address, and no digest of either.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ingestion.bronze import QUARANTINE, RAW, compress
from ingestion.custody import Custody, Job, is_broken, open_job
from ingestion.errors import IngestionError
from ingestion.objects import count_records, unpack_lines
from ingestion.person import Person, make_person
from ingestion.replay import line_digest
from ingestion.resources import RESOURCES
from ingestion.source import check_source, read_source
from ingestion.watermark import ResourceState, identity_of, state_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingestion.lake import Lake
    from ingestion.manifest import ResourceRun, StoredObject
    from ingestion.settings import Settings


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
) -> tuple[Custody, list[str]]:
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
        person = make_person(settings, who)
        if person.email:
            person.keys |= tables.find_keys(person.email)
            _find_keys(lake, person)
        plan = _plan(lake, person)
        state = _read_state(lake)
        is_in_state = any(identity_of(key) in state.known for key in person.keys)
        if not plan.objects and not is_in_state and not tables.count(person.keys):
            _complete_broken(job)
            raise UnknownPersonError(
                "nothing in this lake is of that person",
                "check the visitor key or address; under PII_POLICY=drop no address is kept",
            )
        _remove(job, person, plan, tables)
        return job.manifest, plan.damaged


def _check_policy(settings: Settings, lake: Lake) -> None:
    """Hold policy and key against the lake's; whose account it is does not matter here."""
    recorded = read_source(lake)
    if recorded is not None:
        same = settings.model_copy(update={"wistia_base_url": recorded.get("base_url")})
        check_source(lake, same, recorded.get("account"))


def _keys(lake: Lake) -> list[str]:
    return [key for root in (RAW, QUARANTINE) for key in lake.list(root)]


def _find_keys(lake: Lake, person: Person) -> None:
    for key in _keys(lake):
        for line in unpack_lines(lake.get(key) or b"") or ():
            person.learn(_record(key, line))


def _record(key: str, line: bytes) -> object:
    content = json.loads(line)
    return content.get("record") if key.startswith(QUARANTINE) else content


def _plan(lake: Lake, person: Person) -> _Plan:
    plan = _Plan()
    for key in _keys(lake):
        lines = unpack_lines(lake.get(key) or b"")
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
    _relist(job, set(plan.objects))
    _complete_broken(job)
    manifest.rewriting = []


def _rewrite(lake: Lake, key: str, person: Person) -> None:
    lines = unpack_lines(lake.get(key) or b"") or []
    kept = [line for line in lines if not person.is_in(_record(key, line))]
    if kept:
        lake.put(key, compress(b"".join(line + b"\n" for line in kept)))
    else:
        lake.delete(key)


def _complete_broken(job: Job) -> None:
    """Bring the manifests up to date with what a killed forget rewrote."""
    broken = [run for run in job.before if run.kind == "forget" and run.rewriting]
    if not broken:
        return
    _relist(job, {key for run in broken for key in run.rewriting})
    for run in broken:
        run.rewriting = []
        run.state = "crashed" if is_broken(run) else run.state
        run.save(job.lake)


def _relist(job: Job, keys: set[str]) -> None:
    for run in job.before:
        was = run.model_dump_json()
        for entry in run.resources:
            # Digests of rows, the person's perhaps among them: the next crawl begins anew.
            entry.resume = None
            _relist_entry(job.lake, entry, keys)
        for key in keys & set(run.replayed):
            run.replayed[key] = _still_there(job.lake, key, run.replayed[key])
        if run.model_dump_json() != was:
            run.save(job.lake)


def _relist_entry(lake: Lake, entry: ResourceRun, keys: set[str]) -> None:
    for listed, field_name in ((entry.objects, "records"), (entry.quarantine, "quarantined")):
        before = sum(stored.records for stored in listed)
        listed[:] = [
            now
            for stored in listed
            if (now := _describe(lake, stored) if stored.key in keys else stored) is not None
        ]
        gone = before - sum(stored.records for stored in listed)
        setattr(entry, field_name, getattr(entry, field_name) - gone)


def _describe(lake: Lake, stored: StoredObject) -> StoredObject | None:
    body = lake.get(stored.key)
    if body is None:
        return None
    records = count_records(body)
    # An object that cannot be read is no forget's doing: its listing goes on saying so.
    if records is None:
        return stored
    checksum = hashlib.sha256(body).hexdigest()
    return stored.model_copy(update={"records": records, "bytes": len(body), "sha256": checksum})


def _still_there(lake: Lake, key: str, digests: list[str]) -> list[str]:
    there = Counter(map(line_digest, unpack_lines(lake.get(key) or b"") or ()))
    return list((Counter(digests) & there).elements())


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
        if gone & set(state.known):
            state.known = {name: seen for name, seen in state.known.items() if name not in gone}
            state.save(lake)
