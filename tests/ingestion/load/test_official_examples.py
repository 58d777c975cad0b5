"""What the official documents and both versions of the API show is no false alarm."""

import json
import os
from pathlib import Path

import pytest

from ingestion.load.schemas import (
    Media,
    MediaEngagement,
    MediaStats,
    Record,
    Verdict,
    Visitor,
    check_record,
)
from tests.ingestion.account import medium

EXAMPLES: dict[str, type[Record]] = {
    "visitors_list": Visitor,
    "visitors_show": Visitor,
    "media_show": MediaStats,
    "media_engagement": MediaEngagement,
}


def test_the_official_examples_pass_without_a_false_alarm() -> None:
    where = os.environ.get("WISTIA_OPENAPI_DIR")
    if not where or not (folder := Path(where) / "payloads").is_dir():
        pytest.skip("WISTIA_OPENAPI_DIR names no folder with the official example bodies")
    held = 0
    for file in sorted(folder.glob("*.json")):
        contract = next((c for name, c in EXAMPLES.items() if f"__{name}__" in file.name), None)
        if contract is None:
            continue
        payload = json.loads(file.read_text())["payload"]
        for record in payload if isinstance(payload, list) else [payload]:
            assert check_record(record, contract) == Verdict(None), file.name
            held += 1
    assert held >= 15


def test_the_lists_item_passes_on_either_version() -> None:
    modern = {name: value for name, value in medium("abc").items() if name != "project"}
    modern["folder"] = {"id": 5, "name": "Films"}

    assert check_record(medium("abc"), Media) == Verdict(None)
    assert check_record(modern, Media) == Verdict(None)
