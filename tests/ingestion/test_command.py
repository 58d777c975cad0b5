"""The command as a user types it: exit codes, one sentence and its remedy, no traceback."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingestion.config.settings import setting_names
from tests.ingestion.account import TOKEN, visitor, visitors
from tests.ingestion.api.wire import text
from tests.ingestion.conftest import Bench
from tests.support.commands import forks
from tests.support.machine.servers import ROOT


def environment(bench: Bench, **changes: str) -> dict[str, str]:
    """The child's; it goes by the machine's clock."""
    bench.wire.tells = time.time
    clean = {name: value for name, value in os.environ.items() if name not in setting_names()}
    ours = {
        "WISTIA_BASE_URL": bench.wire.base_url,
        "WISTIA_API_TOKEN": TOKEN,
        "WISTIA_REQUESTS_PER_MINUTE": "0",
        "LAKE_URI": bench.home.uri,
    }
    return clean | ours | changes


def outcome(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    assert "Traceback" not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def run(bench: Bench, *arguments: str, **changes: str) -> tuple[int, str, str]:
    """What the command says, from where its imports end."""
    return outcome(forks.run("ingestion", arguments, environment(bench, **changes), Path.cwd()))


def run_whole(bench: Bench, *command: str) -> tuple[int, str, str]:
    """What the command says, from its start."""
    done = subprocess.run(
        [sys.executable, *command],
        env=environment(bench) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return outcome(done)


def test_a_good_run_ends_0_and_shows_what_landed(bench: Bench) -> None:
    bench.api.visitors = visitors(3)

    code, out, _ = run_whole(bench, "-m", "ingestion")

    assert code == 0
    line = next(line.split() for line in out.splitlines() if line.startswith("visitors"))
    assert "3" in line
    assert len(bench.rows("visitors")) == 3


def test_something_set_aside_ends_3_and_says_where(bench: Bench) -> None:
    bench.api.visitors = [visitor(0), visitor(1, load_count="x"), visitor(2)]

    code, out, _ = run(bench)

    assert code == 3
    assert "1 of visitors quarantined" in out
    assert "wistia-elt quarantine" in out


def test_an_unknown_medium_ends_3_and_is_named(bench: Bench) -> None:
    code, out, _ = run(bench, WISTIA_MEDIA_IDS="nosuch0000")

    assert code == 3
    assert "unknown video nosuch0000" in out


def test_a_wrong_token_ends_1(bench: Bench) -> None:
    code, out, err = run(bench, WISTIA_API_TOKEN="wrong-one")

    assert (code, out) == (1, "")
    assert "error: Wistia refused the token (401)\n" in err
    assert "try: make a token" in err


STRANGER = {
    "LAKE_URI": "s3://lake/x",
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
CONFIGURATION = {
    "misspelt": ({"WISTIA_API_TOKN": "x"}, "did you mean WISTIA_API_TOKEN?"),
    "impossible": ({"PII_POLICY": "hide"}, "PII_POLICY is not usable (it is 'hide')"),
    "no key": ({"PII_POLICY": "hash"}, "PII_HASH_KEY is not set"),
    "no token": ({"WISTIA_API_TOKEN": ""}, "there is no token"),
    "file": ({"LAKE_URI": __file__}, "a file stands where the lake's folder should be"),
    "stranger": (STRANGER, "there are no AWS credentials"),
}


@pytest.mark.parametrize(("changes", "said"), CONFIGURATION.values(), ids=CONFIGURATION.keys())
def test_what_the_user_must_mend_ends_2(bench: Bench, changes: dict[str, str], said: str) -> None:
    code, out, err = run(bench, **changes)

    assert (code, out) == (2, "")
    first, second = err.splitlines()[-2:]
    assert first.startswith("error: ")
    assert said in first
    assert second.startswith("try: ")
    assert not bench.root.exists() or bench.every_byte() == {}


def test_an_unknown_resource_ends_2_before_anything_is_asked(bench: Bench) -> None:
    code, _, err = run(bench, "--resource", "viewers")

    assert code == 2
    assert "there is no resource 'viewers'" in err
    assert bench.wire.asked == []


def test_a_second_ingest_is_refused_with_1_and_leaves_no_trace(bench: Bench) -> None:
    with bench.lake().lock("ingest"):
        code, _, err = run(bench)

    assert code == 1
    assert f"another ingest is at work in {bench.home.uri} (process {os.getpid()}" in err
    assert "try: wait for it to finish" in err
    assert bench.every_byte() == {}
    assert bench.wire.asked == []


def test_a_full_disk_ends_1_and_the_next_run_heals_it(bench: Bench) -> None:
    bench.api.visitors = visitors(2_000)
    limited = (
        "import resource, runpy, sys; sys.argv = ['ingest', '--resource', 'visitors'];"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000));"
        "runpy.run_module('ingestion', run_name='__main__')"
    )

    code, _, err = run_whole(bench, "-Bc", limited)

    assert code == 1
    assert "error: no space left to write" in err
    assert run(bench, "--resource", "visitors")[0] == 0
    assert len(set(bench.keys("visitors"))) == 2_000


def test_a_network_lost_in_the_middle_ends_1_and_the_next_run_goes_on(bench: Bench) -> None:
    bench.api.visitors = visitors(500)
    bench.api.order("/stats/visitors", *[text("no", 422)] * 9, page=3)

    code, _, err = run(bench, "--resource", "visitors")
    bench.api.faults.clear()

    assert code == 1
    assert "answered 422" in err
    assert run(bench, "--resource", "visitors")[0] == 0
    assert sorted(set(bench.keys("visitors"))) == [
        visitor(number)["visitor_key"] for number in range(500)
    ]
