import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.soak.lakes import Gaps, find_damage, find_gaps, last_activity, newest_visitors
from tests.soak.verdict import Verdict

PART = (
    "raw-data/visitors/ingest_date=2026-01-09/visitors_20260109T000148Z_part-00001_batch_2.json.gz"
)


def row(key: str, minute: int, loads: int = 1, second: int = 0) -> dict[str, Any]:
    return {
        "visitor_key": key,
        "last_active_at": f"2026-01-08T12:{minute:02d}:00.000Z",
        "load_count": loads,
        "ingested_at": f"2026-01-09T00:01:{second:02d}.000000Z",
        "run_id": f"run-{second}",
    }


def write_part(root: Path, rows: list[dict[str, Any]], key: str = PART) -> dict[str, Any]:
    """Store rows; return what a manifest says of them."""
    body = gzip.compress("".join(json.dumps(one) + "\n" for one in rows).encode())
    (root / key).parent.mkdir(parents=True, exist_ok=True)
    (root / key).write_bytes(body)
    checksum = hashlib.sha256(body).hexdigest()
    return {"key": key, "records": len(rows), "bytes": len(body), "sha256": checksum}


def write_manifest(root: Path, *objects: dict[str, Any], state: str = "completed") -> None:
    entry = {"resource": "visitors", "objects": objects, "quarantine": []}
    (root / "state/runs").mkdir(parents=True, exist_ok=True)
    manifest = {"run_id": "run-0", "state": state, "resources": [entry]}
    (root / "state/runs/run-0.json").write_text(json.dumps(manifest))


def test_a_whole_lake_has_no_damage(tmp_path: Path) -> None:
    write_manifest(tmp_path, write_part(tmp_path, [row("a", 1), row("b", 2)]))
    assert find_damage(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "damage"),
    [
        ({"sha256": "0" * 64}, "other bytes than listed"),
        ({"records": 3}, "other count than listed"),
        ({"key": PART.replace("00001", "00002")}, "listed and absent"),
    ],
)
def test_a_listing_that_does_not_fit_is_damage(
    tmp_path: Path, change: dict[str, Any], damage: str
) -> None:
    write_manifest(tmp_path, write_part(tmp_path, [row("a", 1), row("b", 2)]) | change)
    assert find_damage(tmp_path)[0].startswith(damage)


def test_what_no_run_lists_or_finished_is_damage(tmp_path: Path) -> None:
    write_part(tmp_path, [row("a", 1)])
    write_manifest(tmp_path, state="running")
    (tmp_path / ".tmp").mkdir()
    (tmp_path / ".tmp/12-part").touch()
    assert find_damage(tmp_path) == [
        f"present and unlisted: {PART}",
        "left behind: .tmp/12-part",
        "still running: run-0",
    ]


def test_the_newest_state_is_the_last_activity_then_the_last_landed(tmp_path: Path) -> None:
    rows = [row("a", 5, loads=2), row("a", 4, loads=9, second=9), row("a", 5, loads=3, second=1)]
    write_part(tmp_path, rows)
    assert newest_visitors(tmp_path) == {
        "a": {"visitor_key": "a", "last_active_at": "2026-01-08T12:05:00.000Z", "load_count": 3}
    }


def test_gaps_are_who_is_missing_and_who_is_older_than_the_truth() -> None:
    held = last_activity([row("a", 5), row("a", 3), row("b", 2), row("c", 9)])
    truth = [row("a", 5), row("b", 3), row("c", 8), row("d", 1)]
    assert find_gaps(held, truth) == Gaps(missing=1, stale=1)


def test_a_campaign_that_looked_at_nothing_has_not_passed() -> None:
    verdict = Verdict("kills")
    assert not verdict.holds
    verdict.expect("1 = 1", holds=True)
    assert verdict.holds
    verdict.expect("3 <= 2", holds=False)
    assert str(verdict) == "FAILED kills: NOT 3 <= 2; 1 = 1"
