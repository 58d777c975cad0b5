import errno
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.shell_completion import ShellComplete

from flows.cli.help import SECTIONS
from flows.cli.main import cli
from ingestion.config.errors import describe
from ingestion.config.version import code_version
from ingestion.resources import RESOURCES
from ingestion.storage.local import LocalLake
from tests.flows.test_alarms import day, failed
from tests.support.commands.command_line import COMMAND, CommandLine
from tests.support.machine.checkout import tracked
from tests.support.machine.servers import ROOT


@pytest.fixture
def bare(tmp_path: Path) -> CommandLine:
    """Nothing is set: no token, no base URL."""
    return CommandLine(tmp_path)


def explained(done: subprocess.CompletedProcess[str], code: int) -> tuple[str, str]:
    """An error as every command shows it: two lines on stderr, no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    error, remedy = done.stderr.strip().splitlines()[-2:]
    assert error.startswith("error: ")
    assert remedy.startswith("try: ")
    return error, remedy


def test_as_a_process_it_ends_with_the_same_code_and_says_errors_on_stderr(
    bare: CommandLine,
) -> None:
    for arguments in (("run",), ("status",), ("ignest",), ("query", "select 1", "--json")):
        called, ended = bare.call(*arguments), bare.run(*arguments)
        assert (ended.returncode, ended.stdout, ended.stderr) == (
            called.returncode,
            called.stdout,
            called.stderr,
        )
        assert bool(ended.stdout) == (ended.returncode == 0)
        assert bool(ended.stderr) == (ended.returncode == 2)


def test_run_without_a_token_ends_2_with_the_remedy(bare: CommandLine) -> None:
    error, remedy = explained(bare.call("run"), 2)

    assert "no token" in error
    assert "WISTIA_API_TOKEN" in remedy
    assert "make run" in remedy


def test_a_misspelt_setting_is_named_with_the_right_one(bare: CommandLine) -> None:
    error, remedy = explained(bare.call("status", WISTIA_API_TOKN="x"), 2)

    assert "WISTIA_API_TOKN" in error
    assert "rename it to WISTIA_API_TOKEN" in remedy


def test_query_before_the_first_build_says_what_to_run(bare: CommandLine) -> None:
    error, remedy = explained(bare.call("query", "select 1"), 2)

    assert "no tables" in error
    assert "wistia-elt run" in remedy


def test_status_of_a_new_lake_says_how_to_start(bare: CommandLine) -> None:
    assert "no run yet" in bare.output_of("status")
    resources = [resource.name for resource in RESOURCES]
    assert {"media", "visitors", "events", "media_by_date", "account"} < set(resources)
    expected: dict[str, Any] = {
        "resources": {
            name: {
                "records": 0,
                "newest_at": None,
                "watermark": None,
                "last_crawl": None,
                "unknown_fields": [],
            }
            for name in resources
        },
        "tables": {},
        "tables_error": None,
        "quarantine": dict.fromkeys(resources, 0),
        "last_run": None,
        "to_come": [],
        "unreadable": [],
    }
    assert bare.status() == expected


def test_an_unknown_resource_lists_the_known_ones(bare: CommandLine) -> None:
    done = bare.call("ingest", "--resource", "visitor", WISTIA_API_TOKEN="x")

    error, remedy = explained(done, 2)
    assert "'visitor'" in error
    assert "visitors" in remedy


def test_usage_errors_end_2(bare: CommandLine) -> None:
    assert bare.call("ingest", "--resorce", "visitors").returncode == 2
    assert bare.call("ignest").returncode == 2


def test_help_has_every_command_in_one_section() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(cli.commands)


def test_the_version_names_the_commit(bare: CommandLine) -> None:
    tracked()  # without a clone there is none
    assert bare.output_of("--version") == f"wistia-elt {code_version()}\n"
    assert re.fullmatch(
        r"wistia-elt \d+\.\d+\.\d+\+g[0-9a-f]{7,}(-dirty)?\n", bare.output_of("--version")
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(bare: CommandLine, shell: str) -> None:
    assert "_WISTIA_ELT_COMPLETE" in bare.output_of("completion", shell)
    found = ShellComplete(cli, {}, "wistia-elt", "_WISTIA_ELT_COMPLETE")
    assert [one.value for one in found.get_completions([], "quar")] == ["quarantine"]
    assert "--json" in [one.value for one in found.get_completions(["status"], "--")]


def test_a_pipe_gets_sentences_and_json_only_where_it_is_asked_for() -> None:
    program = (
        "import logging\nfrom ingestion.config.logging import configure\n"
        "configure(as_json={0})\nlog = logging.getLogger('flows.x')\n"
        "log.info('a stage began')\nlog.warning('it is tried again')\n"
    )
    journal = (
        "import os; s = os.fstat(2); os.environ['JOURNAL_STREAM'] = f'{s.st_dev}:{s.st_ino}'\n"
    )
    other = "import os; os.environ['JOURNAL_STREAM'] = '1:2'\n"
    for before, asked, expected in (
        ("", False, ["WARNING: it is tried again"]),
        (other, False, ["WARNING: it is tried again"]),
        ("", True, ["a stage began", "it is tried again"]),
        (journal, False, ["a stage began", "it is tried again"]),
    ):
        done = subprocess.run(
            [sys.executable, "-c", before + program.format(asked)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
        lines = done.stderr.splitlines()
        is_json = lines[0].startswith("{")
        assert (
            [json.loads(one)["message"] for one in lines] == expected
            if is_json
            else lines == expected
        )
        assert is_json is (len(expected) == 2)


@pytest.mark.parametrize("command", sorted(set(cli.commands)))
def test_every_command_explains_itself_with_an_example(bare: CommandLine, command: str) -> None:
    said = bare.output_of(command, "--help")
    (example,) = re.findall(r"Example: (.*)", said)
    assert f"wistia-elt {command}" in example


@pytest.mark.parametrize(
    "given", ["select 1".encode("utf-16"), None], ids=["UTF-16", "a closed input"]
)
def test_a_query_that_is_no_text_is_one_sentence(tmp_path: Path, given: bytes | None) -> None:
    shown = subprocess.run(
        ["/bin/sh", "-c", '"$0" query -' + ("" if given else " <&-"), str(COMMAND)],
        input=given,
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )

    assert shown.returncode == 2
    assert b"error: the query cannot be read: it is not UTF-8" in shown.stderr


@pytest.mark.parametrize("command", ["query", "forget", "rewind"])
def test_an_argument_that_is_no_text_is_wrong_usage(bare: CommandLine, command: str) -> None:
    done = bare.call(command, "jo\udcff@example.com")

    assert (done.returncode, "an argument is not UTF-8" in done.stderr) == (2, True)


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_a_name_is_written_whole_whatever_the_terminal_can_show(tmp_path: Path, form: str) -> None:
    (tmp_path / "lake").mkdir()
    duckdb.connect(str(tmp_path / "lake/warehouse.duckdb")).close()
    line = CommandLine(tmp_path, {"PYTHONIOENCODING": "ascii"})

    assert "Zoë 東京 😀" in line.succeed("query", "select 'Zoë 東京 😀' as name", form)


@pytest.mark.parametrize("name", ["click", "dotenv", "duckdb"])
def test_another_module_of_a_packages_name_is_named(tmp_path: Path, name: str) -> None:
    # As `PYTHONPATH=.` finds them, beside notebooks and scripts.
    (tmp_path / f"{name}.py").write_text("from nowhere import anything")
    (tmp_path / "lake").mkdir()

    done = CommandLine(tmp_path).run("query", "select 1", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert "No module named 'nowhere'" in done.stderr
    assert f"\ntry: unset PYTHONPATH, which is {tmp_path}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_that_is_not_whole_is_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)

    said, remedy = describe(ImportError("libduckdb.so: cannot open shared object file"))

    assert "libduckdb.so" in said
    assert remedy == "install again: remove the folder .venv, then `make .venv/.ready`"


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
    ],
)
def test_a_limit_of_the_system_is_named(error: Exception, limit: str) -> None:
    assert limit in str(describe(error)[1])


def test_a_run_dated_later_than_now_stands_for_no_newest_one(bare: CommandLine) -> None:
    lake = LocalLake(bare.lake)
    failed(10).save(lake)
    began = "2095-01-11T07:54:00.000000Z"
    day(11, started_at=began, finished_at=began).save(lake)

    said = bare.output_of("status")

    assert "last run 20260110T075400Z-aaaaaa: failed" in said
    assert "20260111T075400Z-aaaaaa is dated later than now" in said


def test_a_folder_that_has_been_removed_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f'rmdir "{gone}" && exec "{COMMAND}" status'],
        cwd=gone,
        capture_output=True,
        text=True,
        check=False,
    )

    error, remedy = explained(done, 2)
    assert error.endswith("the folder that this command was started in has been removed")
    assert "cd" in remedy
