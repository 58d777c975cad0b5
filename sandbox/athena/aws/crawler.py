"""The crawler's effect: missing partitions are added to declared tables.

The service's crawler also invents tables and changes columns; this one does neither, and fails
where it would have to.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow
from moto.glue.exceptions import CrawlerNotRunningException, CrawlerRunningException
from moto.glue.models import FakeCrawler

from sandbox.athena.sql.partitions import add_missing
from sandbox.athena.storage import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sandbox.athena.catalog import Catalog
    from sandbox.athena.storage import Storage

Table = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """How a crawler's next crawls go."""

    seconds: float = 0.5
    error: str | None = None


@dataclass
class _Crawl:
    """One crawl, from its start on."""

    order: Order
    started_at: datetime = field(default_factory=utcnow)
    begun: float = field(default_factory=time.monotonic)
    status: str = "RUNNING"
    error: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class Crawlers:
    """Carries out StartCrawler for moto's crawlers."""

    def __init__(self, catalog: Catalog, storage: Storage) -> None:
        self._catalog, self._storage = catalog, storage
        self._last: dict[str, _Crawl] = {}
        self.orders: dict[str, Order] = {}

    def take_over(self) -> None:
        """Let moto's crawlers answer with what happens here."""
        described = FakeCrawler.as_dict

        def start(crawler: FakeCrawler) -> None:
            self._start(crawler)

        def stop(crawler: FakeCrawler) -> None:
            self._stop(crawler)

        moto: Any = FakeCrawler
        moto.start_crawler, moto.stop_crawler = start, stop
        moto.as_dict = lambda crawler: described(crawler) | self._shape(crawler)

    def _start(self, crawler: FakeCrawler) -> None:
        last = self._last.get(crawler.name)
        if last and last.status == "RUNNING":
            raise CrawlerRunningException(f"Crawler with name {crawler.name} has already started")
        crawl = self._last[crawler.name] = _Crawl(self.orders.get(crawler.name, Order()))
        threading.Thread(target=self._crawl, args=(crawler, crawl), daemon=True).start()

    def _stop(self, crawler: FakeCrawler) -> None:
        last = self._last.get(crawler.name)
        if last is None or last.status != "RUNNING":
            raise CrawlerNotRunningException(f"Crawler with name {crawler.name} isn't running")
        last.stop.set()

    def _shape(self, crawler: FakeCrawler) -> dict[str, Any]:
        last = self._last.get(crawler.name)
        if last is None:
            return {"State": "READY", "CrawlElapsedTime": 0}
        running = last.status == "RUNNING"
        state = ("STOPPING" if last.stop.is_set() else "RUNNING") if running else "READY"
        elapsed = round((time.monotonic() - last.begun) * 1000) if running else 0
        shape: dict[str, Any] = {"State": state, "CrawlElapsedTime": elapsed}
        if not running:
            shape["LastCrawl"] = {"Status": last.status, "StartTime": last.started_at}
            if last.error:
                shape["LastCrawl"]["ErrorMessage"] = last.error
        return shape

    def _crawl(self, crawler: FakeCrawler, crawl: _Crawl) -> None:
        if crawl.stop.wait(crawl.order.seconds):
            crawl.status = "CANCELLED"
            return
        try:
            if crawl.order.error:
                raise ValueError(crawl.order.error)  # noqa: TRY301 - as a crawl of its own would
            for table in self._targets(crawler):
                self._add_missing(table)
        except Exception as error:  # noqa: BLE001 - the client hears of it in LastCrawl
            crawl.error = str(error)
            crawl.status = "FAILED"
        else:
            crawl.status = "SUCCEEDED"

    def _targets(self, crawler: FakeCrawler) -> Iterator[Table]:
        for target in crawler.targets.get("CatalogTargets") or []:
            for name in target["Tables"]:
                table = self._catalog.find(target["DatabaseName"], name)
                if table is None:
                    raise ValueError(f"Table {target['DatabaseName']}.{name} does not exist")
                yield table

    def _add_missing(self, table: Table) -> None:
        location = table["StorageDescriptor"]["Location"].rstrip("/") + "/"
        bucket, _ = split_uri(location)
        if not self._storage.has_bucket(bucket):
            raise ValueError(f"The S3 location does not exist: {location}")
        add_missing(self._catalog, self._storage, table)
