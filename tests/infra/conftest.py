import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.infra.record import Told, record_stages
from tests.infra.stages import Site, open_site
from tests.infra.terraform import Root
from tests.support.aws.athena_stack import AthenaStack, missing_tool
from tests.support.machine.servers import Sandbox, running_sandbox

if TYPE_CHECKING:
    from concurrent.futures import Future


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What removes the module comes when everything else here has looked at it."""
    places = [place for place, item in enumerate(items) if "tests/infra/" in item.nodeid]
    ours = [items[place] for place in places]
    ours.sort(key=lambda item: "test_removal" in item.nodeid)
    for place, item in zip(places, ours, strict=True):
        items[place] = item


@pytest.fixture(scope="session")
def production(request: pytest.FixtureRequest) -> Root:
    """The production example as it was applied."""
    if shutil.which("terraform") is None:
        pytest.skip("the infrastructure's tests need Terraform 1.10 or newer: none on PATH")
    applying: Future[Root] = request.getfixturevalue("applying")
    return applying.result()


@pytest.fixture(scope="session")
def wistia() -> Iterator[Sandbox]:
    with running_sandbox(visitors=300) as running:
        yield running


@pytest.fixture(scope="session")
def site(
    production: Root,
    wistia: Sandbox,
    account: AthenaStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Site:
    """The production example, its lake filled by a run that was killed and one that was not."""
    assert account.recording
    opened = open_site(production, tmp_path_factory.mktemp("site"), wistia, account.recording)
    opened.die("ingester", "PUT", "/raw-data/visitors/", "PUT", "/state/runs/")
    opened.run("ingester", "ingest")
    return opened


@pytest.fixture(scope="session")
def told(site: Site) -> Told:
    """The same with everything recorded that anyone does there."""
    if reason := missing_tool():
        pytest.skip(reason)
    return record_stages(site)
