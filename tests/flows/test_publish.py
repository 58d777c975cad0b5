"""What publishing asks of a lake in a bucket beside its tables: nothing."""

from pathlib import Path

import pytest

from flows.stages import publish
from flows.stages.dbt import PROJECT_DIR
from flows.stages.publish import build_folder
from ingestion.config.settings import Settings
from reports.errors import PagesError


def test_the_documentation_has_every_table_and_of_a_lake_in_a_bucket_needs_no_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load(lake_uri="s3://no-such-bucket/lake")
    said: list[str] = []
    publish.make_docs(settings, "2026-01-09", said.append)
    page = (settings.docs_path / "index.html").read_text()
    tables = [path.stem for path in PROJECT_DIR.glob("models/*/*.sql")]
    assert len(tables) > 30
    assert [name for name in tables if name not in page] == []
    # The type that the model declares, where dbt would have asked a warehouse.
    assert '"database": "awsdatacatalog", "schema": "gold"' in page
    assert '"play_rate": {"type": "double", "index": ' in page
    assert said == ["writing the documentation of the tables"]


@pytest.mark.parametrize("name", ["o'brien", 'a "lake"', "lake [1]", "lake#1?", "{lake}", "100%"])
def test_pages_are_built_where_their_builder_can_spell_its_folder(
    tmp_path: Path, name: str
) -> None:
    usual = tmp_path / name / ".pages"
    usual.parent.mkdir()
    with build_folder(usual) as work:
        work.mkdir()
        assert not set(name) & set("'\"[]#?{}%") & set(str(work))
    assert list(usual.parent.iterdir()) == []

    def fail() -> None:
        with build_folder(usual) as work:
            work.mkdir()
            (work / "build.log").write_text("why")
            raise PagesError("no", f"read {work / 'build.log'}")

    with pytest.raises(PagesError) as caught:
        fail()
    assert caught.value.remedy == f"read {usual / 'build.log'}"
    assert (usual / "build.log").read_text() == "why"
    assert not work.exists()


def test_a_plain_folder_is_the_one_to_build_in(tmp_path: Path) -> None:
    with build_folder(tmp_path / "späte Seiten-1.2" / ".pages") as work:
        assert work == tmp_path / "späte Seiten-1.2" / ".pages"
