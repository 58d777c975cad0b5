"""Four days of bronze that hold what tells an increment from a full refresh.

A run over midnight, a file written after a build had looked, returning and vanished
visitors, states without activity, a replayed older state, a shortened and an emptied
engagement curve, a renamed medium, a day on which nothing lands.
"""

from tests.bronze_writer import BronzeWriter, visitor

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
    renamed = {"hashed_id": "gskhw4w4lm", "name": "Renamed", "duration": DURATION}
    bronze.write_medias([renamed], at)


def land_fourth_day(bronze: BronzeWriter) -> None:
    at = "2026-01-12T00:01:00.000000Z"
    bronze.write_visitors([visitor("returns", "2026-01-11T13:00:00Z", load_count=3)], at)
    # An older state of a visitor, set aside on the second day and replayed now.
    bronze.write_visitors([visitor("new", "2026-01-09T01:00:00Z")], at, name="replay")
    empty = {"engagement": 0, "engagement_data": [], "rewatch_data": []}
    bronze.write_engagement("v08dlrgr7v", empty, at)
