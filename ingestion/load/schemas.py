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
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from ingestion.config import grammar
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


class Clear:
    """Marks what is known to tell nothing of a person: it stays in clear under `PII_POLICY`.

    Either the field itself, or the inner ones that are named. Of one that ends in `?`, an address,
    what a page is asked and by whom does not stay; one that ends in `[]` is a list.
    """

    def __init__(self, *parts: str) -> None:
        self.parts = parts or ("",)


def _still(*more: str) -> Clear:
    """A picture or file of a video's, less where it lies."""
    return Clear(".width", ".height", ".fileSize", ".contentType", ".type", *more)


def _or_hidden(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """What `hash` made of a number is right where it waits in quarantine: a replay takes it."""
    return value if isinstance(value, str) and _HIDDEN.fullmatch(value) else check(value)


_HIDDEN = re.compile("[0-9a-f]{64}")
# `last_active_at: "2026-02-30T00:00:00Z"` is neither a time nor an error of ours.
_Time = Annotated[
    str, _expect(grammar.parse_time, "a time of 1900 to 2099 such as 2026-01-31 10:00:00")
]
_Key = _expect(grammar.is_key, f"one line of visible characters, at most {grammar.LONGEST_KEY}")
_Decimal = Annotated[
    float, Field(gt=-grammar.MOST_NUMBER, lt=grammar.MOST_NUMBER, allow_inf_nan=False)
]
_Share = Annotated[float, Field(ge=-grammar.MOST_SHARE, le=grammar.MOST_SHARE, allow_inf_nan=False)]
_Cell = Annotated[int, Field(gt=-grammar.MOST, lt=grammar.MOST)]

# Personal, unless they are marked.
Text = str | None
PersonalNumber = Annotated[_Decimal | None, WrapValidator(_or_hidden)]
Known = object  # documented, of any shape: loaded as it is, never news
# In clear.
Key = Annotated[str, _Key, Clear()]
MediaId = Annotated[str, _expect(grammar.MEDIA_ID.fullmatch, "letters, digits, - and _"), Clear()]
Word = Annotated[Text, Clear()]
Address = Annotated[Text, Clear("?")]
Time = Annotated[_Time | None, Clear()]
Whole = Annotated[_Cell | None, Clear()]
Cells = Annotated[list[_Cell], Clear("[]")]
Number = Annotated[_Decimal | None, Clear()]
Share = Annotated[_Share | None, Clear()]
Open = Annotated[Known, Clear()]

NO_WORD = "(a name that is no word)"
_WORD = re.compile("(?=.{1,40}$)[A-Za-z]+(_[A-Za-z]+)*(_?[0-9]{1,2})?")
# A string of JSON, with the colon where it is a field's name.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*":?')
_HALF = re.compile("[\ud800-\udfff]")
_CUT = f"nested deeper than {grammar.DEEPEST_RECORD} levels"


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

    browser: Word = None
    browser_version: Word = None
    platform: Word = None
    mobile: Annotated[bool | None, Clear()] = None


class Visitor(Record):
    """`/stats/visitors`; the last four keys are absent in older answers."""

    visitor_key: Key
    created_at: Time
    last_active_at: Time
    load_count: Whole
    play_count: Whole
    last_event_key: Word = None
    identifying_event_key: Word = None
    visitor_identity: Identity | None = None
    user_agent_details: UserAgent | None = None


class AccountStats(Record):
    """`/stats/account`; a video and a day of it are told the same."""

    load_count: Whole
    play_count: Whole
    hours_watched: Number


class MediaStats(AccountStats):
    """`/stats/medias/{id}`; `actions` is documented and absent in every real answer."""

    play_rate: Share
    engagement: Share
    visitors: Whole
    actions: Annotated[
        Known, Clear(".type", ".action_count", ".impression_count", ".rate", ".url?", ".text")
    ] = None
    interactions: Known = None


class MediaEngagement(Record):
    """`/stats/medias/{id}/engagement`; a cell is one second up to 1,000 s of video."""

    engagement: Share
    engagement_data: Cells
    rewatch_data: Cells = []  # absent in answers of 2013


class MediaDay(AccountStats):
    """A row of `/stats/medias/{id}/by_date`; the last two are ours, as the address has them."""

    date: Annotated[str, _expect(grammar.parse_date, "a date of 1900 to 2099, year first"), Clear()]
    media_id: Open = None
    snapshot_ts: Open = None


class Event(Record):
    """`/stats/events`: one play; what is optional is absent or of several shapes in real answers.

    `conversion_data` is an object or empty text; an empty object says nothing either.
    """

    event_key: Key
    received_at: Annotated[_Time, Clear()]
    visitor_key: Key
    media_id: Key
    percent_viewed: Share
    media_name: Word = None
    media_url: Address = None
    embed_url: Address = None
    iframe_heatmap_url: Address = None
    ip: Text = None
    org: Text = None
    country: Word = None
    region: Word = None
    city: Text = None
    lat: PersonalNumber = None
    lon: PersonalNumber = None
    email: Text = None
    conversion_type: Open = None
    conversion_data: Known = None
    user_agent_details: UserAgent | None = None
    thumbnail: Annotated[Known, _still(".url?")] = None
    attributes: Known = None  # 2026-03: the event once more, as it came


class Folder(Record):
    """The folder (`project` on v1) that a video lies in."""

    name: Word = None
    id: Open = None
    hashed_id: Open = None


class Media(Record):
    """`/medias`; `project` on v1, `folder` on modern, duration in seconds.

    What the account itself publishes of a video, its description among it, is no person's.
    """

    hashed_id: MediaId
    name: Word = None
    duration: Number = None
    created: Time = None
    project: Folder | None = None
    folder: Folder | None = None
    id: Open = None
    type: Open = None
    archived: Open = None
    updated: Open = None
    embedCode: Open = None  # noqa: N815 - the API's name
    description: Open = None
    progress: Open = None
    status: Open = None
    section: Open = None
    thumbnail: Annotated[Known, _still(".url")] = None
    protected: Open = None
    assets: Annotated[Known, _still(".url")] = None
    subfolder: Annotated[Known, Clear(".id", ".hashed_id", ".name")] = None
    tags: Annotated[Known, Clear("[]")] = None


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
    if size > grammar.LARGEST_RECORD:
        return None, f"larger than {grammar.LARGEST_RECORD:,} bytes"
    is_branched = text.count("{") + text.count("[") > grammar.DEEPEST_RECORD
    if is_branched and prune(record, grammar.DEEPEST_RECORD + 1) != record:
        return None, _CUT
    return line, None


def prune(value: object, levels: int = grammar.DEEPEST_RECORD) -> object:
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
