"""The long campaigns: each runs real processes against the sandbox and returns a verdict."""

import tempfile
from pathlib import Path
from random import Random

from tests.bench.contestants import WHOLE
from tests.bench.measure import Took, floor_seconds, pages_of
from tests.bench.scenarios import LIMIT, Scale, read_truth, run_days, run_full
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
from tests.soak.many_days import many_days
from tests.soak.verdict import Verdict
from tests.support.machine.servers import Sandbox, running_sandbox

MILLION = 1_000_000
NOBODY = Gaps(missing=0, stale=0)
# A fifth of the answers, by kind: what networks, proxies and tired servers do.
BROKEN = ("500", "502", "503", "429", "retry_after_date", "reset", "truncate", "html", "malformed")
SHARE = 0.2
# Where runs die by progress: the step, its key, and the latest of its kind to die at.
_STEPS = (
    ("request", "/stats/visitors", 60),
    ("rename", "", 40),
    ("renamed", "raw-data/", 5),
    ("rename", "raw-data/visitors/", 5),
    ("renamed", "raw-data/visitors/", 5),
)


def kills(visitors: int, count: int = 100, seed: int = 1) -> Verdict:
    """Kill so many ingests of one lake, by progress and by the clock, while visitors come."""
    chance = Random(seed)  # noqa: S311 - a repeatable draw, no secret
    with running_sandbox(visitors=visitors) as sandbox, tempfile.TemporaryDirectory() as folder:
        victim = Victim(sandbox, Path(folder) / "lake")
        killed = lives = 0
        longest = 2 + visitors / 15_000  # about a life's length
        while killed < count:
            lives += 1
            killed += _live(victim, chance, longest) == KILLED
            if chance.random() < 0.3:
                sandbox.advance(new=chance.randint(0, 40), returning=chance.randint(0, 200))
        last = victim.ingest("--full").returncode
        calm = Victim(sandbox, Path(folder) / "calm")
        calm.ingest()
        verdict = Verdict("kills")
        verdict.note(f"{killed} of {lives} runs killed, leaving {dict(victim.left)}")
        verdict.expect(f"the last run ended {last} = 0", holds=last == 0)
        return _compare(verdict, sandbox, victim.root, calm.root)


def _live(victim: Victim, chance: Random, seconds: float) -> int:
    """Let one run die: half of them at a step, half of them at any time up to `seconds`."""
    is_full = chance.random() < 0.5
    if chance.random() < 0.5:
        flags = ["--full"] if is_full else []
        return victim.die_after(chance.uniform(0.4, seconds), *flags)
    step, key, most = chance.choice(_STEPS)
    return victim.die(Kill(step, key, chance.randint(1, most), full=is_full))


def _compare(verdict: Verdict, sandbox: Sandbox, killed: Path, calm: Path) -> Verdict:
    visitors = newest_visitors(killed)
    gaps = find_gaps(last_activity(visitors.values()), read_truth(sandbox))
    damage = find_damage(killed)
    rows = sum(1 for _ in read_lines(killed, "visitors"))
    verdict.note(f"{len(visitors):,} visitors in {rows:,} rows")
    verdict.expect(f"{gaps} = nobody", holds=gaps == NOBODY)
    verdict.expect(
        "the same visitors as an undisturbed run", holds=visitors == newest_visitors(calm)
    )
    verdict.expect(
        "the same media as an undisturbed run",
        holds=all(
            newest_media(killed, name) == newest_media(calm, name)
            for name in ("media", "media_engagement")
        ),
    )
    verdict.expect(f"damage {damage[:3]} = none", holds=not damage)
    return verdict


def faults(visitors: int) -> Verdict:
    """Break every fifth answer, of every address, while the list moves."""
    verdict = Verdict("faults")
    pace = {"every_requests": 10, "arrivals": 1, "returns": 1}
    with running_sandbox(visitors=visitors) as sandbox, tempfile.TemporaryDirectory() as folder:
        victim = Victim(sandbox, Path(folder) / "lake")
        before = list(read_truth(sandbox))
        sandbox.control("POST", "shift", pace)
        sandbox.faults(*_orders())
        verdict.expect("a full load ends with 0", holds=_ends_well(victim, verdict))
        struck = sum(order["struck"] for order in sandbox.control("GET", "faults"))
        total = sandbox.traffic(newest=0)["total"]
        verdict.expect(f"{struck} of {total} answers broken", holds=struck > total * SHARE / 2)
        held = last_activity(read_lines(victim.root, "visitors"))
        verdict.expect("all who were there at its start", holds=find_gaps(held, before) == NOBODY)
        moved = sandbox.control("DELETE", "shift")
        verdict.expect(
            f"{moved} moved and a next run ends with 0", holds=_ends_well(victim, verdict)
        )
        calm = Victim(sandbox, Path(folder) / "calm")
        sandbox.control("DELETE", "faults")
        calm.ingest()
        return _compare(verdict, sandbox, victim.root, calm.root)


def _orders() -> list[dict[str, object]]:
    # Orders are tried one after the other, so each meets what the ones before let pass.
    rates = [
        SHARE / len(BROKEN) / (1 - SHARE * place / len(BROKEN)) for place in range(len(BROKEN))
    ]
    return [
        {"path": "/*", "kind": kind, "rate": rate, "seconds": 0.2}
        for kind, rate in zip(BROKEN, rates, strict=True)
    ]


def _ends_well(victim: Victim, verdict: Verdict) -> bool:
    done = victim.ingest()
    if done.returncode:
        verdict.note(f"it said: {done.stderr.strip()}")
    return done.returncode == 0


def latency(visitors: int) -> Verdict:
    """Load every resource and then a day, at the real API's latency and limit."""
    verdict = Verdict("latency")
    scale = Scale(visitors, speed=1)
    full, day = (result.took for result in run_days(WHOLE, scale))
    floor = floor_seconds(full.asked, LIMIT)
    pages = pages_of(visitors)
    verdict.expect(
        f"{full.seconds:.1f} s for {full.asked:,} requests = {full.seconds / floor:.2f} of their "
        f"floor of {floor:.1f} s <= 1.3",
        holds=full.seconds <= 1.3 * floor,
    )
    # 1,288 for 1,105 pages (decision 0020).
    most = pages * 1320 // 1105
    verdict.expect(
        f"{full.requests:,} requests for visitors <= {most:,}", holds=full.requests <= most
    )
    verdict.expect(
        f"{full.refused + day.refused} answers 429 = 0", holds=not full.refused + day.refused
    )
    verdict.expect(f"peak {full.peak_mb:.0f} MB < 150", holds=full.peak_mb < 150)
    verdict.expect(f"a day in {day.seconds:.1f} s < 10", holds=day.seconds < 10)
    verdict.expect(f"a day in {day.requests} requests for visitors <= 3", holds=day.requests <= 3)
    return _complete(verdict, full, day)


def million(visitors: int, many: int = MILLION, speed: int = 10) -> Verdict:
    """Compare the memory of a load with that of one many times as large, at scaled latency."""
    verdict = Verdict("million")
    (few,) = (result.took for result in run_full(WHOLE, Scale(visitors, speed)))
    (lots,) = (result.took for result in run_full(WHOLE, Scale(many, speed)))
    ratio = lots.peak_mb / few.peak_mb
    verdict.expect(
        f"peak {lots.peak_mb:.0f} MB for {many:,} against {few.peak_mb:.0f} MB for {visitors:,} "
        f"= {ratio:.2f} <= 1.20",
        holds=ratio <= 1.2,
    )
    verdict.note(f"{lots.seconds:.0f} s, {lots.requests:,} requests, {lots.refused} answers 429")
    return _complete(verdict, few, lots)


def days(visitors: int, count: int = 50) -> Verdict:
    """Live so many days through the flow, some of which go wrong, beside days that do not."""
    del visitors  # 2,000: what matters here is days
    return many_days(count)


def _complete(verdict: Verdict, *runs: Took) -> Verdict:
    codes = [run.exit_code for run in runs]
    verdict.expect(f"exit codes {codes} are 0", holds=not any(codes))
    gaps = [run.gaps for run in runs]
    verdict.expect(f"{gaps} = nobody", holds=all(gap == NOBODY for gap in gaps))
    return verdict
