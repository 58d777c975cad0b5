"""What publishing asks of a lake in a bucket beside its tables: nothing."""

from pathlib import Path

import pytest

from flows.stages import publish
from flows.stages.dbt import PROJECT_DIR
from ingestion.config.settings import Settings


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
