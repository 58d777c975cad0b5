"""What every store of a lake keeps, a folder as a bucket; the rest of the tests need only one."""

import os
from collections.abc import Callable

import pytest

from ingestion.config.errors import LakeBusyError
from ingestion.storage.base import Lake
from ingestion.storage.local import LocalLake
from ingestion.storage.s3 import BucketLake
from tests.ingestion.homes import Folder, Home

pytestmark = pytest.mark.both_lakes
KEY = "raw-data/visitors/ingest_date=2026-01-09/part.json.gz"
ODD = ("a b/c+d=é%20", "a/[1]*?.json", "~a/b..c.", "ä/ü")


@pytest.fixture
def opened(home: Home) -> Callable[[], Lake]:
    """Opens the store as another process would."""
    if isinstance(home, Folder):
        return lambda: LocalLake(home.root)
    return lambda: BucketLake(home.uri, lease_seconds=1)


@pytest.fixture
def lake(opened: Callable[[], Lake]) -> Lake:
    return opened()


def test_what_was_put_is_read_by_whoever_opens_it(
    lake: Lake, opened: Callable[[], Lake], home: Home
) -> None:
    body = bytes(range(256)) * 200
    lake.put(KEY, body)
    lake.put("empty", b"")

    assert opened().get(KEY) == home.read(KEY) == body
    assert opened().get("empty") == b""
    assert lake.get("raw-data/none") is None


def test_keys_are_listed_sorted_as_texts(lake: Lake) -> None:
    # By folders, `a/b` would come before `a-b`.
    for key in ("a/b", "a-b/c", "a/b-c", "a/b.d", "b/2", "b/10"):
        lake.put(key, b"")

    assert list(lake.list("")) == ["a-b/c", "a/b", "a/b-c", "a/b.d", "b/10", "b/2"]
    assert list(lake.list("b")) == list(lake.list("b/")) == ["b/10", "b/2"]


def test_a_prefix_is_a_folder_and_no_beginning_of_a_name(lake: Lake) -> None:
    lake.put("raw-data/a", b"1")
    lake.put("raw-data-other/b", b"2")

    assert list(lake.list("raw-data")) == ["raw-data/a"]
    assert list(lake.list("raw")) == []
    assert list(lake.list("nothing/")) == []


def test_a_key_is_a_text_and_no_pattern(lake: Lake) -> None:
    for key in ODD:
        lake.put(key, key.encode())

    assert [lake.get(key) for key in ODD] == [key.encode() for key in ODD]
    assert list(lake.list("")) == sorted(ODD)
    assert lake.get("a/[1]xy.json") is None
    for key in ODD:
        lake.delete(key)
    assert list(lake.list("")) == []


def test_a_put_replaces(lake: Lake, home: Home) -> None:
    lake.put(KEY, b"old and longer")
    lake.put(KEY, b"new")

    assert lake.get(KEY) == b"new"
    assert home.keys() == [KEY]


def test_what_is_removed_is_gone_and_removing_it_again_is_fine(lake: Lake) -> None:
    lake.put(KEY, b"1")
    lake.put(f"{KEY}.other", b"2")
    lake.delete(KEY)
    lake.delete(KEY)

    assert lake.get(KEY) is None
    assert list(lake.list("")) == [f"{KEY}.other"]


def test_a_lock_is_held_by_one_who_is_named_and_is_free_again_after_him(
    lake: Lake, opened: Callable[[], Lake], home: Home
) -> None:
    second = opened()
    with lake.lock("ingest"):
        said = rf"another ingest is at work in .* \(process {os.getpid()} on "
        with pytest.raises(LakeBusyError, match=said) as caught, second.lock("ingest"):
            pass
        assert home.uri in str(caught.value)
        with second.lock("build"):
            lake.put(KEY, b"1")
    with second.lock("ingest"):
        pass
    assert list(lake.list("")) == [KEY]


def test_an_error_of_the_holder_is_not_the_locks_and_frees_it(
    lake: Lake, opened: Callable[[], Lake]
) -> None:
    with pytest.raises(ConnectionResetError, match="theirs"), lake.lock("ingest"):
        raise ConnectionResetError("theirs")
    with opened().lock("ingest"):
        pass


def test_who_looks_sees_whether_a_lock_is_held_and_hinders_nobody(
    lake: Lake, opened: Callable[[], Lake]
) -> None:
    second = opened()
    assert not second.is_locked("run-1")
    with lake.lock("run-1"):
        assert second.is_locked("run-1")
        assert lake.is_locked("run-1")
        assert not second.is_locked("run-2")
        lake.put(KEY, b"1")
    assert not second.is_locked("run-1")
    with second.lock("run-1"):
        pass


def test_a_tag_changes_with_its_object_and_with_nothing_else(lake: Lake) -> None:
    for key in ("a/1", "a/2", "b/1"):
        lake.put(key, b"first")
    before = {entry.key: entry.tag for entry in lake.entries("a")}
    lake.put("a/2", b"later")
    after = {entry.key: entry.tag for entry in lake.entries("a")}

    assert list(before) == list(after) == ["a/1", "a/2"]
    assert before["a/1"] == after["a/1"]
    assert before["a/2"] != after["a/2"]
