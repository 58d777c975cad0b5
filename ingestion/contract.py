"""What a record must be to land in bronze, and what is merely news.

A missing key or a wrong type sends the record to quarantine with the reason; a
field we do not know is kept and reported. The shapes are those of real answers,
which the official schema contradicts in places: the real answer wins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ingestion.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator


def _is_time(text: str) -> str:
    if parse_timestamp(text) is None:
        raise ValueError("expected an ISO-8601 time")
    return text


# Ids of media stand in addresses and in names of objects.
MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _is_media_id(text: str) -> str:
    if MEDIA_ID.fullmatch(text) is None:
        raise ValueError("expected letters, digits, - and _")
    return text


Key = Annotated[str, Field(min_length=1, pattern=r"\S")]
Text = str | None
Time = Annotated[str, AfterValidator(_is_time)] | None
# Beyond 64 bits no engine of ours can count.
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)] | None
Number = Annotated[float, Field(allow_inf_nan=False)] | None


Known = object  # documented, of any shape: landed as it is, never news


class Record(BaseModel):
    """Base of the contracts: strict about what is known, open to what is new."""

    model_config = ConfigDict(strict=True, extra="allow")


class Organisation(Record):
    """A visitor's organisation, as typed into a form."""

    name: Text = None
    title: Text = None


class Identity(Record):
    """Who a visitor said they are."""

    name: Text = None
    email: Text = None
    org: Organisation | None = None


class UserAgent(Record):
    """The browser as Wistia names it."""

    browser: Text = None
    browser_version: Text = None
    platform: Text = None
    mobile: bool | None = None


class Visitor(Record):
    """`/stats/visitors`; the last four keys are absent in older answers."""

    visitor_key: Key
    created_at: Time
    last_active_at: Time
    load_count: Whole
    play_count: Whole
    last_event_key: Text = None
    identifying_event_key: Text = None
    visitor_identity: Identity | None = None
    user_agent_details: UserAgent | None = None


class MediaStats(Record):
    """`/stats/medias/{id}`; `actions` is documented and absent in every real answer."""

    load_count: Whole
    play_count: Whole
    play_rate: Number
    hours_watched: Number
    engagement: Number
    visitors: Whole
    actions: Known = None
    interactions: Known = None


class MediaEngagement(Record):
    """`/stats/medias/{id}/engagement`; a cell is one second up to 1,000 s of video."""

    engagement: Number
    engagement_data: list[int]
    rewatch_data: list[int] = []  # absent in answers of 2013


def _is_day(text: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is None:
        raise ValueError("expected a date, year first")
    return text


class MediaDay(Record):
    """A row of `/stats/medias/{id}/by_date`; the last two are ours, as the address has them."""

    date: Annotated[str, AfterValidator(_is_day)]
    load_count: Whole
    play_count: Whole
    hours_watched: Number
    media_id: Known = None
    snapshot_ts: Known = None


class AccountStats(Record):
    """`/stats/account`."""

    load_count: Whole
    play_count: Whole
    hours_watched: Number


class Event(Record):
    """`/stats/events`: one play; what is optional is absent or of several shapes in real answers.

    `conversion_data` is an object or empty text.
    """

    event_key: Key
    received_at: Annotated[str, AfterValidator(_is_time)]
    visitor_key: Key
    media_id: Key
    percent_viewed: Number
    media_name: Text = None
    media_url: Text = None
    embed_url: Text = None
    iframe_heatmap_url: Text = None
    ip: Text = None
    org: Text = None
    country: Text = None
    region: Text = None
    city: Text = None
    lat: Number = None
    lon: Number = None
    email: Text = None
    conversion_type: Known = None
    conversion_data: Known = None
    user_agent_details: UserAgent | None = None
    thumbnail: Known = None


class Folder(Record):
    """The folder (`project` on v1) that a medium lies in."""

    name: Text = None
    id: Known = None
    hashed_id: Known = None


class Media(Record):
    """`/medias`; `project` on v1, `folder` on modern, duration in seconds."""

    hashed_id: Annotated[str, AfterValidator(_is_media_id)]
    name: Text = None
    duration: Number = None
    created: Time = None
    project: Folder | None = None
    folder: Folder | None = None
    id: Known = None
    type: Known = None
    archived: Known = None
    updated: Known = None
    embedCode: Known = None  # noqa: N815 - the API's name
    description: Known = None
    progress: Known = None
    status: Known = None
    section: Known = None
    thumbnail: Known = None
    protected: Known = None
    assets: Known = None
    subfolder: Known = None
    tags: Known = None


def find_faults(record: object, contract: type[Record]) -> tuple[str | None, frozenset[str]]:
    """Hold a record against its contract.

    Args:
        record: The decoded JSON value.
        contract: The shape it should have.

    Returns:
        The reason for quarantine (None when it may land), which names fields and never
        values, and the dotted names of the fields the contract does not know.
    """
    try:
        parsed = contract.model_validate(record)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        reasons = {f"{_path(fault['loc'])}: {fault['msg'].lower()}" for fault in faults}
        return "; ".join(sorted(reasons)), frozenset()
    return None, frozenset(_unknown(parsed))


def _path(location: tuple[int | str, ...]) -> str:
    names = [
        part for part in location if isinstance(part, str) and not part.startswith("function-")
    ]
    return ".".join(names) or "record"


def _unknown(model: BaseModel, prefix: str = "") -> Iterator[str]:
    for name in model.model_extra or {}:
        yield prefix + name
    for name in model.model_fields_set:
        value = getattr(model, name, None)
        if isinstance(value, BaseModel):
            yield from _unknown(value, f"{prefix}{name}.")
