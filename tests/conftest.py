"""The whole tree's: skips, said on a user's machine and failures in CI; what runs side by side."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.athena_stack import AthenaStack

# What CI may lack and be whole: Wistia's specification is not ours to ship, and not every
# runner's user may mount a disk.
OPTIONAL = ("WISTIA_OPENAPI_DIR", "needs root")


# What shares a server, a site or an applied module that takes long to make: one process each.
TOGETHER = {
    "reports/site": "pages",
    "infra": "infra",
    "sandbox/athena": "athena",
    "flows": "prefect",
}


# First: xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, where tests run in several processes, what shares something costly.

    Everything else is kept together by file, for the fixtures of a module.
    """
    root = Path(__file__).parent
    for item in items:
        inside = item.path.relative_to(root).as_posix() if root in item.path.parents else ""
        found = next((name for start, name in TOGETHER.items() if inside.startswith(start)), inside)
        group = "athena" if "athena" in getattr(item, "fixturenames", ()) else found
        item.add_marker(pytest.mark.xdist_group(group))


def forbid(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where CI is set: there, a missing tool is a fault."""
    if not report.skipped or hasattr(report, "wasxfail") or not os.environ.get("CI"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(known in reason for known in OPTIONAL):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped where CI is set. {reason}"


@pytest.fixture(scope="session", autouse=True)
def without_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Node too old for pages is found first: a run ends well without them, a minute sooner.

    The tests of the pages themselves put TESTS_REAL_PATH back.
    """
    folder = tmp_path_factory.mktemp("old_node")
    (folder / "node").write_text("#!/bin/sh\necho v0.0.1\n")
    (folder / "node").chmod(0o755)
    path = os.environ["PATH"]
    os.environ |= {"TESTS_REAL_PATH": path, "PATH": f"{folder}{os.pathsep}{path}"}
    yield
    os.environ["PATH"] = os.environ.pop("TESTS_REAL_PATH")


@pytest.fixture(scope="session")
def athena() -> "Iterator[AthenaStack]":
    """One local Athena a session; the tests share it, each in databases of its own."""
    # This file must load where the rest of the project is not.
    from tests.athena_stack import session_stack  # noqa: PLC0415

    yield from session_stack()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    forbid(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    forbid(report)
    return report
