"""The stand-in's answers against Wistia's official specification.

Where the specification and real answers disagree the real ones win; each such place is named
below with its reason, and a reason that is no longer needed fails as well.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.support.machine.servers import Sandbox, running_sandbox

# Answer, place in it, broken rule: why the real answer is right.
EXCEPTIONS = {
    (
        "/stats/visitors",
        "[]",
        "unevaluatedProperties",
    ): "identifying_event_key is in every real row",
    ("/stats/events", "[]/conversion_data", "type"): "empty text where nothing was converted",
}

MEDIUM = "v08dlrgr7v"


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    folder = os.environ.get("WISTIA_OPENAPI_DIR")
    if not folder:
        pytest.skip("WISTIA_OPENAPI_DIR names no folder with Wistia's openapi-stats.yaml")
    path = Path(folder) / "openapi-stats.yaml"
    parsed: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parsed


def ask_everything(server: Sandbox) -> dict[str, list[Any]]:
    """Return answers by the path that the specification gives them."""
    modern = replace(server, base_url=f"{server.origin}/modern")
    events = [modern.json("/stats/events", page=page, per_page=100) for page in range(1, 4)]
    days = {"start_date": "2025-12-01", "end_date": "2025-12-05"}
    return {
        "/medias": [modern.json("/medias")],
        "/token": [modern.json("/token")],
        "/stats/account": [modern.json("/stats/account")],
        "/stats/medias/{mediaId}": [modern.json(f"/stats/medias/{MEDIUM}")],
        "/stats/medias/{mediaId}/by_date": [modern.json(f"/stats/medias/{MEDIUM}/by_date", **days)],
        "/stats/medias/{mediaId}/engagement": [modern.json(f"/stats/medias/{MEDIUM}/engagement")],
        "/stats/visitors": [modern.json("/stats/visitors", page=p, per_page=100) for p in (1, 2)],
        "/stats/events": events,
    }


def broken_rules(schema: dict[str, Any], path: str, answer: object) -> set[tuple[str, str, str]]:
    found = set()
    for error in Draft202012Validator(schema).iter_errors(answer):
        place = "".join("[]" if isinstance(p, int) else f"/{p}" for p in error.absolute_path)
        found.add((path, place, str(error.validator)))
    return found


def test_answers_keep_the_official_specification(specification: dict[str, Any]) -> None:
    with running_sandbox(today="2026-01-09") as server:
        answers = ask_everything(server)
    broken = set()
    for path, bodies in answers.items():
        good = specification["paths"][path]["get"]["responses"]["200"]
        schema = good["content"]["application/json"]["schema"]
        for body in bodies:
            broken |= broken_rules(schema, path, body)
    assert broken - set(EXCEPTIONS) == set(), "the stand-in differs from the specification"
    assert set(EXCEPTIONS) - broken == set(), "an exception is no longer needed"


def test_a_wrong_answer_would_be_noticed(specification: dict[str, Any]) -> None:
    good = specification["paths"]["/stats/account"]["get"]["responses"]["200"]
    schema = good["content"]["application/json"]["schema"]
    wrong = {"load_count": "1", "play_count": 1, "hours_watched": 0.5}
    rule = ("/stats/account", "/load_count", "type")
    assert broken_rules(schema, "/stats/account", wrong) == {rule}


def test_errors_keep_the_official_specification(specification: dict[str, Any]) -> None:
    responses = specification["paths"]["/stats/events"]["get"]["responses"]
    with running_sandbox(scopes="media:read") as server:
        scope = server.get("/stats/events")
        token = replace(server, token="wrong").get("/stats/events")
    with running_sandbox() as server:
        window = server.get("/stats/events", start_date="soon")
    for answer in (scope, token, window):
        schema = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
        assert broken_rules(schema, "/stats/events", answer.json()) == set()
