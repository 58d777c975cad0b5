"""A lake holds one account under one policy; another is refused before a byte changes."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from ingestion.config.errors import AuthenticationError, LakeError, SourceMismatchError
from tests.ingestion.account import Account, visitors
from tests.ingestion.api.wire import Wire, as_json, text
from tests.ingestion.conftest import Bench


@pytest.fixture
def other() -> Iterator[Wire]:
    """Another server; its account is the test's to name."""
    with Wire(Account(visitors=visitors(5))).running() as running:
        yield running


def filled(bench: Bench, **changes: Any) -> dict[str, bytes]:  # noqa: ANN401
    bench.api.visitors = visitors(3)
    bench.api.add_medium("abc")
    bench.ingest(**changes)
    return bench.every_byte()


def refuse(bench: Bench, **changes: Any) -> SourceMismatchError:  # noqa: ANN401
    before = bench.every_byte()
    with pytest.raises(SourceMismatchError) as caught:
        bench.ingest(**changes)
    assert bench.every_byte() == before
    assert caught.value.exit_code == 2
    return caught.value


def account_of(wire: Wire) -> Account:
    assert isinstance(wire.answer, Account)
    return wire.answer


def test_another_account_at_another_address_is_refused(bench: Bench, other: Wire) -> None:
    filled(bench)
    account_of(other).hashed_id = "account-two"

    error = refuse(bench, wistia_base_url=other.base_url)

    assert bench.wire.base_url in str(error)
    assert f"{other.base_url} (account account-two)" in str(error)
    assert "LAKE_URI" in error.remedy


def test_another_account_at_the_same_address_is_refused(bench: Bench) -> None:
    filled(bench)
    bench.api.hashed_id = "account-two"

    assert "account-one" in str(refuse(bench))


def test_the_same_account_at_another_address_goes_on(bench: Bench, other: Wire) -> None:
    filled(bench)
    account_of(other).hashed_id = "account-one"

    assert bench.ingest(wistia_base_url=other.base_url).state == "completed"


def test_without_accounts_the_address_tells(bench: Bench, other: Wire) -> None:
    bench.api.hashed_id = account_of(other).hashed_id = None
    filled(bench)

    assert bench.ingest().state == "completed"
    refuse(bench, wistia_base_url=other.base_url)


def test_an_account_learnt_later_is_kept(bench: Bench) -> None:
    bench.api.hashed_id = None
    filled(bench)
    bench.api.hashed_id = "account-one"
    bench.ingest()
    bench.api.hashed_id = "account-two"

    refuse(bench)


def test_a_fault_while_asking_does_not_let_another_account_in(bench: Bench) -> None:
    filled(bench)
    bench.api.hashed_id = "account-two"
    bench.api.order("/account", text("no", 500), text("no", 503))

    refuse(bench)


@pytest.mark.parametrize(
    ("was", "now"), [("keep", "drop"), ("keep", "hash"), ("drop", "keep"), ("hash", "drop")]
)
def test_another_privacy_policy_is_refused(bench: Bench, was: str, now: str) -> None:
    key = SecretStr("key")
    filled(bench, pii_policy=was, pii_hash_key=key)

    error = refuse(bench, pii_policy=now, pii_hash_key=key)

    assert f"PII_POLICY={was}" in str(error)
    assert f"PII_POLICY={was}" in error.remedy


@pytest.mark.parametrize("ruin", [None, b"", b"{", b"[]", b"{}", b"\xff"])
def test_a_ruined_note_is_taken_from_the_manifests(
    bench: Bench, caplog: pytest.LogCaptureFixture, ruin: bytes | None
) -> None:
    filled(bench, pii_policy="drop")
    note = "state/source.json"
    before = json.loads(bench.home.read(note))
    if ruin is None:
        bench.home.remove(note)
    else:
        bench.home.write(note, ruin)

    refuse(bench, pii_policy="keep")
    bench.api.hashed_id = "account-two"
    refuse(bench, pii_policy="drop")
    bench.api.hashed_id = "account-one"
    with caplog.at_level(logging.WARNING):
        bench.ingest(pii_policy="drop")

    assert "state/source.json is lost or corrupt" in caplog.text
    assert json.loads(bench.home.read(note)) == before


def test_a_refused_token_in_a_new_lake_binds_it_to_nothing(bench: Bench, other: Wire) -> None:
    with pytest.raises(AuthenticationError):
        bench.ingest(wistia_api_token=SecretStr("wrong"))
    account_of(other).hashed_id = "account-two"

    assert bench.ingest(wistia_base_url=other.base_url).state == "completed"


def test_a_folder_in_place_of_the_note_is_an_error_and_no_new_lake(bench: Bench) -> None:
    (bench.root / "state/source.json").mkdir(parents=True)

    with pytest.raises(LakeError, match=r"source\.json"):
        bench.ingest()


def test_an_account_without_a_hashed_id_is_known_by_what_it_has(bench: Bench, other: Wire) -> None:
    bench.api.order("/account", as_json({"id": 17, "url": "https://one.example"}))
    filled(bench)

    assert bench.state("source")["account"] == "17"
    refuse(bench, wistia_base_url=other.base_url)
