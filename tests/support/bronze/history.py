"""Four days of bronze that hold what tells an increment from a full refresh.

A run over midnight, a file written after a build had looked, returning and vanished
visitors, states without activity, a replayed older state, a shortened and an emptied
engagement curve, a renamed video, a day on which nothing loads; events that come late, again,
on another day, or older than before, and a day told again.
"""

from pathlib import Path

from tests.support.bronze.writer import BronzeWriter, event, visitor

DURATION = 435.456
# The figures of two real media: no data test may take them for false.
REAL = {
    "gskhw4w4lm": {
        "load_count": 111166,
        "play_count": 16681,
        "play_rate": 0.154950,
        "hours_watched": 336.975662,
        "engagement": 0.167007,
        "visitors": 104556,
    },
    "v08dlrgr7v": {
        "load_count": 110735,
        "play_count": 43810,
        "play_rate": 0.435035,
        "hours_watched": 2651.986970,
        "engagement": 0.500445,
        "visitors": 94643,
    },
}
OTHER = {"media_id": "v08dlrgr7v", "percent_viewed": 0.25}
# A day later, at full precision.
LATER = {
    "play_count": 16692,
    "play_rate": 0.1549856078645131,
    "hours_watched": 337.09692167424004,
    "engagement": 0.166957,
    "visitors": 104571,
}


def land_first_day(bronze: BronzeWriter) -> None:
    at = "2026-01-08T23:59:58.000000Z"
    bronze.write_visitors(
        [
            visitor("stays", "2026-01-08T10:00:00.000Z"),
            visitor("returns", "2026-01-08T11:00:00.000Z"),
            visitor("vanishes", "2026-01-01T00:00:00.000Z", load_count=3, play_count=2),
            visitor("never active", None),
        ],
        at,
    )
    # The run crosses midnight: its next file lies in the next day's partition.
    bronze.write_visitors([visitor("late", "2026-01-07T00:00:00Z")], "2026-01-09T00:00:01.000000Z")
    items = [{"hashed_id": key, "name": key, "duration": DURATION} for key in REAL]
    bronze.write_medias(items, at)
    for key, body in REAL.items():
        bronze.write_media(key, body, at)
        curve = {"engagement": 0.5, "engagement_data": [5, 4, 3, 2], "rewatch_data": [1, 0, 0, 0]}
        bronze.write_engagement(key, curve, at)
    bronze.write_events(
        [
            event("returns twice", "2026-01-08T10:00:00.000Z"),
            event("whole", "2026-01-08T11:00:00.000Z", visitor_key="returns", percent_viewed=1),
            event("other", "2026-01-08T11:30:00Z", **OTHER, visitor_key="returns"),
            event("moves", "2026-01-08T12:00:00Z", media_id="v08dlrgr7v", percent_viewed=0.1),
            # Alone on its day, which it will leave.
            event("alone", "2026-01-06T12:00:00Z", **OTHER, visitor_key="vanishes"),
        ],
        at,
    )
    # More than its media add up to: some were deleted.
    bronze.write_account({"load_count": 230000, "play_count": 70000, "hours_watched": 3000.5}, at)
    day = {"date": "2026-01-08", "load_count": 3, "play_count": 2, "hours_watched": 0.04}
    bronze.write_days("gskhw4w4lm", [{**day, "date": "2026-01-07", "load_count": 1}, day], at)
    bronze.write_run(at, {"state": "completed", "started_at": at, "finished_at": at, "visitors": 5})


def land_second_day(bronze: BronzeWriter) -> None:
    at = "2026-01-10T00:01:00.000000Z"
    bronze.write_visitors(
        [
            visitor("new", "2026-01-09T12:00:00.000Z"),
            visitor("returns", "2026-01-09T13:00:00.000Z", load_count=2),
            visitor("stays", "2026-01-08T10:00:00.000Z", play_count=2),
            visitor("never active", None, play_count=4),
        ],
        at,
    )
    # Written by the first day's run after the first build had looked.
    late = visitor("written late", "2026-01-08T01:00:00Z")
    bronze.write_visitors([late], "2026-01-09T00:00:02.000000Z", name="after_the_build")
    bronze.write_media("gskhw4w4lm", LATER, at)
    shorter = {"engagement": 0.4, "engagement_data": [9, 8], "rewatch_data": [2]}
    bronze.write_engagement("gskhw4w4lm", shorter, at)
    bronze.write_account({"load_count": 230009, "play_count": 70009, "hours_watched": 3001}, at)
    land_events_of_the_second_day(bronze, at)
    renamed = {"hashed_id": "gskhw4w4lm", "name": "Renamed", "duration": DURATION}
    bronze.write_medias([renamed], at)


def land_events_of_the_second_day(bronze: BronzeWriter, at: str) -> None:
    bronze.write_events(
        [
            event("nothing", "2026-01-09T12:00:00Z", visitor_key="new", percent_viewed=0),
            event("late", "2026-01-08T20:00:00Z", visitor_key="late", percent_viewed=0.3),
            event("moves", "2026-01-09T20:00:00Z", media_id="v08dlrgr7v", percent_viewed=0.75),
            event("alone", "2026-01-08T13:00:00Z", **OTHER, visitor_key="vanishes"),
            # Older than what loaded before it.
            event("returns twice", "2026-01-07T10:00:00Z", percent_viewed=0.1),
        ],
        at,
    )
    restated = {"date": "2026-01-08", "load_count": 3, "play_count": 3, "hours_watched": 0.06}
    bronze.write_days("gskhw4w4lm", [restated], at)


def land_fourth_day(bronze: BronzeWriter) -> None:
    at = "2026-01-12T00:01:00.000000Z"
    bronze.write_visitors([visitor("returns", "2026-01-11T13:00:00Z", load_count=3)], at)
    # An older state of a visitor, quarantined on the second day and replayed now.
    bronze.write_visitors([visitor("new", "2026-01-09T01:00:00Z")], at, name="replay")
    bronze.write_events(
        [
            event("returns twice", "2026-01-11T10:00:00Z", percent_viewed=0.6),
            event("nothing", "2026-01-09T11:00:00Z", visitor_key="new", percent_viewed=0.9),
        ],
        at,
    )
    empty = {"engagement": 0, "engagement_data": [], "rewatch_data": []}
    bronze.write_engagement("v08dlrgr7v", empty, at)


def land_out_of_order(bronze: BronzeWriter) -> None:
    """A run whose clock was a year ahead; a right one; what comes late, and older than before."""
    ahead, at = "2027-01-06T00:01:00.000000Z", "2026-01-13T00:01:00.000000Z"
    bronze.write_visitors([visitor("clock ahead", "2026-01-12T09:00:00Z")], ahead)
    bronze.write_events([event("clock ahead", "2026-01-12T09:00:00Z")], ahead)
    bronze.write_visitors([visitor("after it", "2026-01-12T12:00:00Z")], at)
    bronze.write_events([event("after it", "2026-01-12T12:00:00Z")], at)


def land_late(bronze: BronzeWriter) -> None:
    """Partitions of long ago that come now: what is new in them counts, what is older does not."""
    late = "2026-01-05T00:01:00.000000Z"
    states = [
        visitor("came late", "2026-01-04T09:00:00Z"),
        # Seen before the run that has told of it so far: it is the first observation now.
        visitor("returns", "2026-01-08T11:00:00.000Z", load_count=7),
    ]
    bronze.write_visitors(states, late)
    events = [event("came late", "2026-01-04T09:00:00Z"), event("late", "2026-01-04T20:00:00Z")]
    bronze.write_events(events, late)
    bronze.write_media("gskhw4w4lm", {"play_count": 3}, late)
    bronze.write_account({"load_count": 1, "play_count": 1, "hours_watched": 0}, late)
    # Older than the empty one, which is the latest.
    curve = {"engagement": 0.1, "engagement_data": [1], "rewatch_data": [0]}
    bronze.write_engagement("v08dlrgr7v", curve, late)
    day = {"date": "2026-01-04", "load_count": 5, "play_count": 4, "hours_watched": 0.1}
    bronze.write_days("gskhw4w4lm", [day, {**day, "date": "2026-01-08"}], late)
    item = {"hashed_id": "v08dlrgr7v", "name": "v08dlrgr7v", "duration": DURATION / 2}
    bronze.write_medias([item], late)


class unreadable:  # noqa: N801  reads as a statement
    """Files that fail whoever opens them, while the block runs."""

    def __init__(self, files: list[Path]) -> None:
        self.contents = {file: file.read_bytes() for file in files}

    def __enter__(self) -> None:
        for file in self.contents:
            file.write_bytes(bytes(file.stat().st_size))

    def __exit__(self, *_: object) -> None:
        for file, content in self.contents.items():
            file.write_bytes(content)
