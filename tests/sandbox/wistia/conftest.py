"""One small account for tests that only read, and one each for those that change it."""

from collections.abc import Iterator

import pytest

from tests.support.machine.servers import Sandbox, running_sandbox


@pytest.fixture(scope="session")
def reading() -> Iterator[Sandbox]:
    """The predecessor's account on its first day; no test may change it."""
    with running_sandbox(visitors=110_471, today="2026-01-09") as server:
        yield server


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An account of 300 visitors of the test's own."""
    with running_sandbox(today="2026-01-09") as server:
        yield server
