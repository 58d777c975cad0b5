"""Which demo a lake holds: it goes on with its own days and videos, whoever wrote it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.cli.demo import read_state
from ingestion.storage.local import LocalLake

BEGAN = {"today": "2026-01-10", "runs_done": 3}


@pytest.mark.parametrize(("held", "media"), [(BEGAN | {"media": 40}, 40), (BEGAN, 2)])
def test_a_demo_goes_on_with_the_account_it_began_with(
    tmp_path: Path, held: dict[str, object], media: int
) -> None:
    lake = LocalLake(tmp_path / "lake")
    lake.put("state/demo.json", json.dumps(held).encode())
    assert read_state(lake, 7) == (date(2026, 1, 10), 3, media)


@pytest.mark.parametrize("body", [None, b"", b"{", b"[]", b'{"today": "soon"}', b"{}"])
def test_what_tells_of_no_demo_begins_a_new_one(tmp_path: Path, body: bytes | None) -> None:
    lake = LocalLake(tmp_path / "lake")
    if body is not None:
        lake.put("state/demo.json", body)
    for media in (0, 1, 40):
        assert read_state(lake, media) == (datetime.now(UTC).date(), 0, media)
