"""What a time, a date, a number, a key and a record may be: said once, for both sides.

The schema (`ingestion.load.schemas`) lets in what is written here and quarantines the rest;
silver's casts read exactly the same: `make reference` makes `dbt_project/macros/grammar.sql` of it.

A pattern is read by three engines (Python, DuckDB's RE2, Trino's), so it has plain classes and
groups only. Bronze keeps a value as it came, so what is unambiguous is read and not refused: a
space for the `T`, small letters, a comma, no seconds, no fraction, an offset with or without its
colon, ` UTC` as Ruby writes it. What could mean two things, or that one engine cannot hold, is
refused with its reason.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

# A calendar says which of these days there are; years as far as visitors and plans go.
_DAY = "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
# Offsets end at 14:00, where Trino's do.
_ZONE = "[-+]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?)"

DATE = f"^{_DAY}$"
# Nine digits of a second are as many as an engine keeps; a day alone is its midnight in UTC.
TIME = f"^{_DAY}([Tt ]{_MINUTE}(:[0-5][0-9]([.,][0-9]{{1,9}})?)?( ?([Zz]|UTC|GMT|{_ZONE}))?)?$"
# The times that need no other spelling for any engine: all that Wistia was ever seen to write.
PLAIN_TIME = (
    f"^{_DAY}T{_MINUTE}:[0-5][0-9]([.][0-9]{{1,9}})?(Z|[-+]((0[0-9]|1[0-3]):?[0-5][0-9]|14:?00))?$"
)
# No count is larger, sums stay inside 64 bits, and every JSON reader is exact.
WHOLE = "^-?[0-9]{1,15}$"
MOST = 10**15
# A share is 0 to 1, or a percent told in its stead; hours, seconds and degrees are no billions.
# Beyond these gold's exact sums (share x seconds, in thousandths) would leave 64 bits.
MOST_SHARE = 100
MOST_NUMBER = 10**9
# JSON's own syntax. An exponent above 99 would be an infinity somewhere; one below -323 is 0.
NUMBER = "^-?[0-9]{1,20}([.][0-9]{1,40})?([eE](-[0-9]{1,3}|[+]?[0-9]{1,2}))?$"
# What a text needs to say anything; trim() differs between the engines.
NOT_BLANK = "[^ \\t\\r\\n]"
# Ids of media stand in addresses and in names of objects.
MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_KEY = 512
# Real records have up to 10 kB. DuckDB reads no object above 16 MiB, and one such line would stop
# every build; nesting is bounded far below where a parser's stack ends.
LARGEST_RECORD = 1_000_000
DEEPEST_RECORD = 64

_CENTURIES = ("19", "20")
_TIME = re.compile(TIME)
_DATE = re.compile(DATE)
# Control characters and halves of a character: they make two keys one, or break a line.
_NO_KEY = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


# A record's time is asked for by its schema, its place in a list and its digest's.
@lru_cache(maxsize=16_384)
def parse_time(text: str) -> datetime | None:
    """Read a time; without an offset it is UTC. None for all else, such as a 30th of February."""
    day, clock = text[:10], text[11:]
    # As Wistia writes it: a tenth of the work, and every row has several.
    shape = text[10:20:3] + text[23:]
    is_usual = shape == "T::.Z" and day[:2] in _CENTURIES and "W" not in day
    if not is_usual and _TIME.fullmatch(text) is None:
        return None
    if not is_usual:
        clock = re.sub(" ?(UTC|GMT|z)$", "Z", clock).replace(" ", "")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}" if clock else day)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_date(text: str) -> date | None:
    """Read a date, year first; None for all else."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def is_key(text: str) -> bool:
    """Whether a text can name a record: one line of visible characters, not too long."""
    return len(text) <= LONGEST_KEY and bool(text.strip()) and _NO_KEY.search(text) is None
