"""Releases: the newest runs, an older one when it is chosen, the last good one when one is bad."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import HTTPServer
from os import utime
from pathlib import Path

import boto3
import pytest

from flows.releases.deploy import make_release
from flows.releases.install import prepare
from flows.releases.store import Location, choose, open_location, read_choice, write_choice
from flows.up.prefect.launch import find_release
from ingestion.config.errors import DeliveryError
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.support.aws.moto_account import running_moto, sign_in
from tests.support.commands.command_line import CommandLine
from tests.support.machine.listening import Quiet, serving

NOW = datetime(2026, 1, 30, 9, 0, tzinfo=UTC)


def archive(text: str, name: str = "flows/pipeline.py") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr(name, text)
        tool = zipfile.ZipInfo("tool")
        tool.external_attr = 0o755 << 16
        file.writestr(tool, "#!/bin/sh\n")
    return held.getvalue()


def release(folder: Path, version: str, minute: int, body: bytes | None = None) -> None:
    path = folder / f"{version}.zip"
    path.write_bytes(archive(version) if body is None else body)
    utime(path, (minute * 60, minute * 60))


def done(_folder: Path) -> None:
    """These releases need nothing installed."""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "releases"
    folder.mkdir()
    release(folder, "aaa1111", 1)
    release(folder, "bbb2222", 2)
    (folder / "notes.txt").write_text("no release")
    return folder


@pytest.fixture
def settings(code: Path, tmp_path: Path) -> Settings:
    return Settings(code_uri=str(code), lake_uri=str(tmp_path / "lake"))


def running(settings: Settings, home: Path) -> str:
    """What the next run would run."""
    folder = find_release(settings, home, done)
    return "the launcher's own" if folder is None else (folder / "flows/pipeline.py").read_text()


def test_the_newest_runs_and_a_newer_one_at_the_next_run(
    settings: Settings, code: Path, tmp_path: Path
) -> None:
    assert running(Settings(), tmp_path / "home") == "the launcher's own"
    assert running(settings, tmp_path / "home") == "bbb2222"
    release(code, "ccc3333", 3)
    assert running(settings, tmp_path / "home") == "ccc3333"


def test_an_older_one_stays_until_the_latest_is_wanted_again(
    settings: Settings, code: Path, tmp_path: Path
) -> None:
    lake = LocalLake(tmp_path / "lake")
    write_choice(lake, "aaa1111", NOW)
    assert running(settings, tmp_path / "home") == "aaa1111"
    release(code, "ccc3333", 3)
    assert running(settings, tmp_path / "home") == "aaa1111"
    write_choice(lake, "latest", NOW)
    assert running(settings, tmp_path / "home") == "ccc3333"
    assert read_choice(LocalLake(tmp_path / "new")) == "latest"


def test_a_program_reads_which_releases_there_are_and_which_runs_next(
    settings: Settings, tmp_path: Path
) -> None:
    write_choice(LocalLake(tmp_path / "lake"), "aaa1111", NOW)
    cli = CommandLine(
        tmp_path, {"CODE_URI": str(settings.code_uri), "LAKE_URI": str(tmp_path / "lake")}
    )
    told = json.loads(cli.output_of("deploy", "--list", "--json"))
    assert told == [
        {
            "release": version,
            "released_at": f"1970-01-01T00:0{minute}:00+00:00",
            "runs_next": version == "aaa1111",
            "is_held": version == "aaa1111",
        }
        for version, minute in (("bbb2222", 2), ("aaa1111", 1))
    ]
    refused = cli.call("deploy", "--json")
    assert refused.returncode == 2
    assert "--json is for --list" in refused.stderr


def test_a_release_that_cannot_run_leaves_the_last_that_could(
    settings: Settings, code: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    release(code, "ddd4444", 4, b"no zip")
    assert running(settings, home) == "the launcher's own"
    (code / "ddd4444.zip").unlink()
    assert running(settings, home) == "bbb2222"
    release(code, "eee5555", 5, archive("x", name="other/daily.py"))
    assert running(settings, home) == "bbb2222"
    assert "eee5555" in caplog.text
    assert "holds no wistia-elt; this run has bbb2222" in caplog.text
    assert not (home / "eee5555").exists()


def test_one_that_does_not_install_is_not_taken_for_installed(code: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise DeliveryError("no network", "mend it")

    with pytest.raises(DeliveryError, match="no network"):
        prepare(open_location(str(code)), "aaa1111", home, fail)
    folder = prepare(open_location(str(code)), "aaa1111", home, done)

    assert not (folder / "half").exists()
    assert (folder / ".release").read_text() == "aaa1111"
    assert (folder / "tool").stat().st_mode & 0o111
    assert not (folder / "flows" / "pipeline.py").stat().st_mode & 0o111


def test_only_the_last_used_are_kept(code: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for number in range(4):
        release(code, f"v{number}", number)
        folder = prepare(open_location(str(code)), f"v{number}", home, done)
        utime(folder / ".ready", (number, number))
    assert sorted(one.name for one in home.glob("v*")) == ["v1", "v2", "v3"]


def test_a_version_is_named_by_its_beginning_and_never_guessed(code: Path) -> None:
    location = open_location(str(code))
    assert choose(location.find(), "aaa", location.uri).version == "aaa1111"
    release(code, "aaa9999", 9)
    with pytest.raises(DeliveryError, match=r"2 releases at .* are called 'aaa'"):
        choose(location.find(), "aaa", location.uri)
    with pytest.raises(DeliveryError, match=r"0 releases at .* are called 'zzz'"):
        choose(location.find(), "zzz", location.uri)
    with pytest.raises(DeliveryError, match="there is no release at"):
        choose([], "latest", location.uri)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Location]:
    with running_moto() as address:
        sign_in(monkeypatch, address)
        boto3.client("s3").create_bucket(Bucket="code")
        yield open_location("s3://code/releases")


def test_a_bucket_holds_releases_as_a_folder_does(
    bucket: Location, code: Path, tmp_path: Path
) -> None:
    assert bucket.find() == []
    bucket.put("aaa1111", code / "aaa1111.zip")
    # What the pipeline keeps beside them is none.
    boto3.client("s3").put_object(Bucket="code", Key="releases/half/x.zip", Body=b"")
    boto3.client("s3").put_object(Bucket="code", Key="wistia-elt/source/x.zip", Body=b"")

    assert [one.version for one in bucket.find()] == ["aaa1111"]
    folder = prepare(bucket, "aaa1111", tmp_path / "home", done)
    assert (folder / "flows" / "pipeline.py").read_text() == "aaa1111"
    with pytest.raises(DeliveryError, match="cannot fetch the release zzz"):
        prepare(bucket, "zzz", tmp_path / "home", done)


class Pipeline:
    """The two calls of CodePipeline that are used, in its own protocol."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.asked: list[tuple[str, dict[str, str]]] = []

    def answer(self, call: str, body: dict[str, str]) -> dict[str, object]:
        self.asked.append((call, body))
        if call == "StartPipelineExecution":
            return {"pipelineExecutionId": "12345678-1234-1234-1234-123456789012"}
        found = {"status": self.statuses.pop(0), "artifactRevisions": [{"revisionId": "fff6666"}]}
        return {"pipelineExecution": found}


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    behind = Pipeline()

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            call = self.headers["x-amz-target"].partition(".")[2]
            self.reply(json.dumps(behind.answer(call, body)).encode())

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        sign_in(monkeypatch, f"http://127.0.0.1:{port}")
        yield behind


def test_the_pipeline_is_started_and_waited_for(pipeline: Pipeline) -> None:
    pipeline.statuses = ["InProgress", "InProgress", "Succeeded"]
    slept: list[float] = []

    assert make_release("wistia-elt", slept.append) == "fff6666"
    assert [call for call, _ in pipeline.asked] == [
        "StartPipelineExecution",
        *["GetPipelineExecution"] * 3,
    ]
    assert pipeline.asked[0][1]["name"] == "wistia-elt"
    assert slept == [15.0, 15.0]


def test_a_failed_pipeline_changes_nothing_and_says_so(pipeline: Pipeline) -> None:
    pipeline.statuses = ["Failed"]
    with pytest.raises(DeliveryError, match="the pipeline wistia-elt ended Failed"):
        make_release("wistia-elt", lambda _: None)
