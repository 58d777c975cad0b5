"""Alarms are raised once and taken back once, whatever has failed: the lake itself too."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from flows.alerts.channels import AlertSettings, open_channels, send_through
from flows.alerts.findings import ALARMS, OF_UP, Finding, find
from flows.alerts.memory import Memory
from ingestion.config.errors import AlarmError, LakeBusyError, LakeError, ReadableError, describe
from ingestion.config.settings import folder_of
from ingestion.config.timestamps import format_timestamp, utc_now
from reports.history import History, read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from flows.alerts.channels import Channel
    from flows.alerts.memory import Said
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
    """Look at the runs, and tell people what has become wrong or right; gives what is wrong now.

    `error` ended the last run where its manifest could not say so. `also` is what `up` has found
    beside the lake; None for a look that sees the lake alone. Told are `channels`, or those of
    the settings. Whatever a look itself meets is logged: it fails no run.
    """
    look = _Look([], ALARMS, {})
    try:
        channels = open_channels(settings) if channels is None else channels
        memory = Memory(lake, lake.uri)
        look_now = partial(_look, settings, lake, memory, error=error, also=also)
        look = look_now(clock())
        if not _is_known(look, channels):
            with _turn(lake):
                # Another look may have told people just now: what it told is not told again.
                look = look_now(clock())
                _tell_news(look, memory, clock(), channels, lake.uri)
    except Exception as unexpected:  # noqa: BLE001 - it must not hide how the run ended
        log.warning("the look for alarms ended early: %s", describe(unexpected)[0])
    return look.found


def describe_error(error: BaseException) -> ReadableError:
    """Whatever ended a run, for people: what has no remedy of its own is worth a report."""
    said, remedy = describe(error)
    return ReadableError(said, remedy or "run it by hand with --debug, and report it")


@contextmanager
def refusals_told() -> Iterator[None]:
    """Tell people what keeps a run from beginning: a misspelt setting, no token, no lake.

    A lake that another run holds is no fault.
    """
    try:
        yield
    except LakeBusyError:
        raise
    except Exception as error:
        # Whatever is wrong with the channels too, the error itself is what must be shown.
        with suppress(ReadableError, ValidationError, OSError):
            _tell_refused(describe_error(error), AlertSettings.load())
        raise


def _tell_refused(error: ReadableError, settings: AlertSettings) -> None:
    channels, uri = open_channels(settings), settings.lake_uri
    if not uri.startswith("s3://"):
        # As the lake itself is called once it can be opened.
        uri = str(folder_of(uri))
    found = [Finding("failure", f"A run could not begin: {error}", error.remedy)]
    memory = Memory(None, uri)
    _tell_news(_Look(found, ALARMS, memory.read()), memory, utc_now(), channels, uri)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is wrong, of which alarms a look cannot say that they are over, what was told before."""

    found: list[Finding]
    unseen: frozenset[str]
    said: dict[str, Said]


def _look(  # noqa: PLR0913 - what is looked at
    settings: Settings,
    lake: Lake,
    memory: Memory,
    now: datetime,
    *,
    error: ReadableError | None,
    also: Sequence[Finding] | None,
) -> _Look:
    said, unseen = memory.read(), OF_UP if also is None else frozenset[str]()
    history, lost = History([]), list[Finding]()
    try:
        # What has ended is not read again: a lake that may not be read any more would not show.
        if memory.unreadable is not None:
            raise memory.unreadable
        history = read_history(lake)
    except LakeError as unreadable:
        lost, unseen = [Finding("lake", str(unreadable), unreadable.remedy)], ALARMS
    return _Look([*find(settings, history, now, error), *(also or ()), *lost], unseen, said)


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


def _is_known(look: _Look, channels: Mapping[str, Channel]) -> bool:
    """Whether every channel has been told of all that is wrong, and nothing is over."""
    alarms = {finding.alarm for finding in look.found}
    return look.said.keys() <= alarms | look.unseen and all(
        alarm in look.said and set(look.said[alarm]["told"]) >= channels.keys()
        for alarm in alarms
        if channels
    )


def _tell_news(
    look: _Look, memory: Memory, now: datetime, channels: Mapping[str, Channel], uri: str
) -> None:
    after: dict[str, Said] = {}
    for finding in look.found:
        first = {"since": format_timestamp(now), "said": finding.said, "told": []}
        known: Said = look.said.get(finding.alarm) or first
        untold = [name for name in channels if name not in known["told"]]
        where = f"Lake {uri}. docs/runbook.md has more about the alarm {finding.alarm}."
        text = f"{finding.said}\nTry: {finding.remedy}.\n{where}"
        took = _tell(channels, untold, f"wistia-elt: {finding.alarm}", text)
        if told := [*known["told"], *took]:
            after[finding.alarm] = known | {"told": told}
    over = look.said.keys() - {finding.alarm for finding in look.found}
    for alarm, known in look.said.items():
        if alarm in look.unseen and alarm in over:
            after[alarm] = known  # nobody can say that it is over
        elif alarm in over:
            # A channel that is no longer set need not hear of the end.
            waiting = [name for name in known["told"] if name in channels]
            text = f"It is right again. Since {known['since']}: {known['said']}\nLake {uri}."
            heard = _tell(channels, waiting, f"wistia-elt: {alarm} is over", text)
            if left := [name for name in waiting if name not in heard]:
                after[alarm] = known | {"told": left}
    if after != look.said:
        memory.write(after)


def _tell(
    channels: Mapping[str, Channel], names: Iterable[str], subject: str, text: str
) -> list[str]:
    """Tell these channels, each by itself; gives the names of those that took it."""
    took = []
    for name in names:
        try:
            send_through(channels[name], name, subject, text)
        except AlarmError as error:
            log.warning("%s; try: %s", error, error.remedy)
        else:
            took.append(name)
    return took
