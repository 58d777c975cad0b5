"""The whole tree's: skips, said on a user's machine and failures in CI; what runs side by side."""

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.machine.old_node import place_old_node

if TYPE_CHECKING:
    from concurrent.futures import Future

    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from tests.infra.terraform import Root
    from tests.support.aws.athena_stack import AthenaStack
    from tests.support.lakes.both_engines import BothEngines
    from tests.support.lakes.named import Lakes

# Whoever has compiled code kept away waits for its compilation at each start, and most tests start
# something.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A script's background job is deaf to SIGINT, and so would be whatever a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What CI may lack and be whole: Wistia's specification is not ours to ship, and not every
# runner's user may mount a disk.
OPTIONAL = ("WISTIA_OPENAPI_DIR", "needs root")


# What shares a server, a site or an applied module that takes long to make, by the paths of its
# tests: one process each.
TOGETHER = {
    "tests/reports/site": "pages",
    "tests/reports/test_operations_page": "pages",
    "tests/infra": "athena",
    "tests/sandbox/athena": "athena",
    "tests/dbt_project/test_parity": "athena",
    "tests/flows/athena": "athena",
    "tests/flows/test_privacy": "prefect",
    "tests/reports/test_controls": "prefect",
}
# Of the rest the files with most tests come first; these have few, and slow ones.
LONGEST_FIRST = (
    "athena",
    "prefect",
    "pages",
    "tests/dbt_project/test_imported_history.py",
    "tests/ingestion/test_kills.py",
    "tests/ingestion/extract/test_drifting_list.py",
    "tests/ingestion/extract/test_event_kills.py",
    "tests/ingestion/extract/test_drifting_list_costs.py",
    "tests/ingestion/admin/test_versions.py",
    "tests/ingestion/storage/test_bucket_kills.py",
)


def room_of(nodeid: str) -> str:
    """What a test must be kept together with, where tests run in several processes.

    By default its file, for the fixtures of a module.
    """
    found = (room for start, room in TOGETHER.items() if nodeid.startswith(start))
    return next(found, nodeid.partition("::")[0])


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    # This file must load where the rest of the project is not.
    from tests.times import Times  # noqa: PLC0415

    config.pluginmanager.register(Times(room_of), "times")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes, as in CI; for the tests of one file none but its own."""
    files = {name.partition("::")[0] for name in config.args}
    return 0 if len(files) == 1 and files.pop().endswith(".py") else 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    """Hand out tests by room, in the order of `pytest_collection_modifyitems`."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - a user's pytest may lack it

    class Rooms(LoadScopeScheduling):  # type: ignore[misc] # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return room_of(nodeid)

    config.option.loadscopereorder = False
    return Rooms(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the tests, what takes longest comes first: they end together."""
    if not hasattr(config, "workerinput"):
        return
    sizes = Counter(room_of(item.nodeid) for item in items)

    def turn(item: pytest.Item) -> tuple[int, int]:
        room = room_of(item.nodeid)
        lane = LONGEST_FIRST.index(room) if room in LONGEST_FIRST else len(LONGEST_FIRST)
        return lane, -sizes[room]

    items.sort(key=turn)


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
    folder = place_old_node(tmp_path_factory.mktemp("old_node"))
    path = os.environ["PATH"]
    os.environ |= {"TESTS_REAL_PATH": path, "PATH": f"{folder}{os.pathsep}{path}"}
    yield
    os.environ["PATH"] = os.environ.pop("TESTS_REAL_PATH")


@pytest.fixture(scope="session")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Lakes]":
    """The lakes with a name, made once for all processes of the session."""
    from tests.support.lakes.named import session_lakes  # noqa: PLC0415 - as below

    found = session_lakes(tmp_path_factory)
    yield found
    found.assert_unchanged()


@pytest.fixture(scope="session")
def prefect_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The settings of one Prefect server for the session, behind a password: its start is slow."""
    from tests.support.machine.prefect_server import running_prefect  # noqa: PLC0415 - as below

    with running_prefect(tmp_path_factory.mktemp("prefect"), "operator:lock-and-key") as settings:
        yield settings


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[AthenaStack]":
    """One local AWS a session, with Athena where its engine is; each test in names of its own."""
    # This file must load where the rest of the project is not.
    from tests.support.aws.athena_stack import running_account  # noqa: PLC0415

    with running_account(tmp_path_factory.mktemp("account")) as stack:
        yield stack


@pytest.fixture(scope="session")
def applying(
    account: "AthenaStack", tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Future[Root]]":
    """The infrastructure's module, being applied: nearly all of a minute the provider waits."""
    from tests.infra.terraform import apply_production  # noqa: PLC0415

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(apply_production, account.endpoint, tmp_path_factory.mktemp("module"))


@pytest.fixture(scope="session")
def athena(request: pytest.FixtureRequest) -> "AthenaStack":
    """The same account for tests that need its Athena."""
    from tests.support.aws.athena_stack import missing_tool  # noqa: PLC0415

    if reason := missing_tool():
        pytest.skip(reason)
    # Where the infrastructure's tests come later, they find it done.
    if shutil.which("terraform") and any("tests/infra" in i.nodeid for i in request.session.items):
        request.getfixturevalue("applying")
    stack: AthenaStack = request.getfixturevalue("account")
    return stack


@pytest.fixture(scope="session")
def both(
    athena: "AthenaStack", tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[BothEngines]":
    """Two days of one lake on both engines, made once a session; who asks changes no table."""
    from tests.support.lakes.both_engines import both_engines  # noqa: PLC0415

    with both_engines(athena, tmp_path_factory.mktemp) as found:
        yield found


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
