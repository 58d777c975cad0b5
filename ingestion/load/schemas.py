"""What a record must be to be loaded into bronze, and what is merely news.

A missing key or a wrong type sends the record to quarantine with the reason; a
field we do not know is kept and reported. The shapes are those of real answers,
which the official schema contradicts in places: the real answer wins. What a time, a number
or a key may be says `ingestion.config.grammar`, for silver too: what is let in here, silver
can read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from ingestion.config.grammar import (
    DEEPEST_RECORD,
    LARGEST_RECORD,
    LONGEST_KEY,
    MEDIA_ID,
    MOST,
    MOST_NUMBER,
    MOST_SHARE,
    is_key,
    parse_date,
    parse_time,
)
from ingestion.storage.json_lines import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _expect(is_right: Callable[[str], object], what: str) -> AfterValidator:
    """What a text is, in the words that quarantine gives as the reason."""

    def check(text: str) -> str:
        if not is_right(text):
            raise ValueError(f"expected {what}")
        return text

    return AfterValidator(check)


# `last_active_at: "2026-02-30T00:00:00Z"` is neither a time nor an error of ours.
_IS_TIME = _expect(parse_time, "a time of 1900 to 2099 such as 2026-01-31 10:00:00")
_IS_DAY = _expect(parse_date, "a date of 1900 to 2099, year first")
_IS_MEDIA_ID = _expect(MEDIA_ID.fullmatch, "letters, digits, - and _")

Key = Annotated[str, _expect(is_key, f"one line of visible characters, at most {LONGEST_KEY}")]
Text = str | None
Time = Annotated[str, _IS_TIME] | None
Cell = Annotated[int, Field(gt=-MOST, lt=MOST)]
Whole = Cell | None
Number = Annotated[float, Field(gt=-MOST_NUMBER, lt=MOST_NUMBER, allow_inf_nan=False)] | None
Share = Annotated[float, Field(ge=-MOST_SHARE, le=MOST_SHARE, allow_inf_nan=False)] | None


def _or_hidden(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """What `hash` made of a number is right where it waits in quarantine: a replay takes it."""
    return value if isinstance(value, str) and _HIDDEN.fullmatch(value) else check(value)


PersonalNumber = Annotated[Number, WrapValidator(_or_hidden)]
_HIDDEN = re.compile("[0-9a-f]{64}")


Known = object  # documented, of any shape: loaded as it is, never news


NO_WORD = "(a name that is no word)"
_WORD = re.compile("(?=.{1,40}$)[A-Za-z]+(_[A-Za-z]+)*(_?[0-9]{1,2})?")
# A string of JSON, with the colon where it is a field's name.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*":?')
_HALF = re.compile("[\ud800-\udfff]")
_CUT = f"nested deeper than {DEEPEST_RECORD} levels"


class Record(BaseModel):
    """Base of the schemas: strict about what is known, open to what is new."""

    model_config = ConfigDict(strict=True, extra="allow")


class Organisation(Record):
    """A visitor's organization, as typed into a form."""

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
    play_rate: Share
    hours_watched: Number
    engagement: Share
    visitors: Whole
    actions: Known = None
    interactions: Known = None


class MediaEngagement(Record):
    """`/stats/medias/{id}/engagement`; a cell is one second up to 1,000 s of video."""

    engagement: Share
    engagement_data: list[Cell]
    rewatch_data: list[Cell] = []  # absent in answers of 2013


class MediaDay(Record):
    """A row of `/stats/medias/{id}/by_date`; the last two are ours, as the address has them."""

    date: Annotated[str, _IS_DAY]
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

    `conversion_data` is an object or empty text; an empty object says nothing either.
    """

    event_key: Key
    received_at: Annotated[str, _IS_TIME]
    visitor_key: Key
    media_id: Key
    percent_viewed: Share
    media_name: Text = None
    media_url: Text = None
    embed_url: Text = None
    iframe_heatmap_url: Text = None
    ip: Text = None
    org: Text = None
    country: Text = None
    region: Text = None
    city: Text = None
    lat: PersonalNumber = None
    lon: PersonalNumber = None
    email: Text = None
    conversion_type: Known = None
    conversion_data: Known = None
    user_agent_details: UserAgent | None = None
    thumbnail: Known = None
    attributes: Known = None  # 2026-03: the event once more, as it came


class Folder(Record):
    """The folder (`project` on v1) that a video lies in."""

    name: Text = None
    id: Known = None
    hashed_id: Known = None


class Media(Record):
    """`/medias`; `project` on v1, `folder` on modern, duration in seconds."""

    hashed_id: Annotated[str, _IS_MEDIA_ID]
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a record is found to be.

    Attributes:
        reason: Why it goes to quarantine, None when it may be loaded; names fields, never values.
        faulty: Dotted names of the fields that are not what they should be.
        unknown: Dotted names of the fields that the schema does not know.
        line: The record as JSON; None of one that goes to quarantine.
    """

    reason: str | None
    faulty: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    line: Line | None = field(default=None, compare=False)


def check_record(record: object, schema: type[Record]) -> Verdict:
    """Hold a record against its schema."""
    line, excess = _encode(record)
    reasons, faulty = {f"record: {excess}"} if excess else set(), frozenset[str]()
    try:
        parsed = schema.model_validate(record)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        reasons |= {f"{_path(fault['loc'])}: {fault['msg'].lower()}" for fault in faults}
        faulty = frozenset(_path(fault["loc"]) for fault in faults)
    if reasons:
        return Verdict("; ".join(sorted(reasons)), faulty)
    return Verdict(None, unknown=frozenset(_unknown(parsed)), line=line)


def _encode(record: object) -> tuple[Line | None, str | None]:
    """A record as JSON, and what keeps it from being a line that every reader of bronze takes."""
    try:
        line = Line.of(record, allow_nan=False)
        text = line.text()
        size = len(text.encode())
    except UnicodeEncodeError as error:
        # In a text it becomes a question mark; two names may not become one.
        size = len(error.object.encode(errors="replace"))
        if any(name[-1] == ":" and _HALF.search(name) for name in _STRING.findall(text)):
            return None, "a field's name holds half a character"
    except ValueError:
        return None, "a number is no number"
    except RecursionError:
        return None, _CUT
    if size > LARGEST_RECORD:
        return None, f"larger than {LARGEST_RECORD:,} bytes"
    if text.count("{") + text.count("[") > DEEPEST_RECORD and _is_deeper(record, DEEPEST_RECORD):
        return None, _CUT
    return line, None


def _is_deeper(value: object, levels: int) -> bool:
    return any(levels == 0 or _is_deeper(inner, levels - 1) for inner in _containers(value))


def _containers(value: object) -> list[object]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in inside if isinstance(inner, (dict, list))]


def prune(value: object, levels: int = DEEPEST_RECORD) -> object:
    """A copy that ends where no record may be nested deeper: quarantine can hold it."""
    if isinstance(value, dict):
        return {name: prune(inner, levels - 1) for name, inner in value.items()} if levels else _CUT
    if isinstance(value, list):
        return [prune(inner, levels - 1) for inner in value] if levels else _CUT
    return value


def _path(location: tuple[int | str, ...]) -> str:
    names = [
        part for part in location if isinstance(part, str) and not part.startswith("function-")
    ]
    return ".".join(names) or "record"


def _unknown(model: BaseModel, prefix: str = "") -> Iterator[str]:
    for name in model.model_extra or {}:
        yield prefix + (name if is_word(name) else NO_WORD)
    for name in model.model_fields_set:
        value = getattr(model, name, None)
        if isinstance(value, BaseModel):
            yield from _unknown(value, f"{prefix}{name}.")


def is_word(name: str) -> bool:
    """Whether a field's name reads like one, and not like somebody's address or number."""
    return _WORD.fullmatch(name) is not None


@cache
def known_fields(schema: type[Record]) -> frozenset[str]:
    """Dotted names of all fields that a schema knows, at any depth."""
    found = set()
    for name, info in schema.model_fields.items():
        found.add(name)
        for inner in _types(info.annotation):
            if isinstance(inner, type) and issubclass(inner, Record):
                found |= {f"{name}.{one}" for one in known_fields(inner)}
    return frozenset(found)


@cache
def number_fields(schema: type[Record]) -> frozenset[str]:
    """Names of the fields that hold a number, or a list of them."""
    fields = schema.model_fields.items()
    return frozenset(
        name for name, field in fields if any(t in {int, float} for t in _types(field.annotation))
    )


def _types(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _types(part)
