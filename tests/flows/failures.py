"""Five failures as a newcomer meets them: what broke, and what `status` says of it.

`python -m tests.flows.failures` captures them from real runs into docs/operations.md.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.commands.command_line import CommandLine, against
from tests.support.commands.stopping import hang_the_api, wait_until_it_hangs
from tests.support.lakes.named import TODAY, VISITORS, Lakes
from tests.support.machine.servers import ROOT, Sandbox, running_sandbox

DOCUMENT = ROOT / "docs" / "operations.md"
START, END = "<!-- captured -->\n", "<!-- end of what was captured -->\n"
# What differs from run to run, as the document shows it.
_SHOWN = (
    (re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6,8}"), "20260110T075400Z-1a2b3c4d"),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"), "2026-01-10 07:54:21"),
    (re.compile(r"version \S+"), "version 0.2.0+g1a2b3c4"),
    (re.compile(r"\d+\.\d s\b"), "1.2 s"),
    (re.compile(r"\d+ requests"), "12 requests"),
)


@contextmanager
def living(lakes: Lakes) -> Iterator[tuple[CommandLine, Sandbox]]:
    """A lake after a good day."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(visitors=VISITORS, today=TODAY) as server,
    ):
        yield against(server, lakes.copy("first day", Path(folder))), server


def withdraw_the_token(cli: CommandLine, _server: Sandbox) -> None:
    assert cli.call("ingest", WISTIA_API_TOKEN="withdrawn").returncode == 1


def put_a_page_in_between(cli: CommandLine, server: Sandbox) -> None:
    server.faults({"path": "/stats/visitors", "kind": "html", "rate": 1.0})
    assert cli.call("ingest").returncode == 1
    server.control("DELETE", "faults")


def damage_a_file(cli: CommandLine, _server: Sandbox) -> None:
    part = next((cli.lake / "raw-data" / "visitors").glob("*/*.gz"))
    good = part.read_bytes()
    # Of the same size: what is shorter is refused before dbt begins.
    part.write_bytes(bytes(len(good)))
    assert cli.call("build", "--table", "silver.fact_visitors").returncode == 1
    part.write_bytes(good)


def take_the_place_of_the_build(cli: CommandLine, _server: Sandbox) -> None:
    place = cli.lake / "warehouse.building.duckdb"
    # The build before failed and left its copy.
    place.unlink(missing_ok=True)
    place.mkdir()
    assert cli.call("build").returncode == 1
    place.rmdir()


def cut_the_power(cli: CommandLine, server: Sandbox) -> None:
    hang_the_api(server)
    with cli.start("ingest") as process:
        wait_until_it_hangs(server)
        process.kill()
        process.communicate(timeout=60)
    server.control("DELETE", "faults")


FAILURES = {
    "The token was withdrawn": withdraw_the_token,
    "A proxy answers in Wistia's place": put_a_page_in_between,
    "A file of bronze is damaged": damage_a_file,
    "Something stands where the build works": take_the_place_of_the_build,
    "The machine lost power": cut_the_power,
}


def what_status_says(cli: CommandLine) -> str:
    """The first lines of `status`, which are about the last run."""
    lines = cli.output_of("status").splitlines()
    block = lines[2 : lines.index("", 2)]
    said = "\n".join(line.replace(f"{cli.folder}{os.sep}", "").rstrip() for line in block)
    for pattern, shown in _SHOWN:
        said = pattern.sub(shown, said)
    return said


def capture() -> str:
    """Every failure with what `status` says, as the document has it."""
    parts = []
    with (
        tempfile.TemporaryDirectory() as folder,
        living(Lakes(Path(folder))) as (cli, server),
    ):
        for name, break_it in FAILURES.items():
            break_it(cli, server)
            block = "".join(f"    {line}\n" for line in what_status_says(cli).splitlines())
            parts.append(f"### {name}\n\n    $ wistia-elt status\n{block}\n")
    return "".join(parts)


def main() -> None:
    """Write what was captured into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{START}\n{capture()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
