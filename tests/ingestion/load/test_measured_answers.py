"""What real answers were measured to hold is loaded, and what is no record is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.load.schemas import check_record
from ingestion.resources import RESOURCES

FOLDER = Path(__file__).parent / "measured_answers"
LOADED = {
    resource.schema: rows
    for resource in RESOURCES
    if (path := FOLDER / f"{resource.name}.json").is_file()
    for rows in [json.loads(path.read_text(encoding="utf-8"))]
}
BROKEN = json.loads((FOLDER / "broken_visitors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("schema", LOADED, ids=lambda schema: schema.__name__)
def test_every_measured_oddity_is_let_in(schema: Any) -> None:  # noqa: ANN401 - a schema
    rows = LOADED[schema]
    found = [check_record(row, schema) for row in (rows if isinstance(rows, list) else [rows])]
    assert [verdict.reason for verdict in found] == [None] * len(found)


def test_there_is_an_answer_of_every_kind() -> None:
    assert {schema.__name__ for schema in LOADED} == {
        *("Media", "MediaStats", "MediaEngagement", "MediaDay", "Visitor", "Event")
    }


@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row["reason"])
def test_what_is_no_visitor_is_not_let_in(row: dict[str, Any]) -> None:
    [visitors] = [one for one in RESOURCES if one.name == "visitors"]
    assert check_record(row["record"], visitors.schema).reason
