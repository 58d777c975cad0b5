"""Under hash and drop no person is found anywhere, and no token under any policy."""

import json
import logging
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ingestion.config.errors import IngestionError
from ingestion.config.settings import Settings
from ingestion.extract.context import Scope
from ingestion.load.redaction import make_redactor
from ingestion.load.resource import Resource
from ingestion.load.schemas import check_record
from ingestion.resources import (
    ACCOUNT,
    EVENTS,
    MEDIA,
    MEDIA_BY_DATE,
    MEDIA_ENGAGEMENT,
    MEDIAS,
    VISITORS,
)
from ingestion.storage.json_lines import encode
from tests.ingestion.account import ENGAGEMENT, STATS, TOKEN, event, medium, visitor
from tests.ingestion.api.wire import Reply, as_json, reset, text
from tests.ingestion.conftest import Bench

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
        return make_redactor(settings)({"visitor_identity": PERSON}, VISITORS)

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


MARK, NUMBER = "nadine@planted.example", 4930901820.77
RECORDS: dict[str, tuple[Resource, dict[str, Any]]] = {
    "visitors": (VISITORS, visitor(1)),
    "events": (EVENTS, event(1, attributes={}, conversion_data={})),
    "medias": (MEDIAS, medium("abc", thumbnail={"url": "https://a.example/b"}, assets=[{}])),
    "media": (MEDIA, STATS | {"actions": [{"type": "Call"}], "interactions": [{}]}),
    "media_engagement": (MEDIA_ENGAGEMENT, ENGAGEMENT),
    "media_by_date": (MEDIA_BY_DATE, {"date": "2026-01-08", "load_count": 1}),
    "account": (ACCOUNT, {"load_count": 1, "play_count": 1, "hours_watched": 1.5}),
}
# What is somebody's wherever it stands: beside others, in lists, in objects, as a name.
PLANTED = st.recursive(
    st.sampled_from([MARK, NUMBER, f"call {MARK}", f"https://{MARK}/tour?to={MARK}#{NUMBER}"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from([MARK, str(NUMBER), "phone", "email"]), inner, min_size=1),
    ),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.sampled_from([MARK, "phone"]), PLANTED, min_size=1)
NEW_NAMES = st.sampled_from(["phone", "custom_fields", "attributes_v2", "Email", MARK, str(NUMBER)])


@st.composite
def planted(draw: st.DrawFn) -> tuple[Resource, dict[str, Any]]:
    """A record with somebody in it, in the places where nothing should be in clear."""
    resource, good = RECORDS[draw(st.sampled_from(sorted(RECORDS)))]
    record = json.loads(json.dumps(good))
    objects = [record]
    for inner in record.values():
        items = inner if isinstance(inner, list) else [inner]
        objects += [one for one in items if isinstance(one, dict)]
    draw(st.sampled_from(objects))[draw(NEW_NAMES)] = draw(PLANTED)
    # A known field of another shape, and what is personal by its name.
    wrong = draw(
        PLANTED.filter(lambda value: not isinstance(value, (str, float)) and MARK in str(value))
    )
    record[draw(st.sampled_from(sorted(good)))] = wrong
    if resource is EVENTS:
        record |= {"attributes": draw(PLANTED), "conversion_data": draw(PLANTED), "ip": MARK}
    if resource is VISITORS and draw(st.booleans()):
        record["visitor_identity"] = draw(PLANTED)
    return resource, record


@pytest.mark.parametrize("policy", [HASH, DROP], ids=["hash", "drop"])
@settings(max_examples=120, deadline=None)
@given(where=planted())
def test_what_is_not_known_to_be_impersonal_is_never_in_clear(
    where: tuple[Resource, dict[str, Any]], policy: dict[str, Any]
) -> None:
    resource, record = where
    verdict = check_record(record, resource.schema)

    clean = make_redactor(Settings(**policy))(record, resource, verdict.faulty)

    said = f"{encode(clean).decode()} {verdict.reason} {sorted(verdict.unknown)}"
    assert [word for word in ("nadine", "planted.example", "4930901820") if word in said] == []


@pytest.mark.parametrize("policy", [HASH, DROP], ids=["hash", "drop"])
@pytest.mark.parametrize("name", RECORDS)
def test_what_is_known_to_be_impersonal_stays(name: str, policy: dict[str, Any]) -> None:
    resource, record = RECORDS[name]
    clean = make_redactor(Settings(**policy))(record, resource)
    personal = {"visitor_identity", "ip", "city", "lat", "lon", "org", "iframe_heatmap_url"}
    personal |= {"interactions"}  # documented without its shape

    assert isinstance(clean, dict)
    for field in record.keys() - personal:
        assert clean[field] == record[field], field


@pytest.mark.parametrize("wrong", [[MARK], NUMBER, {"of": MARK}], ids=["list", "number", "object"])
def test_redacting_again_changes_nothing(wrong: object) -> None:
    play = event(1, email=MARK, note={MARK: [MARK]}, attributes={"ip": MARK}, country=wrong)
    for policy in (HASH, DROP):
        again = make_redactor(Settings(**policy), is_again=True)
        faulty = check_record(play, EVENTS.schema).faulty
        once = again(play, EVENTS, faulty)
        assert once == make_redactor(Settings(**policy))(play, EVENTS, faulty)
        assert again(once, EVENTS, check_record(once, EVENTS.schema).faulty) == once
        # What is not as it should be does not pass for something else afterwards.
        assert check_record(once, EVENTS.schema).faulty == {"country"}


@pytest.mark.parametrize("policy", [HASH, DROP], ids=["hash", "drop"])
def test_statistics_of_a_video_obey_too(bench: Bench, policy: dict[str, Any]) -> None:
    bench.api.add_medium("abc", description="ours", owner={"email": MARK})
    bench.api.add_medium("def", 2)
    bench.api.stats["abc"] = STATS | {"by_person": {MARK: 1}}
    bench.api.stats["def"] = STATS | {"play_count": MARK, "by_person": {MARK: 1}}

    run = bench.ingest(**policy)

    assert (run.state, len(bench.set_aside("media"))) == ("completed", 1)
    assert bench.rows("media")[0]["load_count"] == 10
    assert bench.rows("medias")[0]["description"] == "ours"
    assert MARK not in bench.text()
    assert run.resource("media").unknown_fields == ["by_person"]


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


@pytest.mark.parametrize(
    ("address", "shown", "hides"),
    [
        (
            "https://a.example/x?utm_source=News&utm_medium=mail",
            "utm_source=News&utm_medium=mail",
            False,
        ),
        ("https://a.example/x?uid=7&utm_campaign=spring#Nadine", "utm_campaign=spring", True),
        ("https://a.example/x?utm_source=nadine@planted.example", "", True),
        ("https://a.example/x?utm_source=4711&utm_content=nadine", "", True),
    ],
)
def test_of_a_page_s_query_only_the_words_of_a_campaign_stay(
    address: str, shown: str, *, hides: bool
) -> None:
    def redacted(policy: dict[str, Any]) -> str:
        redact = make_redactor(Settings(**policy), is_again=True)
        once = redact({"embed_url": address}, EVENTS)
        assert redact(once, EVENTS) == once
        assert isinstance(once, dict)
        return str(once["embed_url"])

    page = "https://a.example/x"
    assert redacted(DROP) == (f"{page}?{shown}" if shown else page)
    digest = "[0-9a-f]{64}" if hides else ""
    wanted = "[?]" + "&".join(filter(None, (re.escape(shown), digest)))
    assert re.fullmatch(page + wanted, redacted(HASH))
