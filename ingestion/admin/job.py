"""What the commands that look after a lake share: replay, import, forget, redact, rebuild.

Each is a run of its own: under the ingest's lock, with a manifest of its kind, which says what it
took, so that nothing is taken twice. What a killed one wrote and did not list is removed when the
next begins: its source is still there and is taken again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.config.version import code_version
from ingestion.load.loader import Loader
from ingestion.state.recovery import close_dead_runs, remove_unlisted
from ingestion.state.run import start_run
from ingestion.state.source_guard import check_source, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from ingestion.config.settings import Settings
    from ingestion.config.timestamps import Clock
    from ingestion.load.redaction import Redactor
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Kind, Manifest
    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake


@dataclass(slots=True)
class Job:
    """One command's tools: its lake, its record, and the runs before it, oldest first."""

    settings: Settings
    lake: Lake
    run: RunRecord
    before: list[Manifest]

    @property
    def manifest(self) -> Manifest:
        """What the command writes of itself."""
        return self.run.manifest

    def open(self, resource: Resource, redact: Redactor) -> Loader:
        """Open a resource's loader."""
        return Loader(resource, self.run, self.before, self.settings.overlap, redact)


@contextmanager
def open_job(settings: Settings, lake: Lake, kind: Kind, clock: Clock) -> Iterator[Job]:
    """Hold the ingest's lock and record a run of this kind while the block lasts.

    Raises:
        LakeBusyError: An ingest, or another such command, is at work.
    """
    with lake.lock("ingest"):
        before = close_dead_runs(lake, clock, rolls_up=True)
        remove_unlisted(lake, before)
        run = start_run(lake, kind, code_version(), clock)
        with run.recorded(), run.stage(kind):
            yield Job(settings, lake, run, before)


def check_policy(settings: Settings, lake: Lake) -> None:
    """Hold policy and key against the lake's; whose account it is does not matter here."""
    recorded = read_source(lake)
    if recorded is not None:
        same = settings.model_copy(update={"wistia_base_url": recorded.get("base_url")})
        check_source(lake, same, recorded.get("account"))


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
