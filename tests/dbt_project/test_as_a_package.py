"""Another dbt project uses this one as a package, and its own model reads our gold."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb

from tests.support.bronze.writer import BronzeWriter
from tests.support.machine.servers import ROOT

FILES = {
    "dbt_project.yml": (
        "name: theirs\nversion: '1.0'\nconfig-version: 2\nprofile: theirs\n"
        "flags: {{send_anonymous_usage_stats: false}}\n"
    ),
    "packages.yml": "packages:\n  - local: {path}\n",
    "profiles.yml": (
        "theirs:\n  target: dev\n  outputs:\n    dev: {{type: duckdb, path: theirs.duckdb}}\n"
    ),
    "models/best.sql": (
        "select media_id from {{{{ ref('wistia_elt', 'fact_media_performance') }}}}\n"
    ),
}


def dbt(project: Path, *arguments: str, **environment: str) -> None:
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("LAKE_", "DBT_", "AS_OF_"))}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), *arguments],
        cwd=project,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_package_by_its_path_builds_in_anothers_warehouse(tmp_path: Path) -> None:
    project = tmp_path / "theirs"
    for name, text in FILES.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(path=ROOT / "dbt_project"))
    bronze = BronzeWriter(tmp_path / "lake")
    bronze.write_media("abc", {"load_count": 3, "play_count": 1}, "2026-01-09T00:00:00Z")

    dbt(project, "deps")
    only = ("--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
    dbt(project, "build", "--select", "+best", *only, LAKE_URI=str(tmp_path / "lake"))

    with duckdb.connect(str(project / "theirs.duckdb"), read_only=True) as tables:
        assert tables.sql("select media_id from best").fetchall() == [("abc",)]
