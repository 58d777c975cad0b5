"""What is not as its manifest says is named; what can be made again is."""

import json
from datetime import timedelta

import pytest

from ingestion.admin.audit import Audit, Finding
from ingestion.admin.rebuild import rebuild
from ingestion.config.errors import LakeBusyError
from ingestion.extract.context import Scope
from ingestion.state.inventory import read_inventory
from ingestion.state.manifest import read_manifests
from ingestion.state.recovery import list_in
from ingestion.storage.checksum import add_checksum, is_whole
from ingestion.storage.json_lines import compress
from tests.ingestion.account import NOON, visitor, visitors
from tests.ingestion.conftest import Bench

ONLY = Scope(resource="visitors")


def findings(bench: Bench) -> list[Finding]:
    return list(Audit(bench.lake()).examine())


def fill(bench: Bench) -> None:
    """Two days of everything, something quarantined on the first."""
    bench.api.visitors = [visitor(0), visitor(1, load_count="x"), *visitors(12)[2:]]
    bench.api.add_medium("abc")
    bench.ingest()
    bench.clock.now += timedelta(days=1)
    bench.api.visitors = [visitor(77, NOON + timedelta(hours=9)), *bench.api.visitors]
    bench.ingest()


def objects(bench: Bench) -> list[str]:
    return bench.objects("raw-data") + bench.objects("quarantine")


def test_a_whole_lake_has_no_finding_and_everything_was_looked_at(bench: Bench) -> None:
    fill(bench)
    audit = Audit(bench.lake())

    assert list(audit.examine()) == []
    # 11 visitors, then one; a video's item, figures, curve; the totals; one record quarantined.
    assert (audit.objects, audit.records, len(audit.runs)) == (7, 17, 2)


@pytest.mark.parametrize("place", [0, 0.3, 0.7, 1])
def test_one_flipped_byte_in_any_object_is_found(bench: Bench, place: float) -> None:
    fill(bench)
    for key in objects(bench):
        good = bench.home.read(key)
        body = bytearray(good)
        body[int(place * (len(body) - 1))] ^= 1
        bench.home.write(key, bytes(body))

        assert [found.key for found in findings(bench)] == [key]
        bench.home.write(key, good)


def test_one_flipped_byte_in_what_the_lake_says_of_itself_is_found_and_mended(
    bench: Bench,
) -> None:
    fill(bench)
    whole = bench.every_byte()
    for key in bench.objects("state"):
        good = whole[key]
        for place in range(0, len(good), len(good) // 3):
            body = bytearray(good)
            body[place] ^= 1
            bench.home.write(key, bytes(body))
            assert key in [found.key for found in findings(bench)]
        rebuild(bench.settings(), bench.lake())
        assert findings(bench) == []
        for name, was in whole.items():
            bench.home.write(name, was)


def test_any_flipped_bit_breaks_a_seal() -> None:
    whole = add_checksum('{"run_id": "2026", "records": 7}')
    assert is_whole(whole)
    for place in range(len(whole) * 8):
        body = bytearray(whole)
        body[place // 8] ^= 1 << place % 8
        assert not is_whole(bytes(body))
    assert not is_whole(b"")
    assert not is_whole(b'{"run_id": "2026"}')


def test_missing_short_and_unlisted_objects_are_named(bench: Bench) -> None:
    fill(bench)
    gone, short, *_ = objects(bench)
    stray = "raw-data/visitors/ingest_date=2026-01-09/stray.json.gz"
    bench.home.write(stray, bench.home.read(gone))
    bench.home.remove(gone)
    bench.home.write(short, bench.home.read(short)[:-1])

    said = {found.key: found.detail for found in findings(bench)}

    assert set(said) == {gone, short, stray}
    assert "missing" in said[gone]
    assert "bytes" in said[short]
    assert "no manifest lists" in said[stray]


def test_a_manifest_that_counts_wrongly_is_found(bench: Bench) -> None:
    fill(bench)
    key = bench.objects("state/runs")[0]
    run = json.loads(bench.home.read(key))
    entry = next(e for e in run["resources"] if e["resource"] == "visitors")
    entry["objects"][0]["records"] += 1
    del run["seal"]
    bench.home.write(key, add_checksum(json.dumps(run)))

    (found,) = findings(bench)
    assert "holds 11 records, and its manifest says 12" in found.detail


def test_corrupt_manifests_and_states_are_named_with_their_remedy(bench: Bench) -> None:
    fill(bench)
    last = bench.objects("state/runs")[-1]
    for key in (last, "state/visitors.json", "state/source.json"):
        bench.home.write(key, b'{"run_id": "2026')
    bench.home.remove("state/media.json")

    found = {one.key: one.remedy for one in findings(bench)}

    # What the lost run loaded is listed by nobody.
    landed = [key for key in objects(bench) if "2026-01-10" in key]
    states = ["state/visitors.json", "state/source.json", "state/media.json"]
    assert set(found) == {last, *states, *landed}
    assert "doctor --lake --rebuild" in found[last]


def test_a_running_ingest_is_not_taken_for_damage(bench: Bench) -> None:
    fill(bench)
    with bench.lake().lock("ingest"), pytest.raises(LakeBusyError):
        findings(bench)


def test_states_made_again_are_those_that_were(bench: Bench) -> None:
    fill(bench)
    names = ("visitors", "media", "media_engagement", "medias")
    before = [bench.state(name) for name in names]
    for name in names:
        bench.home.write(f"state/{name}.json", b"")

    rebuild(bench.settings(), bench.lake())

    for was, name in zip(before, names, strict=True):
        now = bench.state(name)
        # A state made again tells the digests of the overlap; when each was touched may differ.
        assert {k: v["digest"] for k, v in now["known"].items()} == {
            k: v["digest"] for k, v in was["known"].items()
        }
        for field in ("watermark", "records", "quarantined", "newest_at", "run_id"):
            assert now[field] == was[field]
    assert findings(bench) == []


def test_a_lake_without_manifests_is_listed_again_and_reads_the_whole_list(bench: Bench) -> None:
    fill(bench)
    ids = [run.run_id for run in bench.manifests()]
    bronze = {key: bench.home.read(key) for key in objects(bench)}
    for key in bench.objects("state"):
        bench.home.remove(key)

    rebuild(bench.settings(), bench.lake())

    runs = read_manifests(bench.lake())
    assert [(run.run_id, run.recovered) for run in runs] == [(ids[0], True), (ids[1], True)]
    assert [run.ingest.records for run in runs if run.ingest] == [15, 1]
    assert [run.ingest.visitors for run in runs if run.ingest] == [11, 1]
    assert {key: bench.home.read(key) for key in objects(bench)} == bronze
    assert bench.state("visitors")["watermark"] is None
    assert findings(bench) == []
    # Nobody knows what the lost runs had left out: a visitor deep in the list is found.
    bench.api.visitors.append(visitor(900, NOON - timedelta(days=400)))
    bench.ingest()
    assert visitor(900)["visitor_key"] in bench.keys("visitors")


def test_a_watermark_comes_back_once_the_whole_list_was_read_after_the_loss(bench: Bench) -> None:
    fill(bench)
    first = bench.objects("state/runs")[0]
    bench.home.write(first, b"lost")
    lake = bench.lake()

    said = rebuild(bench.settings(), lake)
    assert "state/visitors.json is made again; complete up to nowhere" in said
    bench.clock.now += timedelta(days=1)
    whole = bench.ingest(ONLY)
    assert whole.resource("visitors").reconciled_at is not None
    rebuild(bench.settings(), lake)

    watermark = whole.resource("visitors").watermark
    assert watermark is not None
    assert bench.state("visitors")["watermark"][:19] == watermark[:19]


def test_a_lost_object_takes_the_watermark_away(bench: Bench) -> None:
    fill(bench)
    key = bench.objects("raw-data/visitors")[0]
    bench.home.remove(key)

    said = rebuild(bench.settings(), bench.lake())

    assert bench.state("visitors")["watermark"] is None
    run = read_manifests(bench.lake())[0]
    assert run.lost == [key]
    assert f"{run.key} lists 1 objects less: they have gone, and with them 11 records" in said
    assert findings(bench) == []
    # What was lost is remembered until the whole list has been read again.
    rebuild(bench.settings(), bench.lake())
    assert bench.state("visitors")["watermark"] is None


NO_LINES = {
    "an html page": b"<html>proxy</html>",
    "text in gzip": compress(b"no JSON\n"),
    "a list in gzip": compress(b"[1]\n"),
    "half a line": compress(b'{"visitor_key": "a"}\n{"visitor'),
    "nothing": b"",
}


@pytest.mark.parametrize("body", NO_LINES.values(), ids=NO_LINES)
def test_a_file_that_is_not_json_is_named_listed_or_not(bench: Bench, body: bytes) -> None:
    fill(bench)
    (run, _) = read_manifests(bench.lake())
    listed = "raw-data/visitors/ingest_date=2026-01-09/visitors_listed.json.gz"
    stray = "raw-data/events/ingest_date=2026-01-09/events_stray.json.gz"
    for key in (listed, stray):
        bench.lake().put(key, body)
    list_in(run, listed, body, 1)
    run.save(bench.lake())

    found = {one.key: one for one in findings(bench)}

    assert found.keys() == {listed, stray}
    assert found[listed].detail == "this object is no gzip of JSON lines"
    assert found[stray].detail == "no manifest lists this object, and it cannot be read"
    assert all("restore it" in one.remedy for one in found.values())


@pytest.mark.parametrize(
    "name",
    [
        "{run} (conflicted copy 2026-11-30).json",
        "{run} - Copy.json",
        "{run}.sync-conflict-20261130-101010-ABCDEFG.json",
        "{run}.json~",
        "{run}.json.bak",
        "desktop.ini",
        "Thumbs.db",
    ],
)
def test_a_copy_of_a_manifest_is_none(bench: Bench, name: str) -> None:
    fill(bench)
    first = bench.manifests()[0]
    key = f"state/runs/{name.format(run=first.run_id)}"
    before = bench.state("visitors")
    bench.home.write(key, bench.home.read(first.key) if "run" in name else b"[.ShellClassInfo]")

    (found,) = findings(bench)
    assert (found.key, found.is_harmless) == (key, True)
    assert rebuild(bench.settings(), bench.lake())
    # Nobody counts its records a second time, or cannot read the lake for it.
    assert bench.state("visitors")["records"] == before["records"]
    assert len(read_inventory(bench.lake()).runs) == 2
    bench.ingest()
    assert [one.key for one in findings(bench)] == [key]
