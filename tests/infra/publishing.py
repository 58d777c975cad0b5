"""Gold to pages without the pages' builder: `python -m tests.infra.publishing`.

What `wistia-elt publish` asks of AWS comes before and after Evidence, which asks nothing of it,
takes minutes and is tried by the tests of the pages: lock, manifests and tables here, then the
copy at SITE_URI. The copy is of two sites, so that something there is replaced and removed.
"""

import tempfile
from pathlib import Path

from flows.stages.publish import open_tables
from ingestion.config.settings import Settings
from ingestion.config.timestamps import utc_now
from ingestion.state.manifest import read_manifests
from ingestion.state.run import start_run
from ingestion.storage.base import open_lake
from reports.export import export_tables
from reports.upload import copy_site


def main() -> None:
    settings = Settings.load()
    assert settings.site_uri is not None
    lake = open_lake(settings)
    record = start_run(lake, "publish", "test", utc_now)
    record.save()
    with tempfile.TemporaryDirectory() as folder, lake.lock("publish"):
        site, docs = Path(folder) / "site", Path(folder) / "docs"
        data = site / "data"
        data.mkdir(parents=True)
        docs.mkdir()
        assert read_manifests(lake)
        rows = export_tables(open_tables(settings), {}, data)
        (site / "index.html").write_text(f"<h1>{rows['status']} row of status</h1>")
        copy_site(site, docs, settings.site_uri)
        (data / "status.parquet").unlink()
        (site / "index.html").write_text("<h1>Replaced</h1>")
        copy_site(site, docs, settings.site_uri)
    record.finish("completed", 0)


if __name__ == "__main__":
    main()
