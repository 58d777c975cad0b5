"""`redact`: a lake written before obeys today's rules of privacy, or a stricter PII_POLICY.

What an older version left in clear, or PII_POLICY=keep did, is hashed or dropped in bronze and
quarantine, by the machinery of `forget`. The command may be killed and started again: what is
redacted already comes out as it is, so the next one goes on from there. States and manifests keep
no name that may be data, and in a versioned bucket the older versions go. Last of all the lake's
note says the new policy: until then no run of it goes on under another.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingestion.admin.job import OLDER, Job, open_job, record_in, resource_of
from ingestion.config.errors import ConfigurationError, SourceMismatchError
from ingestion.config.secrets import fingerprint_key
from ingestion.load.redaction import Redactor, make_redactor
from ingestion.load.schemas import NO_WORD, check_record, is_word
from ingestion.resources import RESOURCES
from ingestion.state.checkpoint import ResourceState, catch_up, parse_state, state_key
from ingestion.state.source_guard import Source, read_source, write_source
from ingestion.storage.json_lines import ADDED_FIELDS, QUARANTINE, encode, short_digest

if TYPE_CHECKING:
    from ingestion.config.settings import Settings
    from ingestion.config.timestamps import Clock
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake

_STRICTER = ("keep", "hash", "drop")
# What is kept of an answer that could not be read.
_MEASURE = {"length", "sha256"}


def redact(settings: Settings, lake: Lake, clock: Clock) -> tuple[Manifest, list[str]]:
    """Bring all of bronze and quarantine under PII_POLICY.

    Returns:
        The manifest with the records changed by layer (`removed`), and the objects that could not
        be read.

    Raises:
        ConfigurationError: PII_POLICY is `keep`, or its key cannot be read.
        SourceMismatchError: The lake was hashed with another key, or obeys a stricter policy.
    """
    redactor = make_redactor(settings, is_again=True)
    if settings.pii_policy == "keep":
        raise ConfigurationError(
            "PII_POLICY is keep, under which nothing is redacted",
            "set PII_POLICY to hash or drop: to what the lake shall be from now on",
        )
    with open_job(settings, lake, "redact", clock) as job:
        source = job.manifest.source = _source(job)
        job.announce(_plan(job, redactor))
        job.rewrite(lambda key, line: _redact_line(key, line, redactor))
        _clean_records(job)
        with job.looking_at_older():
            _remove_older(job, redactor)
        if source:
            write_source(lake, source)
        job.manifest.rewriting, job.manifest.renamed = [], {}
        job.name_foreign()
        return job.manifest, job.damaged


def _source(job: Job) -> Source:
    """The lake's source under the new policy; empty where nothing was ever read."""
    recorded = read_source(job.lake)
    if recorded is None:
        return {}
    held, wanted = recorded.get("pii_policy") or "keep", job.settings.pii_policy
    if _STRICTER.index(held) >= _STRICTER.index(wanted):
        # The same one with the same key; or an error that says which.
        job.check_policy()
    key = fingerprint_key(job.settings)
    for run in job.before:
        begun = run.source.get("pii_key")
        if run.kind == "redact" and run.rewriting and begun and key and begun != key:
            raise SourceMismatchError(
                f"a redact of {job.lake.uri} was broken off under another PII_HASH_KEY",
                "set the key back and start again: one person would become two",
            )
    kept = {name: value for name, value in recorded.items() if name != "pii_key"}
    return {**kept, "pii_policy": wanted} | ({"pii_key": key} if key else {})


def _plan(job: Job, redactor: Redactor) -> dict[str, int]:
    """Lines to change by object; replayed ones get their new digests."""
    changes = dict[str, int]()
    taken = {digest for run in job.before for lines in run.replayed.values() for digest in lines}
    for (key, _), lines in job.read_objects():
        if resource_of(key) is None:
            job.damaged.append(key)
            continue
        for line in lines:
            if (clean := _redact_line(key, line, redactor)) != line:
                changes[key] = changes.get(key, 0) + 1
                if (digest := short_digest(line)) in taken:
                    job.manifest.renamed[digest] = short_digest(clean)
    return changes


def _redact_line(key: str, line: bytes, redactor: Redactor) -> bytes:
    """A line as it is written today; the same bytes where nothing of it changes."""
    record, resource = record_in(key, line), resource_of(key)
    is_quarantined = key.startswith(QUARANTINE)
    clean = record
    if resource is not None:
        clean = _redact_record(record, resource, redactor, is_quarantined=is_quarantined)
    if clean == record:
        return line
    return encode({**json.loads(line), "record": clean} if is_quarantined else clean)


def _redact_record(
    record: object, resource: Resource, redactor: Redactor, *, is_quarantined: bool
) -> object:
    if not isinstance(record, dict):
        return redactor(record, resource)
    if is_quarantined and record.keys() - ADDED_FIELDS == _MEASURE:
        return record
    is_stamped = resource.is_snapshot or not is_quarantined
    body, stamps = resource.split(record) if is_stamped else (record, {})
    # What is in bronze was let in: what it holds is what it should.
    faulty = check_record(body, resource.schema).faulty if is_quarantined else frozenset[str]()
    clean = redactor(body, resource, faulty)
    return {**clean, **stamps} if isinstance(clean, dict) else clean


def _clean_records(job: Job) -> None:
    """States know today's digests, and neither they nor manifests a name that may be data."""
    for run in job.before:
        was = run.model_dump_json()
        for entry in run.resources:
            shown = {
                name if all(map(is_word, name.split("."))) else NO_WORD
                for name in entry.unknown_fields
            }
            entry.unknown_fields = sorted(shown)
        if was != run.model_dump_json():
            run.save(job.lake)
    for resource in RESOURCES:
        state = parse_state(job.lake.get(state_key(resource.name)))
        if state is None:
            job.lake.delete(state_key(resource.name))  # damaged: the next run makes it again
            continue
        # All but the digests stays as it is: how far the lake is complete, not all runs tell.
        fresh = ResourceState(resource=resource.name)
        fresh = catch_up(job.lake, resource, fresh, job.before, job.settings.overlap)
        state.known, state.fields = fresh.known, fresh.fields
        state.save(job.lake)


def _remove_older(job: Job, redactor: Redactor) -> None:
    """Remove what a versioned bucket keeps in clear, or unreadable; states and manifests whole."""
    going = [
        version
        for version, lines in job.read_older()
        if resource_of(version.key)
        and (lines is None or any(_redact_line(version.key, ln, redactor) != ln for ln in lines))
    ]
    going += job.lake.list_older("state")
    job.lake.delete_older(going)
    if going:
        job.manifest.removed[OLDER] = len(going)
