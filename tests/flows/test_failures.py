"""A newcomer finds the cause of a failure with one command."""

from collections.abc import Iterator

import pytest

from tests.flows.failures import DOCUMENT, FAILURES, living, what_status_says
from tests.support.commands.command_line import CommandLine
from tests.support.lakes.named import Lakes
from tests.support.machine.servers import Sandbox

CAUSES = {
    "The token was withdrawn": "ingest failed: Wistia refused the token (401)",
    "A proxy answers in Wistia's place": "ingest failed: ",
    "A file of bronze is damaged": "build failed: dbt: ",
    "Something stands where the build works": "build failed: ",
    "The machine lost power": "ingest crashed: the process ended without a word",
}


@pytest.fixture(scope="module")
def place(lakes: Lakes) -> Iterator[tuple[CommandLine, Sandbox]]:
    with living(lakes) as found:
        yield found


@pytest.mark.parametrize("name", list(FAILURES))
def test_status_says_what_broke_and_what_mends_it(
    place: tuple[CommandLine, Sandbox], name: str
) -> None:
    before = place[0].tables()

    FAILURES[name](*place)

    assert place[0].tables() == before
    said = what_status_says(place[0])

    assert CAUSES[name] in said
    assert "\n  try: " in said
    shown = [line for line in said.splitlines() if line.startswith("  try: ")]
    # What docs/operations.md shows is what is said.
    assert f"### {name}\n" in DOCUMENT.read_text(encoding="utf-8")
    assert f"    {shown[0]}\n" in DOCUMENT.read_text(encoding="utf-8")
