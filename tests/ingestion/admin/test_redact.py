"""A lake written before obeys PII_POLICY afterwards; killed anywhere, the next completes it."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from ingestion.admin.audit import Audit
from ingestion.admin.job import OLDER
from ingestion.admin.quarantine import replay
from ingestion.admin.redact import redact
from ingestion.config.errors import ConfigurationError, LakeError, SourceMismatchError
from ingestion.config.secrets import fingerprint_key
from ingestion.load.redaction import make_redactor
from ingestion.resources import EVENTS, RESOURCES, VISITORS
from ingestion.state.manifest import Manifest, read_manifests
from ingestion.state.source_guard import read_source, write_source
from ingestion.storage.base import Lake
from tests.ingestion.account import STATS, event, visitor
from tests.ingestion.admin.test_forget import Dying
from tests.ingestion.admin.test_versions import every_version
from tests.ingestion.admin.test_versions import home as versioned_home
from tests.ingestion.conftest import Bench

__all__ = ["versioned_home"]
MARK, PHONE = "nadine@planted.example", "+49 30 9018273645"
NADINE = {"name": "Nadine Planted", "email": MARK, "org": None}
HASH: dict[str, Any] = {"pii_policy": "hash", "pii_hash_key": SecretStr("planted-key-4d2")}
DROP: dict[str, Any] = {"pii_policy": "drop"}
TRACES = ("nadine", "Nadine", "9018273645", "192.0.2.77", "by_mail@")


def fill(bench: Bench) -> None:
    """What PII_POLICY=keep keeps: persons, new fields, names that are data; some quarantined."""
    bench.api.visitors = [
        visitor(0),
        visitor(1, visitor_identity=NADINE, phone=PHONE),
        visitor(2, visitor_identity=NADINE, load_count="call Nadine"),
        visitor(3) | {"by_mail@x.example": 1},
    ]
    bench.api.events = [
        event(1, email=MARK, ip="192.0.2.77", attributes={"ip": "192.0.2.77", MARK: [PHONE]}),
        event(2, percent_viewed="half", email=MARK),
    ]
    bench.api.add_medium("abc")
    bench.api.stats["abc"] = STATS | {"who": {MARK: 1}}
    bench.ingest()


def redacted(bench: Bench, lake: Lake | None = None, **policy: Any) -> Manifest:  # noqa: ANN401
    run, damaged = redact(bench.settings(**policy), lake or bench.lake(), bench.clock)
    assert damaged == []
    return run


def traces(bench: Bench) -> list[str]:
    return [word for word in TRACES if word in bench.text()]


@pytest.mark.parametrize("policy", [HASH, DROP], ids=["hash", "drop"])
def test_bronze_quarantine_and_records_hold_nobody_in_clear(
    bench: Bench, policy: dict[str, Any]
) -> None:
    fill(bench)
    assert len(traces(bench)) == len(TRACES)
    counts = {r.name: (len(bench.rows(r.name)), len(bench.set_aside(r.name))) for r in RESOURCES}

    run = redacted(bench, **policy)

    assert traces(bench) == []
    # Of bronze two visitors, an event and the statistics; of quarantine one of each.
    assert run.removed == {"bronze": 4, "quarantine": 2}
    assert (run.kind, run.state, run.exit_code) == ("redact", "completed", 0)
    assert counts == {
        r.name: (len(bench.rows(r.name)), len(bench.set_aside(r.name))) for r in RESOURCES
    }
    assert list(Audit(bench.lake()).examine()) == []
    source = read_source(bench.lake())
    assert source is not None
    assert source["pii_policy"] == policy["pii_policy"]
    clean = make_redactor(bench.settings(**policy))(bench.api.visitors[1], VISITORS)
    assert isinstance(clean, dict)
    assert clean.items() <= bench.rows("visitors")[1].items()


@pytest.mark.parametrize("policy", [HASH, DROP], ids=["hash", "drop"])
def test_the_next_run_goes_on_and_loads_nothing_again(bench: Bench, policy: dict[str, Any]) -> None:
    fill(bench)
    redacted(bench, **policy)
    before = {r.name: len(bench.rows(r.name)) for r in RESOURCES}

    run = bench.ingest(**policy)

    assert {r.name: len(bench.rows(r.name)) for r in RESOURCES} == before
    assert all(entry.records == 0 for entry in run.resources)
    with pytest.raises(SourceMismatchError, match="PII_POLICY"):
        bench.ingest()


def test_a_lake_of_an_older_version_keeps_its_hashes(bench: Bench) -> None:
    """It hashed what it knew to be personal, and left new fields in clear."""
    settings = bench.settings(**HASH)
    old = make_redactor(settings)(event(1, email=MARK, conversion_data={"email": MARK}), EVENTS)
    assert isinstance(old, dict)
    bench.api.events = [old | {"phone": PHONE, "attributes": {"email": MARK}}]
    bench.ingest()
    source = {**(read_source(bench.lake()) or {}), "pii_policy": "hash"}
    write_source(bench.lake(), source | {"pii_key": fingerprint_key(settings)})

    redacted(bench, **HASH)
    again = redacted(bench, **HASH)

    (row,) = bench.rows("events")
    assert old.items() <= row.items()
    assert row["attributes"] == {"email": old["email"]}
    assert len(row["phone"]) == 64
    assert traces(bench) == []
    assert again.removed == {"bronze": 0, "quarantine": 0}


def test_a_hashed_lake_can_be_dropped_and_never_the_other_way(bench: Bench) -> None:
    fill(bench)
    with pytest.raises(ConfigurationError, match="PII_POLICY is keep"):
        redacted(bench)
    redacted(bench, **HASH)
    with pytest.raises(SourceMismatchError, match="PII_HASH_KEY"):
        redacted(bench, **{**HASH, "pii_hash_key": SecretStr("another")})

    redacted(bench, **DROP)

    (row,) = bench.rows("events")
    assert (row["email"], row["attributes"], row["country"]) == (None, None, "DE")
    visit = bench.rows("visitors")[1]
    assert visit["visitor_identity"] == {"name": None, "email": None, "org": None}
    assert "phone" not in visit
    with pytest.raises(SourceMismatchError, match="PII_POLICY=drop"):
        redacted(bench, **HASH)


def test_what_a_replay_took_stays_taken(bench: Bench) -> None:
    bench.api.visitors = [visitor(1, visitor_identity=NADINE, load_count="x"), visitor(2)]
    bench.ingest()
    # The schema of another day takes it: as if quarantine held a good record.
    (key,) = bench.objects("quarantine/visitors")
    good = visitor(1, visitor_identity=NADINE)
    bench.home.write(key, _aside(bench, key, good))
    first = replay(bench.settings(), bench.lake(), (VISITORS,), bench.clock)
    assert first.resource("visitors").records == 1

    redacted(bench, **DROP)

    again = replay(bench.settings(**DROP), bench.lake(), (VISITORS,), bench.clock)
    assert again.resources == []


def _aside(bench: Bench, key: str, record: dict[str, Any]) -> bytes:
    from ingestion.storage.json_lines import compress, encode  # noqa: PLC0415

    (line,) = bench.set_aside("visitors")
    assert key in bench.home.keys()  # noqa: SIM118
    return compress(encode({**line, "record": record}) + b"\n")


@pytest.mark.parametrize("left", range(10))
def test_a_redact_killed_anywhere_is_completed_by_the_next(bench: Bench, left: int) -> None:
    fill(bench)
    dying = Dying(bench.root)
    dying.left = left
    with pytest.raises(LakeError, match="killed"):
        redacted(bench, dying, **DROP)

    redacted(bench, **DROP)

    assert traces(bench) == []
    assert list(Audit(bench.lake()).examine()) == []
    assert not any(run.rewriting or run.renamed for run in read_manifests(bench.lake()))


def test_another_key_does_not_complete_a_broken_one(bench: Bench) -> None:
    fill(bench)
    dying = Dying(bench.root)
    dying.left = 2
    with pytest.raises(LakeError, match="killed"):
        redacted(bench, dying, **HASH)

    with pytest.raises(SourceMismatchError, match="PII_HASH_KEY"):
        redacted(bench, **{**HASH, "pii_hash_key": SecretStr("another")})


def test_a_damaged_object_is_named_and_the_others_are_redacted(bench: Bench) -> None:
    fill(bench)
    (key,) = bench.objects("quarantine/events")
    bench.home.write(key, b"damaged")

    _, damaged = redact(bench.settings(**DROP), bench.lake(), bench.clock)

    assert damaged == [key]
    bench.home.remove(key)
    assert traces(bench) == []


def test_no_name_that_may_be_data_stays_in_manifests(bench: Bench) -> None:
    fill(bench)
    (run,) = read_manifests(bench.lake())
    run.resource("visitors").unknown_fields = [MARK, f"visitor_identity.{MARK}", "phone"]
    run.save(bench.lake())

    redacted(bench, **DROP)

    (run, _) = read_manifests(bench.lake())
    assert run.resource("visitors").unknown_fields == ["(a name that is no word)", "phone"]
    assert json.loads(bench.home.read("state/visitors.json"))["fields"] == [
        "(a name that is no word)",
        "phone",
    ]


class TestVersioned:
    """A bucket that keeps older versions."""

    @pytest.fixture
    def home(self, versioned_home: object) -> object:
        return versioned_home

    def test_no_older_version_holds_anybody(self, bench: Bench) -> None:
        fill(bench)

        run = redacted(bench, **DROP)

        assert run.removed[OLDER] > 4
        assert [word for word in TRACES if word in every_version(bench)] == []
        assert list(Audit(bench.lake()).examine()) == []
