import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.athena_stack import missing_tool
from tests.infra.emulator import running_account
from tests.infra.record import Told, record_stages
from tests.infra.stages import Site, open_site
from tests.infra.terraform import KEYS, VARIABLES, Root, aws_environment, copy_example
from tests.servers import Sandbox, running_sandbox


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded") / "requests.jsonl"


@pytest.fixture(scope="session")
def emulator(recording: Path) -> Iterator[str]:
    if shutil.which("terraform") is None:
        pytest.skip("the infrastructure's tests need Terraform 1.10 or newer: none on PATH")
    # Without the engine all but the queries is tested; those say why they are skipped.
    with running_account(recording, engine=missing_tool() is None) as address:
        yield address


@pytest.fixture(scope="session")
def roots(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Root]:
    """Both examples, applied at the same time: most of it is the provider's waiting."""
    environment = aws_environment(emulator) | KEYS
    made = {
        name: copy_example(name, tmp_path_factory.mktemp(name), variables, environment)
        for name, variables in VARIABLES.items()
    }
    with ThreadPoolExecutor() as pool:
        list(pool.map(Root.apply, made.values()))
    return made


@pytest.fixture(scope="session")
def smallest(roots: dict[str, Root]) -> Root:
    return roots["smallest"]


@pytest.fixture(scope="session")
def production(roots: dict[str, Root]) -> Root:
    return roots["production"]


@pytest.fixture(scope="session")
def wistia() -> Iterator[Sandbox]:
    with running_sandbox(visitors=300) as running:
        yield running


@pytest.fixture(scope="session")
def site(
    production: Root,
    wistia: Sandbox,
    recording: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Site:
    """The production example, its lake filled by a run that was killed and one that was not."""
    opened = open_site(production, tmp_path_factory.mktemp("site"), wistia, recording)
    opened.die("ingester", "PUT", "/raw-data/visitors/", "PUT", "/state/runs/")
    opened.run("ingester", "ingest")
    return opened


@pytest.fixture(scope="session")
def told(site: Site) -> Told:
    """The same with everything recorded that anyone does there."""
    if reason := missing_tool():
        pytest.skip(reason)
    return record_stages(site)
