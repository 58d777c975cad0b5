from collections.abc import Iterator

import pytest

from tests.support.lakes.named import TODAY, VISITORS
from tests.support.machine.servers import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The account that the lakes with a name are read from, as on their first day."""
    with running_sandbox(visitors=VISITORS, today=TODAY) as server:
        yield server
