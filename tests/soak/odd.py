"""Odd records of every resource in one lake: each is counted, none tells of anybody."""

import gzip
import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from tests.ingestion.account import ENGAGEMENT, NOT_FOUND, STATS, TOKEN, event, medium, visitor
from tests.ingestion.api.wire import Asked, Reply, Wire, as_json
from tests.soak.killing import COMMAND
from tests.soak.lakes import Record, find_damage, read_lines
from tests.soak.verdict import Verdict
from tests.support.bronze.grammar_cases import CASES, DATES, TIMES

MARK = "nadine@planted.example"
TRACES = (b"nadine@planted", b"4930901820")
# Somebody, beside others, in lists and objects and as a name.
PERSONAL = ({"email": MARK, MARK: [MARK]}, [MARK, 4930901820], f"call {MARK}", 4930901820)
NO_TIMES = {case.value for case in TIMES if not case.is_let_in and isinstance(case.value, str)}
DATES_LET_IN = [case.value for case in DATES if case.is_let_in]
# Of each resource the table of silver that has a row a key, and its key.
TABLES = {
    "visitors": ("fact_visitors", "visitor_key"),
    "events": ("fact_events", "event_key"),
    "medias": ("dim_media", "media_id"),
    "media": ("fact_media", "media_id"),
    "media_engagement": ("fact_media_engagement", "media_id"),
    "media_by_date": ("fact_media_daily", "media_id || ' ' || cast(activity_date as varchar)"),
}
KEYS = {"visitors": "visitor_key", "events": "event_key", "medias": "hashed_id"}


@dataclass
class OddAccount:
    """Serves records as they are; which day an odd event is of only the server knows."""

    now: datetime
    keys: set[str] = field(default_factory=set)
    visitors: list[object] = field(default_factory=list)
    events: list[tuple[str, object]] = field(default_factory=list)
    medias: list[object] = field(default_factory=list)
    bodies: dict[str, object] = field(default_factory=dict)
    days: dict[str, object] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/v1")
        if path == "/stats/visitors":
            return _page(asked, self.visitors)
        if path == "/medias":
            return _page(asked, self.medias)
        if path == "/stats/events":
            first, last = asked.query["start_date"][0], asked.query["end_date"][0]
            return _page(asked, [one for day, one in self.events if first <= day <= last])
        if path.endswith("/by_date"):
            is_asked = asked.query["end_date"][0] >= self.now.date().isoformat()
            return as_json([self.days[path]] if path in self.days and is_asked else [])
        if path == "/account":
            return as_json({"hashed_id": "odd-account"})
        return as_json(self.bodies[path]) if path in self.bodies else NOT_FOUND

    def own(self, made: object, good: Record, key: str) -> object:
        """Give a record back its key where another has it: it would be another version of that."""
        if isinstance(made, dict) and isinstance(made.get(key), str):
            if made[key] in self.keys:
                made[key] = good[key]
            self.keys.add(made[key])
        return made


def _page(asked: Asked, rows: list[Any]) -> Reply:
    size = int(asked.query["per_page"][0])
    return as_json(rows[(asked.page - 1) * size : asked.page * size])


def make_odd(good: Record, chance: Random, *, shape: type = dict) -> object:
    """A record with somebody in it, most with one or two fields that are not as they should be."""
    record: Record = json.loads(json.dumps(good))
    record[chance.choice(("phone", "custom", MARK, "note_2"))] = chance.choice(PERSONAL)
    for _ in range(chance.choice((0, 1, 1, 2))):
        place = record
        name = chance.choice(sorted(good))
        if isinstance(place[name], dict) and chance.random() < 0.5 and place[name]:
            place = place[name]
            name = chance.choice(sorted(place))
        odd = chance.choice(CASES).value if chance.random() < 0.8 else chance.choice(PERSONAL[:2])
        if name in {"last_active_at", "received_at"} and isinstance(odd, str):
            # The lists are in their order: the same moment in other spellings, or none at all.
            day, clock = good[name][:10], good[name][11:19]
            spelt = (f"{day} {clock} UTC", f"{day}t{clock}z", f"{day} {clock}")
            odd = odd if odd in NO_TIMES else chance.choice(spelt)
        if name == "date" and odd in DATES_LET_IN:
            odd = good[name]  # only days that were asked for come
        place[name] = odd
    if chance.random() < 0.02:
        record.pop(chance.choice(sorted(good)), None)
    if chance.random() < 0.005:
        record["large"] = MARK * 60_000
    if chance.random() < 0.01:
        record["deep"] = json.loads("[" * 90 + f'"{MARK}"' + "]" * 90)
    if shape is dict and chance.random() < 0.01:
        # No two alike: a crawl tells where a list has moved by rows that it has seen.
        return chance.choice(([record], f"{MARK} {chance.random()}", 4930901820 + chance.random()))
    return record


def open_account(count: int, seed: int, now: datetime) -> OddAccount:
    """`count` odd records of every resource; of the account there is one."""
    chance, account = Random(seed), OddAccount(now)  # noqa: S311 - a repeatable draw, no secret
    for number in range(count):
        at = now - timedelta(minutes=number + 1)
        person = visitor(number, at, visitor_identity={"name": MARK})
        account.visitors.append(account.own(make_odd(person, chance), person, "visitor_key"))
        play = event(number, at, email=MARK, attributes={"ip": MARK}, conversion_data={MARK: 1})
        made = account.own(make_odd(play, chance), play, "event_key")
        account.events.append((at.date().isoformat(), made))
        media_id = f"m{number}"
        item = make_odd(medium(media_id, number + 1), chance, shape=list)
        # The video itself is asked for by its id, so most keep theirs.
        account.medias.append(
            {**item, "hashed_id": media_id}
            if isinstance(item, dict) and number % 9
            else account.own(item, {"hashed_id": media_id}, "hashed_id")
        )
        path = f"/stats/medias/{media_id}"
        account.bodies[path] = make_odd(STATS, chance, shape=list)
        account.bodies[f"{path}/engagement"] = make_odd(ENGAGEMENT, chance, shape=list)
        day = {"date": now.date().isoformat(), "load_count": 1, "play_count": 1, "hours_watched": 1}
        account.days[f"{path}/by_date"] = make_odd(day, chance)
    totals = {"load_count": 20, "play_count": 8, "hours_watched": 3.0}
    account.bodies["/stats/account"] = make_odd(totals, chance, shape=list)
    return account


def odd(visitors: int, count: int = 2_000, seed: int = 1) -> Verdict:
    """Load `count` odd records of every resource under `drop`, build, and load them once more."""
    del visitors
    verdict = Verdict("odd")
    account = open_account(count, seed, datetime.now(UTC).replace(microsecond=0))
    with tempfile.TemporaryDirectory() as folder, Wire(account).running() as wire:
        lake = Path(folder) / "lake"
        said = [_run(Path(folder), wire, command) for command in ("ingest", "build", "ingest")]
        codes = [done.returncode for done in said]
        verdict.expect(f"exit codes {codes} = 3, 0, 0", holds=codes == [3, 0, 0])
        for done in said:
            if done.returncode not in {0, 3}:
                verdict.note(f"it said: {(done.stdout + done.stderr).strip()[-2000:]}")
        if codes != [3, 0, 0]:
            return verdict
        first, second = _manifests(lake)
        _count(verdict, account, lake, first, {path.removeprefix("/v1") for path in wire.paths()})
        again = {e["resource"]: (e["records"], e["quarantined"]) for e in second["resources"]}
        verdict.expect(f"the second day {again}: nothing", holds=not any(map(any, again.values())))
        leaks = sorted({name for name, body in _all_bytes(lake, said) for t in TRACES if t in body})
        verdict.expect(f"in clear {leaks[:3]} = nowhere", holds=not leaks)
        damage = find_damage(lake)
        verdict.expect(f"damage {damage[:3]} = none", holds=not damage)
    return verdict


def _run(folder: Path, wire: Wire, command: str) -> subprocess.CompletedProcess[str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("WISTIA_", "LAKE_", "PII_"))}
    settings = {
        "WISTIA_BASE_URL": wire.base_url,
        "WISTIA_API_TOKEN": TOKEN,
        "WISTIA_REQUESTS_PER_MINUTE": "0",
        "PII_POLICY": "drop",
    }
    arguments = [COMMAND[0], command]
    return subprocess.run(
        arguments, cwd=folder, env=kept | settings, capture_output=True, text=True, check=False
    )


def _manifests(lake: Path) -> list[Record]:
    found = [json.loads(file.read_bytes()) for file in sorted((lake / "state/runs").iterdir())]
    return [one for one in found if one["kind"] == "ingest"]


def _count(verdict: Verdict, account: OddAccount, lake: Path, run: Record, asked: set[str]) -> None:
    counts = {
        e["resource"]: [e["records"], e["unchanged"], e["quarantined"]] for e in run["resources"]
    }
    # Of what is no film or has no id that can be asked for there are no statistics.
    bodies = account.bodies.keys() & asked
    served = {
        "visitors": len(account.visitors),
        "events": len(account.events),
        "medias": len(account.medias),
        "media": sum(path.count("/") == 3 for path in bodies),
        "media_engagement": sum(path.endswith("/engagement") for path in bodies),
        "media_by_date": len(account.days.keys() & asked),
        "account": 1,
    }
    read = {name: sum(three) for name, three in counts.items()}
    verdict.expect(f"read {read} = served", holds=read == served)
    with duckdb.connect(str(lake / "warehouse.duckdb"), read_only=True) as tables:
        for resource, (table, key) in TABLES.items():
            loaded = Counter(map(_key_of(resource), read_lines(lake, resource)))
            rows = tables.sql(f"select distinct {key} from silver.{table}").fetchall()  # noqa: S608
            lost = set(loaded) - {text for (text,) in rows}
            verdict.expect(
                f"{resource}: {counts[resource]}, {len(loaded):,} keys, in silver {len(rows):,}",
                holds=not lost and len(loaded) == len(rows) and bool(loaded),
            )


def _key_of(resource: str) -> Any:  # noqa: ANN401 - a function of a line
    if resource == "media_by_date":
        return lambda line: f"{line['media_id']} {line['date']}"
    return lambda line: line[KEYS.get(resource, "media_id")]


def _all_bytes(
    lake: Path, said: list[subprocess.CompletedProcess[str]]
) -> Iterator[tuple[str, bytes]]:
    yield "what was said", "".join(done.stdout + done.stderr for done in said).encode()
    for file in (file for file in lake.rglob("*") if file.is_file()):
        body = file.read_bytes()
        yield file.name, gzip.decompress(body) if file.suffix == ".gz" else body
    with duckdb.connect(str(lake / "warehouse.duckdb"), read_only=True) as tables:
        names = tables.sql(
            "select schema_name || '.' || table_name from duckdb_tables()"
        ).fetchall()
        for (name,) in names:
            yield name, str(tables.sql(f"from {name}").fetchall()).encode()
