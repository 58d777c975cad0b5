"""What a build reads, doctor audits and forget cleans is one list: that of the manifests."""

import json
from pathlib import Path

import pytest

from ingestion.admin.audit import Audit
from ingestion.admin.erase import forget
from ingestion.admin.rebuild import rebuild
from ingestion.config.errors import LakeError
from ingestion.state.inventory import hold_against, read_inventory
from ingestion.storage.checksum import add_checksum
from ingestion.storage.json_lines import RAW
from tests.ingestion.account import visitor
from tests.ingestion.admin.test_forget import warehouse
from tests.ingestion.conftest import Bench


def fill(bench: Bench) -> None:
    """Three visitors, one of them quarantined; a video's item, figures and curve; the totals."""
    bench.api.visitors = [visitor(0), visitor(1), visitor(2, load_count="x")]
    bench.api.add_medium("abc")
    bench.ingest()


def look(bench: Bench) -> list[str]:
    """What a build does first; the files that it passes over."""
    lake = bench.lake()
    return hold_against(lake, read_inventory(lake))


def test_the_list_is_what_the_manifests_say_lies_in_bronze(bench: Bench) -> None:
    fill(bench)
    found = read_inventory(bench.lake())

    assert sorted(found.objects) == bench.objects(RAW)
    by_resource = found.by_resource()
    assert {name: sum(o.records for o in objects) for name, objects in by_resource.items()} == {
        "account": 1,
        "media": 1,
        "media_engagement": 1,
        "medias": 1,
        "visitors": 2,
    }
    assert look(bench) == []


def test_an_object_that_is_missing_or_cut_stops_a_build_with_the_remedy(bench: Bench) -> None:
    fill(bench)
    (key,) = bench.objects(f"{RAW}/visitors")
    good = bench.home.read(key)
    bench.home.write(key, good[:-9])
    with pytest.raises(LakeError) as cut:
        look(bench)
    bench.home.remove(key)
    with pytest.raises(LakeError) as missing:
        look(bench)

    size = len(good)
    assert str(cut.value) == (
        f"{key} has {size - 9} bytes, and its manifest says {size}: 2 records cannot be read as "
        "they were"
    )
    assert str(missing.value) == (
        f"{key} is missing, and a manifest lists it: 2 records cannot be read as they were"
    )
    assert "restore it from a backup" in missing.value.remedy
    # And without a backup there is a way on.
    rebuild(bench.settings(), bench.lake())
    assert look(bench) == []


def test_a_forget_that_was_broken_off_is_named_as_the_cause(bench: Bench) -> None:
    fill(bench)
    (key,) = bench.objects(f"{RAW}/visitors")
    run = bench.objects("state/runs")[0]
    broken = {**json.loads(bench.home.read(run)), "rewriting": [key]}
    del broken["seal"]
    bench.home.write(run, add_checksum(json.dumps(broken)))
    bench.home.remove(key)

    with pytest.raises(LakeError) as error:
        look(bench)
    assert "ask `wistia-elt forget` for the same person again" in error.value.remedy


def test_files_without_any_manifest_are_not_an_empty_lake(bench: Bench) -> None:
    fill(bench)
    for key in bench.objects("state/runs"):
        bench.home.remove(key)

    with pytest.raises(LakeError) as error:
        look(bench)
    assert "holds 5 objects and no manifest lists any of them" in str(error.value)
    assert "doctor --lake --rebuild" in error.value.remedy
    rebuild(bench.settings(), bench.lake())
    assert look(bench) == []


def test_a_corrupt_manifest_stops_a_build(bench: Bench) -> None:
    fill(bench)
    key = bench.objects("state/runs")[0]
    bench.home.write(key, b'{"run_id": "2026')

    with pytest.raises(LakeError, match="what that run loaded is not known") as error:
        look(bench)
    assert "doctor --lake --rebuild" in error.value.remedy


def test_strange_files_are_named_and_passed_over(bench: Bench) -> None:
    fill(bench)
    (key,) = bench.objects(f"{RAW}/visitors")
    day = key.rpartition("/")[0]
    strange = [
        f"{day}/._{key.rpartition('/')[2]}",
        f"{day}/notes.txt",
        f"{RAW}/visitors/visitors_outside.json.gz",
        "state/runs/a copy of one.json",
    ]
    for name in strange:
        bench.home.write(name, b"\x00\x05\x16\x07")
    unlisted = f"{day}/visitors_of_a_killed_run.json.gz"
    bench.home.write(unlisted, bench.home.read(key))

    assert look(bench) == sorted([*strange, unlisted])
    found = {one.key: one.is_harmless for one in Audit(bench.lake()).examine()}
    assert found == {**dict.fromkeys(strange, True), unlisted: False}


def test_a_linked_folder_and_a_linked_file_are_the_lake_s(bench: Bench, tmp_path: Path) -> None:
    fill(bench)
    root = Path(bench.home.uri)
    (key,) = bench.objects(f"{RAW}/visitors")
    elsewhere = tmp_path / "elsewhere"
    (root / RAW / "visitors").rename(elsewhere)
    (root / RAW / "visitors").symlink_to(elsewhere)
    file = root / bench.objects(f"{RAW}/account")[0]
    file.rename(tmp_path / "totals")
    file.symlink_to(tmp_path / "totals")
    # One that leads back up would never end.
    (root / RAW / "visitors" / "loop").symlink_to(root / RAW)

    assert look(bench) == []
    assert list(Audit(bench.lake()).examine()) == []
    person = str(visitor(1)["visitor_key"])
    done, damaged = forget(bench.settings(), bench.lake(), person, warehouse(tmp_path), bench.clock)
    assert (done.removed["bronze"], damaged) == (1, [])
    assert person not in bench.keys("visitors")
    assert (elsewhere / Path(key).relative_to(f"{RAW}/visitors")).exists()
    assert look(bench) == []


def test_an_empty_lake_lists_nothing(bench: Bench) -> None:
    assert look(bench) == []
