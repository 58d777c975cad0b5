"""Alarms are raised once and taken back once: what has been said is kept in the lake."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from flows.alarms.channels import open_channels
from flows.alarms.findings import Finding, find
from flows.errors import AlarmError
from ingestion.manifest import read_manifests
from ingestion.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from flows.alarms.channels import Channel
    from ingestion.lake import Lake
    from ingestion.settings import Settings

STATE = "state/alarms.json"
log = logging.getLogger(__name__)


def watch(
    settings: Settings,
    lake: Lake,
    clock: Callable[[], datetime],
    *,
    error: str | None = None,
    channels: Sequence[Channel] | None = None,
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
    said = _read(lake)
    now = {finding.alarm: finding for finding in found}
    after = dict(said)
    for finding in found:
        if finding.alarm not in said and _tell(channels, *_alarm(finding, lake)):
            after[finding.alarm] = {"since": format_timestamp(clock()), "said": finding.said}
    for alarm, before in said.items():
        if alarm not in now and _tell(channels, *_recovery(alarm, before, lake)):
            del after[alarm]
    if after != said:
        lake.put(STATE, json.dumps(after).encode())
    return found


def _alarm(finding: Finding, lake: Lake) -> tuple[str, str]:
    subject = f"wistia-elt: {finding.alarm}"
    where = f"Lake {lake.uri}. docs/runbook.md has more about the alarm {finding.alarm}."
    return subject, f"{finding.said}\nTry: {finding.remedy}.\n{where}"


def _recovery(alarm: str, before: dict[str, str], lake: Lake) -> tuple[str, str]:
    subject = f"wistia-elt: {alarm} is over"
    return (
        subject,
        f"It is right again. Since {before['since']}: {before['said']}\nLake {lake.uri}.",
    )


def _tell(channels: Sequence[Channel], subject: str, text: str) -> bool:
    """Whether anyone was told; where nobody can be, it is enough that it was tried."""
    told = not channels
    for channel in channels:
        try:
            channel.send(subject, text)
        except AlarmError as error:
            log.warning("%s; try: %s", error, error.remedy)
        else:
            told = True
    return told


def _read(lake: Lake) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(lake.get(STATE) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
