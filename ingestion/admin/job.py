"""What the commands that look after a lake share: replay, import, forget, redact, rebuild.

Each is a run of its own: under the ingest's lock, with a manifest of its kind, which says what it
took, so that nothing is taken twice. What a killed one wrote and did not list is removed when the
next begins: its source is still there and is taken again.

Forget, redact and rebuild write objects again, the one exception to "never edited". The manifest
lists those about to change before the first does. Each is put again whole, under its own key; then
the manifests that list it are brought up to date from what lies there. One that was killed is
completed by the next of its kind.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion.config.errors import LakeError
from ingestion.config.version import code_version
from ingestion.load.loader import Loader
from ingestion.resources import RESOURCES
from ingestion.state.inventory import is_object
from ingestion.state.manifest import describe_object, forget_ended, listings
from ingestion.state.recovery import close_dead_runs, refuse_while_at_work, remove_unlisted
from ingestion.state.run import RunRecord, start_run
from ingestion.state.source_guard import check_source, read_source
from ingestion.storage.base import Lake, Version
from ingestion.storage.json_lines import QUARANTINE, RAW, compress, short_digest, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from ingestion.config.settings import Settings
    from ingestion.config.timestamps import Clock
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Kind, Manifest, StoredObject

# A layer of its own: what a versioned bucket keeps of replaced and removed objects.
OLDER = "older versions"
_REWRITING = {"forget", "redact", "rebuild"}
_BY_NAME = {resource.name: resource for resource in RESOURCES}
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Job:
    """One command's tools: its lake, its record, and the runs before it, oldest first.

    `damaged` are the objects that it could not read, and `OLDER` where it may not look at those;
    `foreign` are files beside them that are no object's, such as an editor's or a desktop's.
    """

    settings: Settings
    lake: Lake
    run: RunRecord
    before: list[Manifest]
    damaged: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def manifest(self) -> Manifest:
        """What the command writes of itself."""
        return self.run.manifest

    def open(self, resource: Resource, *, is_again: bool = False) -> Loader:
        """Open a resource's loader; `is_again` where records may have been redacted before."""
        return Loader(resource, self.run, self.before, self.settings, is_again=is_again)

    def check_policy(self) -> None:
        """Hold policy and key against the lake's; whose account it is does not matter here.

        Raises:
            SourceMismatchError: The lake was written under another privacy policy or key.
        """
        recorded = read_source(self.lake)
        if recorded is not None:
            same = self.settings.model_copy(update={"wistia_base_url": recorded.get("base_url")})
            check_source(self.lake, same, recorded.get("account"))

    def read_objects(self) -> Iterator[tuple[Version, list[bytes]]]:
        """Read the lines of every object that can be read; what cannot is damaged, or foreign."""
        # A killed run's object lies there too, and may yet be listed. A copy of one, hidden or
        # under another name, holds the same records.
        lying = {one.key for root in (RAW, QUARANTINE) for one in self.lake.entries(root)}
        listed = listings(self.before).keys()
        for key in sorted(listed | lying):
            body = self.lake.get(key)
            lines = unpack_lines(body)
            unread = self.damaged if key in listed or is_object(key) else self.foreign
            if lines is not None:
                yield Version(key, ""), lines
            # One that is not there was removed by a command that was broken off, or lost.
            elif body is not None and key not in unread:
                unread.append(key)

    def name_foreign(self) -> None:
        """Say which files beside the objects were not looked into: they may tell of somebody."""
        if self.foreign:
            more = f" and {len(self.foreign) - 1:,} more files" if len(self.foreign) > 1 else ""
            log.warning(
                "%s%s: no object is named so, and nobody looked into it; `wistia-elt doctor "
                "--lake` names each, remove it when it is not wanted",
                *(self.foreign[0], more),
            )

    def read_older(self) -> Iterator[tuple[Version, list[bytes] | None]]:
        """Read the lines of every version that a bucket keeps; None of one that cannot be read."""
        for root in (RAW, QUARANTINE):
            for version in self.lake.list_older(root):
                yield version, unpack_lines(self.lake.get_older(version))

    @contextmanager
    def looking_at_older(self) -> Iterator[None]:
        """Note `OLDER` as damaged where a role may not look there."""
        try:
            yield
        except LakeError as error:
            log.warning("%s", error)
            self.damaged.append(OLDER)

    def announce(self, changes: dict[str, int]) -> None:
        """Say which objects are about to change, and in how many lines, before the first does."""
        self.manifest.rewriting = list(changes)
        self.manifest.removed = {
            layer: sum(n for key, n in changes.items() if key.startswith(root))
            for layer, root in (("bronze", RAW), ("quarantine", QUARANTINE))
        }
        self.run.save()

    def rewrite(self, change: Callable[[str, bytes], bytes | None]) -> None:
        """Put each announced object again, and bring the manifests up to date.

        `change(key, line)` gives the line that takes the place of one; None for none.
        """
        for key in self.manifest.rewriting:
            lines = unpack_lines(self.lake.get(key)) or []
            kept = [new for line in lines if (new := change(key, line)) is not None]
            if kept:
                self.lake.put(key, compress(b"".join(line + b"\n" for line in kept)))
            else:
                self.lake.delete(key)
        self._relist([*self._broken, self.manifest])

    def complete_broken(self) -> None:
        """Bring the manifests up to date with what a killed command of this kind rewrote."""
        if self._broken:
            self._relist(self._broken)

    @property
    def _broken(self) -> list[Manifest]:
        return [run for run in self.before if run.rewriting and run.kind == self.manifest.kind]

    def _relist(self, by: list[Manifest]) -> None:
        """List in every manifest what the objects hold by now that these commands rewrote."""
        keys = {key for run in by for key in run.rewriting}
        runs = [*self.before, self.manifest]
        renamed = {old: new for run in runs for old, new in run.renamed.items()}

        def describe(stored: StoredObject) -> StoredObject | None:
            body = self.lake.get(stored.key) if stored.key in keys else None
            lines = unpack_lines(body)
            if lines is not None:
                return describe_object(stored.key, body or b"", len(lines))
            # An object that cannot be read is no forget's doing: its listing goes on saying so.
            return None if stored.key in keys and body is None else stored

        for run in self.before:
            was = run.model_dump_json()
            for entry in run.resources:
                # Digests of rows, the person's perhaps among them: the next crawl begins again.
                entry.resume = None
                entry.relist(describe)
            for key in keys & set(run.replayed):
                taken = Counter(renamed.get(digest, digest) for digest in run.replayed[key])
                there = Counter(map(short_digest, unpack_lines(self.lake.get(key)) or ()))
                run.replayed[key] = list((taken & there).elements())
            if run.model_dump_json() != was:
                run.save(self.lake)
        forget_ended(self.lake)
        for run in by:
            if run is not self.manifest:
                run.rewriting, run.renamed = [], {}
                run.save(self.lake)


@contextmanager
def open_job(settings: Settings, lake: Lake, kind: Kind, clock: Clock) -> Iterator[Job]:
    """Hold the ingest's lock and record a run of this kind while the block lasts.

    Raises:
        LakeBusyError: An ingest, or another such command, is at work; any run where lists change.
    """
    with lake.lock("ingest"):
        before = close_dead_runs(lake, clock, rolls_up=True)
        if kind in _REWRITING:
            refuse_while_at_work(lake, before)
        remove_unlisted(lake, before)
        run = start_run(lake, kind, code_version(), clock)
        with run.recorded(), run.stage(kind):
            yield Job(settings, lake, run, before)


@contextmanager
def if_durable(record: BaseModel) -> Iterator[None]:
    """Let what the block notes in a record stand only when the block, a flush, succeeds."""
    before = dict(record)
    try:
        yield
    except BaseException:
        for name, value in before.items():
            setattr(record, name, value)
        raise


def resource_of(key: str) -> Resource | None:
    """The resource that an object of bronze or quarantine is of."""
    return _BY_NAME.get(f"{key}/".split("/")[1])


def record_in(key: str, line: bytes) -> object:
    """The record that a line of bronze or quarantine holds."""
    content = json.loads(line)
    return content.get("record") if key.startswith(QUARANTINE) else content
