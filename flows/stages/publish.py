"""Gold to pages: export, documentation, build, and the copy at SITE_URI."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from flows.stages.dbt import PROJECT_DIR, run_dbt
from reports.compression import compress_folder
from reports.documentation import export_artifacts, write_page
from reports.errors import PagesError
from reports.evidence import build, leave_out, prepare, take_place
from reports.export import attach_file, export_tables
from reports.history import read_history
from reports.node import SITE, find_node, install_packages
from reports.upload import copy_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake
    from reports.export import Attach


_PLAIN = re.compile(r"[\w./ -]+")


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did."""

    # Whether the pages were built; else nothing had changed since the last ones.
    is_new: bool
    # How many files went to SITE_URI; None where that is not set.
    copied: int | None


def publish(
    settings: Settings, lake: Lake, *, as_of_date: str, say: Callable[[str], None]
) -> Published:
    """Make the pages of the last good tables, and copy them to SITE_URI where that is set.

    Raises:
        NodeError: Node is missing or too old.
        PagesError: The pages cannot be made or copied; the last good ones stay.
        LakeBusyError: Another publication is at work.
    """
    version = find_node()
    with lake.lock("publish"):
        with _disk_watched(settings.work_path):
            install_packages(say)
            make_docs(settings, as_of_date, say)
            is_new = make_pages(settings, lake, version, say)
        copied = copy(settings, say)
    return Published(is_new, copied)


def copy(settings: Settings, say: Callable[[str], None]) -> int | None:
    """Copy the last good pages and documentation to SITE_URI, if set; gives the files changed."""
    if not settings.site_uri:
        return None
    say(f"copying the pages to {settings.site_uri}")
    return copy_site(settings.site_path, settings.docs_path, settings.site_uri)


def open_tables(settings: Settings) -> Attach:
    """The last good tables of the pages, on the engine that keeps them."""
    if settings.on_s3:
        # awswrangler costs a second and 100 MB: a folder does without.
        from flows.athena.pages import attach_unloaded  # noqa: PLC0415

        return partial(attach_unloaded, settings)
    return partial(attach_file, settings.warehouse_path)


def make_pages(settings: Settings, lake: Lake, version: str, say: Callable[[str], None]) -> bool:
    """Build the pages; False where the last good ones are of the same data, sources and Node."""
    with build_folder(settings.work_path / ".pages") as work:
        data = prepare(work)
        leave_out(work, export_tables(open_tables(settings), read_history(lake).records(), data))
        results = settings.work_path / ".dbt" / "target" / "run_results.json"
        export_artifacts(_documents(settings) / "target" / "manifest.json", results, data)
        return _rebuild(settings, work, version, say)


@contextmanager
def build_folder(usual: Path) -> Iterator[Path]:
    """A folder for a build of pages to work in; where it fails its log is in the usual one.

    Evidence writes its folder into SQL and patterns as it is: one of other signs lies elsewhere.
    """
    if _PLAIN.fullmatch(str(usual)):
        yield usual
    else:
        with TemporaryDirectory(prefix="wistia-elt-") as folder:
            work = Path(folder) / "pages"
            try:
                yield work
            except PagesError as error:
                usual.mkdir(exist_ok=True)
                for log in work.glob("*.log"):
                    shutil.copy(log, usual)
                error.remedy = error.remedy.replace(str(work), str(usual))
                raise
    shutil.rmtree(usual, ignore_errors=True)


def _rebuild(settings: Settings, work: Path, version: str, say: Callable[[str], None]) -> bool:
    mark = settings.work_path / "site.digest"
    lock = (SITE / "package-lock.json").read_bytes()
    made_of = f"{version}{_digest_of(work, skip={'node_modules'})}".encode()
    wanted = hashlib.sha256(made_of + lock).hexdigest()
    if (settings.site_path / "index.html").is_file() and _read(mark) == wanted:
        return False
    built = build(work, say)
    say("compressing the pages")
    compress_folder(built, settings.site_path)
    # Without a mark a killed swap is done again.
    mark.unlink(missing_ok=True)
    take_place(built, settings.site_path)
    mark.write_text(wanted, encoding="utf-8")
    return True


def _documents(settings: Settings) -> Path:
    return settings.work_path / ".dbt-docs"


def make_docs(settings: Settings, as_of_date: str, say: Callable[[str], None]) -> None:
    """Make dbt's page of all tables, when the project has changed since the last one."""
    documents = _documents(settings)
    mark = documents / "digest"
    wanted = _digest_of(PROJECT_DIR, skip={"target", "logs", "dbt_packages"})
    if (settings.docs_path / "index.html").is_file() and _read(mark) == wanted:
        return
    say("writing the documentation of the tables")
    run_dbt(
        settings,
        # Nothing is asked of the lake or the warehouse: types and meanings are declared.
        *("docs", "generate", "--empty-catalog"),
        target="lint",
        as_of_date=as_of_date,
        work_dir=documents,
        # DuckDB would look into a bucket for files; without a lake it has nowhere to look.
        environment={"LAKE_URI": str(documents / "no-lake")},
    )
    fresh = documents / "page"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    database = "awsdatacatalog" if settings.on_s3 else settings.warehouse_path.stem
    write_page(documents / "target", fresh / "index.html", database)
    compress_folder(fresh)
    take_place(fresh, settings.docs_path)
    mark.write_text(wanted, encoding="utf-8")


def _digest_of(folder: Path, *, skip: set[str]) -> str:
    held = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not skip & set(inside.parts):
            held.update(f"{inside}\0{path.stat().st_size}\0".encode())
            held.update(path.read_bytes())
    return held.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


@contextmanager
def _disk_watched(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = Path(error.filename or folder)
        # Of a folder that is copied, only the words tell.
        if error.errno in {errno.ENOSPC, errno.EDQUOT} or "No space left" in str(error):
            remedy = "free at least 1 GB there"
        elif error.errno in {errno.EEXIST, errno.ENOTDIR}:
            remedy = "move the file away that stands where a folder should be"
        elif isinstance(error, FileNotFoundError) and SITE in place.parents:
            remedy = f"remove {SITE / 'node_modules'}, of which a part is missing"
        else:
            remedy = f"let this user write in {place if place.is_dir() else place.parent}"
        raise PagesError(
            f"the pages cannot be made, at {place}: {error.strerror or error}",
            f"{remedy}, then run `wistia-elt publish`; the last good pages stay",
        ) from error
