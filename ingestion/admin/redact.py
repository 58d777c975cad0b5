"""`redact`: a lake written before obeys today's rules of privacy, or a stricter PII_POLICY.

What an older version left in clear, or PII_POLICY=keep did, is hashed or dropped in bronze and
quarantine, by the machinery of `forget`. The command may be killed and started again: what is
redacted already comes out as it is, so the next one goes on from there. States and manifests keep
no name that may be data, and in a versioned bucket the older versions go. Last of all the lake's
note says the new policy: until then no run of it goes on under another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingestion.admin.job import Job, announce, check_policy, open_job, read_objects, rewrite
from ingestion.admin.quarantine import STAMPS
from ingestion.admin.versions import OLDER
from ingestion.config.errors import ConfigurationError, LakeError, SourceMismatchError
from ingestion.config.secrets import fingerprint_key
from ingestion.load.redaction import make_redactor
from ingestion.load.schemas import NO_WORD, check_record, is_word
from ingestion.resources import RESOURCES
from ingestion.state.checkpoint import ResourceState, catch_up, parse_state, state_key
from ingestion.state.source_guard import read_source, write_source
from ingestion.storage.json_lines import (
    QUARANTINE,
    RAW,
    encode,
    line_digest,
    unpack_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingestion.config.settings import Settings
    from ingestion.load.redaction import Redactor
    from ingestion.state.manifest import Manifest
    from ingestion.state.source_guard import Source
    from ingestion.storage.base import Lake, Version

_STRICTER = ("keep", "hash", "drop")
_BY_NAME = {resource.name: resource for resource in RESOURCES}
# And to a snapshot's.
_SNAPSHOT_STAMPS = STAMPS | {"media_id", "snapshot_ts"}
# What is kept of an answer that could not be read.
_MEASURE = {"length", "sha256"}


@dataclass(slots=True)
class _Plan:
    """Lines to change by object, what the digests of replayed ones become, what is unreadable."""

    changes: dict[str, int] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)


def redact(
    settings: Settings, lake: Lake, clock: Callable[[], datetime]
) -> tuple[Manifest, list[str]]:
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
        source = _source(settings, lake, job)
        job.manifest.source = source
        plan = _plan(job, redactor)
        job.manifest.renamed = plan.renamed
        announce(job, plan.changes)
        rewrite(job, lambda key, line: _redact_line(key, line, redactor))
        _clean_records(job)
        _remove_older(job, redactor, plan)
        if source:
            write_source(lake, source)
        job.manifest.rewriting, job.manifest.renamed = [], {}
        return job.manifest, plan.damaged


def _source(settings: Settings, lake: Lake, job: Job) -> Source:
    """The lake's source under the new policy; empty where nothing was ever read."""
    recorded = read_source(lake)
    if recorded is None:
        return {}
    held, wanted = recorded.get("pii_policy") or "keep", settings.pii_policy
    if _STRICTER.index(held) >= _STRICTER.index(wanted):
        # The same one with the same key; or an error that says which.
        check_policy(settings, lake)
    key = fingerprint_key(settings)
    for run in job.before:
        begun = run.source.get("pii_key")
        if run.kind == "redact" and run.rewriting and begun and key and begun != key:
            raise SourceMismatchError(
                f"a redact of {lake.uri} was broken off under another PII_HASH_KEY",
                "set the key back and start again: one person would become two",
            )
    kept = {name: value for name, value in recorded.items() if name != "pii_key"}
    return {**kept, "pii_policy": wanted} | ({"pii_key": key} if key else {})


def _plan(job: Job, redactor: Redactor) -> _Plan:
    plan = _Plan()
    taken = {digest for run in job.before for lines in run.replayed.values() for digest in lines}
    for key, lines in read_objects(job, plan.damaged):
        if key.split("/")[1] not in _BY_NAME:
            plan.damaged.append(key)
            continue
        for line in lines:
            if (clean := _redact_line(key, line, redactor)) == line:
                continue
            plan.changes[key] = plan.changes.get(key, 0) + 1
            if (digest := line_digest(line)) in taken:
                plan.renamed[digest] = line_digest(clean)
    return plan


def _redact_line(key: str, line: bytes, redactor: Redactor) -> bytes:
    """A line as it is written today; the same bytes where nothing of it changes."""
    content = json.loads(line)
    is_quarantined = key.startswith(QUARANTINE)
    record = content.get("record") if is_quarantined else content
    clean = _redact_record(key, record, redactor, is_quarantined=is_quarantined)
    if clean == record:
        return line
    return encode({**content, "record": clean} if is_quarantined else clean)


def _redact_record(key: str, record: Any, redactor: Redactor, *, is_quarantined: bool) -> object:  # noqa: ANN401
    resource = _BY_NAME[key.split("/")[1]]
    if not isinstance(record, dict):
        return redactor(record, resource)
    if is_quarantined and record.keys() - _SNAPSHOT_STAMPS == _MEASURE:
        return record
    ours = _SNAPSHOT_STAMPS if resource.is_snapshot else frozenset() if is_quarantined else STAMPS
    stamps = {name: value for name, value in record.items() if name in ours}
    body = {name: value for name, value in record.items() if name not in ours}
    # What is in bronze was let in: what it holds is what it should.
    faulty = check_record(body, resource.schema).faulty if is_quarantined else frozenset[str]()
    clean = redactor(body, resource, faulty)
    return {**clean, **stamps} if isinstance(clean, dict) else clean


def _clean_records(job: Job) -> None:
    """States know today's digests, and neither they nor manifests a name that may be data."""
    for run in job.before:
        was = [entry.unknown_fields for entry in run.resources]
        for entry in run.resources:
            entry.unknown_fields = sorted({_shown(name) for name in entry.unknown_fields})
        if was != [entry.unknown_fields for entry in run.resources]:
            run.save(job.lake)
    for resource in RESOURCES:
        state = parse_state(job.lake.get(state_key(resource.name)) or b"")
        if state is None:
            job.lake.delete(state_key(resource.name))  # damaged: the next run makes it again
            continue
        # All but the digests stays as it is: how far the lake is complete, not all runs tell.
        fresh = ResourceState(resource=resource.name)
        fresh = catch_up(job.lake, resource, fresh, job.before, job.settings.overlap)
        state.known, state.fields = fresh.known, fresh.fields
        state.save(job.lake)


def _shown(name: str) -> str:
    return name if all(map(is_word, name.split("."))) else NO_WORD


def _remove_older(job: Job, redactor: Redactor, plan: _Plan) -> None:
    """Remove what a versioned bucket keeps in clear, and older states and manifests whole."""
    try:
        going = [
            version
            for root in (RAW, QUARANTINE)
            for version in job.lake.list_older(root)
            if _is_in_clear(job.lake, version, redactor)
        ]
        going += job.lake.list_older("state")
        job.lake.delete_older(going)
    except LakeError:
        # A role may lack the right to look: the caller says so.
        plan.damaged.append(OLDER)
        return
    if going:
        job.manifest.removed[OLDER] = len(going)


def _is_in_clear(lake: Lake, version: Version, redactor: Redactor) -> bool:
    """Whether an older version is not as today's rules have it; one that cannot be read may be."""
    if version.key.split("/")[1] not in _BY_NAME:
        return False
    lines = unpack_lines(lake.get_older(version) or b"")
    return lines is None or any(_redact_line(version.key, ln, redactor) != ln for ln in lines)
