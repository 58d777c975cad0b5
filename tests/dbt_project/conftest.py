import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.lakes.dbt_home import DbtHome
from tests.support.lakes.named import Lakes


@pytest.fixture(scope="session")
def parsed_project(lakes: Lakes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's target folder of every home of this process, the project parsed in it already."""
    target = tmp_path_factory.mktemp("dbt_target")
    shutil.copytree(lakes.shared("parsed") / "target", target, dirs_exist_ok=True)
    return target


@pytest.fixture(scope="session")
def manifest(lakes: Lakes) -> dict[str, Any]:
    """What dbt knows of the project."""
    text = (lakes.shared("parsed") / "target" / "manifest.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def new_home(
    tmp_path_factory: pytest.TempPathFactory, parsed_project: Path
) -> Callable[[str], DbtHome]:
    """Makes homes by name."""
    return lambda name: DbtHome(tmp_path_factory.mktemp(name), parsed_project)
