"""What a lake holds, read from its files alone: none of the code under test takes part."""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Record = dict[str, Any]

# What ingestion adds to a record: differs between two lakes of the same account.
ADDED = frozenset({"ingested_at", "run_id", "snapshot_ts"})


def read_lines(root: Path, resource: str) -> Iterator[Record]:
    """Yield every line of a resource, listed or not: a query engine sees them all."""
    for file in sorted((root / "raw-data" / resource).rglob("*.json.gz")):
        with gzip.open(file, "rb") as lines:
            yield from map(json.loads, lines)


def newest_visitors(root: Path) -> dict[str, Record]:
    """Return each visitor's newest state by the rule of silver, less what was added.

    The newest is the greatest `last_active_at`, then `ingested_at`, then digest of content.
    """
    return _newest(root, "visitors", "visitor_key", "last_active_at")


def newest_events(root: Path) -> dict[str, Record]:
    """Return each event's newest state by the rule of silver, less what was added."""
    return _newest(root, "events", "event_key", "received_at")


def newest_media(root: Path, resource: str) -> dict[str, Record]:
    """Return the latest snapshot of each video, less what was added."""
    return _newest(root, resource, "media_id", "snapshot_ts")


def _newest(root: Path, resource: str, key: str, time: str) -> dict[str, Record]:
    found: dict[str, tuple[tuple[str, str, str], Record]] = {}
    for line in read_lines(root, resource):
        content = {name: value for name, value in line.items() if name not in ADDED}
        text = json.dumps(content, sort_keys=True).encode()
        rank = (line[time] or "", line["ingested_at"], hashlib.sha256(text).hexdigest())
        held = found.get(line[key])
        if held is None or rank > held[0]:
            found[line[key]] = rank, content
    return {key: content for key, (_, content) in found.items()}


@dataclass(frozen=True)
class Gaps:
    """What a copy lacks of the truth: nobody and nothing when both are 0."""

    missing: int
    stale: int


def last_activity(rows: Iterable[Record]) -> dict[str, datetime]:
    """Return the latest `last_active_at` of each visitor, whatever the order of the rows."""
    found: dict[str, datetime] = {}
    for row in rows:
        at = datetime.fromisoformat(row["last_active_at"])
        if found.setdefault(row["visitor_key"], at) < at:
            found[row["visitor_key"]] = at
    return found


def find_gaps(held: dict[str, datetime], truth: Iterable[Record]) -> Gaps:
    """Compare what is held with a whole list of the sandbox's; newer than that is no gap."""
    missing = stale = 0
    for row in truth:
        at = held.get(row["visitor_key"])
        missing += at is None
        stale += at is not None and at < datetime.fromisoformat(row["last_active_at"])
    return Gaps(missing, stale)


def find_damage(root: Path) -> list[str]:
    """Return what is wrong between a lake's manifests and its objects, a line each."""
    manifests = [json.loads(p.read_bytes()) for p in sorted((root / "state/runs").glob("*.json"))]
    listed = [
        stored
        for manifest in manifests
        for entry in manifest["resources"]
        for stored in (*entry["objects"], *entry["quarantine"])
    ]
    keys = Counter(stored["key"] for stored in listed)
    present = {key for folder in ("raw-data", "quarantine") for key in _keys(root, folder)}
    damage = [f"listed {times} times: {key}" for key, times in keys.items() if times > 1]
    damage += [f"listed and absent: {key}" for key in sorted(set(keys) - present)]
    damage += [f"present and unlisted: {key}" for key in sorted(present - set(keys))]
    damage += [f"left behind: {key}" for key in _keys(root, ".tmp")]
    damage += [
        f"still running: {manifest['run_id']}"
        for manifest in manifests
        if manifest["state"] == "running"
    ]
    return damage + [line for s in listed if s["key"] in present for line in _flaws(root, s)]


def left_by_kill(root: Path) -> set[str]:
    """Return what a killed run has left: `half-written` files, `unlisted` objects."""
    kinds = {"left behind": "half-written", "present and unlisted": "unlisted"}
    found = {line.split(":")[0] for line in find_damage(root)}
    return {kind for words, kind in kinds.items() if words in found}


def _keys(root: Path, folder: str) -> list[str]:
    found = (root / folder).rglob("*")
    return sorted(path.relative_to(root).as_posix() for path in found if path.is_file())


def _flaws(root: Path, stored: Record) -> Iterator[str]:
    body = (root / stored["key"]).read_bytes()
    if hashlib.sha256(body).hexdigest() != stored["sha256"] or len(body) != stored["bytes"]:
        yield f"other bytes than listed: {stored['key']}"
    elif gzip.decompress(body).count(b"\n") != stored["records"]:
        yield f"other count than listed: {stored['key']}"
