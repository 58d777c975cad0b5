"""What an older version let in and today's schema refuses leaves bronze for quarantine."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ingestion.admin.audit import Audit
from ingestion.admin.quarantine import quarantine_refused
from ingestion.config.errors import LakeError
from ingestion.extract.context import Scope
from ingestion.state.inventory import part_of
from ingestion.state.manifest import Manifest
from ingestion.state.recovery import list_in
from ingestion.storage.base import Lake
from ingestion.storage.json_lines import compress
from tests.ingestion.account import STATS, visitor
from tests.ingestion.admin.test_forget import Dying
from tests.ingestion.conftest import Bench

RUN = "20260108T000000Z-0123abcd"
AT = "2026-01-08T00:00:00.000000Z"
FOLDER = "ingest_date=2026-01-08"
DAY = {"media_id": "abc", "snapshot_ts": AT, "load_count": 3, "play_count": 2, "hours_watched": 0.5}
DAYS = [{"date": "2026-01-07", **DAY}, {"date": "2026-02-30", **DAY}]
VISITORS = [
    visitor(1),
    visitor(2, load_count=10**15),
    visitor(3, last_active_at="noon"),
    visitor(4),
]


def let_in(lake: Lake, resource: str, *records: dict[str, Any]) -> str:
    """Leave in bronze what a version with another schema loaded."""
    run = Manifest(
        run_id=f"{RUN}{len(resource):02x}",
        kind="ingest",
        state="completed",
        started_at=AT,
        code_version="old",
    )
    stamps = {"ingested_at": AT, "run_id": run.run_id}
    lines = [json.dumps({**record, **stamps}).encode() + b"\n" for record in records]
    key = f"raw-data/{resource}/{FOLDER}/{resource}_old_part-00001_batch_{len(lines)}.json.gz"
    lake.put(key, compress(b"".join(lines)))
    list_in(run, key, lake.get(key) or b"", len(lines))
    run.resource(resource).state = "completed"
    run.save(lake)
    return key


def quarantined(bench: Bench, lake: Lake | None = None) -> dict[str, int]:
    return quarantine_refused(bench.settings(), lake or bench.lake(), bench.clock)


def waiting(bench: Bench) -> Counter[str]:
    names = ("visitors", "media_by_date", "media")
    return Counter({name: len(bench.set_aside(name)) for name in names})


def assert_moved(bench: Bench) -> None:
    """Three are in quarantine, once each; the others in bronze; and the manifests say so."""
    assert waiting(bench) == {"visitors": 2, "media_by_date": 1, "media": 1}
    assert [row["visitor_key"] for row in bench.rows("visitors")] == [
        visitor(number)["visitor_key"] for number in (1, 4)
    ]
    assert [row["date"] for row in bench.rows("media_by_date")] == ["2026-01-07"]
    assert list(Audit(bench.lake()).examine()) == []


def fill(lake: Lake) -> None:
    let_in(lake, "visitors", *VISITORS)
    let_in(lake, "media_by_date", *DAYS)
    snapshot = {**STATS, "play_count": "many", "media_id": "abc", "snapshot_ts": AT}
    let_in(lake, "media", snapshot)


def test_what_is_refused_moves_once_and_all_else_stays(bench: Bench) -> None:
    fill(bench.lake())
    good = bench.rows("visitors")[0]
    seen = [one for one in Audit(bench.lake()).examine() if one.key.startswith("raw-data")]
    found = {part_of(one.key).resource: one for one in seen}
    assert {name: one.detail.split("of its")[0] for name, one in found.items()} == {
        "media": "today's schema refuses 1 ",
        "media_by_date": "today's schema refuses 1 ",
        "visitors": "today's schema refuses 2 ",
    }
    assert all("--rebuild` moves them" in one.remedy for one in found.values())

    assert quarantined(bench) == {"media": 1, "media_by_date": 1, "visitors": 2}

    assert_moved(bench)
    assert bench.rows("visitors")[0] == good
    (snapshot,) = bench.set_aside("media")
    assert snapshot["record"]["media_id"] == "abc"
    assert snapshot["record"]["snapshot_ts"] == AT
    assert snapshot["reason"].startswith("play_count")
    before = bench.every_byte()
    assert quarantined(bench) == {}
    assert bench.every_byte() == before


@pytest.mark.parametrize("left", range(12))
def test_killed_anywhere_the_next_completes_it_and_nothing_is_there_twice(
    bench: Bench, left: int
) -> None:
    fill(bench.lake())
    lake = Dying(Path(bench.root))
    lake.left = left
    try:
        quarantined(bench, lake)
    except LakeError:
        quarantined(bench)

    assert_moved(bench)


def test_nobody_is_shown_whom_the_policy_hides(bench: Bench) -> None:
    identity = {"name": "Nadine Planted", "email": "nadine@planted.example", "org": None}
    bench.ingest(Scope(resource="account"), pii_policy="drop")
    let_in(bench.lake(), "visitors", visitor(2, load_count="nadine", visitor_identity=identity))

    quarantine_refused(bench.settings(pii_policy="drop"), bench.lake(), bench.clock)

    assert waiting(bench)["visitors"] == 1
    assert "adine" not in bench.text()
