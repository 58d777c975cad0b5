"""Under hash and drop no person is found anywhere, and no token under any policy."""

import json
import logging
import re
from typing import Any

import pytest
from pydantic import SecretStr

from ingestion.errors import IngestionError
from ingestion.privacy import make_redactor
from ingestion.resources import VISITORS
from ingestion.settings import Settings
from ingestion.work import Scope
from tests.ingestion.account import TOKEN, visitor
from tests.ingestion.conftest import Bench
from tests.ingestion.wire import Reply, as_json, reset, text

ONLY = Scope(resource="visitors")
KEY = SecretStr("planted-key-4d2")
PERSON = {
    "name": "Nadine Planted",
    "email": "nadine@planted.example",
    "org": {"name": "Planted & Sons", "title": "Chief Planter"},
}
WORDS = ("Nadine", "nadine@", "Sons", "Planter", "+49 30 901820")
HASH: dict[str, Any] = {"pii_policy": "hash", "pii_hash_key": KEY}
DROP: dict[str, Any] = {"pii_policy": "drop"}


def identities(bench: Bench) -> list[dict[str, Any]]:
    return [row["visitor_identity"] for row in bench.rows("visitors")]


def test_keep_keeps(bench: Bench) -> None:
    bench.api.visitors = [visitor(0, visitor_identity=PERSON), visitor(1)]
    bench.ingest(ONLY)

    assert identities(bench)[0] == PERSON


def test_drop_leaves_the_places_empty_and_blanks_as_they_were(bench: Bench) -> None:
    blank = {"name": "", "email": None, "org": {"name": " ", "title": None}}
    bench.api.visitors = [
        visitor(0, visitor_identity=PERSON),
        visitor(1, visitor_identity=blank),
        visitor(2, visitor_identity=None),
    ]
    bench.ingest(ONLY, **DROP)

    dropped = {"name": None, "email": None, "org": {"name": None, "title": None}}
    assert identities(bench) == [dropped, blank, None]


def test_hash_gives_one_person_one_name_whatever_the_case_and_the_day(bench: Bench) -> None:
    shouted = {**PERSON, "email": " NADINE@planted.example "}
    bench.api.visitors = [visitor(1, visitor_identity=PERSON), visitor(2)]
    bench.ingest(ONLY, **HASH)
    bench.api.visitors = [visitor(0, visitor_identity=shouted), *bench.api.visitors]
    bench.ingest(ONLY, **HASH)

    first, _, second = identities(bench)
    assert first == second
    values = [first["name"], first["email"], first["org"]["name"], first["org"]["title"]]
    assert len(set(values)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in values)


def test_another_key_gives_another_hash() -> None:
    def hashed(key: str) -> object:
        settings = Settings(pii_policy="hash", pii_hash_key=SecretStr(key))
        return make_redactor(settings)({"visitor_identity": PERSON}, VISITORS.personal)

    assert hashed("one") != hashed("two")
    assert hashed("one") == hashed("one")


WRONG: dict[str, object] = {
    "identity text": visitor(5, visitor_identity="Nadine nadine@planted.example"),
    "identity list": visitor(5, visitor_identity=[PERSON, "Nadine"]),
    "name object": visitor(5, visitor_identity={"name": {"first": "Nadine", "rest": ["Sons"]}}),
    "org list": visitor(5, visitor_identity={"org": ["Sons", {"title": "Planter"}]}),
    "bad count": visitor(5, load_count="x", visitor_identity=PERSON),
    "no object": "Nadine",
    "list": ["Nadine", PERSON],
    "new field": visitor(5, visitor_identity={**PERSON, "phone": "+49 30 901820"}),
    "half a character": visitor(5, visitor_identity={"name": "Nadine \ud800"}),
}


@pytest.mark.parametrize("policy", [HASH, DROP], ids=["hash", "drop"])
@pytest.mark.parametrize("record", WRONG.values(), ids=WRONG.keys())
def test_a_person_in_the_wrong_place_is_found_nowhere(
    bench: Bench, caplog: pytest.LogCaptureFixture, record: object, policy: dict[str, Any]
) -> None:
    bench.api.visitors = [visitor(0), record, visitor(9)]

    with caplog.at_level(logging.DEBUG):
        run = bench.ingest(ONLY, **policy)

    landed = len(bench.rows("visitors")) + len(bench.set_aside("visitors"))
    assert (run.state, landed) == ("completed", 3)
    for word in WORDS:
        assert word not in bench.text()
        assert word not in caplog.text


FAILURES: dict[str, Reply] = {
    "401": as_json({"code": "unauthorized_credentials", "error": "Nadine"}, 401),
    "scope": as_json({"code": "unauthorized_scope", "error": "nadine@planted.example"}, 403),
    "404": as_json({"error": "Nadine"}, 404),
    "422": as_json({"error": "Nadine"}, 422),
    "429": text("Nadine", 429, Retry_After="86400"),
    "500": text("Nadine nadine@planted.example", 500),
    "html": text("<html>Nadine"),
    "half": text('[{"visitor_identity": {"name": "Nadine", "email": "nadine@'),
    "reset": reset(),
    "gzip": Reply(b"Nadine", headers={"Content-Encoding": "gzip"}),
    "location": Reply(status=301, headers={"Location": "http://elsewhere.invalid/?q=nadine@"}),
}


@pytest.mark.parametrize("reply", FAILURES.values(), ids=FAILURES.keys())
def test_no_failure_tells_the_token_or_a_person(
    bench: Bench, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    bench.api.visitors = [visitor(0, visitor_identity=PERSON), visitor(1)]
    bench.api.order("/stats/visitors", *[reply] * 80)

    with caplog.at_level(logging.DEBUG), pytest.raises(IngestionError) as caught:
        bench.ingest(ONLY, **DROP)

    said = f"{caught.value} {caught.value.remedy} {caplog.text} {bench.text()}"
    for word in (*WORDS, TOKEN, KEY.get_secret_value()):
        assert word not in said
    (manifest,) = bench.objects("state/runs")
    assert json.loads(bench.home.read(manifest))["state"] == "failed"


def test_a_good_run_tells_no_token_and_no_key(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.api.visitors = [visitor(0, visitor_identity=PERSON), visitor(1)]
    bench.api.add_medium("abc")

    with caplog.at_level(logging.DEBUG):
        bench.ingest(**HASH)

    for word in (*WORDS, TOKEN, KEY.get_secret_value()):
        assert word not in bench.text() + caplog.text
