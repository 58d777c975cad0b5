"""The crawl stage: the catalog knows of every partition before the build asks for it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import boto3

from flows.athena.catalog import database, ensure_catalog, register_partitions
from ingestion.config.aws_errors import explained
from ingestion.config.errors import ConfigurationError, CrawlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.config.settings import Settings

log = logging.getLogger(__name__)
# A crawler of six small tables takes one to three minutes, most of it starting.
TIMEOUT_SECONDS = 1800
_POLL_SECONDS = 5


def crawl(settings: Settings, sleep: Callable[[float], None] = time.sleep) -> int:
    """Make tables and partitions known to Glue: by GLUE_CRAWLER, else by the run itself.

    Gives how many partitions the run has registered; with a crawler, those that it left out.

    Raises:
        ConfigurationError: There is no such crawler, no region, no credentials.
        CrawlError: The crawler failed, with its own message, or took too long.
    """
    tables = ensure_catalog(settings)
    if settings.glue_crawler:
        _run_crawler(settings.glue_crawler, sleep)
    with explained("register the new partitions", CrawlError):
        glue = boto3.client("glue")
        name = database(settings, "bronze")
        new = {t.name: register_partitions(glue, name, t, settings.lake_uri) for t in tables}
    count = sum(map(len, new.values()))
    if settings.glue_crawler and count:
        log.warning(
            "crawler %s left out %d partitions, which were registered: its targets should be "
            "the tables of %s",
            *(settings.glue_crawler, count, name),
        )
    return count


def _run_crawler(name: str, sleep: Callable[[float], None]) -> None:
    with explained(f"run crawler {name}", CrawlError):
        glue = boto3.client("glue")
        looks = _looks(glue, name, sleep)
        before = next(looks).get("LastCrawl")
        while not _start(glue, name):
            # One that runs already may have passed by what this run has just loaded.
            before = next(looks).get("LastCrawl")
        has_run = False
        for found in looks:
            has_run = has_run or found["State"] != "READY" or found.get("LastCrawl") != before
            # Right after the start, an old answer may still say READY.
            if has_run and found["State"] == "READY":
                break
        last = found.get("LastCrawl") or {}
    if last.get("Status", "SUCCEEDED") != "SUCCEEDED":
        said = last.get("ErrorMessage") or f"its status is {last['Status']}"
        raise CrawlError(
            f"crawler {name} failed: {said}",
            "mend what it says (its log group in CloudWatch has more) and run again",
        )


def find_crawler(name: str) -> dict[str, Any]:
    """What Glue says of a crawler.

    Raises:
        ConfigurationError: There is no such crawler, no region, no credentials.
        CrawlError: AWS denies it or does not answer.
    """
    with explained(f"look up the crawler {name}", CrawlError, "GLUE_CRAWLER"):
        return _look(boto3.client("glue"), name)


def _look(glue: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - boto3's client
    try:
        found: dict[str, Any] = glue.get_crawler(Name=name)["Crawler"]
    except glue.exceptions.EntityNotFoundException as error:
        raise ConfigurationError(
            f"there is no Glue crawler {name} in this region",
            "correct GLUE_CRAWLER or AWS_REGION, or unset GLUE_CRAWLER: then the run registers "
            "new partitions itself",
        ) from error
    return found


def _looks(
    glue: Any,  # noqa: ANN401 - boto3's client
    name: str,
    sleep: Callable[[float], None],
) -> Iterator[dict[str, Any]]:
    """What Glue says of a crawler, again and again for half an hour."""
    for _ in range(TIMEOUT_SECONDS // _POLL_SECONDS):
        yield _look(glue, name)
        sleep(_POLL_SECONDS)
    raise CrawlError(
        f"crawler {name} has not finished after {TIMEOUT_SECONDS // 60} minutes",
        "look at it in the Glue console; stop it there if it hangs, then run again",
    )


def _start(glue: Any, name: str) -> bool:  # noqa: ANN401 - boto3's client
    try:
        glue.start_crawler(Name=name)
    except glue.exceptions.CrawlerRunningException:
        return False
    return True
