"""A disk that is full or read-only is called so by every stage that meets it."""

import errno
import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from flows.cli.look.doctor import _check_lake
from flows.stages.dbt import _failure, _is_full, run_dbt
from flows.stages.publish import _disk_watched, copy, make_pages
from ingestion.config.errors import BuildError, LakeError
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake, sync_folder
from reports.errors import PagesError
from reports.node import SITE
from tests.support.commands.command_line import COMMAND, CommandLine
from tests.support.machine.small_disk import fill, make_read_only, small_disk


def test_a_build_on_a_full_disk_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        settings = Settings(lake_uri=str(disk / "lake"))
        settings.work_path.mkdir()
        fill(disk)

        with pytest.raises(BuildError, match="no space left to build in") as caught:
            run_dbt(
                settings,
                "parse",
                target="local",
                as_of_date="2026-01-10",
                work_dir=settings.work_path / ".dbt",
                environment={"WAREHOUSE_PATH": str(disk / "warehouse.duckdb")},
            )

    assert "free some space" in caught.value.remedy


@pytest.mark.parametrize(
    "said",
    [
        'IO Error: Could not write file "a.duckdb": No space left on device',
        "OSError: [Errno 28] No space left on device: 'dbt.log'",
        "OSError: [Errno 122] Disk quota exceeded",
        "sqlite3.OperationalError: database or disk is full",
    ],
)
def test_what_engines_say_of_a_full_disk_is_known(said: str, tmp_path: Path) -> None:
    assert _is_full(said, tmp_path / ".dbt")
    assert not _is_full("Runtime Error in model fact_visitors", tmp_path / ".dbt")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (137, ""),
        (-9, ""),
        (2, "Out of Memory Error: failed to pin block of size 256.0 KiB (9.5 MiB/9.5 MiB used)"),
        (1, "OSError: [Errno 12] Cannot allocate memory"),
        (134, "terminate called after throwing an instance of 'std::bad_alloc'"),
    ],
)
def test_no_memory_is_called_so(code: int, said: str, tmp_path: Path) -> None:
    error = _failure(code, [], said, tmp_path / ".dbt")

    assert "no memory was left" in str(error)
    assert "free some memory" in error.remedy


def test_a_limit_of_threads_is_called_so(tmp_path: Path) -> None:
    error = _failure(2, [], "RuntimeError: can't start new thread", tmp_path / ".dbt")

    assert "may have no more of them" in str(error)
    assert "ulimit -u" in error.remedy


def test_a_lake_on_a_full_disk_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        lake = LocalLake(disk / "lake")
        lake.put("state/kept.json", b"kept")
        fill(disk)

        with pytest.raises(LakeError, match="no space left to write") as caught:
            lake.put("raw-data/part.json.gz", b"x" * 9_000)

        assert lake.get("state/kept.json") == b"kept"
        assert list(lake.list("")) == ["state/kept.json"]
    assert "free some space" in caught.value.remedy


def test_a_read_only_lake_says_so_whatever_is_done(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        lake = LocalLake(disk / "lake")
        lake.put("state/kept.json", b"kept")
        make_read_only(disk)

        with pytest.raises(LakeError, match="its file system is read-only") as written:
            lake.put("raw-data/part.json.gz", b"x")
        with pytest.raises(LakeError, match="read-only"), lake.lock("ingest"):
            pass
        with pytest.raises(LakeError, match="read-only"):
            LocalLake(disk / "new")
        assert lake.get("state/kept.json") == b"kept"
    assert "mount it for writing" in written.value.remedy


def test_doctor_holds_the_free_space_against_what_a_run_needs(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 20) as disk:
        with pytest.raises(LakeError, match=r"a run needs 0\.1 GB there") as caught:
            _check_lake(Settings(lake_uri=str(disk / "lake")))
        assert "free some space" in caught.value.remedy


def test_a_folder_that_cannot_be_synced_is_passed_over(tmp_path: Path) -> None:
    assert sync_folder(tmp_path)
    # The kernel answers EINVAL there, as some network shares do.
    assert not sync_folder(Path("/proc"))


def test_pages_on_a_full_disk_say_so_and_the_last_good_ones_stay(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        settings = Settings(lake_uri=str(disk / "lake"))
        lake = LocalLake(settings.lake_path)
        settings.site_path.mkdir(parents=True)
        (settings.site_path / "index.html").write_text("the last good one")
        fill(disk)

        with (
            pytest.raises(PagesError, match="No space left on device") as made,
            _disk_watched(settings.work_path),
        ):
            make_pages(settings, lake, "v22.0.0", lambda _doing: None)
        assert (settings.site_path / "index.html").read_text() == "the last good one"

        (tmp_path / "site").mkdir()
        elsewhere = settings.model_copy(
            update={"lake_uri": str(tmp_path / "lake"), "site_uri": str(disk / "copied")}
        )
        elsewhere.site_path.mkdir(parents=True)
        (elsewhere.site_path / "index.html").write_text("x" * 9_000)
        with pytest.raises(PagesError, match="No space left on device"):
            copy(elsewhere, lambda _doing: None)
    assert "free at least 1 GB" in made.value.remedy


def test_a_place_for_pages_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    settings = Settings(lake_uri=str(tmp_path / "lake"))
    settings.work_path.mkdir(parents=True)
    (settings.work_path / ".pages").write_text("in the way")
    with (
        pytest.raises(PagesError, match="the pages cannot be made, at") as made,
        _disk_watched(settings.work_path),
    ):
        make_pages(settings, LocalLake(tmp_path / "lake"), "v22.0.0", lambda _doing: None)
    assert "move the file away" in made.value.remedy


@pytest.mark.parametrize(
    ("number", "place", "remedy"),
    [
        (errno.EACCES, SITE / ".install.lock", f"let this user write in {SITE}"),
        (errno.EROFS, SITE / ".install.lock", f"let this user write in {SITE}"),
        (errno.ENOENT, SITE / "node_modules" / "a font", f"remove {SITE / 'node_modules'}"),
        (errno.EDQUOT, SITE / "node_modules", "free at least 1 GB"),
    ],
)
def test_what_keeps_pages_from_being_made_is_named_by_its_cause(
    tmp_path: Path, number: int, place: Path, remedy: str
) -> None:
    with pytest.raises(PagesError, match=re.escape(str(place))) as made, _disk_watched(tmp_path):
        raise OSError(number, os.strerror(number), str(place))

    assert remedy in made.value.remedy


def test_a_build_where_shared_memory_is_closed_says_so(tmp_path: Path) -> None:
    """As in a container, or a bare system, whose /dev/shm nobody mounted."""
    if os.geteuid():
        pytest.skip("needs root to close /dev/shm for one process")
    lake = CommandLine(tmp_path)
    closed = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none /dev/shm && exec "$@"']
    done = subprocess.run(
        [*closed, "sh", str(COMMAND), "build"],
        cwd=tmp_path,
        env=lake.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "this user may make no semaphores (Read-only file system)" in done.stderr
    assert "try: mount /dev/shm" in done.stderr


def test_a_disk_that_holds_no_more_files_is_not_called_short_of_bytes(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1, files=20) as disk:
        lake = LocalLake(disk / "lake")

        for number in range(40):
            with suppress(OSError):
                (disk / f"another's {number}").touch()
        with pytest.raises(LakeError, match="holds no more files") as caught:
            lake.put("raw-data/part.json.gz", b"x")

    assert "df -i" in caught.value.remedy
