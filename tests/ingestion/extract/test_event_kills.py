"""kill -9 during a backfill of events: no event less, no window that was done read again."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.soak.killing import KILLED, Kill, Victim
from tests.soak.lakes import ADDED, Record, find_damage, newest_events, read_lines
from tests.support.machine.servers import Sandbox, running_sandbox

ROWS = 300  # in a part, so that some 2,800 events have nine
PATH, PART, STATE = "/stats/events", "raw-data/events/", "state/events.json"
Days = tuple[str, str]


def at(step: str, key: str = PATH, place: int = 1) -> Kill:
    return Kill(step, key, place, resource="events")


BACKFILL = [
    at("request"),
    at("rename", PART),
    at("renamed", PART),
    at("request", PATH, 45),
    at("renamed", PART, 2),
    at("rename", PART, 3),
    at("rename", STATE),
]
DAILY = [at("request", PATH, 3), at("rename", PART), at("renamed", PART), at("renamed", STATE)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    # Some days ago, so that what comes later is not after the command's own clock.
    today = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    with running_sandbox(visitors=2_500, today=today) as running:
        # Without a pace eight requests are in flight, so that windows end one after the other.
        running.environment["WISTIA_REQUESTS_PER_MINUTE"] = "0"
        yield running


def asked(sandbox: Sandbox) -> set[Days]:
    """The windows asked for since the last look."""
    queries = [parse_qs(one["query"]) for one in sandbox.traffic()["requests"]]
    sandbox.control("DELETE", "requests")
    return {(q["start_date"][0], q["end_date"][0]) for q in queries if "start_date" in q}


def done(root: Path) -> set[Days]:
    """The windows that the newest run's manifest says are done."""
    newest = max((root / "state" / "runs").glob("*.json"), default=None)
    entries = json.loads(newest.read_bytes())["resources"] if newest else []
    resume = next((one["resume"] for one in entries if one["resource"] == "events"), None)
    return {(first, last) for first, last in (resume or {"done": []})["done"]}


def die(victim: Victim, kills: list[Kill]) -> int:
    """Die of each in turn; return how many windows were done before the last."""
    before: set[Days] = set()
    for kill in kills:
        assert victim.die(kill) == KILLED, kill
        assert not before & asked(victim.sandbox), kill
        now = done(victim.root)
        # Once there is something to go on with it is kept, until all is done.
        assert before <= now or not now, kill
        before = now or before
    return len(before)


def test_11_kills_leave_the_events_of_an_undisturbed_run(sandbox: Sandbox, tmp_path: Path) -> None:
    victim = Victim(sandbox, tmp_path / "lake", ROWS)
    assert die(victim, BACKFILL) > 10
    sandbox.advance(new=400, returning=60, plays=500, hours=30)
    asked(sandbox)
    die(victim, DAILY)
    # Kills that leave nothing behind would prove nothing.
    assert victim.left["half-written"] >= 3
    assert victim.left["unlisted"] >= 3

    last = victim.ingest("--resource", "events")
    assert last.returncode == 0, last.stderr
    assert find_damage(victim.root) == []
    calm = Victim(sandbox, tmp_path / "calm")
    assert calm.ingest("--resource", "events").returncode == 0
    assert len(newest_events(calm.root)) > 3_200
    assert newest_events(victim.root) == newest_events(calm.root)

    rows = Counter(content(line) for line in read_lines(victim.root, "events"))
    assert set(rows) == {content(line) for line in read_lines(calm.root, "events")}
    # A window that was under way is read again; of what is listed by then nothing loads twice,
    # but an event that the list holds in two states of one time, of which the last is known.
    states = Counter((row["event_key"], row["received_at"]) for row in map(json.loads, rows))
    doubled = [json.loads(line) for line, times in rows.items() if times > 1]
    assert [row for row in doubled if states[row["event_key"], row["received_at"]] == 1] == []
    assert len(doubled) < 50


def content(line: Record) -> str:
    return json.dumps({k: v for k, v in line.items() if k not in ADDED - {"media_id"}})
