"""The folder lake: whole objects, one writer, and every way a disk says no."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from ingestion.config.errors import ConfigurationError, LakeBusyError, LakeError
from ingestion.config.settings import Settings
from ingestion.storage.base import open_lake
from ingestion.storage.local import LocalLake
from tests.support.machine.servers import ROOT
from tests.support.machine.small_disk import small_disk

KEY = "raw-data/visitors/ingest_date=2026-01-09/part.json.gz"


@pytest.fixture
def lake(tmp_path: Path) -> LocalLake:
    return LocalLake(tmp_path / "lake")


def another_process(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def test_a_put_replaces_and_leaves_nothing_beside(lake: LocalLake, tmp_path: Path) -> None:
    lake.put(KEY, b"old and longer")
    lake.put(KEY, b"new")

    assert lake.get(KEY) == b"new"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["part.json.gz"]


def test_a_killed_put_leaves_the_old_object_and_no_half_one(
    lake: LocalLake, tmp_path: Path
) -> None:
    lake.put(KEY, b"old")
    script = """
        import os, signal, sys
        from pathlib import Path
        from ingestion.storage.local import LocalLake
        lake = LocalLake(Path(sys.argv[1]))
        os.fsync = lambda _file: os.kill(os.getpid(), signal.SIGKILL)
        lake.put(sys.argv[2], b"new" * 100_000)
    """
    dead = another_process(script, tmp_path / "lake", KEY)
    dead.communicate(timeout=30)

    assert dead.returncode == -signal.SIGKILL
    assert lake.get(KEY) == b"old"
    assert list(lake.list("")) == [KEY]
    left = list((tmp_path / "lake/.tmp").iterdir())
    assert len(left) == 1
    with lake.lock("ingest"):
        assert not left[0].exists()


def test_what_a_living_writer_writes_is_swept_by_nobody(lake: LocalLake, tmp_path: Path) -> None:
    # Its process id says nothing: in another container it is another's, or nobody's.
    script = """
        import os, stat, sys
        from pathlib import Path
        from ingestion.storage.local import LocalLake
        sync = os.fsync
        def slow(file):
            if stat.S_ISREG(os.fstat(file).st_mode):
                print("writing", flush=True)
                sys.stdin.readline()
            sync(file)
        os.fsync = slow
        os.getpid = lambda: 2**22 + 1
        LocalLake(Path(sys.argv[1])).put(sys.argv[2], b"whole")
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "lake"), KEY]
    folder = tmp_path / "lake/.tmp"
    folder.mkdir()
    (folder / "12-part").write_bytes(b"half")
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        with lake.lock("ingest"):
            (left,) = folder.iterdir()
            assert left.name.endswith("-part.json.gz")
        writer.communicate("go on\n", timeout=30)

    assert writer.returncode == 0
    assert lake.get(KEY) == b"whole"
    assert list(folder.iterdir()) == []


def test_two_who_write_one_key_at_once_both_write_it_whole(lake: LocalLake) -> None:
    bodies = [bytes([number]) * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(lake.put, KEY), bodies))

    assert lake.get(KEY) in bodies


def test_a_file_where_the_lake_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    for uri in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(ConfigurationError, match="a file stands where") as caught:
            open_lake(Settings(lake_uri=str(uri)))
        assert str(uri) in str(caught.value)
        assert "LAKE_URI" in caught.value.remedy
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("name", ["raw-data", "raw-data/visitors", ".tmp"])
def test_a_file_where_a_folder_of_the_lake_should_be(
    lake: LocalLake, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "lake" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")

    with pytest.raises(LakeError, match="a file stands where a folder should be"):
        lake.put(KEY, b"body")
    assert path.read_text() == "x"


def test_a_folder_where_an_object_should_be(lake: LocalLake, tmp_path: Path) -> None:
    (tmp_path / "lake/state/visitors.json/x").mkdir(parents=True)

    with pytest.raises(LakeError, match="cannot read"):
        lake.get("state/visitors.json")
    with pytest.raises(LakeError, match="cannot write"):
        lake.put("state/visitors.json", b"{}")


def test_a_file_where_the_locks_should_be(lake: LocalLake, tmp_path: Path) -> None:
    (tmp_path / "lake/.locks").write_text("x")

    with pytest.raises(LakeError, match="cannot lock"), lake.lock("ingest"):
        pass


def test_a_file_too_large_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from pathlib import Path
        from ingestion.config.errors import LakeError
        from ingestion.storage.local import LocalLake
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        lake = LocalLake(Path(sys.argv[1]))
        lake.put("small", b"x" * 50_000)
        try:
            lake.put("large", b"x" * 50_001)
        except LakeError as error:
            print(error, "|", error.remedy)
    """
    done = another_process(script, tmp_path / "lake")
    out, err = done.communicate(timeout=30)

    assert (done.returncode, err) == (0, "")
    assert out.startswith(f"no space left to write {tmp_path}/lake/large | free some space")
    assert sorted(p.name for p in (tmp_path / "lake").rglob("*") if p.is_file()) == ["small"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 1) as folder:
        yield folder


def test_a_full_disk_is_one_sentence_and_keeps_what_landed(disk: Path) -> None:
    lake = LocalLake(disk / "lake")
    lake.put("first", b"x" * 600_000)

    with pytest.raises(LakeError, match="no space left to write") as caught:
        lake.put("second", b"x" * 600_000)

    assert "run again" in caught.value.remedy
    assert list(lake.list("")) == ["first"]
    lake.delete("first")
    lake.put("second", b"x" * 600_000)


def test_a_disk_that_counts_no_files_is_short_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As btrfs tells of itself.
    counts_none = os.statvfs_result([0] * 10)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "statvfs", lambda _path: counts_none)
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(LakeError, match="no space left to write") as caught:
        LocalLake(tmp_path).put("one", b"x")

    assert "inodes" not in str(caught.value)


@pytest.mark.parametrize("note", ["", "[]", "{", '{"pid": null}'])
def test_a_holder_who_cannot_be_named_still_holds(
    lake: LocalLake, tmp_path: Path, note: str
) -> None:
    with lake.lock("ingest"):
        (tmp_path / "lake/.locks/ingest.json").write_text(note)
        with (
            pytest.raises(LakeBusyError, match="another ingest is at work"),
            LocalLake(tmp_path / "lake").lock("ingest"),
        ):
            pass


def test_a_dead_holders_lock_is_free_at_once(lake: LocalLake, tmp_path: Path) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from ingestion.storage.local import LocalLake
        with LocalLake(Path(sys.argv[1])).lock("ingest"):
            print("held", flush=True)
            time.sleep(60)
    """
    holder = another_process(script, tmp_path / "lake")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LakeBusyError, match=f"process {holder.pid}"), lake.lock("ingest"):
        pass
    holder.kill()
    holder.communicate(timeout=30)

    with lake.lock("ingest"):
        owner = json.loads((tmp_path / "lake/.locks/ingest.json").read_text())
    assert owner["pid"] == os.getpid()


def test_what_is_put_is_flushed_with_every_folder_that_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, flushed, real = LocalLake(tmp_path / "lake"), set[int](), os.fsync

    def fsync(descriptor: int) -> None:
        flushed.add(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)

    lake.put("a/b/c", b"1")

    root = tmp_path / "lake"
    for path in (root, root / "a", root / "a/b", root / "a/b/c"):
        assert path.stat().st_ino in flushed, path


def test_what_a_linked_file_points_at_goes_with_it(tmp_path: Path) -> None:
    lake, elsewhere = LocalLake(tmp_path / "lake"), tmp_path / "elsewhere"
    elsewhere.write_bytes(b"a person")
    (tmp_path / "lake" / "a").symlink_to(elsewhere)

    lake.delete("a")

    assert (lake.get("a"), elsewhere.exists()) == (None, False)


def test_a_lock_that_may_not_be_tried_is_believed(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path)
    (tmp_path / ".locks" / "ingest.lock").mkdir(parents=True)

    assert lake.is_locked("ingest")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # As some network shares answer; nothing here may go on as if it had a lock.
    def flock(_file: object, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    lake = LocalLake(tmp_path / "lake")
    monkeypatch.setattr("fcntl.flock", flock)

    with (
        pytest.raises(LakeError, match="its file system keeps no locks") as caught,
        lake.lock("ingest"),
    ):
        lake.put("state/a", b"1")
    assert "this machine's own disk" in caught.value.remedy
    assert list(lake.list("")) == []


def test_a_link_to_a_disk_that_is_not_mounted_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").symlink_to(tmp_path / "disk" / "lake")

    with pytest.raises(ConfigurationError, match="where nothing is") as told:
        LocalLake(tmp_path / "lake")

    assert "mount the disk" in told.value.remedy


def test_a_path_that_is_too_long_or_a_circle_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")

    for root in (tmp_path / ("a" * 300), tmp_path / "round" / "lake"):
        with pytest.raises(LakeError, match="cannot make the lake's folder") as told:
            LocalLake(root)

        assert "a shorter path that no link leads back to" in told.value.remedy
