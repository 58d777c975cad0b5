"""Alarms are raised once and taken back once, whatever has failed: the lake itself too."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from flows.alerts.channels import open_channels
from flows.alerts.findings import ALARMS, OF_UP, Finding, find
from flows.alerts.memory import KEY, Memory
from ingestion.config.errors import AlarmError, LakeBusyError, LakeError
from ingestion.config.timestamps import format_timestamp
from ingestion.state.manifest import read_manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from flows.alerts.channels import Channel
    from flows.alerts.memory import Said
    from ingestion.config.errors import ReadableError
    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake

# Longer than a server of mail lets people wait, and than a dead holder's lease lasts.
_WAIT_SECONDS = 120
log = logging.getLogger(__name__)


def watch(  # noqa: PLR0913 - what is looked at, and who is told
    settings: Settings,
    lake: Lake,
    clock: Callable[[], datetime],
    *,
    error: ReadableError | None = None,
    also: Sequence[Finding] | None = None,
    channels: Mapping[str, Channel] | None = None,
) -> list[Finding]:
    """Look at the runs, and tell people what has become wrong or right since the last look.

    Args:
        settings: Channels and limits.
        lake: Holds the manifests and what has been said.
        clock: The time, UTC.
        error: What ended the last run where its manifest could not say so.
        also: What `up` has found beside the lake; None for a look that sees the lake alone.
        channels: Where to; those of the settings when None.

    Returns:
        What is wrong now.
    """
    channels = open_channels(settings) if channels is None else channels
    memory = Memory(lake, lake.uri)
    found, unseen = _look(settings, lake, clock(), error, also)
    if _is_known(found, memory.read(), channels, unseen):
        return found
    with _turn(lake):
        # Another look may have told people just now: what it told is not told again.
        found, unseen = _look(settings, lake, clock(), error, also)
        _tell_news(found, memory, clock(), channels, lake.uri, unseen)
    return found


def tell_refused(
    error: ReadableError, channels: Mapping[str, Channel], uri: str, now: datetime
) -> None:
    """Tell people of a run that could not even open its settings or its lake.

    Args:
        error: What refused it.
        channels: Where to.
        uri: LAKE_URI as it was given.
        now: The time, UTC.
    """
    found = [Finding("failure", f"A run could not begin: {error}", error.remedy)]
    _tell_news(found, Memory(None, uri), now, channels, uri, ALARMS)


def _look(
    settings: Settings,
    lake: Lake,
    now: datetime,
    error: ReadableError | None,
    also: Sequence[Finding] | None,
) -> tuple[list[Finding], frozenset[str]]:
    """What is wrong, and the alarms of which this look cannot say that they are over."""
    unseen = OF_UP if also is None else frozenset()
    try:
        # What has ended is not read again: a lake that may not be read any more would not show.
        lake.get(KEY)
        return [*find(settings, read_manifests(lake), now, error), *(also or ())], unseen
    except LakeError as unreadable:
        found = [*find(settings, [], now, error), *(also or ())]
        return [*found, Finding("lake", str(unreadable), unreadable.remedy)], ALARMS


@contextmanager
def _turn(lake: Lake) -> Iterator[None]:
    """Let one look at a time tell people; where the lake keeps no lock, tell all the same."""
    with ExitStack() as held:
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(LakeBusyError),
                wait=wait_fixed(1),
                stop=stop_after_delay(_WAIT_SECONDS),
                reraise=True,
            ):
                with attempt:
                    held.enter_context(lake.lock("alarms"))
        except LakeError as error:
            log.warning("people are told without a lock: %s", error)
        yield


def _is_known(
    found: Sequence[Finding],
    said: dict[str, Said],
    channels: Mapping[str, Any],
    unseen: frozenset[str],
) -> bool:
    """Whether every channel has been told of all that is wrong, and nothing is over."""
    alarms = {finding.alarm for finding in found}
    return said.keys() <= alarms | unseen and all(
        alarm in said and set(said[alarm]["told"]) >= channels.keys()
        for alarm in alarms
        if channels
    )


def _tell_news(  # noqa: PLR0913, PLR0917 - what a look has found, and where it goes
    found: Sequence[Finding],
    memory: Memory,
    now: datetime,
    channels: Mapping[str, Channel],
    uri: str,
    unseen: frozenset[str],
) -> None:
    said = memory.read()
    after: dict[str, Said] = {}
    for finding in found:
        known = said.get(finding.alarm) or _first_said(finding, now)
        untold = [name for name in channels if name not in known["told"]]
        told = [*known["told"], *_tell(channels, untold, *_alarm(finding, uri))]
        if told:
            after[finding.alarm] = known | {"told": told}
    alarms = {finding.alarm for finding in found}
    for alarm, known in said.items():
        if alarm in alarms:
            continue
        if alarm in unseen:
            after[alarm] = known  # nobody can say that it is over
            continue
        # A channel that is no longer set need not hear of the end.
        waiting = [name for name in known["told"] if name in channels]
        heard = _tell(channels, waiting, *_recovery(alarm, known, uri))
        if left := [name for name in waiting if name not in heard]:
            after[alarm] = known | {"told": left}
    if after != said:
        memory.write(after)


def _first_said(finding: Finding, now: datetime) -> Said:
    return {"since": format_timestamp(now), "said": finding.said, "told": []}


def _alarm(finding: Finding, uri: str) -> tuple[str, str]:
    subject = f"wistia-elt: {finding.alarm}"
    where = f"Lake {uri}. docs/runbook.md has more about the alarm {finding.alarm}."
    return subject, f"{finding.said}\nTry: {finding.remedy}.\n{where}"


def _recovery(alarm: str, before: Said, uri: str) -> tuple[str, str]:
    subject = f"wistia-elt: {alarm} is over"
    return (
        subject,
        f"It is right again. Since {before['since']}: {before['said']}\nLake {uri}.",
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
