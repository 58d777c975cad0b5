"""The builder of the pages, Evidence, as a subprocess: sources, build, and what it hides.

It works in a folder of its own, so that neither the repository nor another lake's pages are
written to. It exits 0 although a page shows "Error in Query!": what it prints and what it
wrote are searched for that. The pages take the place of the last good ones when they are
whole, compressed beforehand.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from reports.errors import PagesError
from reports.node import SITE, run_node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_SOURCES_SECONDS = 600
_BUILD_SECONDS = 2_400
_COPIED = (
    *("pages", "queries", "components", "sources", "static"),
    *("app.css", "package.json", "evidence.config.yaml", "evidence.settings.json"),
)
# Evidence leaves its own fonts out of a build; the one that the pages use is put in.
_FONT = "@evidence-dev/tailwind/fonts/Inter-3.19/Inter-roman.var.woff2"
# With its version, since browsers keep it forever; pages/+layout.svelte names it.
_FONT_NAME = "inter-3.19.woff2"
_FAILED = re.compile(
    r"Error in Query|Catalog Error|Binder Error|Parser Error|IO Error|Conversion Error|"
    r"Internal Error \||Failed to load sql file|\[ERROR\]|✗|Build failed|ENOSPC|heap out of memory"
)
_NOISE = re.compile(r"^npm warn|^\s*at |node:internal|^Node\.js|^\s*\^|^node:events")
# Says that it failed; the line before it that names an error says why.
_LAST_WORD = re.compile(r"Build failed")
_CAUSE = re.compile(r"\w*Error: |error:|Could not|Cannot ")


def prepare(work: Path, site: Path = SITE) -> Path:
    """Empty the folder a build works in and lay out the site's sources; gives its `data`, empty."""
    shutil.rmtree(work, ignore_errors=True)
    data = work / "data"
    data.mkdir(parents=True)
    for name in _COPIED:
        source = site / name
        if source.is_dir():
            shutil.copytree(source, work / name)
        else:
            shutil.copy(source, work / name)
    (work / "static" / "fonts").mkdir()
    shutil.copy(site / "node_modules" / _FONT, work / "static" / "fonts" / _FONT_NAME)
    (work / "node_modules").symlink_to(site / "node_modules", target_is_directory=True)
    return data


def leave_out(work: Path, rows: Mapping[str, int]) -> None:
    """Take out the pages a row each, `[media].md`, of tables without rows.

    The builder fails where no address of such a page is found.
    """
    for page in sorted((work / "pages").rglob("[[]*[]].md")):
        if rows.get(page.stem.strip("[]")) == 0:
            page.unlink()


def build(work: Path, say: Callable[[str], None]) -> Path:
    """Make the pages of the tables in `<work>/data`; gives their folder."""
    say("reading the tables of the pages")
    _step(work, ["npx", "--no", "evidence", "sources", "--strict"], _SOURCES_SECONDS)
    _check_sources(work)
    say("building the pages (a minute or two)")
    _step(work, ["npx", "--no", "evidence", "build:strict"], _BUILD_SECONDS)
    built = work / "build"
    _check_pages(built)
    # Column types of each source, of use to Evidence's editor alone.
    for path in built.glob("data/*/*/*.schema.json"):
        path.unlink()
    return built


def take_place(built: Path, site: Path) -> None:
    """Put new pages where the last good ones are.

    A reader finds the old or the new ones, or for an instant none.
    """
    old, new = site.with_name(site.name + ".old"), site.with_name(site.name + ".new")
    for rest in (old, new):
        shutil.rmtree(rest, ignore_errors=True)
    site.parent.mkdir(parents=True, exist_ok=True)
    # Built on another disk, they cannot be renamed into their place.
    shutil.move(built, new)
    if site.exists():
        site.rename(old)
    try:
        new.rename(site)
    except OSError:
        if old.exists():
            old.rename(site)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _step(work: Path, command: list[str], seconds: float) -> None:
    ended = run_node(command, work, seconds)
    wrong = [line.strip() for line in ended.lines if _FAILED.search(line)]
    if ended.code == 0 and not wrong:
        return
    step, said = command[3], "\n".join(ended.lines)
    log = work / f"{step.replace(':', '-')}.log"
    log.write_text(f"{said}\n", encoding="utf-8")
    remedy = f"read {log}; the last good pages stay, and `wistia-elt publish` tries again"
    if "ENOSPC" in said:
        remedy = "free at least 1 GB and run `wistia-elt publish`; the last good pages stay"
    elif "heap out of memory" in said or ended.code in {137, 134}:
        remedy = "a build takes up to 4 GB of memory: free some and run `wistia-elt publish`"
    why = f"the pages cannot be built: {_cause(ended.lines, wrong)}"
    if ended.code is None:
        why = f"the pages were not done after {seconds / 60:.0f} minutes, in `evidence {step}`"
    raise PagesError(why, remedy)


def _cause(lines: list[str], wrong: list[str]) -> str:
    told = [line.strip() for line in lines if line.strip() and not _NOISE.search(line)]
    causes = [line for line in wrong if not _LAST_WORD.search(line)]
    causes += [line for line in told if _CAUSE.search(line)]
    return " ".join((causes or wrong or told or ["no output"])[0].split())[:300]


def _check_sources(work: Path) -> None:
    """Hold what the builder took in against what was to go in: it leaves out in silence."""
    wanted = {path.stem for path in (work / "sources").glob("*/*.sql")}
    manifest = work / ".evidence" / "template" / "static" / "data" / "manifest.json"
    try:
        rendered = json.loads(manifest.read_text(encoding="utf-8"))["renderedFiles"]
    except (OSError, ValueError, KeyError):
        rendered = {}
    found = {
        name.rpartition("/")[2].removesuffix(".parquet") for n in rendered for name in rendered[n]
    }
    if missing := sorted(wanted - found):
        raise PagesError(
            f"the pages cannot be built: no table {', '.join(missing)} was exported",
            "run `wistia-elt build`, then `wistia-elt publish`; the last good pages stay",
        )


def _check_pages(built: Path) -> None:
    if not (built / "index.html").is_file():
        raise PagesError(
            "the pages cannot be built: Evidence ended well and wrote no index.html",
            "run `wistia-elt publish` again; the last good pages stay",
        )
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if re.search(r"Error in Query|Application Error|Query Error", text):
            raise PagesError(
                f"the pages cannot be built: {page.relative_to(built)} shows an error",
                "correct the page's query and run `wistia-elt publish`; the last good pages stay",
            )
