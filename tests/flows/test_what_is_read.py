"""A build reads what the manifests list, whatever else lies there and however the lake is named."""

import json
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from flows.stages.build import build, take_inventory
from flows.stages.increments import Record, choose_stale, make_record, parse_record
from ingestion.admin.quarantine import quarantine_refused
from ingestion.admin.rebuild import rebuild
from ingestion.config.errors import BuildError, LakeError
from ingestion.config.settings import Settings
from ingestion.config.timestamps import utc_now
from ingestion.storage.local import LocalLake
from tests.support.bronze.writer import BronzeWriter, visitor

AT = "2026-01-09T00:01:48.000000Z"
NAME = "lake [12] #? 100% it's = *"


def make_lake(folder: Path, *keys: str) -> Settings:
    """A lake with these visitors, listed by a manifest."""
    BronzeWriter(folder).write_visitors([visitor(key, "2026-01-08T10:00:00Z") for key in keys], AT)
    settings = Settings(lake_uri=str(folder))
    rebuild(settings, LocalLake(folder))
    return settings


def visitors(settings: Settings) -> list[str]:
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        rows = connection.execute("select visitor_key from silver.fact_visitors order by 1")
        return [key for (key,) in rows.fetchall()]


def test_only_what_is_listed_is_read_from_a_lake_of_any_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours, folder = make_lake(tmp_path / NAME, "ours", "too"), tmp_path / NAME
    # What the name would find as a pattern.
    make_lake(tmp_path / NAME.replace("[12]", "1"), "another lake's")
    linked = tmp_path / "elsewhere"
    (folder / "raw-data" / "visitors").rename(linked)
    (folder / "raw-data" / "visitors").symlink_to(linked)
    (file,) = linked.glob("*/*.json.gz")
    file.with_name(f"._{file.name}").write_bytes(b"\x00\x05\x16\x07")
    BronzeWriter(folder).write_visitors([visitor("unlisted", None)], AT, name="killed")

    build(ours, LocalLake(folder), as_of_date="2026-01-10")

    assert visitors(ours) == ["ours", "too"]
    assert "and 1 more files: no manifest lists them" in caplog.text
    assert not (folder / "warehouse.moving.duckdb").exists()


def test_what_an_older_version_let_in_is_named_with_the_command_that_heals(tmp_path: Path) -> None:
    settings, folder = make_lake(tmp_path / "lake", "good"), tmp_path / "lake"
    odd = [visitor(f"odd {number}", "2026-02-30T10:00:00Z") for number in range(7)]
    BronzeWriter(folder).write_visitors(odd, AT, name="old")
    rebuild(settings, LocalLake(folder))

    with pytest.raises(BuildError) as caught:
        build(settings, LocalLake(folder), as_of_date="2026-01-10")
    said = r"lacks what bronze.visitors holds: odd 0.*, odd 1.*, odd 4.* and 2 more"
    assert re.search(said, str(caught.value))
    assert "`wistia-elt doctor --lake --rebuild` quarantines it" in caught.value.remedy

    assert quarantine_refused(settings, LocalLake(folder), utc_now) == {"visitors": 7}
    build(settings, LocalLake(folder), as_of_date="2026-01-10")
    assert visitors(settings) == ["good"]


def test_a_build_of_a_lake_with_a_hole_reads_nothing(tmp_path: Path) -> None:
    settings = make_lake(tmp_path / "lake", "somebody")
    (file,) = (tmp_path / "lake").glob("raw-data/*/*/*.json.gz")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(LakeError, match="bytes, and its manifest says"):
        take_inventory(LocalLake(tmp_path / "lake"))
    file.unlink()
    with pytest.raises(LakeError, match="is missing, and a manifest lists it"):
        build(settings, LocalLake(tmp_path / "lake"), as_of_date="2026-01-10", full_refresh=True)
    assert not settings.warehouse_path.exists()


def test_what_may_differ_from_the_last_good_build_is_made_again() -> None:
    days = {"visitors": {"2026-01-08": "a"}, "media": {"2026-01-08": "b"}}
    before = Record("read", days, "made", "2026-01-09")
    runs = "source:bronze.runs+"

    assert choose_stale(before, before) == ("--select", runs)
    assert choose_stale(replace(before, as_of_date="2026-01-10"), before) == (
        *("--select", runs, "tag:as_of_date+"),
    )
    for other in ({"2026-01-08": "c"}, {}, {"2026-01-08": "a", "2026-01-09": "d"}):
        now = replace(before, days=days | {"visitors": other})
        assert choose_stale(now, before) == ("--select", runs, "source:bronze.visitors+")
    came, went = replace(before, days=days | {"events": {"2026-01-09": "e"}}), before
    assert choose_stale(came, before) == ("--select", runs, "source:bronze.events+")
    assert choose_stale(went, came) == ("--select", runs, "source:bronze.events+")
    for changed in (replace(before, code="other"), replace(before, project="other")):
        assert choose_stale(changed, before) == ()
    assert choose_stale(before, None) == ()


def test_a_record_of_older_code_makes_all_of_it_again(tmp_path: Path) -> None:
    make_lake(tmp_path / "lake", "one")
    now = make_record(take_inventory(LocalLake(tmp_path / "lake"))[0], as_of_date="2026-01-10")
    older = parse_record(json.dumps({"code": now.code, "days": now.days}))

    assert parse_record(now.to_json()) == now
    assert choose_stale(now, older) == ()


def test_another_time_zone_makes_all_of_it_again(tmp_path: Path) -> None:
    make_lake(tmp_path / "lake", "one")
    inventory = take_inventory(LocalLake(tmp_path / "lake"))[0]
    berlin, utc = (make_record(inventory, time_zone=zone) for zone in ("Europe/Berlin", "UTC"))

    assert choose_stale(berlin, utc) == ()


def test_a_table_that_is_missing_is_made_again(tmp_path: Path) -> None:
    settings, lake = make_lake(tmp_path / "lake", "one"), LocalLake(tmp_path / "lake")
    whole = build(settings, lake, as_of_date="2026-01-10")
    few = build(settings, lake, as_of_date="2026-01-10")
    assert len(few.tables) < len(whole.tables) / 2
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute("drop table gold.fact_plays")

    again = build(settings, lake, as_of_date="2026-01-10")
    assert sorted(again.tables) == sorted(whole.tables)
