"""The week in one message, for who asks for it: WEEKLY_DIGEST.

Gold has the figures, what is usual and what moved; here they become sentences, as plain text
and as HTML that any mail reader shows. Each channel gets a week once.
"""

from __future__ import annotations

import json
import logging
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.alerts.channels import Email, Service, open_channels, send_through
from flows.stages.query import query
from ingestion.config.errors import AlarmError, ReadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from flows.alerts.channels import Channel
    from flows.stages.query import Answer
    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake

KEY = "state/digest.json"
_MOST_MOVERS = 5
log = logging.getLogger(__name__)

_WEEK = "select first_day, last_day from gold.spans where span = '7' and period = 'now'"
_FIGURES = (
    "select now.figure, now.amount, now.usual_low, now.usual_high, now.beyond, "
    "before.amount as amount_before from gold.headlines as now "
    "left join gold.span_figures as before on before.span = now.span and "
    "before.media_id = now.media_id and before.figure = now.figure and before.period = 'before' "
    "where now.span = '7' and now.media_id = 'All'"
)
_MOVERS = (
    "select movers.kind, coalesce(media.name, movers.label) as label, movers.play_count, "
    "movers.play_count_before, movers.z, movers.is_beyond_chance from gold.movers as movers "
    "left join silver.dim_media as media on movers.kind = 'video' and "
    "media.media_id = movers.label where movers.span = '7' and movers.comparison = 'before' "
    "and movers.label <> 'unknown' order by abs(movers.z) desc, movers.kind, movers.label"
)
# In their order, with the words of the pages.
_NAMES = {
    "plays": "Plays",
    "viewers": "Viewers",
    "hours_watched": "Hours watched",
    "plays_per_load": "Plays per load",
    "completion_rate": "Reached the end",
    "conversion_rate": "Conversion rate",
}
_RATES = {"plays_per_load", "completion_rate", "conversion_rate"}
# A figure's name, its amount, and how that compares.
Card = tuple[str, str, str]


class Digest(NamedTuple):
    """One week, ready to be sent."""

    subject: str
    text: str
    html: str


def tell_week(
    settings: Settings,
    lake: Lake,
    ask: Callable[[Settings, str], Answer] = query,
    channels: Mapping[str, Channel] | None = None,
) -> list[str]:
    """Send the last whole week to every channel that has not had it; gives the names of these.

    A channel that is out of order, or tables that are not there yet, are logged: the week is
    tried again after the next run. The lake remembers who was told of which week.
    """
    if not settings.weekly_digest:
        return []
    channels = open_channels(settings) if channels is None else channels
    try:
        days = next(_rows(ask(settings, _WEEK)), None)
        if days is None:
            return []
        week = _week_of(days["last_day"])
        told = _read(lake, week)
        waiting = [name for name in channels if name not in told]
        digest = _write(settings, ask, **days) if waiting else None
        took = [name for name in waiting if digest and _send(channels[name], name, digest)]
        if took:
            lake.put(KEY, json.dumps({"week": week, "told": [*told, *took]}).encode())
    except ReadableError as error:
        log.warning("the week's digest waits for the next run: %s", error)
        return []
    return took


def _write(
    settings: Settings, ask: Callable[[Settings, str], Answer], first_day: date, last_day: date
) -> Digest | None:
    """The digest of the seven whole days that arrived last; None where gold has no figure."""
    figures = {row["figure"]: row for row in _rows(ask(settings, _FIGURES))}
    if not figures:
        return None
    movers = list(_rows(ask(settings, _MOVERS)))
    days = f"{first_day:%b} {first_day.day} to {last_day:%b} {last_day.day}"
    sentence = say_week(figures)
    cards = [_card(name, figures[name]) for name in _NAMES if name in figures]
    up = [_mover(row) for row in movers if row["z"] > 0][:_MOST_MOVERS]
    down = [_mover(row) for row in movers if row["z"] < 0][:_MOST_MOVERS]
    told = (sentence, days, cards, {"Up": up, "Down": down})
    return Digest(f"{sentence} ({days})", _text(*told), _html(*told))


def say_week(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """The week in one sentence, which speaks only of what left its usual range."""
    plays = figures.get("plays")
    odd = [name for name in _NAMES if name in figures and figures[name]["beyond"] in {1, -1}]
    if not odd:
        if plays is None:
            return "No plays this week"
        usual = _usual("plays", plays)
        said = f"{_amount('plays', plays['amount'])} plays this week"
        return f"Nothing unusual: {said}, {usual}" if usual else said
    said = "; ".join(
        f"{_NAMES[name]} {'above' if figures[name]['beyond'] > 0 else 'below'} the usual: "
        f"{_amount(name, figures[name]['amount'])}, {_usual(name, figures[name])}"
        for name in odd[:2]
    )
    return said[0].upper() + said[1:]


def _card(name: str, row: Mapping[str, Any]) -> Card:
    notes = []
    if before := row["amount_before"]:
        by = round(100 * (row["amount"] / before - 1))
        change = f"{by:+d}% from".replace("-", "\N{MINUS SIGN}") if by else "as"
        notes.append(f"{change} the week before")
    notes += filter(None, [_usual(name, row)])
    return _NAMES[name], _amount(name, row["amount"]), ", ".join(notes)


def _usual(name: str, row: Mapping[str, Any]) -> str:
    if row["usual_low"] is None:
        return ""
    return f"usually {_amount(name, row['usual_low'])} to {_amount(name, row['usual_high'])}"


def _amount(name: str, amount: float) -> str:
    return f"{100 * amount:.1f}%" if name in _RATES else f"{amount:,.0f}"


def _mover(row: Mapping[str, Any]) -> str:
    sure = "" if row["is_beyond_chance"] else ", may be chance"
    return (
        f"{row['label']} ({row['kind']}): {row['play_count']:,} plays, "
        f"{row['play_count_before']:,} the week before{sure}"
    )


def _text(sentence: str, days: str, cards: list[Card], lists: dict[str, list[str]]) -> str:
    lines = [f"{sentence}.", f"Whole days from {days}, in the account's time zone.", ""]
    for name, amount, notes in cards:
        lines.append(f"{name}: {amount} ({notes})" if notes else f"{name}: {amount}")
    for title, movers in lists.items():
        lines += ["", f"{title}:", *(f"- {one}" for one in movers or ["nothing"])]
    return "\n".join(lines)


def _html(sentence: str, days: str, cards: list[Card], lists: dict[str, list[str]]) -> str:
    """Tables and styles in place: mail readers know no more."""
    grey = "color:#59626f;font-size:13px"
    cell = "padding:6px 16px 6px 0;border-bottom:1px solid #d6d6d6"
    rows = "".join(
        f'<tr><td style="{cell}">{escape(name)}</td>'
        f'<td style="{cell};text-align:right"><b>{escape(amount)}</b></td>'
        f'<td style="{cell};{grey}">{escape(notes)}</td></tr>'
        for name, amount, notes in cards
    )
    moved = "".join(
        f'<h2 style="font-size:16px;margin:20px 0 4px">{title}</h2><ul style="margin:0;'
        f'padding-left:20px">{"".join(f"<li>{escape(one)}</li>" for one in movers)}</ul>'
        for title, movers in lists.items()
        if movers
    )
    return (
        '<div style="font-family:system-ui,Segoe UI,Roboto,Arial,sans-serif;color:#1c1c1c;'
        f'max-width:640px"><h1 style="font-size:20px;margin:0 0 4px">{escape(sentence)}</h1>'
        f'<p style="{grey};margin:0 0 12px">Whole days from {escape(days)}, in the account\'s '
        f'time zone.</p><table style="border-collapse:collapse;font-size:15px">{rows}</table>'
        f"{moved}</div>"
    )


def _send(channel: Channel, name: str, digest: Digest) -> bool:
    more = {"html": digest.html} if isinstance(channel, Email | Service) else {}
    try:
        send_through(channel, name, digest.subject, digest.text, **more)
    except AlarmError as error:
        log.warning("the week's digest was not taken by %s: %s", name, error)
        return False
    return True


def _week_of(last_day: date) -> str:
    """The last week, Monday to Sunday, that had ended on a day."""
    monday = last_day.toordinal() - last_day.isoweekday() % 7 - 6
    return type(last_day).fromordinal(monday).isoformat()


def _read(lake: Lake, week: str) -> list[str]:
    # A damaged note is none: a week told twice is better than a run that fails.
    try:
        held = json.loads(lake.get(KEY) or b"")
        return list(held["told"]) if held["week"] == week else []
    except (ValueError, KeyError, TypeError):
        return []


def _rows(answer: Answer) -> Iterator[dict[str, Any]]:
    return (dict(zip(answer.columns, row, strict=True)) for row in answer.rows)
