"""The catalog that a run keeps: databases, declared tables, partitions; no crawler runs here."""

from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

from flows.athena.catalog import read_declarations
from flows.athena.crawler import crawl
from ingestion.config.errors import ConfigurationError, CrawlError
from ingestion.config.settings import Settings


def land(key: str) -> None:
    boto3.client("s3").put_object(Bucket="lake", Key=f"here/{key}", Body=b"x")


def days(glue: "GlueClient", table: str, database: str = "bronze") -> list[str]:
    found = glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"]
    return sorted(partition["Values"][0] for partition in found)


def test_an_empty_account_gets_databases_and_every_declared_table(
    settings: Settings, glue: "GlueClient"
) -> None:
    assert crawl(settings) == 0
    databases = [found["Name"] for found in glue.get_databases()["DatabaseList"]]
    assert sorted(databases) == ["bronze", "gold", "pages", "silver"]
    tables = {t["Name"]: t for t in glue.get_tables(DatabaseName="bronze")["TableList"]}
    assert set(tables) == {table.name for table in read_declarations()}
    visitors = tables["visitors"]
    assert visitors["StorageDescriptor"]["Location"] == "s3://lake/here/raw-data/visitors/"
    assert [key["Name"] for key in visitors["PartitionKeys"]] == ["ingest_date"]
    names = [column["Name"] for column in visitors["StorageDescriptor"]["Columns"]]
    assert names[:2] == ["visitor_key", "created_at"]
    assert "ingest_date" not in names
    assert tables["runs"].get("PartitionKeys", []) == []


def test_databases_take_the_prefix(settings: Settings, glue: "GlueClient") -> None:
    crawl(settings.model_copy(update={"glue_database_prefix": "acme_"}))
    databases = [found["Name"] for found in glue.get_databases()["DatabaseList"]]
    assert sorted(databases) == ["acme_bronze", "acme_gold", "acme_pages", "acme_silver"]


def test_only_new_days_are_registered(settings: Settings, glue: "GlueClient") -> None:
    land("raw-data/media/ingest_date=2026-01-08/a.json.gz")
    land("raw-data/media/ingest_date=2026-01-09/b.json.gz")
    # Another table's folder that begins alike.
    land("raw-data/media_engagement/ingest_date=2026-01-10/c.json.gz")
    assert crawl(settings) == 3
    assert days(glue, "media") == ["2026-01-08", "2026-01-09"]
    assert days(glue, "media_engagement") == ["2026-01-10"]
    land("raw-data/media/ingest_date=2026-01-11/d.json.gz")
    assert crawl(settings) == 1
    found = glue.get_partition(
        DatabaseName="bronze", TableName="media", PartitionValues=["2026-01-11"]
    )["Partition"]["StorageDescriptor"]
    assert found["Location"] == "s3://lake/here/raw-data/media/ingest_date=2026-01-11/"
    serde = found["SerdeInfo"]["SerializationLibrary"]
    assert serde == "org.openx.data.jsonserde.JsonSerDe"


def test_more_days_than_one_call_of_glue_takes(settings: Settings, glue: "GlueClient") -> None:
    for day in range(1, 32):
        for month in (1, 3, 5, 7):
            land(f"raw-data/media/ingest_date=2026-{month:02}-{day:02}/a.json.gz")
    assert crawl(settings) == 124
    assert len(days(glue, "media")) == 124


def test_a_declaration_that_grew_reaches_the_table_and_its_old_partitions(
    settings: Settings, glue: "GlueClient"
) -> None:
    land("raw-data/media/ingest_date=2026-01-08/a.json.gz")
    crawl(settings)
    declared = next(t for t in read_declarations() if t.name == "media")
    older: Any = declared.table_input(settings.lake_uri)
    older["StorageDescriptor"]["Columns"] = older["StorageDescriptor"]["Columns"][:2]
    del older["StorageDescriptor"]["SerdeInfo"]["Parameters"]["case.insensitive"]
    older["Parameters"]["CrawlerSchemaDeserializerVersion"] = "1.0"
    glue.update_table(DatabaseName="bronze", TableInput=older)
    partition: Any = {"Values": ["2026-01-08"], "StorageDescriptor": older["StorageDescriptor"]}
    partition["StorageDescriptor"]["Location"] += "ingest_date=2026-01-08/"
    glue.update_partition(
        DatabaseName="bronze",
        TableName="media",
        PartitionValueList=["2026-01-08"],
        PartitionInput=partition,
    )

    crawl(settings)

    table = glue.get_table(DatabaseName="bronze", Name="media")["Table"]
    wanted = [column["Name"] for column in declared.columns]
    assert [c["Name"] for c in table["StorageDescriptor"]["Columns"]] == wanted
    # What a crawler noted on the table stays.
    assert table["Parameters"]["CrawlerSchemaDeserializerVersion"] == "1.0"
    found = glue.get_partition(
        DatabaseName="bronze", TableName="media", PartitionValues=["2026-01-08"]
    )["Partition"]["StorageDescriptor"]
    assert [c["Name"] for c in found["Columns"]] == wanted
    assert found["Location"].endswith("/media/ingest_date=2026-01-08/")
    for storage in (table["StorageDescriptor"], found):
        assert storage["SerdeInfo"]["Parameters"]["case.insensitive"] == "FALSE"


@pytest.mark.parametrize("said", [None, "TRUE"])
def test_a_table_that_folds_keys_folds_them_no_more(
    settings: Settings, glue: "GlueClient", said: str | None
) -> None:
    crawl(settings)
    declared = next(t for t in read_declarations() if t.name == "media")
    older: Any = declared.table_input(settings.lake_uri)
    serde = older["StorageDescriptor"]["SerdeInfo"]["Parameters"]
    del serde["case.insensitive"]
    serde |= {"case.insensitive": said} if said else {}
    glue.update_table(DatabaseName="bronze", TableInput=older)

    crawl(settings)

    table = glue.get_table(DatabaseName="bronze", Name="media")["Table"]
    found = table["StorageDescriptor"]["SerdeInfo"]["Parameters"]
    assert found["case.insensitive"] == "FALSE"


def test_the_databases_of_another_lake_are_refused(settings: Settings, glue: "GlueClient") -> None:
    del glue
    crawl(settings)
    with pytest.raises(CrawlError, match="this lake is at s3://lake/there") as refused:
        crawl(settings.model_copy(update={"lake_uri": "s3://lake/there"}))
    assert "GLUE_DATABASE_PREFIX" in refused.value.remedy


def test_a_crawler_that_does_not_exist_is_named(settings: Settings, glue: "GlueClient") -> None:
    del glue
    with pytest.raises(ConfigurationError, match="no Glue crawler nightly") as refused:
        crawl(settings.model_copy(update={"glue_crawler": "nightly"}))
    assert "GLUE_CRAWLER" in refused.value.remedy


def test_no_answer_is_a_sentence(
    settings: Settings, glue: "GlueClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    del glue
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(CrawlError, match="AWS does not answer"):
        crawl(settings)
