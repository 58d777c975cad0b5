"""The predecessor's files load once, in our layout, and nothing is lost or counted twice."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.admin.audit import Audit
from ingestion.admin.legacy_import import Count, import_files
from ingestion.config.errors import ConfigurationError, LakeError, SourceMismatchError
from ingestion.extract.context import Scope
from ingestion.load import bronze, loader
from ingestion.storage.base import Lake
from ingestion.storage.local import LocalLake
from tests.ingestion.account import ENGAGEMENT, NOON, STATS, visitor, visitors
from tests.ingestion.conftest import Bench

DROP: dict[str, Any] = {"pii_policy": "drop"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The predecessor's bronze: a history of two crawls, one video unchanged between them."""
    folder = tmp_path / "old"
    write(folder, "visitors/visitors_20260108_170607_batch_3.json", visitors(3))
    later = [visitor(1, NOON, play_count=9), visitor(7, NOON)]
    write(folder, "visitors/2026/visitors_20260109_183000_batch_2.json", later)
    write(folder, "media/media_abc_20260108_160148.json", [STATS])
    write(folder, "media/media_abc_20260109_160148.json", [STATS])
    write(folder, "media/media_abc_20260110_160148.json.gz", STATS | {"play_count": 5})
    write(folder, "media_engagement_abc_20260108_160149.json", [ENGAGEMENT])
    write(folder, "notes.json", [{"not": "ours"}])
    return folder


def write(folder: Path, name: str, value: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    body = json.dumps(value, indent=2).encode()
    path.write_bytes(gzip.compress(body) if name.endswith(".gz") else body)


def imported(
    bench: Bench,
    folder: Path,
    lake: Lake | None = None,
    **changes: Any,  # noqa: ANN401
) -> dict[str, tuple[int, ...]]:
    """Files, known files, records, loaded, unchanged, quarantined; by resource."""
    settings = bench.settings(**changes)
    found: list[Count] = import_files(settings, lake or bench.lake(), str(folder), bench.clock)
    return {count.resource: count[1:] for count in found}


def test_a_history_lands_in_our_layout_and_its_counts_add_up(bench: Bench, old: Path) -> None:
    assert imported(bench, old) == {
        "media": (3, 0, 3, 2, 1, 0),
        "media_engagement": (1, 0, 1, 1, 0, 0),
        "visitors": (2, 0, 5, 5, 0, 0),
    }
    # Pacific winter time is eight hours behind UTC.
    day = "ingest_date=2026-01-09"
    assert bench.objects("raw-data") == [
        f"raw-data/media/{day}/media_abc_20260109T000148Z.json.gz",
        f"raw-data/media/{day}/media_abc_20260111T000148Z.json.gz",
        f"raw-data/media_engagement/{day}/media_engagement_abc_20260109T000149Z.json.gz",
        f"raw-data/visitors/{day}/visitors_20260109T000148Z_part-00001_batch_3.json.gz",
        f"raw-data/visitors/{day}/visitors_20260109T000148Z_part-00002_batch_2.json.gz",
    ]
    first, second = bench.rows("media")
    assert first["snapshot_ts"] == "2026-01-09T00:01:48.000000Z"
    assert (second["snapshot_ts"], second["play_count"]) == ("2026-01-11T00:01:48.000000Z", 5)
    assert list(Audit(bench.lake()).examine()) == []


def test_of_equal_times_the_later_file_is_the_later_line(bench: Bench, old: Path) -> None:
    write(old, "visitors_20260108_010000_batch_1.json", [visitor(1, NOON, play_count=1)])

    imported(bench, old)

    counts = [r["play_count"] for r in sorted(bench.rows("visitors"), key=_landed) if _is_one(r)]
    assert counts == [1, 2, 9]


def _landed(row: dict[str, Any]) -> str:
    return str(row["ingested_at"])


def _is_one(row: dict[str, Any]) -> bool:
    return bool(row["visitor_key"] == visitor(1)["visitor_key"])


def test_a_second_import_lands_nothing_wherever_the_files_lie(bench: Bench, old: Path) -> None:
    imported(bench, old)
    before = bench.objects("raw-data")
    moved = old.rename(old.parent / "moved")
    packed = moved / "media_engagement_abc_20260108_160149.json"
    packed.with_name(f"{packed.name}.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()

    assert imported(bench, moved) == {
        "media": (0, 3, 0, 0, 0, 0),
        "media_engagement": (0, 1, 0, 0, 0, 0),
        "visitors": (0, 2, 0, 0, 0, 0),
    }
    assert bench.objects("raw-data") == before


def test_the_manifest_keeps_each_file_s_name_time_and_digest(bench: Bench, old: Path) -> None:
    imported(bench, old)

    (key,) = bench.objects("state/runs")
    stored = json.loads(bench.home.read(key))
    files = {file["name"]: file for file in stored["sources"]}
    assert (stored["kind"], len(files)) == ("import", 6)
    visitors_file = files["visitors_20260108_170607_batch_3.json"]
    assert visitors_file["taken_at"] == "2026-01-09T01:06:07.000000Z"
    assert (visitors_file["rows"], len(visitors_file["sha256"])) == (3, 64)


def test_the_first_run_afterwards_reads_the_whole_list(bench: Bench, old: Path) -> None:
    imported(bench, old)
    # Came back while the predecessor crawled, and was quiet since: only a full read finds it.
    missed = visitor(500, NOON - timedelta(days=200))
    bench.api.visitors = [*visitors(130), missed]

    run = bench.ingest(Scope(resource="visitors"))

    assert missed["visitor_key"] in bench.keys("visitors")
    assert run.resource("visitors").reconciled_at is not None


def test_a_lake_that_was_read_before_reads_all_once_more(bench: Bench, old: Path) -> None:
    bench.api.visitors = [visitor(1, NOON, play_count=10), *visitors(130)[2:]]
    bench.api.add_medium("abc")
    bench.ingest()
    bench.clock.now += timedelta(days=1)
    imported(bench, old)
    bench.clock.now += timedelta(days=1)

    bench.ingest()

    # The old state of the same moment loaded later than the true one: the true one again.
    last = [row for row in sorted(bench.rows("visitors"), key=_landed) if _is_one(row)][-1]
    assert last["play_count"] == 10
    assert bench.state("visitors")["watermark"] is not None


def test_persons_are_dropped_before_they_land_or_are_set_aside(
    bench: Bench, tmp_path: Path
) -> None:
    person = {"name": "Nadine Planted", "email": "nadine@planted.example", "org": None}
    rows = [
        visitor(1, visitor_identity=person),
        visitor(2, load_count="x", visitor_identity=person),
    ]
    write(tmp_path / "old", "visitors_20260108_170607_batch_2.json", rows)

    counts = imported(bench, tmp_path / "old", **DROP)

    assert counts == {"visitors": (1, 0, 2, 1, 0, 1)}
    for word in ("Nadine", "nadine@"):
        assert word not in bench.text()


def test_the_lake_becomes_the_settings_account_s_and_stays_it(bench: Bench, old: Path) -> None:
    imported(bench, old, **DROP)
    bench.api.visitors = visitors(3)

    assert bench.ingest(**DROP).state == "completed"
    before = bench.every_byte()
    for changes in ({"pii_policy": "keep"}, {**DROP, "wistia_base_url": "https://other.example"}):
        with pytest.raises(SourceMismatchError):
            imported(bench, old, **changes)
    assert bench.every_byte() == before


def test_a_file_that_breaks_off_lands_as_far_as_it_goes(bench: Bench, tmp_path: Path) -> None:
    name = "visitors_20260108_170607_batch_3.json"
    write(tmp_path / "old", name, visitors(3))
    whole = (tmp_path / "old" / name).read_bytes()
    (tmp_path / "old" / name).write_bytes(whole[:-40])

    assert imported(bench, tmp_path / "old") == {"visitors": (1, 0, 3, 2, 0, 1)}
    (aside,) = bench.set_aside("visitors")
    assert set(aside["record"]) == {"length", "sha256"}
    assert name in aside["reason"]


class Filling(LocalLake):
    """A folder whose disk is full after a number of visitors' parts."""

    parts = 1

    def put(self, key: str, body: bytes) -> None:
        self.parts -= key.startswith("raw-data/visitors/")
        if self.parts < 0:
            raise LakeError("no space left", "free some")
        super().put(key, body)


def test_an_import_broken_off_goes_on_behind_what_was_durable(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bronze, "RECORDS_PER_PART", 1_000)
    monkeypatch.setattr(loader, "_DUE", 750)
    write(tmp_path / "old", "visitors_20260108_170607_batch_2000.json", visitors(2_000))
    with pytest.raises(LakeError):
        imported(bench, tmp_path / "old", Filling(bench.root))
    landed = len(bench.keys("visitors"))
    assert 700 < landed < 1_001

    assert imported(bench, tmp_path / "old") == {
        "visitors": (1, 0, 2_000 - landed, 2_000 - landed, 0, 0)
    }
    assert bench.keys("visitors") == [str(v["visitor_key"]) for v in map(visitor, range(2_000))]


def test_what_a_killed_import_wrote_unlisted_lands_once(bench: Bench, old: Path) -> None:
    imported(bench, old)
    (key,) = bench.objects("state/runs")
    killed = json.loads(bench.home.read(key)) | {"state": "running", "resources": []}
    killed["sources"] = []
    bench.home.write(key, json.dumps(killed).encode())
    bench.clock.now += timedelta(days=1)

    imported(bench, old)

    assert len(bench.rows("visitors")) == 5
    assert list(Audit(bench.lake()).examine()) == []


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_a_place_without_such_files_is_refused(bench: Bench, tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConfigurationError):
        imported(bench, tmp_path / place)

    assert bench.every_byte() == {}
