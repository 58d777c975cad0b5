"""Alarms are raised once and taken back once: what has been said is kept in the lake."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from flows.alarms.channels import open_channels
from flows.alarms.findings import Finding, find
from flows.errors import AlarmError
from ingestion.errors import LakeBusyError
from ingestion.manifest import read_manifests
from ingestion.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from flows.alarms.channels import Channel
    from ingestion.lake import Lake
    from ingestion.settings import Settings

STATE = "state/alarms.json"
# Since when, what was said, and the names of the channels that took it and took nothing back.
Said = dict[str, Any]
# Longer than a server of mail lets people wait, and than a dead holder's lease lasts.
_WAIT_SECONDS = 120
log = logging.getLogger(__name__)


def watch(
    settings: Settings,
    lake: Lake,
    clock: Callable[[], datetime],
    *,
    error: str | None = None,
    channels: Mapping[str, Channel] | None = None,
) -> list[Finding]:
    """Look at the runs, and tell people what has become wrong or right since the last look.

    Args:
        settings: Channels and limits.
        lake: Holds the manifests and what has been said.
        clock: The time, UTC.
        error: What refused the last run before it could be recorded.
        channels: Where to; those of the settings when None.

    Returns:
        What is wrong now.

    Raises:
        LakeError: The lake cannot be read or written.
    """
    channels = open_channels(settings) if channels is None else channels
    found = find(settings, read_manifests(lake), clock(), error)
    if _is_known(found, _read(lake), channels):
        return found
    # Another look may be telling people just now: what it told is not told again.
    for attempt in Retrying(
        retry=retry_if_exception_type(LakeBusyError),
        wait=wait_fixed(1),
        stop=stop_after_delay(_WAIT_SECONDS),
        reraise=True,
    ):
        with attempt, lake.lock("alarms"):
            found = find(settings, read_manifests(lake), clock(), error)
            _tell_news(found, lake, clock(), channels)
    return found


def _is_known(found: Sequence[Finding], said: dict[str, Said], channels: Mapping[str, Any]) -> bool:
    """Whether every channel has been told of all that is wrong, and nothing is over."""
    alarms = {finding.alarm for finding in found}
    return said.keys() <= alarms and all(
        alarm in said and set(said[alarm]["told"]) >= channels.keys()
        for alarm in alarms
        if channels
    )


def _tell_news(
    found: Sequence[Finding], lake: Lake, now: datetime, channels: Mapping[str, Channel]
) -> None:
    said = _read(lake)
    after: dict[str, Said] = {}
    for finding in found:
        known = said.get(finding.alarm) or _first_said(finding, now)
        untold = [name for name in channels if name not in known["told"]]
        told = [*known["told"], *_tell(channels, untold, *_alarm(finding, lake))]
        if told:
            after[finding.alarm] = known | {"told": told}
    alarms = {finding.alarm for finding in found}
    for alarm, known in said.items():
        if alarm in alarms:
            continue
        # A channel that is no longer set need not hear of the end.
        waiting = [name for name in known["told"] if name in channels]
        heard = _tell(channels, waiting, *_recovery(alarm, known, lake))
        if left := [name for name in waiting if name not in heard]:
            after[alarm] = known | {"told": left}
    if after != said:
        lake.put(STATE, json.dumps(after).encode())


def _first_said(finding: Finding, now: datetime) -> Said:
    return {"since": format_timestamp(now), "said": finding.said, "told": []}


def _alarm(finding: Finding, lake: Lake) -> tuple[str, str]:
    subject = f"wistia-elt: {finding.alarm}"
    where = f"Lake {lake.uri}. docs/runbook.md has more about the alarm {finding.alarm}."
    return subject, f"{finding.said}\nTry: {finding.remedy}.\n{where}"


def _recovery(alarm: str, before: Said, lake: Lake) -> tuple[str, str]:
    subject = f"wistia-elt: {alarm} is over"
    return (
        subject,
        f"It is right again. Since {before['since']}: {before['said']}\nLake {lake.uri}.",
    )


def _tell(
    channels: Mapping[str, Channel], names: Iterable[str], subject: str, text: str
) -> list[str]:
    """Tell these channels, each by itself: one that is out of order keeps nothing from others.

    Returns:
        The names of those that took it; the others are tried again at the next look.
    """
    took = []
    for name in names:
        try:
            channels[name].send(subject, text)
        except AlarmError as error:
            log.warning("%s; try: %s", error, error.remedy)
        else:
            took.append(name)
    return took


def _read(lake: Lake) -> dict[str, Said]:
    try:
        found = json.loads(lake.get(STATE) or b"{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {alarm: one for alarm, one in found.items() if isinstance(one, dict) and "told" in one}
