"""What goes wrong on which of many days, and what people are to be told of it."""

# Day, what happens on it, and what people are told on it and on the day after.
EVERY = {
    2: "slow answers",
    3: "token withdrawn",
    5: "missed",
    7: "bad deploy",
    15: "damaged records",
    22: "campaign",
    30: "slow answers",
    33: "missed",
    40: "token withdrawn",
    44: "damaged records",
    47: "bad deploy",
}
TOLD = {
    "slow answers": ((), ()),
    "token withdrawn": (("failure", "stale"), ("failure is over", "stale is over")),
    "missed": (("stale",), ("stale is over",)),
    "bad deploy": (("failure", "stale"), ("failure is over", "stale is over")),
    "damaged records": (("quarantine",), ("quarantine is over",)),
    "campaign": (("unusual",), ("unusual is over",)),
}
NO_RUN = {"missed", "token withdrawn", "bad deploy"}
FAULTS: dict[str, tuple[dict[str, object], ...]] = {
    "slow answers": (
        {"path": "/stats/visitors", "kind": "500", "times": 2},
        {"path": "/medias*", "kind": "reset", "times": 1},
        {"path": "/stats/medias/*", "kind": "truncate", "times": 1},
    ),
    "damaged records": (
        {"path": "/stats/visitors", "kind": "missing_key", "field": "visitor_key", "times": 2},
    ),
}


def expected(count: int, *events: str) -> list[tuple[int, str]]:
    """What people are to be told of these events, or of all, and on which day."""
    said: list[tuple[int, str]] = []
    for number in range(1, count + 1):
        for place, day in ((1, number - 1), (0, number)):
            event = EVERY.get(day, "")
            if event and (not events or event in events):
                said += [(number, one) for one in TOLD[event][place]]
    return said
