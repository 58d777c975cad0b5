"""The crawler's effect: missing partitions are added to declared tables.

The service's crawler also invents tables and changes columns; this one does neither, and fails
where it would have to.
"""

import threading
from collections.abc import Iterator
from typing import Any

from moto.core.utils import utcnow
from moto.glue.exceptions import CrawlerNotRunningException, CrawlerRunningException
from moto.glue.models import FakeCrawler, GlueBackend

from sandbox.athena.aws.catalog import Catalog, Table
from sandbox.athena.aws.storage import Storage

_RUNNING, _SECONDS = "RUNNING", 0.5


class Crawlers:
    """Carries out StartCrawler for moto's crawlers."""

    def __init__(self, catalog: Catalog, storage: Storage) -> None:
        """Let moto's crawlers answer with what happens here."""
        self._catalog, self._storage = catalog, storage
        self._orders: dict[str, tuple[float, str | None]] = {}
        self._last: dict[str, dict[str, Any]] = {}  # as GetCrawler tells of a LastCrawl
        self._stops: dict[str, threading.Event] = {}
        described = FakeCrawler.as_dict
        backend: Any = GlueBackend
        backend.start_crawler = lambda glue, name: self._start(glue.get_crawler(name))
        backend.stop_crawler = lambda glue, name: self._stop(glue.get_crawler(name))
        shown: Any = FakeCrawler
        shown.as_dict = lambda crawler: described(crawler) | self._shape(crawler)

    def order(self, name: str, seconds: float = _SECONDS, error: str | None = None) -> str:
        """Say how long a crawler's next crawls take, and what they fail with."""
        self._orders[name] = seconds, error
        return name

    def _start(self, crawler: FakeCrawler) -> None:
        if self._is_running(crawler):
            raise CrawlerRunningException(f"Crawler with name {crawler.name} has already started")
        self._last[crawler.name] = {"Status": _RUNNING, "StartTime": utcnow()}
        self._stops[crawler.name] = threading.Event()
        threading.Thread(target=self._crawl, args=(crawler,), daemon=True).start()

    def _stop(self, crawler: FakeCrawler) -> None:
        if not self._is_running(crawler):
            raise CrawlerNotRunningException(f"Crawler with name {crawler.name} isn't running")
        self._stops[crawler.name].set()

    def _is_running(self, crawler: FakeCrawler) -> bool:
        return self._last.get(crawler.name, {}).get("Status") == _RUNNING

    def _shape(self, crawler: FakeCrawler) -> dict[str, Any]:
        if self._is_running(crawler):
            return {"State": _RUNNING}
        last = self._last.get(crawler.name)
        return {"LastCrawl": last} if last else {}

    def _crawl(self, crawler: FakeCrawler) -> None:
        seconds, error = self._orders.get(crawler.name, (_SECONDS, None))
        last = self._last[crawler.name]
        if self._stops[crawler.name].wait(seconds):
            last["Status"] = "CANCELLED"
            return
        try:
            if error:
                raise ValueError(error)  # noqa: TRY301 - as a crawl of its own would
            for table in self._targets(crawler):
                self._catalog.add_missing_partitions(table, self._storage)
        except Exception as failure:  # noqa: BLE001 - the client hears of it in LastCrawl
            last |= {"ErrorMessage": str(failure), "Status": "FAILED"}
        else:
            last["Status"] = "SUCCEEDED"

    def _targets(self, crawler: FakeCrawler) -> Iterator[Table]:
        for target in crawler.targets.get("CatalogTargets") or []:
            for name in target["Tables"]:
                table = self._catalog.find(target["DatabaseName"], name)
                if table is None:
                    raise ValueError(f"Table {target['DatabaseName']}.{name} does not exist")
                yield table
