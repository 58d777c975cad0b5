"""Two builds of one lake on both engines: a bucket that the daily run serves, a folder beside it.

The first is a full one, of what the other tests know to be nasty and of a history's first day.
The second is an increment: the history's later days, and what a run reads from the stand-in for
Wistia. Made once a session, by the fixture `both`.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from flows.stages.query import query
from ingestion.admin.rebuild import rebuild
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.support.aws.athena_stack import AthenaStack
from tests.support.bronze.history import land_first_day, land_fourth_day, land_second_day
from tests.support.bronze.nasty import land_nasty_day
from tests.support.commands.command_line import CommandLine
from tests.support.lakes.athena_home import AthenaHome, Rows, Tables, point_at, read_table
from tests.support.lakes.dbt_home import DbtHome
from tests.support.machine.servers import Sandbox, running_sandbox

AS_OF = "2026-01-12"
VISITORS = 600
# What an editor leaves among the manifests is no run, and no line of JSON.
STRANGE = "state/runs/a copy.json"


@dataclass(frozen=True)
class Build:
    """What was said, and every table of both engines after it; `truth` is the stand-in's."""

    said: str
    truth: dict[str, tuple[int, int]]
    local: Tables
    athena: Tables

    def column(self, table: str, *names: str) -> Rows:
        """Some columns of a table as Athena gives it."""
        return [tuple(dict(row)[name] for name in names) for row in self.athena[table]]


@dataclass
class Interrupted:
    """What was seen while the second build's run was killed, and run again."""

    answers: set[tuple[int, int, int]] = field(default_factory=set)
    second_build: subprocess.CompletedProcess[str] | None = None


@dataclass
class BothEngines:
    """One bronze, two homes of its tables.

    Attributes:
        stack: Whose Athena it is.
        command: `wistia-elt` with the bucket's settings.
        settings: The same settings, for functions.
        local: The folder, built by DuckDB.
        wistia: What the runs read.
    """

    stack: AthenaStack
    command: CommandLine
    settings: Settings
    local: DbtHome
    wistia: Sandbox
    interrupted: Interrupted = field(default_factory=Interrupted)
    _begun: set[str] = field(default_factory=set)
    _shared: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def first(self) -> Build:
        """A full build of what is nasty; no run has been there."""
        self._begin("first")
        land_first_day(self.local.bronze)
        land_nasty_day(self.local.bronze, is_readable=True)
        self._put_in_bucket()
        s3, bucket, prefix = self._bucket()
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{STRANGE}", Body=b"{half")
        return self._look(self.command.succeed("build"))

    @cached_property
    def second(self) -> Build:
        """A run that is killed in its build and run again while analysts ask: an increment."""
        assert self.first
        self._begin("second")
        land_second_day(self.local.bronze)
        land_fourth_day(self.local.bronze)
        self._put_in_bucket()
        with self._analysts():
            self._kill_a_run()
            with self.command.start("run") as run:
                self._wait_until_it_writes(run)
                self.interrupted.second_build = self.command.run("build")
                out, err = run.communicate()
            assert run.returncode == 0, out + err
        return self._look(out)

    @contextmanager
    def as_process(self) -> Iterator[None]:
        """AWS's clients of this process reach the stack, its working folder is the run's."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in point_at(self.stack).items():
                patch.setenv(name, value)
            # boto3 keeps the credentials that it found first.
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            patch.chdir(self.command.folder)
            yield

    def database(self, layer: str) -> str:
        return f"{self.settings.glue_database_prefix}{layer}"

    def read(self, table: str) -> Rows:
        """A table's rows as Athena gives them now; `silver.fact_visitors`."""
        layer, _, name = table.partition(".")
        with self.as_process():
            return read_table(self.settings, f"{self.database(layer)}.{name}")

    def build_anew(self) -> tuple[Tables, Tables]:
        """Every table of both, rebuilt from all of bronze."""
        self.command.succeed("build", "--full-refresh")
        self.local.build(AS_OF, "--full-refresh")
        with self.as_process():
            return self._local_tables(), self.home.tables()

    def _begin(self, build: str) -> None:
        """What failed for one test fails for the others, without minutes for each."""
        assert build not in self._begun, f"the {build} build failed before"
        self._begun.add(build)

    @property
    def home(self) -> AthenaHome:
        return AthenaHome(self.local.warehouse.parent, self.settings)

    def _look(self, said: str) -> Build:
        with self.as_process():
            self._get_from_bucket()
            self.local.build(AS_OF)
            truth = {
                one["visitor_key"]: (one["load_count"], one["play_count"])
                for one in self.wistia.truth()
            }
            return Build(said, truth, self._local_tables(), self.home.tables())

    def _local_tables(self) -> Tables:
        settings = Settings(lake_uri=str(self.local.warehouse.parent))
        return {name: read_table(settings, name) for name in sorted(self.local.tables())}

    def _bucket(self) -> tuple[Any, str, str]:
        bucket, _, prefix = self.settings.lake_uri.removeprefix("s3://").partition("/")
        return self.stack.client("s3"), bucket, prefix

    def _put_in_bucket(self) -> None:
        s3, bucket, prefix = self._bucket()
        lake = self.local.warehouse.parent
        # A build reads what manifests list.
        rebuild(Settings(lake_uri=str(lake)), LocalLake(lake))
        for path in sorted([*lake.glob("raw-data/**/*.gz"), *lake.glob("state/runs/*.json")]):
            key, body = path.relative_to(lake).as_posix(), path.read_bytes()
            if self._shared.get(key) != body:
                s3.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=body)
                self._shared[key] = body

    def _get_from_bucket(self) -> None:
        """Bronze and manifests; what a killed run left open is closed by the next."""
        s3, bucket, prefix = self._bucket()
        for folder in ("raw-data/", "state/runs/"):
            pages = s3.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=f"{prefix}/{folder}"
            )
            for found in (one for page in pages for one in page.get("Contents", [])):
                key = found["Key"].removeprefix(f"{prefix}/")
                if key == STRANGE or (key in self._shared and folder == "raw-data/"):
                    continue
                path = self.local.warehouse.parent / key
                path.parent.mkdir(parents=True, exist_ok=True)
                body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                path.write_bytes(body)
                self._shared[key] = body

    @contextmanager
    def _analysts(self) -> Iterator[None]:
        """Somebody who goes on asking gold while the block runs."""
        question = (
            "select count(*) as visitors, count(distinct visitor_key) as keys, "
            "(select count(*) from fact_media_performance) as media from fact_audience_insights"
        )
        ended = threading.Event()

        def ask() -> None:
            while not ended.wait(2):
                [row] = query(self.settings, question).rows
                self.interrupted.answers.add((row[0], row[1], row[2]))

        with self.as_process(), ThreadPoolExecutor(1) as pool:
            asking = pool.submit(ask)
            try:
                yield
            finally:
                ended.set()
            asking.result()

    def _kill_a_run(self) -> None:
        with self.command.start("run") as run:
            self._wait_until_it_writes(run)
            run.send_signal(signal.SIGKILL)
        self._wait_until_dbt_is_gone()
        # Its leases would run out by themselves, half a minute later.
        s3, bucket, prefix = self._bucket()
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/state/locks/")
        for one in found.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=one["Key"])

    def _wait_until_it_writes(self, run: subprocess.Popen[str]) -> None:
        """Until a run's build has merged a table and makes the next one."""
        log = self.command.folder / ".wistia-elt" / ".dbt" / "logs" / "dbt.log"
        size = log.stat().st_size if log.exists() else 0
        while b"create table" not in _rest(log, size).lower().partition(b"merge into")[2]:
            assert run.poll() is None, run.communicate()
            time.sleep(0.2)

    def _wait_until_dbt_is_gone(self) -> None:
        # It ends with its parent, at the next line it would write.
        pattern = f"dbt_child.*{self.command.folder}"
        while True:
            listed = subprocess.run(
                ["pgrep", "-f", pattern], capture_output=True, text=True, check=False
            )
            if not [pid for pid in listed.stdout.split() if int(pid) != os.getpid()]:
                return
            time.sleep(0.2)


def _rest(log: Path, start: int) -> bytes:
    if not log.exists():
        return b""
    with log.open("rb") as file:
        file.seek(start)
        return file.read()


@contextmanager
def both_engines(
    stack: AthenaStack, new_folder: Callable[[str], Path], visitors: int = VISITORS
) -> Iterator[BothEngines]:
    """The two homes, empty, in databases and a prefix of their own."""
    lake = stack.new_lake()
    settings = Settings(
        lake_uri=lake,
        glue_database_prefix=f"t{lake[-8:]}_",
        athena_workgroup=stack.environment["ATHENA_WORKGROUP"],
        athena_results_uri=stack.environment["ATHENA_RESULTS_URI"],
    )
    chosen = {
        "LAKE_URI": settings.lake_uri,
        "GLUE_DATABASE_PREFIX": settings.glue_database_prefix,
        "ATHENA_WORKGROUP": settings.athena_workgroup,
        "ATHENA_RESULTS_URI": str(settings.athena_results_uri),
        "AS_OF_DATE": AS_OF,
    }
    with running_sandbox(visitors=visitors, today="2026-01-10") as wistia:
        command = CommandLine(
            new_folder("bucket"), {**wistia.environment, **point_at(stack), **chosen}
        )
        local = DbtHome(new_folder("folder"), new_folder("target"))
        yield BothEngines(stack, command, settings, local, wistia)
