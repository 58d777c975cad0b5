"""Crawl and query against a local Athena on the real engine, and what AWS does on bad days."""

import datetime as dt
import gzip
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from flows.athena.catalog import database
from flows.athena.crawler import crawl
from flows.athena.query import count_athena_rows, query_athena
from flows.athena.workgroup import read_builders_workgroup
from ingestion.config.errors import ConfigurationError, CrawlError, QueryError, ReadableError
from ingestion.config.settings import Settings
from tests.support.aws.athena_stack import AthenaStack
from tests.support.bronze.writer import BronzeWriter
from tests.support.lakes.athena_home import AthenaHome, point_at


@pytest.fixture
def home(
    athena: AthenaStack, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AthenaHome:
    for name, value in point_at(athena).items():
        monkeypatch.setenv(name, value)
    # boto3 keeps the credentials that it found first.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    folder = tmp_path_factory.mktemp("lake")
    monkeypatch.chdir(folder)
    home = AthenaHome.make(athena, folder)
    BronzeWriter(folder).write_media("m", {"play_count": 3}, "2026-01-08T10:00:00.000000Z")
    home.copy_bronze()
    return home


@pytest.fixture
def crawler(home: AthenaHome, athena: AthenaStack) -> Iterator[Settings]:
    """The settings with a crawler over the declared tables."""
    crawl(home.settings)
    name, bronze = (
        f"nightly-{home.settings.glue_database_prefix}",
        database(home.settings, "bronze"),
    )
    glue = athena.client("glue")
    for table in ("media", "visitors"):
        for found in glue.get_partitions(DatabaseName=bronze, TableName=table)["Partitions"]:
            glue.delete_partition(
                DatabaseName=bronze, TableName=table, PartitionValues=found["Values"]
            )
    glue.create_crawler(
        Name=name,
        Role="crawler",
        Targets={"CatalogTargets": [{"DatabaseName": bronze, "Tables": ["media", "visitors"]}]},
    )
    yield home.settings.model_copy(update={"glue_crawler": name})
    athena.control("POST", "crawlers", {"name": name})


def briefly(_seconds: float) -> None:
    time.sleep(0.1)


def media_days(settings: Settings) -> list[tuple[Any, ...]]:
    table = f"{database(settings, 'bronze')}.media"
    return query_athena(settings, f"select ingest_date, play_count from {table}").rows  # noqa: S608


def test_bronze_is_asked_as_it_was_declared(home: AthenaHome) -> None:
    assert crawl(home.settings) == 1
    assert media_days(home.settings) == [("2026-01-08", "3")]
    assert count_athena_rows(home.settings) == {}


def test_the_crawler_registers_what_landed(crawler: Settings) -> None:
    assert crawl(crawler, briefly) == 0
    assert media_days(crawler) == [("2026-01-08", "3")]


def test_a_crawler_that_fails_ends_the_stage_with_its_own_words(
    crawler: Settings, athena: AthenaStack
) -> None:
    order = {"name": crawler.glue_crawler, "error": "Insufficient Lake Formation permission"}
    athena.control("POST", "crawlers", order)
    with pytest.raises(CrawlError, match="failed: Insufficient Lake Formation permission"):
        crawl(crawler, briefly)


def test_a_crawler_at_work_is_waited_for_and_started_again(
    crawler: Settings, athena: AthenaStack
) -> None:
    before = athena.calls().get("glue:StartCrawler", 0)
    athena.control("POST", "crawlers", {"name": crawler.glue_crawler, "seconds": 1.0})
    athena.client("glue").start_crawler(Name=crawler.glue_crawler)
    assert crawl(crawler, briefly) == 0
    # Refused while the other one ran, then started.
    assert athena.calls()["glue:StartCrawler"] - before >= 3
    assert media_days(crawler) == [("2026-01-08", "3")]


def test_a_crawler_that_hangs_is_given_up(crawler: Settings, athena: AthenaStack) -> None:
    athena.control("POST", "crawlers", {"name": crawler.glue_crawler, "seconds": 3600})
    with pytest.raises(CrawlError, match="has not finished after 30 minutes"):
        crawl(crawler, lambda _seconds: None)
    athena.client("glue").stop_crawler(Name=crawler.glue_crawler)


def test_values_come_with_their_types(home: AthenaHome) -> None:
    crawl(home.settings)
    answer = query_athena(
        home.settings,
        "select 1 as i, 1.5 as d, 1e0 as f, true as b, date '2026-01-02' as day, "
        "timestamp '2026-01-02 03:04:05.678' as moment, '' as blank, "
        "cast(null as varchar) as none, 'a \"quoted\", 1\nline' as text, array[1, 2] as items",
    )
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC)
    [row] = answer.rows
    assert row[:9] == (
        1,
        pytest.approx(1.5),
        1.0,
        True,
        dt.date(2026, 1, 2),
        moment,
        "",
        None,
        'a "quoted", 1\nline',
    )
    assert answer.columns[-1] == "items"
    assert '"moment": "2026-01-02T03:04:05.678000Z", "blank": "", "none": null' in answer.to_json()


def test_a_result_without_rows_keeps_its_columns(home: AthenaHome) -> None:
    crawl(home.settings)
    answer = query_athena(home.settings, "select 1 as one, 'x' as two where false")
    assert (answer.columns, answer.rows) == (["one", "two"], [])


def test_only_reading_is_let_through(home: AthenaHome) -> None:
    for sql in ("drop table gold.x", "-- a\n/* b */ insert into t values (1)"):
        with pytest.raises(QueryError, match="only reading is allowed"):
            query_athena(home.settings, sql)


def test_a_file_that_is_not_json_is_named_as_such(home: AthenaHome, athena: AthenaStack) -> None:
    bucket, _, prefix = home.settings.lake_uri.removeprefix("s3://").partition("/")
    key = f"{prefix}/raw-data/media/ingest_date=2026-01-08/torn.json.gz"
    body = gzip.compress(b'{"media_id": "m"\n')
    athena.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    crawl(home.settings)
    with pytest.raises(QueryError, match="cannot read a file that a table points to") as failed:
        media_days(home.settings)
    assert "torn.json.gz" in str(failed.value)
    assert "doctor --lake" in failed.value.remedy


def test_throttling_is_waited_out(home: AthenaHome, athena: AthenaStack) -> None:
    crawl(home.settings)
    athena.faults(
        {
            "service": "athena",
            "action": "StartQueryExecution",
            "code": "ThrottlingException",
            "times": 2,
        }
    )
    assert query_athena(home.settings, "select 1 as one").rows == [(1,)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"athena_workgroup": "nobodys"}, "there is no Athena workgroup nobodys in this region"),
        ({"athena_results_uri": "s3://nobodys-bucket/x"}, "there is no such bucket"),
    ],
)
def test_what_only_a_setting_mends_says_which(
    home: AthenaHome, change: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        read_builders_workgroup(home.settings.model_copy(update=change))
    assert "ATHENA_" in refused.value.remedy


def test_a_workgroup_that_enforces_its_location_is_refused_for_builds(
    home: AthenaHome, athena: AthenaStack
) -> None:
    name = f"enforced-{home.settings.glue_database_prefix}"
    location = {"OutputLocation": home.settings.athena_results_uri}
    athena.client("athena").create_work_group(
        Name=name,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": location,
        },
    )
    settings = home.settings.model_copy(update={"athena_workgroup": name})
    with pytest.raises(ConfigurationError, match="enforces its result location"):
        read_builders_workgroup(settings)
    crawl(settings)
    assert query_athena(settings, "select 1 as one").rows == [(1,)]


def test_a_workgroup_in_another_region_is_not_found(
    home: AthenaHome, athena: AthenaStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"here-{home.settings.glue_database_prefix}"
    athena.client("athena").create_work_group(Name=name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    settings = home.settings.model_copy(update={"athena_workgroup": name})
    with pytest.raises(ConfigurationError, match=f"no Athena workgroup {name} in this region"):
        read_builders_workgroup(settings)


def test_expired_credentials_are_named_by_every_stage(
    home: AthenaHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "EXPIRED")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for stage in (
        lambda: crawl(home.settings),
        lambda: query_athena(home.settings, "select 1"),
        lambda: read_builders_workgroup(home.settings),
    ):
        with pytest.raises(ReadableError, match="the AWS credentials have expired"):
            stage()


def test_two_crawls_at_once_register_each_day_once(home: AthenaHome) -> None:
    errors: list[BaseException] = []

    def go() -> None:
        try:
            crawl(home.settings)
        except BaseException as error:  # noqa: BLE001 - asserted below
            errors.append(error)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert media_days(home.settings) == [("2026-01-08", "3")]
