"""A person leaves every layer, and the record of it tells nothing of whom."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import SecretStr

from flows.duckdb.erase import WarehouseTables
from ingestion.admin.audit import Audit
from ingestion.admin.erase import UnknownPersonError, forget
from ingestion.admin.rebuild import rebuild
from ingestion.config.errors import LakeBusyError, LakeError, SourceMismatchError
from ingestion.extract.context import Scope
from ingestion.ingest import ingest
from ingestion.state.checkpoint import identity_of
from ingestion.state.manifest import Manifest
from ingestion.state.run import start_run
from ingestion.storage.base import Lake
from ingestion.storage.json_lines import digest
from ingestion.storage.local import LocalLake
from tests.ingestion.account import NOON, event, visitor
from tests.ingestion.conftest import Bench

ONLY = Scope(resource="visitors")
NADINE = {"name": "Nadine Planted", "email": "nadine@planted.example", "org": None}
OTHER = {"name": "Ivo Other", "email": "xnadine@planted.example", "org": None}
HASH: dict[str, Any] = {"pii_policy": "hash", "pii_hash_key": SecretStr("planted-key-4d2")}
KEY = str(visitor(1)["visitor_key"])
SECOND = str(visitor(2)["visitor_key"])


def fill(bench: Bench, **changes: Any) -> None:  # noqa: ANN401
    """Nadine under two keys, one of them before she gave her address; once quarantined."""
    bench.api.visitors = [visitor(0), visitor(1), visitor(3, visitor_identity=OTHER)]
    bench.ingest(ONLY, **changes)
    bench.api.visitors = [
        visitor(1, NOON, visitor_identity=NADINE),
        visitor(2, visitor_identity={**NADINE, "email": " NADINE@planted.example"}),
        visitor(2, NOON, load_count="x", visitor_identity=NADINE),
        visitor(3, visitor_identity=OTHER),
        visitor(4, load_count="x"),
    ]
    bench.ingest(ONLY, **changes)


def warehouse(folder: Path) -> WarehouseTables:
    """Built tables, uncompressed, so that a name inside the file can be searched for."""
    path = folder / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("pragma force_compression = 'uncompressed'")
        connection.execute("create schema silver; create schema gold; create schema pages")
        rows = f"('{KEY}', 'nadine@planted.example'), ('v3', 'xnadine@planted.example')"
        for table in ("silver.fact_visitors", "gold.fact_audience_insights"):
            connection.execute(f"create table {table} (visitor_key varchar, email varchar)")
            connection.execute(f"insert into {table} values {rows}")  # noqa: S608
        connection.execute(f"create table silver.activity as select '{KEY}' as visitor_key")
        connection.execute("create table pages.totals as select 2 as visitors")
    return WarehouseTables(path)


def forgotten(
    bench: Bench,
    who: str,
    tables: WarehouseTables,
    lake: Lake | None = None,
    **changes: Any,  # noqa: ANN401
) -> Manifest:
    settings = bench.settings(**changes)
    manifest, damaged = forget(settings, lake or bench.lake(), who, tables, bench.clock)
    assert damaged == []
    return manifest


def no_tables(folder: Path) -> WarehouseTables:
    return WarehouseTables(folder / "none.duckdb")


def test_what_a_run_at_work_lists_is_not_changed_under_it(bench: Bench, tmp_path: Path) -> None:
    """It has its list in memory, and writes it again at the end of its next stage."""
    bench.api.visitors = [visitor(0), visitor(1)]
    run = start_run(bench.lake(), "run", "test", bench.clock)
    with run.alive():
        ingest(bench.settings(), bench.lake(), run, ONLY)
        with pytest.raises(LakeBusyError, match=f"{run.manifest.run_id} is at work"):
            forgotten(bench, KEY, no_tables(tmp_path))
        with pytest.raises(LakeBusyError, match=f"{run.manifest.run_id} is at work"):
            rebuild(bench.settings(), bench.lake())
        run.finish("completed", 0)

    forgotten(bench, KEY, no_tables(tmp_path))

    assert bench.keys("visitors") == [visitor(0)["visitor_key"]]
    assert list(Audit(bench.lake()).examine()) == []


@pytest.mark.both_lakes
def test_by_address_all_keys_leave_every_layer(bench: Bench, tmp_path: Path) -> None:
    fill(bench)
    tables = warehouse(tmp_path)

    run = forgotten(bench, "Nadine@Planted.example ", tables)

    assert run.removed == {
        "bronze": 3,
        "quarantine": 1,
        "gold.fact_audience_insights": 1,
        "silver.activity": 1,
        "silver.fact_visitors": 1,
    }
    rest = bench.text()
    for trace in (KEY, SECOND, "Nadine", " NADINE", identity_of(KEY), identity_of(SECOND)):
        assert trace not in rest
    assert sorted(set(bench.keys("visitors"))) == [str(visitor(n)["visitor_key"]) for n in (0, 3)]
    assert "xnadine@planted.example" in rest
    assert list(Audit(bench.lake()).examine()) == []


def test_an_address_with_a_percent_sign_is_found_as_it_is_written(
    bench: Bench, tmp_path: Path
) -> None:
    # Of the old way to name a relay; unquoted it would be another one.
    address = "nadine%acme.example@relay.example"
    bench.api.events = [event(1, email=address), event(2)]
    bench.ingest(Scope(resource="events"))

    assert forgotten(bench, address, no_tables(tmp_path)).removed["bronze"] == 1
    assert [row["event_key"] for row in bench.rows("events")] == [event(2)["event_key"]]


@pytest.mark.parametrize(
    "trace",
    [
        {"embed_url": "https://a.example/?wemail=Nadine%40planted.example&x=1"},
        {"attributes": {"form": {"nadine@planted.example": True}}},
    ],
    ids=["a page's address", "a field's name"],
)
def test_an_address_is_found_wherever_it_stands(
    bench: Bench, tmp_path: Path, trace: dict[str, Any]
) -> None:
    bench.api.events = [event(1, **trace), event(2)]
    bench.ingest(Scope(resource="events"))

    assert forgotten(bench, "nadine@planted.example", no_tables(tmp_path)).removed["bronze"] == 1
    assert [row["event_key"] for row in bench.rows("events")] == [event(2)["event_key"]]


def test_no_other_copy_of_the_tables_keeps_the_person(bench: Bench, tmp_path: Path) -> None:
    fill(bench)
    tables = warehouse(tmp_path)
    for name in ("building.duckdb", "building.duckdb.wal", "damaged.duckdb", "forgetting.part"):
        (tmp_path / f"warehouse.{name}").write_text(KEY)
    spilled = tmp_path / "warehouse.building.duckdb.tmp"
    spilled.mkdir()
    (spilled / "block").write_text(KEY)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        # What plain dbt leaves when it is killed: rows in the write-ahead log alone.
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute(f"insert into silver.activity values ('{KEY}')")  # noqa: S608

    run = forgotten(bench, "nadine@planted.example", tables)

    assert run.removed["silver.activity"] == 2
    assert [path.name for path in tmp_path.glob("warehouse*")] == ["warehouse.duckdb"]


def test_the_tables_file_holds_no_byte_of_the_person(bench: Bench, tmp_path: Path) -> None:
    fill(bench)
    tables = warehouse(tmp_path)
    path = tmp_path / "warehouse.duckdb"
    assert KEY.encode() in path.read_bytes()

    forgotten(bench, KEY, tables)

    assert KEY.encode() not in path.read_bytes()
    assert b"xnadine@planted" in path.read_bytes()
    assert path.read_bytes().count(b"nadine@planted") == path.read_bytes().count(b"xnadine@planted")
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select * from pages.totals").fetchall() == [(2,)]
        assert connection.execute("select visitor_key from silver.fact_visitors").fetchall() == [
            ("v3",)
        ]
    assert [file.name for file in tmp_path.glob("warehouse*")] == ["warehouse.duckdb"]


@pytest.mark.parametrize("name", ["{0}~", ".{0}.swp", "{0} (conflicted copy)"])
def test_no_copy_of_an_object_keeps_the_person(bench: Bench, tmp_path: Path, name: str) -> None:
    # As an editor, or a folder that is synchronized, leaves them.
    fill(bench)
    for key in bench.objects("raw-data") + bench.objects("quarantine"):
        folder, _, own = key.rpartition("/")
        bench.home.write(f"{folder}/{name.format(own)}", bench.home.read(key))

    forgotten(bench, NADINE["email"] or "", warehouse(tmp_path))

    held = b"".join(
        gzip.decompress(file.read_bytes())
        for root in ("raw-data", "quarantine")
        for file in (bench.root / root).rglob("*")
        if file.is_file()
    )
    assert b"Ivo Other" in held
    assert b"nadine@planted" not in held.lower().replace(b"xnadine", b"")
    assert KEY.encode() not in held


def test_a_file_that_nobody_can_look_into_is_named(
    bench: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(bench)
    for name in ("desktop.ini", "notes.txt"):
        bench.home.write(f"raw-data/{name}", b"Nadine Planted")

    forgotten(bench, KEY, warehouse(tmp_path))

    assert "raw-data/desktop.ini and 1 more files: no object is named so" in caplog.text
    assert bench.home.read("raw-data/notes.txt") == b"Nadine Planted"


def test_by_key_only_that_visitor_goes(bench: Bench, tmp_path: Path) -> None:
    fill(bench)

    run = forgotten(bench, KEY, no_tables(tmp_path))

    assert run.removed == {"bronze": 2, "quarantine": 0}
    assert KEY not in bench.text()
    assert SECOND in bench.keys("visitors")


def test_a_hashed_address_is_found_by_the_address(bench: Bench, tmp_path: Path) -> None:
    fill(bench, **HASH)

    run = forgotten(bench, "nadine@planted.example", no_tables(tmp_path), **HASH)

    assert run.removed == {"bronze": 3, "quarantine": 1}
    assert KEY not in bench.text()
    assert SECOND not in bench.text()


def test_another_hash_key_or_policy_is_refused(bench: Bench, tmp_path: Path) -> None:
    fill(bench, **HASH)
    for changes in ({"pii_policy": "keep"}, {**HASH, "pii_hash_key": SecretStr("another")}):
        with pytest.raises(SourceMismatchError):
            forgotten(bench, "nadine@planted.example", no_tables(tmp_path), **changes)


def test_the_record_tells_counts_and_nobody(bench: Bench, tmp_path: Path) -> None:
    fill(bench)
    run = forgotten(bench, "nadine@planted.example", no_tables(tmp_path))

    stored = json.loads(bench.home.read(run.key))

    assert (stored["kind"], stored["state"], stored["exit_code"]) == ("forget", "completed", 0)
    assert stored["removed"] == {"bronze": 3, "quarantine": 1}
    assert "rewriting" not in stored
    lines = {digest(row) for row in bench.api.visitors[:3]}
    assert not any(trace in bench.text() for trace in (*lines, "Nadine", KEY, SECOND))


@pytest.mark.parametrize(
    "who", ["v-nobody", "nobody@planted.example", "Chrome", "dine@planted.example"]
)
def test_an_unknown_person_changes_nothing(bench: Bench, tmp_path: Path, who: str) -> None:
    fill(bench)
    before = bench.every_byte()

    with pytest.raises(UnknownPersonError) as caught:
        forgotten(bench, who, no_tables(tmp_path))

    assert who not in str(caught.value)
    assert caught.value.exit_code == 1
    assert bench.every_byte() == before


def test_the_next_run_goes_on_and_lands_whom_wistia_still_has(bench: Bench, tmp_path: Path) -> None:
    fill(bench)
    forgotten(bench, KEY, no_tables(tmp_path))

    bench.ingest(ONLY)

    assert bench.keys("visitors").count(KEY) == 1
    assert list(Audit(bench.lake()).examine()) == []


class Dying(LocalLake):
    """A folder whose process dies at the n-th write or removal below bronze and quarantine."""

    left = 0

    def put(self, key: str, body: bytes) -> None:
        self._count(key)
        super().put(key, body)

    def delete(self, key: str) -> None:
        self._count(key)
        super().delete(key)

    def _count(self, key: str) -> None:
        is_data = key.startswith(("raw-data", "quarantine", "state/runs", "state/visitors"))
        self.left -= is_data
        if is_data and self.left < 0:
            raise LakeError("killed", "again")


@pytest.mark.parametrize("left", range(9))
def test_a_forget_killed_anywhere_is_completed_by_the_next(
    bench: Bench, tmp_path: Path, left: int
) -> None:
    fill(bench)
    dying = Dying(bench.root)
    dying.left = left
    with pytest.raises(LakeError):
        forgotten(bench, "nadine@planted.example", no_tables(tmp_path), dying)

    try:
        forgotten(bench, "nadine@planted.example", no_tables(tmp_path))
    except UnknownPersonError:
        assert left > 4, "nobody was removed yet"

    assert KEY not in bench.text()
    assert SECOND not in bench.text()
    assert list(Audit(bench.lake()).examine()) == []
