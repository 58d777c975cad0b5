"""A folder with a lake and a warehouse, and dbt run in it as a user runs it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from flows.stages.build import build
from flows.stages.dbt import BuildResult
from ingestion.admin.rebuild import rebuild
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.support.bronze.writer import BronzeWriter

ROOT = Path(__file__).parents[3]
OUR_SETTINGS = ("LAKE_URI", "WAREHOUSE_PATH", "SILVER_URI", "GOLD_URI", "AS_OF_DATE")


@dataclass(frozen=True)
class DbtHome:
    """One lake at `folder/lake`, the defaults of every setting, dbt's files in `target`.

    The paths are relative and the environment is the same in every home, so homes share
    one partially parsed project: a second parse would cost each run five seconds.
    """

    folder: Path
    target: Path

    @property
    def bronze(self) -> BronzeWriter:
        """Writes into this home's lake."""
        return BronzeWriter(self.folder / "lake")

    @property
    def warehouse(self) -> Path:
        """DuckDB's file."""
        return self.folder / "lake" / "warehouse.duckdb"

    def dbt(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run dbt with `arguments`, the working directory outside the repository."""
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in OUR_SETTINGS and not name.startswith(("DBT_", "AWS_", "PYTHONDONT"))
        }
        command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments]
        command += ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT)]
        command += ["--target-path", str(self.target), "--log-path", str(self.target / "logs")]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**clean, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, as_of: str, *arguments: str) -> str:
        """Build every table and test, unit tests left out; returns what dbt printed."""
        command = ("build", "--exclude-resource-type", "unit_test", *arguments)
        done = self.dbt(*command, AS_OF_DATE=as_of)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def build_increment(self, as_of: str, *, full_refresh: bool = False) -> BuildResult:
        """List what lies there in manifests, and build what is new to the last good build."""
        folder = self.warehouse.parent
        settings, lake = Settings(lake_uri=str(folder)), LocalLake(folder)
        target = folder / ".dbt" / "target"
        if not target.exists():
            target.parent.mkdir(parents=True)
            target.symlink_to(self.target)
        rebuild(settings, lake)
        return build(settings, lake, as_of_date=as_of, full_refresh=full_refresh)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of `query` from the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.sql(query).fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every table of silver and gold, rows in order of all columns."""
        names = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' and table_schema <> 'bronze' order by 1"
        )
        return {name: self.rows(f"select * from {name} order by all") for (name,) in names}  # noqa: S608
