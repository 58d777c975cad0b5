import subprocess
from pathlib import Path
from typing import Any

import pytest

from ingestion.resources import RESOURCES
from tests.flows.conftest import CommandLine


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


def test_run_without_a_token_ends_2_with_the_remedy(bare: CommandLine) -> None:
    error, remedy = explained(bare.run("run"), 2)

    assert "no token" in error
    assert "WISTIA_API_TOKEN" in remedy
    assert "make run" in remedy


def test_a_misspelt_setting_is_named_with_the_right_one(bare: CommandLine) -> None:
    error, remedy = explained(bare.run("status", WISTIA_API_TOKN="x"), 2)

    assert "WISTIA_API_TOKN" in error
    assert "rename it to WISTIA_API_TOKEN" in remedy


def test_query_before_the_first_build_says_what_to_run(bare: CommandLine) -> None:
    error, remedy = explained(bare.run("query", "select 1"), 2)

    assert "no tables" in error
    assert "wistia-elt run" in remedy


def test_status_of_a_new_lake_says_how_to_start(bare: CommandLine) -> None:
    assert "no run yet" in bare.succeed("status")
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
    }
    assert bare.status() == expected


def test_an_unknown_resource_lists_the_known_ones(bare: CommandLine) -> None:
    done = bare.run("ingest", "--resource", "visitor", WISTIA_API_TOKEN="x")

    error, remedy = explained(done, 2)
    assert "'visitor'" in error
    assert "visitors" in remedy


def test_usage_errors_end_2(bare: CommandLine) -> None:
    assert bare.run("ingest", "--resorce", "visitors").returncode == 2
    assert bare.run("ignest").returncode == 2


@pytest.mark.parametrize("command", ["run", "ingest", "build", "status", "query", "doctor"])
def test_every_command_explains_itself_with_an_example(bare: CommandLine, command: str) -> None:
    assert f"Example: wistia-elt {command}" in bare.succeed(command, "--help")
