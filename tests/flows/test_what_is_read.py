"""A build reads what the manifests list, whatever else lies there and however the lake is named."""

from pathlib import Path

import duckdb
import pytest

from flows.build import build, take_inventory
from ingestion.admin.rebuild import rebuild
from ingestion.config.errors import LakeError
from ingestion.config.settings import Settings
from ingestion.storage.base import LocalLake
from tests.bronze_writer import BronzeWriter, visitor

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
