"""Every run ends with where its time went, beside the budget."""

import re
from pathlib import Path

import pytest

from tests.conftest import room_of
from tests.project.test_gates import run_pytest
from tests.times import Times, wall


def report(nodeid: str, start: float, seconds: float) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid, ("", 0, ""), {}, "passed", None, "call", (), seconds, start, start + seconds
    )


def times(*spent: tuple[str, float, float]) -> Times:
    """Of tests that began at a second and took so many."""
    found = Times(room_of)
    for name, start, seconds in spent:
        found.pytest_runtest_logreport(report(name, start, seconds))
    return found


def test_wall_counts_a_second_once_however_many_tests_ran_in_it() -> None:
    assert wall([(0, 10), (5, 12), (20, 21), (6, 7)]) == 13


def test_a_room_is_summed_over_processes_and_its_own_time_is_reckoned() -> None:
    spent = times(
        ("tests/ingestion/test_a.py::test_x[a::b]", 0, 40.0),
        ("tests/ingestion/test_b.py::test_y", 0, 30.0),
        ("tests/sandbox/test_c.py::test_z", 30, 10.0),
    )
    lines, over = spent.table(processes=2, took=45)

    assert [line.split() for line in lines[1:4]] == [
        ["tests/ingestion", "2", "70.0", "40.0", "40.0", "90"],  # one file is not shared
        ["tests/sandbox", "1", "10.0", "10.0", "10.0", "90"],
        ["all", "3", "80.0", "45.0", "45.0", "600"],
    ]
    assert over == []


def test_a_room_that_ran_alone_took_what_the_run_took() -> None:
    lines, over = times(("tests/bench/test_a.py::test_x", 0, 88.0)).table(processes=1, took=91)

    assert lines[1].split() == ["tests/bench", "1", "88.0", "88.0", "91.0", "90"]
    assert over == ["warning: tests/bench takes 91 s, over its budget of 90: make it faster"]


def test_what_needs_an_engine_has_a_budget_with_everything_only() -> None:
    lines, over = times(
        ("tests/infra/test_a.py::test_x", 0, 700.0), ("tests/bench/test_b.py::test_y", 0, 91.0)
    ).table(processes=1, took=1321)

    assert lines[2].split() == ["tests/infra", "1", "700.0", "700.0", "700.0"]
    assert [line.split()[1] for line in over] == ["tests/bench", "all"]


def test_the_ten_slowest_are_named_setup_included() -> None:
    many = [(f"tests/bench/test_a.py::test_{n}", n * 10, 1.0 + n) for n in range(12)]
    lines, _ = times(*many, ("tests/bench/test_a.py::test_0", 200, 50.0)).table(1, 300)

    slowest = lines[lines.index("the slowest") + 1 :]
    assert len(slowest) == 10
    assert slowest[0].split() == ["51.0", "tests/bench/test_a.py::test_0"]
    assert slowest[1].split() == ["12.0", "tests/bench/test_a.py::test_11"]


def test_a_reason_to_skip_is_told_once_with_how_many_it_skipped(tmp_path: Path) -> None:
    body = (
        "import pytest\n"
        "@pytest.mark.parametrize('number', range(3))\n"
        "def test_x(number): pytest.skip('no engine here')\n"
        "@pytest.mark.skip('no disk')\n"
        "def test_y(): pass\n"
    )
    done = run_pytest(tmp_path, {"test_it": body, "test_other": "def test_z(): pass\n"}, "-n2")

    assert re.findall(r"^skipped.*$", done.stdout, re.MULTILINE) == [
        "skipped 3: no engine here",
        "skipped 1: no disk",
    ]


def test_a_run_ends_with_its_table_and_fails_for_no_second(tmp_path: Path) -> None:
    body = (
        "import pytest, time\n"
        "@pytest.mark.parametrize('number', range(4))\n"
        "def test_x(number): time.sleep(0.1)\n"
    )
    done = run_pytest(tmp_path, {"test_it": body}, "-n2")

    assert done.returncode == 0
    said = done.stdout[done.stdout.index("seconds in 2 processes") :]
    (line,) = re.findall("^test_it.py.*$", said, re.MULTILINE)
    _, tests, summed, *_ = line.split()
    assert tests == "4"
    assert float(summed) >= 0.4
    assert "test_it.py::test_x[3]" in said.split("the slowest")[1]
