"""One day of bronze that is as odd as an answer of the API may ever be.

Blanks, odd types and numbers, ties, unicode, fractions of seconds, dates that are none,
answers from before a field existed: every reader of bronze is held against it.
"""

from tests.support.bronze.writer import BronzeWriter, event, visitor

LANDED = "2026-01-09T00:01:48.123456Z"
ACTIVE = "2026-01-06T21:03:42.000Z"
HUGE = 12345678901234567890123

VISITORS = [
    visitor(
        "blank",
        ACTIVE,
        last_event_key="",
        identifying_event_key=" \t",
        visitor_identity={"name": "", "email": "", "org": {"name": "", "title": "\n"}},
    ),
    visitor("ключ-😀", ACTIVE, visitor_identity={"name": "Zoë 東京 'o\"\\", "email": None}),
    visitor("odd counts", ACTIVE, load_count="1.0", play_count="1e3"),
    visitor("huge counts", ACTIVE, load_count=HUGE, play_count=999999999999999),
    visitor("float counts", ACTIVE, load_count=1.0, play_count=1000.0),
    visitor("text counts", ACTIVE, load_count="7", play_count="abc"),
    visitor("boolean counts", ACTIVE, load_count=True, play_count=None),
    visitor("object in a text", ACTIVE, last_event_key={"a": [1, True, None]}),
    visitor("number in a text", ACTIVE, last_event_key=1.50),
    visitor("user agent blank", ACTIVE, user_agent_details=""),
    visitor("mobile text", ACTIVE, user_agent_details={"mobile": "true", "extra": 1}),
    visitor("fraction", "2026-01-08T01:02:03.1239999Z", created_at="2026-01-08T01:02:03Z"),
    visitor("offset", "2026-01-08T23:30:00-05:00", created_at="2026-01-08T01:02:03.5+0530"),
    visitor("no offset", "2026-01-08T23:30:00", created_at="2026-01-08"),
    visitor("no time", "", created_at="yesterday"),
    visitor("no such time", "2026-02-30T00:00:00Z", created_at="2026-01-01T24:00:00Z"),
    visitor("tie", ACTIVE, load_count=10),
    visitor("tie", ACTIVE, load_count=11),
    visitor(" ", ACTIVE),
]
EVENTS = [
    event(
        "ключ-😀",
        ACTIVE,
        city="東京 'o\"\\",
        embed_url="https://me:pw@例え.example/ä b?q=1#x",  # pragma: allowlist secret
    ),
    event("object", ACTIVE, conversion_data={"email": "a@example.com", "n": [1, True, None]}),
    event("blank", ACTIVE, country="", embed_url=" ", conversion_data="", percent_viewed=None),
    event("odd share", ACTIVE, percent_viewed="half", lat="north", conversion_type=7),
    event("tenth", ACTIVE, percent_viewed=0.1, media_id="hours"),
    event("nearly", ACTIVE, percent_viewed=0.9999999, media_id="hours", user_agent_details=""),
    event("more than all", ACTIVE, percent_viewed=1.5, embed_url="not an address"),
    event("no such time", "2026-02-30T00:00:00Z"),
    event("offset", "2026-01-08T23:30:00-05:00", media_id="in no list"),
    event("space", "2026-01-08 10:00:00", percent_viewed=1e-07, conversion_data={}),
    event("ruby", "2026-01-08 10:00:00 -0500", conversion_data=[]),
    event("short", "2026-01-08t10:00z", lat=5e-324),
    event("comma", "2026-01-08T10:00:00,5+05"),
    # Two states of one moment: the digest of their content settles it.
    event("tie", ACTIVE, percent_viewed=0.25),
    event("tie", ACTIVE, percent_viewed=0.75),
    event(" ", ACTIVE),
]
DAYS = [
    {"date": "2026-01-06", "load_count": "7", "play_count": 1.0, "hours_watched": "abc"},
    {"date": "2026-02-30", "load_count": 1, "play_count": 1, "hours_watched": 0},
    {"date": "2026-1-7", "load_count": 1, "play_count": 1, "hours_watched": 0},
]
# The contract quarantines it, so it never loads; Athena would read the list by position.
LIST_FOR_AN_OBJECT = visitor("user agent list", ACTIVE, user_agent_details=["Chrome"])
OLD_VISITOR = {"visitor_key": "old answer", "last_active_at": ACTIVE, "load_count": 2}


# Keys and times that silver has no value for: a build fails, and names them.
UNREADABLE = {" ", "no such time"}


def land_nasty_day(bronze: BronzeWriter, *, is_readable: bool = False) -> None:
    """Write all of it, or what a build takes."""
    left_out = UNREADABLE if is_readable else set()
    visitors = [one for one in VISITORS if one["visitor_key"] not in left_out]
    bronze.write_visitors([*visitors, OLD_VISITOR], LANDED)
    events = [one for one in EVENTS if one["event_key"] not in left_out]
    bronze.write_events(events, LANDED)
    bronze.write_days("hours", DAYS[:1] if is_readable else DAYS, LANDED)
    sound = {"load_count": 9, "play_count": 4, "visitors": 8, "play_rate": 0.5}
    bronze.write_media("odd", {**sound, "play_rate": 1.5, "hours_watched": "abc"}, LANDED)
    bronze.write_media("uneven", {**sound, "play_rate": 0.3, "hours_watched": 3}, LANDED)
    bronze.write_media("hours", {**sound, "hours_watched": 3, "engagement": 0.5}, LANDED)
    if not is_readable:
        bronze.write_media("", sound, LANDED)
    bronze.write_account({"load_count": "7", "play_count": 1.0, "hours_watched": "abc"}, LANDED)
    curve = {"engagement": 0.5, "engagement_data": [9, "x", 7.0, None], "rewatch_data": ["2"]}
    bronze.write_engagement("hours", curve, LANDED)
    bronze.write_engagement("odd", {"engagement": "", "engagement_data": "", "a": 1}, LANDED)
    item = {"hashed_id": "hours", "duration": "3600", "name": "", "folder": "", "project": []}
    bronze.write_medias([item, {"hashed_id": "other", "created": None}], LANDED)
