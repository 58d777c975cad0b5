"""The moving list against a plain Python list that does the same."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.wistia.account.world import World, create_world
from sandbox.wistia.clock import first_run

Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["arrive", "return", "delete"]), st.integers(0, 10_000)),
    max_size=60,
)


def a_world(visitors: int) -> World:
    return create_world(7, visitors, 2, 0.1, first_run(date(2026, 1, 9)))


@settings(deadline=None, max_examples=25)
@given(size=st.integers(0, 130), steps=STEPS)
def test_every_place_holds_who_a_plain_list_would_hold(size: int, steps: list[Step]) -> None:
    people = a_world(size).people
    plain = list(range(size))
    newcomers = size
    for turn, (what, where) in enumerate(steps):
        if what == "arrive":
            people.arrive(people.start + turn)
            plain.insert(0, newcomers)
            newcomers += 1
        elif plain and what == "return":
            number = people.come_back(where % len(plain), people.start + turn)
            assert number == plain.pop(where % len(plain))
            plain.insert(0, number)
        elif plain:
            assert people.delete(where % len(plain)) == plain.pop(where % len(plain))
    assert len(people) == len(plain)
    assert list(people.numbers()) == plain
    for place in range(len(plain) + 1):
        assert [row.number for row in people.page(place, 3)] == plain[place : place + 3]


@settings(deadline=None, max_examples=8)
@given(size=st.integers(1, 3000))
def test_the_list_is_sorted_by_activity_and_ends_at_the_clock(size: int) -> None:
    world = a_world(size)
    moments = [row.last_active_at for row in world.people.page(0, size)]
    assert len(moments) == size
    assert moments == sorted(moments, reverse=True)
    assert moments[0] <= world.now
    assert world.now - moments[-1] <= 738 * 86400
    assert all(row.created_at <= world.now for row in world.people.page(0, size))


def test_a_returning_visitor_keeps_its_key_and_agent_and_gains_counts() -> None:
    world = a_world(100)
    before = world.people.page(60, 1)[0]
    world.people.come_back(60, world.now + 5)
    after = world.people.page(0, 1)[0]
    assert after == before._replace(
        last_active_at=world.now + 5,
        load_count=before.load_count + 1,
        play_count=before.play_count + 1,
    )
    first, second = world.people.body(before), world.people.body(after)
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"last_active_at", "last_event_key", "load_count", "play_count"}
