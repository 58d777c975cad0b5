"""`wistia-elt doctor`: every thing a run needs, tried, each failure with its remedy."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flows.doctor_aws import check_aws
from ingestion.clock_skew import MOST_SKEW, ClockSkew, describe
from ingestion.credentials import read_token
from ingestion.errors import REFUSALS, ReadableError
from ingestion.lake import open_lake
from ingestion.pacing import Pacer
from ingestion.resources import MEDIAS, RESOURCES
from ingestion.source import check_source, read_source
from ingestion.timestamps import utc_now
from ingestion.wistia import Wistia
from reports.node import find_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.settings import Settings

_ENOUGH_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing tried: whether it works, what was found, what mends it."""

    check: str
    ok: bool
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, object]:
        """As `doctor --json` prints it."""
        return asdict(self)


def examine(settings: Settings, sleep: Callable[[float], None]) -> Iterator[Check]:
    """Try everything a run needs, in the order of the data's way.

    Args:
        settings: What to try.
        sleep: Waits between retries, seconds.

    Yields:
        A check as soon as it is done.
    """
    yield from _check_api(settings, sleep)
    yield _attempt("lake", lambda: _check_lake(settings))
    yield from (Check(*found) for found in check_aws(settings))
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
        is_list = resource.kind != "snapshot"
        asked: dict[str, object] = {"page": 1, "per_page": 1} if is_list else {}
        if resource.kind == "windows":
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
    return said if free > _ENOUGH_BYTES else f"{said}: little for a build's copy"
