"""Glue and its crawlers, with moto's gaps closed."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.athena.asking import Asking


@pytest.fixture
def crawler(ask: Asking) -> Iterator[str]:
    """A crawler of the declared table `events`, under which one day lies."""
    ask.declare_events()
    ask.put("events/day=2026-01-01/a.json", b'{"id": "1"}\n')
    name = f"crawler-{uuid.uuid4().hex[:8]}"
    targets = [{"DatabaseName": ask.database, "Tables": ["events"]}]
    ask.glue.create_crawler(Name=name, Role="role", Targets={"CatalogTargets": targets})
    yield name
    ask.glue.delete_crawler(Name=name)


def crawl(ask: Asking, name: str) -> dict[str, Any]:
    """Start a crawler, wait until it is ready, return its last crawl."""
    ask.glue.start_crawler(Name=name)
    while True:
        found = ask.glue.get_crawler(Name=name)["Crawler"]
        if found["State"] == "READY":
            return dict(found["LastCrawl"])
        time.sleep(0.05)


def test_a_crawler_adds_what_is_missing_and_nothing_twice(ask: Asking, crawler: str) -> None:
    assert crawl(ask, crawler)["Status"] == "SUCCEEDED"
    assert ask.rows("select * from events")[1:] == [["1", None, "2026-01-01"]]
    ask.put("events/day=2026-01-02/a.json", b'{"id": "2"}\n')
    assert crawl(ask, crawler)["Status"] == "SUCCEEDED"
    assert ask.rows("show partitions events") == [["day=2026-01-01"], ["day=2026-01-02"]]


def test_a_running_crawler_is_not_started_again(ask: Asking, crawler: str) -> None:
    ask.athena.control("POST", "crawlers", {"name": crawler, "seconds": 60})
    ask.glue.start_crawler(Name=crawler)
    assert ask.glue.get_crawler(Name=crawler)["Crawler"]["State"] == "RUNNING"
    with pytest.raises(ClientError, match="CrawlerRunningException"):
        ask.glue.start_crawler(Name=crawler)
    ask.glue.stop_crawler(Name=crawler)
    while ask.glue.get_crawler(Name=crawler)["Crawler"]["State"] != "READY":
        time.sleep(0.05)
    assert ask.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]["Status"] == "CANCELLED"


def test_a_crawl_can_be_told_to_fail(ask: Asking, crawler: str) -> None:
    ask.athena.control("POST", "crawlers", {"name": crawler, "error": "Insufficient permissions"})
    last = crawl(ask, crawler)
    assert (last["Status"], last["ErrorMessage"]) == ("FAILED", "Insufficient permissions")


def test_a_crawler_of_a_table_that_is_gone_fails(ask: Asking, crawler: str) -> None:
    ask.run("drop table events")
    last = crawl(ask, crawler)
    assert last["Status"] == "FAILED"
    assert last["ErrorMessage"] == f"Table {ask.database}.events does not exist"


def test_a_stale_version_changes_no_table(events: Asking) -> None:
    table = events.table("events")
    changed = {
        "Name": "events",
        "StorageDescriptor": table["StorageDescriptor"],
        "PartitionKeys": table["PartitionKeys"],
        "Parameters": {"by": "the first"},
    }
    update = {"DatabaseName": events.database, "VersionId": table["VersionId"]}
    events.glue.update_table(TableInput=changed, **update)
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        events.glue.update_table(TableInput={**changed, "Parameters": {"by": "another"}}, **update)
    assert events.table("events")["Parameters"] == {"by": "the first"}
