"""Bronze and quarantine written again, the one exception to "never edited".

A command's manifest lists the objects about to change before the first does. Each is put again
whole, under its own key; then the manifests that list it are brought up to date from what lies
there. One that was killed is completed by the next of its kind. A bucket that keeps older versions
has them of replaced and removed objects too: elsewhere nothing is kept, and nothing is found.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingestion.config.errors import LakeError
from ingestion.state.inventory import is_object
from ingestion.state.manifest import describe_object, forget_ended, listings
from ingestion.storage.base import Version
from ingestion.storage.json_lines import QUARANTINE, RAW, compress, line_digest, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ingestion.admin.job import Job
    from ingestion.state.manifest import Manifest, StoredObject
    from ingestion.storage.base import Lake

# A layer of its own: what a versioned bucket keeps of replaced and removed objects.
OLDER = "older versions"
log = logging.getLogger(__name__)


def record_in(key: str, line: bytes) -> object:
    """The record that a line of bronze or quarantine holds."""
    content = json.loads(line)
    return content.get("record") if key.startswith(QUARANTINE) else content


def read_objects(job: Job, damaged: list[str]) -> Iterator[tuple[Version, list[bytes]]]:
    """Read every object's lines; the key of one that cannot be read is added to `damaged`."""
    # A killed run's object lies there too, and may yet be listed.
    lying = (key for root in (RAW, QUARANTINE) for key in job.lake.list(root) if is_object(key))
    for key in sorted({*listings(job.before), *lying}):
        body = job.lake.get(key)
        lines = unpack_lines(body)
        if lines is not None:
            yield Version(key, ""), lines
        elif body is not None:  # none is removed by a command that was broken off, or lost
            damaged.append(key)


def read_older(lake: Lake) -> Iterator[tuple[Version, list[bytes] | None]]:
    """Read the lines of every older version; None of one that cannot be read."""
    for root in (RAW, QUARANTINE):
        for version in lake.list_older(root):
            yield version, unpack_lines(lake.get_older(version))


@contextmanager
def looking_at_older(damaged: list[str]) -> Iterator[None]:
    """Add `OLDER` to `damaged` where a role may not look: the caller says so."""
    try:
        yield
    except LakeError as error:
        log.warning("%s", error)
        damaged.append(OLDER)


def announce(job: Job, changes: dict[str, int]) -> None:
    """Say which objects are about to change, and in how many lines, before the first does."""
    job.manifest.rewriting = list(changes)
    job.manifest.removed = {
        layer: sum(n for key, n in changes.items() if key.startswith(root))
        for layer, root in (("bronze", RAW), ("quarantine", QUARANTINE))
    }
    job.run.save()


def apply(job: Job, change: Callable[[str, bytes], bytes | None]) -> None:
    """Put each announced object again, then bring the manifests up to date from what lies there.

    `change(key, line)` gives the line that takes the place of one; None for none.
    """
    for key in job.manifest.rewriting:
        lines = unpack_lines(job.lake.get(key)) or []
        kept = [new for line in lines if (new := change(key, line)) is not None]
        if kept:
            job.lake.put(key, compress(b"".join(line + b"\n" for line in kept)))
        else:
            job.lake.delete(key)
    _relist(job, [job.manifest])
    complete_broken(job)


def complete_broken(job: Job) -> None:
    """Bring the manifests up to date with what a killed command rewrote."""
    broken = [run for run in job.before if run.rewriting and run.kind == job.manifest.kind]
    if not broken:
        return
    _relist(job, broken)
    for run in broken:
        run.rewriting, run.renamed = [], {}
        run.save(job.lake)


def _relist(job: Job, by: Iterable[Manifest]) -> None:
    """List in every manifest what the objects hold by now that these commands rewrote."""
    keys = {key for run in by for key in run.rewriting}
    renamed = {old: new for run in (*job.before, job.manifest) for old, new in run.renamed.items()}

    def describe(stored: StoredObject) -> StoredObject | None:
        body = job.lake.get(stored.key) if stored.key in keys else None
        lines = unpack_lines(body)
        if lines is not None:
            return describe_object(stored.key, body or b"", len(lines))
        # An object that cannot be read is no forget's doing: its listing goes on saying so.
        return None if stored.key in keys and body is None else stored

    for run in job.before:
        was = run.model_dump_json()
        for entry in run.resources:
            # Digests of rows, the person's perhaps among them: the next crawl begins again.
            entry.resume = None
            entry.relist(describe)
        for key in keys & set(run.replayed):
            taken = Counter(renamed.get(digest, digest) for digest in run.replayed[key])
            there = Counter(map(line_digest, unpack_lines(job.lake.get(key)) or ()))
            run.replayed[key] = list((taken & there).elements())
        if run.model_dump_json() != was:
            run.save(job.lake)
    forget_ended(job.lake)
