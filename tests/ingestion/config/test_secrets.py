"""Token and hash key from Secrets Manager: read again by each run, and told to nobody."""

import json
import logging
from dataclasses import replace
from typing import Any

import boto3
import pytest
from pydantic import SecretStr

from ingestion.config.errors import AuthenticationError, ConfigurationError, SourceMismatchError
from ingestion.config.secrets import read_hash_key, read_token
from ingestion.config.settings import Settings
from ingestion.extract.context import Scope
from tests.ingestion.account import TOKEN, visitor
from tests.ingestion.api.front import Front, refusal
from tests.ingestion.api.wire import Asked, Reply, as_json
from tests.ingestion.conftest import Bench
from tests.ingestion.homes import Client

ONLY = Scope(resource="visitors")
NAME = "wistia-elt"
KEY = "planted-key-4d2"
PERSON = {"name": "Nadine", "email": "nadine@planted.example", "org": {"name": None}}
FROM_SECRET: dict[str, Any] = {"wistia_api_token": None, "wistia_secret_id": NAME}
HASHED: dict[str, Any] = FROM_SECRET | {"pii_policy": "hash"}


@pytest.fixture
def manager(aws: str) -> Client:  # noqa: ARG001
    client = boto3.client("secretsmanager")
    text = json.dumps({"wistia_api_token": TOKEN, "pii_hash_key": KEY})
    client.create_secret(Name=NAME, SecretString=text)
    yield client
    client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)


def store(manager: Client, **values: object) -> None:
    manager.put_secret_value(SecretId=NAME, SecretString=json.dumps(values))


def emails(bench: Bench) -> list[str]:
    return [row["visitor_identity"]["email"] for row in bench.rows("visitors")]


@pytest.mark.usefixtures("manager")
def test_token_and_key_come_from_one_secret(bench: Bench) -> None:
    bench.api.visitors = [visitor(0, visitor_identity=PERSON)]

    assert bench.ingest(ONLY, **HASHED).state == "completed"

    assert bench.wire.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    # HMAC-SHA256 of nadine@planted.example under the key, by openssl.
    # pragma: allowlist nextline secret
    assert emails(bench) == ["14ee3538373ff5a2915795960f5974e3b989c66e30f976b879abc93052c4e92d"]


def test_a_rotated_token_is_picked_up_by_the_next_run(bench: Bench, manager: Client) -> None:
    bench.ingest(ONLY, **FROM_SECRET)

    def rotated(asked: Asked) -> Reply:
        if asked.headers["authorization"] != "Bearer second-token":
            return as_json({"code": "unauthorized_credentials"}, 401)
        return bench.api(replace(asked, headers={"authorization": f"Bearer {TOKEN}"}))

    bench.wire.answer = rotated
    with pytest.raises(AuthenticationError):
        bench.ingest(ONLY, **FROM_SECRET)
    store(manager, wistia_api_token="second-token")

    assert bench.ingest(ONLY, **FROM_SECRET).state == "completed"


@pytest.mark.usefixtures("manager")
def test_the_environment_wins_over_the_secret() -> None:
    settings = Settings(
        wistia_api_token=SecretStr("mine"), pii_hash_key=SecretStr("my key"), wistia_secret_id=NAME
    )

    assert (read_token(settings), read_hash_key(settings)) == ("mine", b"my key")


def test_another_key_is_refused_before_a_byte_changes(bench: Bench, manager: Client) -> None:
    bench.api.visitors = [visitor(0, visitor_identity=PERSON)]
    bench.ingest(ONLY, **HASHED)
    before = bench.every_byte()
    store(manager, wistia_api_token=TOKEN, pii_hash_key="another")

    with pytest.raises(SourceMismatchError, match="another PII_HASH_KEY") as caught:
        bench.ingest(ONLY, **HASHED)

    assert "set the key back" in caught.value.remedy
    assert bench.every_byte() == before
    assert bench.ingest(ONLY, **HASHED | {"pii_hash_key": SecretStr(KEY)}).state == "completed"


def test_a_lake_hashed_before_keys_were_noted_goes_on_and_notes_its_own(
    bench: Bench,
    manager: Client,
) -> None:
    bench.ingest(ONLY, **HASHED)
    noted = bench.state("source")
    key = noted.pop("pii_key")
    bench.home.write("state/source.json", json.dumps(noted).encode())

    assert bench.ingest(ONLY, **HASHED).state == "completed"
    assert bench.state("source")["pii_key"] == key
    store(manager, wistia_api_token=TOKEN, pii_hash_key="another")
    with pytest.raises(SourceMismatchError):
        bench.ingest(ONLY, **HASHED)


def test_hash_without_a_key_of_its_own_is_good_where_a_secret_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PII_POLICY", "hash")
    monkeypatch.setenv("WISTIA_SECRET_ID", NAME)

    assert Settings.load().pii_policy == "hash"


WRONG: dict[str, str] = {
    "no json": f"{TOKEN} {KEY}",
    "half": f'{{"wistia_api_token": "{TOKEN}", "pii_hash_key": "{KEY}',
    "list": json.dumps([TOKEN, KEY]),
    "text": json.dumps(TOKEN),
    "other names": json.dumps({"token": TOKEN, "key": KEY}),
    "numbers": json.dumps({"wistia_api_token": 5, "pii_hash_key": 5}),
    "blank": json.dumps({"wistia_api_token": " ", "pii_hash_key": ""}),
    "null": "null",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_secret_of_another_shape_is_told_without_its_words(
    bench: Bench,
    manager: Client,
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    manager.put_secret_value(SecretId=NAME, SecretString=text)

    for changes in (FROM_SECRET, HASHED | {"wistia_api_token": SecretStr(TOKEN)}):
        with caplog.at_level(logging.DEBUG), pytest.raises(ConfigurationError) as caught:
            bench.ingest(ONLY, **changes)
        assert f"the secret {NAME} holds no text under " in str(caught.value)
        assert '"pii_hash_key": "…"' in caught.value.remedy
        assert caught.value.__cause__ is None
        for word in (TOKEN, KEY):
            assert word not in f"{caught.value} {caught.value.remedy} {caplog.text}"
    assert bench.every_byte() == {}


@pytest.mark.usefixtures("manager")
def test_a_token_that_no_header_takes_is_told_without_it(bench: Bench, manager: Client) -> None:
    store(manager, wistia_api_token=f"{TOKEN}\nsecond")

    with pytest.raises(ConfigurationError, match="the secret wistia-elt holds a character") as told:
        bench.ingest(**FROM_SECRET)
    assert TOKEN not in f"{told.value} {told.value.remedy}"


REFUSED: dict[str, tuple[str, str, str]] = {
    "denied": ("AccessDeniedException", "AWS denies it (AccessDeniedException)", "right to"),
    "expired": ("ExpiredTokenException", "credentials have expired", "aws sso login"),
    "unknown": ("UnrecognizedClientException", "does not know these credentials", "AWS_PROFILE"),
}


@pytest.mark.parametrize("stays", REFUSED.values(), ids=REFUSED.keys())
def test_a_secret_that_may_not_be_read(
    bench: Bench, aws: str, monkeypatch: pytest.MonkeyPatch, stays: tuple[str, str, str]
) -> None:
    code, said, remedy = stays
    with Front(aws).running() as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front.url)
        body = json.dumps({"__type": code, "message": "no"}).encode()
        front.order("POST", "/", Reply(body, 400, {"Content-Type": "application/x-amz-json-1.1"}))
        with pytest.raises(ConfigurationError) as caught:
            bench.ingest(**FROM_SECRET)

    assert f"cannot read the secret {NAME} from Secrets Manager: " in str(caught.value)
    assert said in str(caught.value)
    assert remedy in caught.value.remedy
    assert bench.every_byte() == {}


@pytest.mark.usefixtures("aws")
def test_a_secret_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match="there is no such secret") as caught:
        bench.ingest(**FROM_SECRET)
    assert "WISTIA_SECRET_ID" in caught.value.remedy


@pytest.mark.usefixtures("manager")
def test_the_region_may_have_either_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigurationError, match="no AWS region is set"):
        bench.ingest(ONLY, **FROM_SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    Settings.load()

    assert bench.ingest(ONLY, **FROM_SECRET).state == "completed"


@pytest.mark.usefixtures("manager")
@pytest.mark.parametrize("fault", [None, refusal("InternalError", 422), as_json({}, 401)])
def test_no_run_tells_what_the_secret_holds(
    bench: Bench, caplog: pytest.LogCaptureFixture, fault: Reply | None
) -> None:
    bench.api.visitors = [visitor(0, visitor_identity=PERSON), [PERSON]]
    if fault:
        bench.api.order("/stats/visitors", *[fault] * 9)

    with caplog.at_level(logging.DEBUG):
        try:
            bench.ingest(ONLY, **HASHED)
        except Exception:
            logging.getLogger("test").exception("the run failed")

    assert ("the run failed" in caplog.text) is (fault is not None)
    for word in (TOKEN, KEY, "Nadine", "nadine@"):
        assert word not in caplog.text + bench.text()
