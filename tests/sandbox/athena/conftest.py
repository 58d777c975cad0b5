"""What the tests of the local Athena share."""

import pytest

from tests.sandbox.athena.asking import Asking
from tests.support.aws.athena_stack import AthenaStack, as_lines


@pytest.fixture
def ask(athena: AthenaStack) -> Asking:
    """Queries in a database of the test's own."""
    return Asking(athena)


@pytest.fixture
def events(ask: Asking) -> Asking:
    """The same, with a declared table `events` of two days and three rows."""
    ask.put("events/day=2026-01-01/a.json", as_lines([{"id": "1", "at": {"x": "ä"}}, {"id": "2"}]))
    ask.put("events/day=2026-01-02/a.json", as_lines([{"id": "3"}]))
    ask.declare_events()
    return ask
