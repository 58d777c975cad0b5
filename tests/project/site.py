"""`make docs`: the documents as a site with search.

The documents link to each other and to the code, which Markdown on a code host shows as it is.
A site needs both in one folder: every document and every file that one links to is copied there
in its place, and MkDocs builds it, strictly: a dead link fails the build.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.machine.checkout import text_of, tracked
from tests.support.machine.servers import ROOT

SITE = ROOT / "build" / "docs"
# Forms of the code host, texts of dbt and of the pages.
_NO_DOCUMENTS = (".github", "dbt_project/models", "reports/site/pages")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")


def build(site: Path = SITE) -> subprocess.CompletedProcess[str]:
    """Build the site in a folder; what it was before is gone."""
    with TemporaryDirectory() as work:
        stage = Path(work)
        shutil.copy(ROOT / "docs" / "mkdocs.yml", stage)
        for name in tracked():
            if name.endswith(".md") and not name.startswith(_NO_DOCUMENTS):
                copy(name, stage / "pages")
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--quiet"]
        return subprocess.run(
            [*command, "--site-dir", str(site)],
            cwd=stage,
            # It would tell of its successor, Zensical, which wants another pathspec than dbt.
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            capture_output=True,
            text=True,
            check=False,
        )


def copy(name: str, pages: Path) -> None:
    """Copy a document, and the files that it links to."""
    document = pages / name

    def at_hand(link: re.Match[str]) -> str:
        mark, said, target, anchor = link.groups(default="")
        path = (ROOT / name).parent / target
        if not target or "://" in target or target.endswith(".md"):
            return link[0]
        if path.is_dir():
            # A site has no listing of a folder.
            index = path / "README.md"
            return f"[{said}]({target.rstrip('/')}/README.md{anchor})" if index.exists() else said
        # A site leaves out what is hidden.
        inside = path.resolve().relative_to(ROOT.resolve())
        place = pages.joinpath(*(part.removeprefix(".") for part in inside.parts))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
        return f"{mark}[{said}]({os.path.relpath(place, document.parent)}{anchor})"

    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(_LINK.sub(at_hand, text_of(name)), encoding="utf-8")


if __name__ == "__main__":
    try:
        done = build()
    except pytest.skip.Exception as reason:
        sys.exit(f"error: {reason}\ntry: clone the project, and run `make docs` there")
    sys.stderr.write(done.stderr)
    if done.returncode == 0:
        sys.stdout.write(f"{SITE.relative_to(ROOT)}/index.html\n")
    sys.exit(done.returncode)
