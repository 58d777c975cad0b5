import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra.emulator import running_emulator
from tests.infra.terraform import VARIABLES, Root, copy_example


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded") / "requests.jsonl"


@pytest.fixture(scope="session")
def emulator(recording: Path) -> Iterator[str]:
    if shutil.which("terraform") is None:
        pytest.skip("the infrastructure's tests need Terraform 1.10 or newer: none on PATH")
    with running_emulator(recording) as address:
        yield address


@pytest.fixture(scope="session")
def roots(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Root]:
    """Both examples, applied at the same time: most of it is the provider's waiting."""
    made = {name: copy_example(name, tmp_path_factory.mktemp(name), emulator) for name in VARIABLES}
    with ThreadPoolExecutor() as pool:
        list(pool.map(Root.apply, made.values()))
    return made


@pytest.fixture(scope="session")
def smallest(roots: dict[str, Root]) -> Root:
    return roots["smallest"]


@pytest.fixture(scope="session")
def production(roots: dict[str, Root]) -> Root:
    return roots["production"]
