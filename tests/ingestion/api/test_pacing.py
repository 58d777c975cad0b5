"""The pacer and the number of requests in flight, in virtual time."""

from __future__ import annotations

import threading
from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.api.rate_limit import InFlight, Pacer


class VirtualTime:
    def __init__(self) -> None:
        self.now = 0.0
        self.oversleep = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self.oversleep


def busiest_minute(sent: list[float]) -> int:
    return max(bisect_left(sent, at + 60) - place for place, at in enumerate(sent))


def send(pacer: Pacer, time: VirtualTime, count: int) -> list[float]:
    sent = []
    for _ in range(count):
        pacer.wait()
        sent.append(time.now)
    return sent


def test_spaces_requests_evenly_at_95_percent_of_the_limit() -> None:
    time = VirtualTime()
    sent = send(Pacer(600, time.clock, time.sleep), time, 571)
    assert sent[0] == 0
    assert sent[570] == pytest.approx(60.0)
    assert {round(later - sooner, 6) for sooner, later in pairwise(sent)} == {0.105263}


def test_a_late_wake_up_does_not_lower_the_rate() -> None:
    time = VirtualTime()
    time.oversleep = 0.02
    sent = send(Pacer(600, time.clock, time.sleep), time, 571)
    assert sent[570] == pytest.approx(60.0, abs=0.05)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.floats(0, 90)), max_size=6))
def test_never_exceeds_the_limit_in_any_minute_after_stalls(
    stalls: list[tuple[int, float]],
) -> None:
    time = VirtualTime()
    pacer = Pacer(600, time.clock, time.sleep)
    sent = []
    for number in range(900):
        time.now += sum(seconds for at, seconds in stalls if at == number)
        sent += send(pacer, time, 1)
    assert busiest_minute(sent) <= 572


def test_nobody_sends_during_a_hold_and_nobody_bursts_after_it() -> None:
    time = VirtualTime()
    pacer = Pacer(600, time.clock, time.sleep)
    send(pacer, time, 1)
    pacer.hold(30)
    pacer.hold(5)
    sent = send(pacer, time, 3)
    assert sent == pytest.approx([30.0, 30.105263, 30.210526], abs=1e-5)


def test_a_hold_reaches_a_sender_that_already_sleeps() -> None:
    time = VirtualTime()
    holds = [20.0]

    def sleep_through_a_429(seconds: float) -> None:
        time.sleep(seconds)
        if holds:
            pacer.hold(holds.pop())

    pacer = Pacer(600, time.clock, sleep_through_a_429)
    send(pacer, time, 1)
    assert send(pacer, time, 1) == pytest.approx([20.105263], abs=1e-5)


@pytest.mark.parametrize("limit", [0, None])
def test_without_a_limit_only_a_hold_waits(limit: float | None) -> None:
    time = VirtualTime()
    pacer = Pacer(limit, time.clock, time.sleep)
    assert send(pacer, time, 5) == [0.0] * 5
    pacer.hold(7)
    assert send(pacer, time, 2) == [7.0, 7.0]


def test_threads_pass_one_at_a_time() -> None:
    time = VirtualTime()
    pacer = Pacer(600, time.clock, time.sleep)
    threads = [threading.Thread(target=send, args=(pacer, time, 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pacer.wait()
    assert time.now == pytest.approx(80 * 60 / 570)


@pytest.mark.parametrize(
    ("limit", "latency", "target"),
    [(600, 1.2, 12), (600, 5.5, 55), (600, 30.0, 64), (600, 0.001, 1), (0, 5.5, 8), (None, 1.2, 8)],
)
def test_requests_in_flight_follow_latency_times_rate(
    limit: float | None, latency: float, target: int
) -> None:
    window = InFlight(limit)
    for _ in range(300):
        window.observe(latency)
    assert window.target == target


def test_one_slow_answer_does_not_shrink_the_window_when_it_passes() -> None:
    window = InFlight(600)
    for seconds in [5.5] * 20 + [1.2]:
        window.observe(seconds)
    assert window.target >= 50
