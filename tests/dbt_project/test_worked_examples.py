"""docs/adding.md, carried out in a copy: a resource read, its models built, its page asked."""

import json
import os
import re
import shutil
import subprocess
import sys
from http.server import ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest

from tests.support.machine.listening import Quiet, serving
from tests.support.machine.servers import ROOT

_BLOCK = re.compile(r"^```diff (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLAYS = {"abc": 40, "xyz": 7}


def apply(project: Path, name: str, block: str) -> None:
    """Do to a file what a block says; what is to go must be there, once."""
    lines = block.splitlines(keepends=True)
    gone = "".join(line[1:] for line in lines if line[0] != "+")
    come = "".join(line[1:] for line in lines if line[0] != "-")
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert not gone or text.count(gone) == 1, f"docs/adding.md speaks of another {name}"
    path.write_text(text.replace(gone, come) if gone else text + come, encoding="utf-8")


class Wistia(Quiet):
    """Answers the one address, and the time; the stand-in does not know it."""

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        found = re.fullmatch(r"/v1/medias/(\w+)/stats", self.path.partition("?")[0])
        plays = PLAYS.get(found[1]) if found else None
        body = {"stats": {"plays": plays, "visitors": 5, "averagePercentWatched": 25.5}}
        self.send_response(404 if plays is None else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({} if plays is None else body).encode())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with everything added that the document adds."""
    folder = tmp_path_factory.mktemp("worked") / "project"
    for part in ("ingestion", "dbt_project"):
        leave = shutil.ignore_patterns("target", "logs", "__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=leave)
    shutil.copy(ROOT / "profiles.yml", folder)
    blocks = _BLOCK.findall((ROOT / "docs" / "adding.md").read_text(encoding="utf-8"))
    assert len(blocks) == 11
    for name, block in blocks:
        apply(folder, name, block)
    return folder


def run(project: Path, *command: str, **environment: str) -> str:
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("WISTIA_", "LAKE_", "PII_"))}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env={**clean, "PYTHONPATH": str(project), "DBT_PROFILES_DIR": str(project), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_the_document_adds_is_read_built_and_asked(project: Path) -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Wistia)) as port:
        said = run(
            project,
            "ingestion",
            "--resource",
            "media_summary",
            WISTIA_BASE_URL=f"http://127.0.0.1:{port}/v1",
            WISTIA_API_TOKEN="x",
            WISTIA_MEDIA_IDS="abc,xyz",
        )
    assert re.search(r"^media_summary +\d+ +2 +0 +0", said, re.MULTILINE), said

    said = run(
        project,
        "dbt.cli.main",
        "build",
        "--project-dir",
        "dbt_project",
        "--select",
        "+pages.media_summary",
    )
    assert "unit_test" in said

    query = (project / "reports/site/queries/summary/videos.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(project / "lake" / "warehouse.duckdb"), read_only=True) as tables:
        assert tables.sql(query).fetchall() == [("abc", 40, 0.255), ("xyz", 7, 0.255)]


def test_the_page_asks_only_queries_and_tables_that_there_are(project: Path) -> None:
    site = project / "reports" / "site"
    page = (site / "pages" / "summary.md").read_text(encoding="utf-8")
    queries = re.findall(r"^  - \w+: (\S+\.sql)$", page, re.MULTILINE)
    here = [q for q in queries if not (ROOT / "reports/site/queries" / q).exists()]
    assert here == ["summary/videos.sql"]
    models = {path.stem for path in (project / "dbt_project/models/pages").glob("*.sql")}
    assert {path.stem for path in (site / "sources" / "pages").glob("*.sql")} <= models
    components = {path.stem for path in (ROOT / "reports/site/components").rglob("*.svelte")}
    assert set(re.findall(r"<([A-Z]\w+)", page)) <= components
