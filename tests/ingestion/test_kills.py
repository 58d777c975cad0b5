"""kill -9, again and again on one lake: then one run, and nobody can tell."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.soak.killing import KILLED, Kill, Victim
from tests.soak.lakes import (
    Gaps,
    find_damage,
    find_gaps,
    last_activity,
    newest_media,
    newest_visitors,
    read_lines,
)
from tests.support.machine.servers import Sandbox, running_sandbox

VISITORS = 2_500
ROWS = 250  # in a part, so that the list has ten
PART = "raw-data/visitors/"
RECORD = "state/runs/"
STATE = "state/visitors.json"

# Before each act the account lives on; then the runs of the act die, one after the other.
ACTS: list[tuple[dict[str, int], list[Kill]]] = [
    (
        {},  # the first load, broken off before anything and then ever deeper
        [
            Kill("request"),
            Kill("renamed", "state/source.json"),
            Kill("rename", RECORD),
            Kill("renamed", RECORD),
            Kill("renamed", "raw-data/medias/"),
            Kill("renamed", "raw-data/media/"),
            Kill("rename", "raw-data/media_engagement/", 2),
            Kill("request", "/stats/visitors", 1),
            Kill("rename", PART),
            Kill("renamed", PART),
            Kill("request", "/stats/visitors", 12),
            Kill("renamed", PART, 2),
        ],
    ),
    (
        {"new": 5, "returning": 30, "hours": 1},  # rows move above where it goes on
        [Kill("rename", PART, 2), Kill("request", "/stats/visitors", 7), Kill("renamed", PART)],
    ),
    (
        {"new": 20, "returning": 10, "hours": 30},
        [Kill("request", "/stats/visitors", 9), Kill("rename", STATE), Kill("renamed", STATE)],
    ),
    (
        {"new": 300, "returning": 400, "hours": 24},  # a day of two parts
        [Kill("rename", PART), Kill("renamed", PART, 2), Kill("rename", STATE)],
    ),
    (
        {"new": 40, "returning": 200, "hours": 24},  # a reconciling crawl
        [
            Kill("renamed", PART, full=True),
            Kill("request", "/stats/visitors", 20, full=True),
            Kill("renamed", PART, 3, full=True),
            Kill("rename", STATE, full=True),
        ],
    ),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(visitors=VISITORS) as running:
        yield running


def contents(root: Path) -> dict[str, Any]:
    """What tables are made of, without what differs between two runs of the same account."""
    return {
        "visitors": newest_visitors(root),
        "media": newest_media(root, "media"),
        "media_engagement": newest_media(root, "media_engagement"),
        "medias": {row["hashed_id"]: row["name"] for row in read_lines(root, "medias")},
    }


def test_25_kills_leave_the_lake_of_an_undisturbed_run(sandbox: Sandbox, tmp_path: Path) -> None:
    victim = Victim(sandbox, tmp_path / "lake", ROWS)
    ends = []
    for life, kills in ACTS:
        if life:
            sandbox.advance(**life)
        ends += [(kill, victim.die(kill)) for kill in kills]
    assert [kill for kill, code in ends if code != KILLED] == []
    assert len(ends) == 25
    # Kills that leave nothing behind would prove nothing.
    assert victim.left["half-written"] >= 5
    assert victim.left["unlisted"] >= 5

    last = victim.ingest()
    assert last.returncode == 0, last.stderr
    assert find_damage(victim.root) == []

    calm = Victim(sandbox, tmp_path / "calm")
    assert calm.ingest().returncode == 0
    killed = contents(victim.root)
    held = last_activity(killed["visitors"].values())
    assert find_gaps(held, sandbox.truth()) == Gaps(missing=0, stale=0)
    assert killed == contents(calm.root)


@pytest.mark.parametrize("videos", [2, 12])
def test_what_was_put_and_not_listed_is_listed_by_the_next_run(tmp_path: Path, videos: int) -> None:
    """Of two videos each snapshot is an object of its own, twelve share one."""
    with running_sandbox(visitors=600, media=videos) as sandbox:
        victim = Victim(sandbox, tmp_path / "lake", ROWS)
        assert victim.die(Kill("renamed", "raw-data/media/")) == KILLED
        assert victim.die(Kill("renamed", PART)) == KILLED
        assert victim.left["unlisted"] == 2

        assert victim.ingest().returncode == 0
    assert find_damage(victim.root) == []
    # Known by then: the snapshots are not loaded again, nor are the rows of the part.
    snapshots = Counter(row["media_id"] for row in read_lines(victim.root, "media"))
    assert list(snapshots.values()) == videos * [1]
    keys = Counter(row["visitor_key"] for row in read_lines(victim.root, "visitors"))
    assert set(keys.values()) == {1}
