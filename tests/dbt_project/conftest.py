from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dbt_home import DbtHome


@pytest.fixture(scope="session")
def parsed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's target folder, shared by every home of the session."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture(scope="module")
def new_home(
    tmp_path_factory: pytest.TempPathFactory, parsed_project: Path
) -> Callable[[str], DbtHome]:
    """Makes homes by name."""
    return lambda name: DbtHome(tmp_path_factory.mktemp(name), parsed_project)
