"""`wistia-elt doctor`: every thing a run needs, tried, each failure with its remedy."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from flows.alerts.channels import describe_channels
from ingestion.api.answers import proxy_of
from ingestion.api.client import Wistia
from ingestion.api.clock_skew import MOST_SKEW, ClockSkew, describe
from ingestion.api.rate_limit import Pacer
from ingestion.config.errors import REFUSALS, LakeError, ReadableError
from ingestion.config.secrets import read_token
from ingestion.config.timestamps import utc_now
from ingestion.resources import MEDIAS, RESOURCES
from ingestion.state.source_guard import check_source, read_source
from ingestion.storage.base import open_lake
from ingestion.storage.local import sync_folder
from reports.node import find_node
from reports.upload import try_destination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.config.settings import Settings

# What dbt and a day's objects take beside the copy of the tables.
_WORK_BYTES = 100_000_000
_PREFECT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing tried: whether it works, what was found, what mends it."""

    check: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings, sleep: Callable[[float], None]) -> Iterator[Check]:
    """Try everything a run needs, in the order of the data's way."""
    yield Check("proxy", ok=True, detail=_describe_proxy(settings))
    yield from _check_api(settings, sleep)
    yield _attempt("lake", lambda: _check_lake(settings))
    yield from _check_aws(settings)
    yield _check_prefect()
    yield _attempt("alerts", lambda: describe_channels(settings))
    yield _attempt("copy", lambda: _try_copy(settings))
    yield _attempt("node", lambda: f"{shutil.which('node')} is {find_node()}")


def _attempt(name: str, trial: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=trial())
    except ReadableError as error:
        return Check(name, ok=False, detail=str(error), remedy=error.remedy)


def _check_api(settings: Settings, sleep: Callable[[float], None]) -> Iterator[Check]:
    try:
        token = read_token(settings)
    except ReadableError as error:
        yield Check("token", ok=False, detail=str(error), remedy=error.remedy)
        return
    pacer = Pacer(settings.wistia_requests_per_minute, time.monotonic, sleep)
    skew = ClockSkew(utc_now, refuses=False)
    client = Wistia(settings, token, pacer, sleep, skew)
    answered = _attempt("token", lambda: _describe_token(client))
    yield answered
    if not answered.ok:
        return
    yield _attempt("scopes", lambda: _try_scopes(settings, client))
    yield _check_clock(skew)
    yield _attempt("source", lambda: _check_source(settings, client))


def _describe_token(client: Wistia) -> str:
    scopes = client.check_token()
    if scopes is None:
        return f"{client.base_url} answers; it does not tell what the token may do"
    return f"accepted by {client.base_url}, with {len(scopes)} permissions"


def _try_scopes(settings: Settings, client: Wistia) -> str:
    # Names of permissions differ between API versions; what counts is whether it reads.
    read, refused = [], []
    # Whose media are named costs no more than their names.
    spared = {MEDIAS} if settings.wistia_media_ids != "all" else set()
    today = datetime.now(UTC).date().isoformat()
    for resource in (r for r in RESOURCES if not r.is_of_media):
        is_list = not resource.is_snapshot
        asked: dict[str, object] = {"page": 1, "per_page": 1} if is_list else {}
        if resource.read_again is not None:
            # All of its years take tens of seconds to answer.
            asked |= {"start_date": today, "end_date": today}
        try:
            client.get(resource.path, asked, expect=list if is_list else dict)
        except REFUSALS as error:
            if not (resource.is_optional or resource in spared):
                raise
            refused.append(f"; {resource.path} is left out: {error}")
        else:
            read.append(resource.path)
    return "reads " + ", ".join(read) + "".join(refused)


def _check_clock(skew: ClockSkew) -> Check:
    if skew.largest is None:
        return Check("clock", ok=True, detail="the API tells no time to compare with")
    side = "ahead of" if skew.largest > timedelta(0) else "behind"
    detail = f"this machine's clock is {describe(skew.largest)} {side} the API's"
    if abs(skew.largest) <= MOST_SKEW:
        return Check("clock", ok=True, detail=detail)
    return Check(
        "clock",
        ok=False,
        detail=f"{detail}; a run refuses more than {describe(MOST_SKEW)}",
        remedy="set the clock (for example `timedatectl set-ntp true`)",
    )


def _check_source(settings: Settings, client: Wistia) -> str:
    lake = open_lake(settings)
    if read_source(lake) is None:
        return f"{lake.uri} is new and takes any account"
    check_source(lake, settings, client.fetch_account())
    return f"{lake.uri} holds this account's data"


def _check_lake(settings: Settings) -> str:
    lake = open_lake(settings)
    probe = "state/doctor.json"
    lake.put(probe, b"{}")
    lake.get(probe)
    lake.delete(probe)
    if settings.on_s3:
        return f"{lake.uri} can be written and read"
    free = shutil.disk_usage(settings.lake_path).free
    said = f"{lake.uri} can be written and read, {free / 1e9:.1f} GB free"
    if not sync_folder(settings.lake_path):
        said += "; its file system cannot fsync a folder: what a power cut takes is read again"
    tables = settings.warehouse_path
    needed = _WORK_BYTES + (tables.stat().st_size if tables.exists() else 0)
    if free < needed:
        raise LakeError(
            f"{said}; a run needs {needed / 1e9:.1f} GB there for its copy of the tables",
            "free some space on the disk of LAKE_URI",
        )
    return said


def _check_aws(settings: Settings) -> Iterator[Check]:
    """Try buckets, workgroup and crawler; on a local lake they are not used."""
    if not settings.on_s3:
        for check in ("bucket", "workgroup", "crawler"):
            yield Check(check, ok=True, detail="not used: the lake is a folder")
        return
    from flows.athena.crawler import find_crawler  # noqa: PLC0415 - boto3 takes a second
    from flows.athena.workgroup import read_builders_workgroup  # noqa: PLC0415

    def find_workgroup() -> str:
        group = read_builders_workgroup(settings)
        return f"{group.name} answers; results go to {group.results_uri}"

    yield _attempt("bucket", lambda: _try_buckets(settings))
    yield _attempt("workgroup", find_workgroup)
    name = settings.glue_crawler
    if name is None:
        said = "none: the crawl stage registers new partitions itself"
        yield Check("crawler", ok=True, detail=said)
    else:
        yield _attempt("crawler", lambda: f"{name} is {find_crawler(name)['State']}")


def _try_buckets(settings: Settings) -> str:
    from ingestion.storage.s3 import try_bucket  # noqa: PLC0415 - boto3 takes a second

    named = {
        "LAKE_URI": settings.lake_uri,
        "SILVER_URI": settings.silver_uri,
        "GOLD_URI": settings.gold_uri,
    }
    tried = {setting: try_bucket(uri, setting) for setting, uri in named.items() if uri}
    return f"{', '.join(dict.fromkeys(tried.values()))}: answers"


def _try_copy(settings: Settings) -> str:
    if not settings.site_uri:
        return "none: SITE_URI is not set, so the pages stay beside the lake"
    try_destination(settings.site_uri)
    return f"the pages can be copied to {settings.site_uri}"


def _describe_proxy(settings: Settings) -> str:
    url = settings.wistia_base_url
    host, proxy = urlsplit(url).hostname, proxy_of(url)
    if proxy is None:
        return f"none: {host} is asked directly"
    return f"{host} is asked through {proxy}, as the environment says"


def _check_prefect() -> Check:
    """Try what `up`, its worker and its runs need: a home, and a server or its port."""
    home = Path(os.environ["PREFECT_HOME"])
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        return Check(
            "prefect",
            ok=False,
            detail=f"PREFECT_HOME is {home}, which cannot be written: {error.strerror}",
            remedy="set PREFECT_HOME to a folder of yours",
        )
    url = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    if not url:
        return Check("prefect", ok=True, detail=f"{home} can be written; {_describe_port()}")
    try:
        requests.get(f"{url}/health", timeout=_PREFECT_SECONDS)
    except requests.RequestException as error:
        return Check(
            "prefect",
            ok=False,
            detail=f"PREFECT_API_URL is {url}, and nobody answers: {type(error).__name__}",
            remedy="start that server, or unset PREFECT_API_URL",
        )
    return Check("prefect", ok=True, detail=f"{home} can be written; {url} answers")


def _describe_port() -> str:
    port = os.environ.get("PREFECT_SERVER_API_PORT") or "4200"
    # A run by hand needs no server: neither is a failure.
    then = "set PREFECT_SERVER_API_PORT to a free one before you start `wistia-elt up`"
    try:
        with socket.create_server(("127.0.0.1", int(port))):
            return f"port {port} is free for `wistia-elt up`"
    except (ValueError, OverflowError):
        return f"{port} is no port: {then}"
    except OSError:
        return f"port {port} is taken, by `wistia-elt up` or another program: {then}"
