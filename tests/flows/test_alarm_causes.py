"""Alarms do not depend on what they report: each is told once, whatever has failed."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from flows.alerts.channels import Webhook, tell
from flows.alerts.memory import Memory
from flows.alerts.watch import refusals_told, watch
from flows.context import open_context
from flows.stages.sequence import run_all, run_by_hand
from flows.up.lookout import Lookout
from flows.up.prefect.access import check_server
from ingestion.config.errors import (
    AlarmError,
    ConfigurationError,
    LakeBusyError,
    LakeError,
    PrefectError,
)
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.flows.test_alarms import NOW, Inbox, day, failed
from tests.support.aws.refusing_bucket import refusing_bucket
from tests.support.commands.command_line import CommandLine
from tests.support.machine.listening import answering, listening
from tests.support.machine.small_disk import fill, make_read_only, small_disk

if TYPE_CHECKING:
    from reports.prefect import PrefectApi


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home/state"))
    monkeypatch.chdir(tmp_path)
    for name in ("URLS", "WEBHOOK", "EMAIL", "SMTP_URL", "SNS_TOPIC"):
        monkeypatch.delenv(f"ALERT_{name}", raising=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB, which a test may fill or make read-only."""
    with small_disk(tmp_path / "disk", 1) as folder:
        yield folder


@pytest.mark.parametrize("home", ["writable", "not writable"])
@pytest.mark.parametrize("break_disk", [fill, make_read_only])
def test_where_the_lake_takes_nothing_people_are_told_once(
    disk: Path, tmp_path: Path, break_disk: Callable[[Path], None], home: str
) -> None:
    lake, inbox = LocalLake(disk / "lake"), Inbox()
    failed(30).save(lake)
    break_disk(disk)
    if home == "not writable":
        (tmp_path / "home").write_text("a file stands where the folder should be")
    full = LakeError("no space left to write the manifest", "free some space")

    for _ in range(3):
        watch(Settings(), lake, lambda: NOW, error=full, channels={"inbox": inbox})

    assert inbox.subjects == ["wistia-elt: failure"]
    assert "no space left to write the manifest" in inbox.messages[0][1]


def test_once_the_lake_takes_it_again_it_holds_what_was_told(disk: Path, tmp_path: Path) -> None:
    lake, inbox = LocalLake(disk / "lake"), Inbox()
    failed(29).save(lake)
    fill(disk)
    watch(Settings(), lake, lambda: NOW, channels={"inbox": inbox})
    assert lake.get("state/alarms.json") is None
    (disk / "filling").unlink()

    day(30).save(lake)
    watch(Settings(), lake, lambda: NOW, channels={"inbox": inbox})

    assert inbox.subjects == ["wistia-elt: failure", "wistia-elt: failure is over"]
    assert lake.get("state/alarms.json") == b"{}"
    assert not list((tmp_path / "home/state/wistia-elt").iterdir())


def test_the_end_is_told_once_where_the_lake_takes_nothing(disk: Path) -> None:
    lake, inbox = LocalLake(disk / "lake"), Inbox()
    failed(29).save(lake)
    watch(Settings(), lake, lambda: NOW, channels={"inbox": inbox})
    day(30).save(lake)
    make_read_only(disk)

    for _ in range(3):
        watch(Settings(), lake, lambda: NOW, channels={"inbox": inbox})

    assert inbox.subjects == ["wistia-elt: failure", "wistia-elt: failure is over"]


def test_a_run_whose_end_cannot_be_recorded_is_told_once(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as (url, taken):
        monkeypatch.setenv("ALERT_WEBHOOK", url)
        monkeypatch.setenv("WISTIA_API_TOKEN", "planted")
        monkeypatch.setenv("LAKE_URI", str(disk / "lake"))
        for _ in range(2):
            context = open_context("run")
            with context.record.alive():
                fill(disk)  # while the run is at work, so that no stage can be recorded
                with pytest.raises(LakeError, match="no space left"):
                    run_all(context, run_by_hand)
            (disk / "filling").unlink()

    (message,) = taken
    assert "A run failed: no space left" in message["text"]


def test_a_run_that_another_keeps_out_is_no_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as (url, taken):
        monkeypatch.setenv("ALERT_WEBHOOK", url)
        monkeypatch.setenv("WISTIA_API_TOKEN", "planted")
        context = open_context("run")
        with context.lake.lock("ingest"), pytest.raises(LakeBusyError), context.record.alive():
            run_all(context, run_by_hand)
    assert taken == []
    assert not list((tmp_path / "lake/state").glob("**/*.json"))


def test_a_lake_that_cannot_be_read_is_told_and_ends_no_other_alarm(tmp_path: Path) -> None:
    class Denied(LocalLake):
        """A bucket whose rights were taken away, as far as alarms can see."""

        is_denied = False

        def get(self, key: str) -> bytes | None:
            if self.is_denied:
                raise LakeError("the role may not read the bucket", "give it s3:GetObject")
            return super().get(key)

    lake, inbox = Denied(tmp_path / "lake"), Inbox()
    failed(30).save(lake)
    for denied in (False, True, True, False):
        lake.is_denied = denied
        watch(Settings(), lake, lambda: NOW, channels={"inbox": inbox})

    assert inbox.subjects == [
        "wistia-elt: failure",
        "wistia-elt: lake",
        "wistia-elt: lake is over",
    ]
    assert "may not read the bucket\nTry: give it s3:GetObject." in inbox.messages[1][1]


def test_a_run_that_cannot_begin_is_told_once_and_the_next_good_one_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as (url, taken):
        monkeypatch.setenv("ALERT_WEBHOOK", url)
        # The channels are known although another setting is misspelt.
        monkeypatch.setenv("WISTIA_API_TOKN", "x")
        for _ in range(2):
            with pytest.raises(ConfigurationError), refusals_told():
                Settings.load()
        monkeypatch.delenv("WISTIA_API_TOKN")

        lake = LocalLake(tmp_path / "lake")
        day(30).save(lake)
        watch(Settings.load(), lake, lambda: NOW)

    assert [one["subject"] for one in taken] == [
        "wistia-elt: failure",
        "wistia-elt: failure is over",
    ]
    assert "WISTIA_API_TOKN is not a setting" in taken[0]["text"]


def test_channels_in_a_dotenv_that_is_wrong_elsewhere_are_told(tmp_path: Path) -> None:
    with listening() as (url, taken):
        (tmp_path / ".env").write_text(f"LAKE_URL=lake\nALERT_WEBHOOK={url}\n")
        with pytest.raises(ConfigurationError), refusals_told():
            Settings.load()

    assert "LAKE_URL is not a setting" in taken[0]["text"]


def test_a_refusal_is_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (url, taken):
        monkeypatch.setenv("ALERT_WEBHOOK", url)
        with pytest.raises(LakeBusyError), refusals_told():
            raise LakeBusyError("another run is at work", "wait")
    assert taken == []


def test_a_webhook_that_has_moved_has_told_nobody() -> None:
    moved = {"location": "https://elsewhere.example/hook?key=1"}
    with (
        listening(status=302, headers=moved) as (url, taken),
        pytest.raises(AlarmError, match=r"has moved to elsewhere\.example") as caught,
    ):
        Webhook(url).send("subject", "text")
    assert "ALERT_WEBHOOK" in caught.value.remedy
    assert "key=1" not in str(caught.value)
    assert len(taken) == 1


def test_a_message_of_another_program_is_told_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="no channel is set"):
        tell("the unit failed")
    with listening() as (url, taken):
        monkeypatch.setenv("ALERT_WEBHOOK", url)
        for _ in range(2):
            assert tell("the unit failed") == ["webhook"]
    assert [one["text"].splitlines()[-1] for one in taken] == ["the unit failed"] * 2


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"failure": 1}', b'{"x": {}}'])
def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, body: bytes) -> None:
    lake = LocalLake(tmp_path / "lake")
    lake.put("state/alarms.json", body)
    assert Memory(lake, lake.uri).read() == {}


@pytest.mark.parametrize("code", ["ExpiredToken", "AccessDenied", "InvalidAccessKeyId"])
def test_a_bucket_that_refuses_every_request_is_told_once(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as (url, taken), refusing_bucket(code) as bucket:
        for name, value in {
            "ALERT_URLS": url.replace("http:", "json:"),
            "WISTIA_API_TOKEN": "planted",
            "LAKE_URI": "s3://denied/lake",
            "AWS_ENDPOINT_URL": bucket,
            "AWS_ACCESS_KEY_ID": "planted",
            "AWS_SECRET_ACCESS_KEY": "planted",  # pragma: allowlist secret
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():
            monkeypatch.setenv(name, value)
        for _ in range(2):
            with pytest.raises(LakeError):
                run_everything()

    (message,) = taken
    assert message["title"] == "wistia-elt: failure"
    assert "denied" in message["message"]
    assert "Try: " in message["message"]


def run_everything() -> None:
    with refusals_told():
        context = open_context("run")
    run_all(context, run_by_hand)


class Silent:
    """A Prefect that may not answer."""

    is_dead = True

    def __getattr__(self, _name: str) -> object:
        if self.is_dead:
            raise PrefectError("Prefect does not answer", "end `up` and start it again")
        return lambda *_, **__: []


def test_a_prefect_that_hangs_for_minutes_is_told_once_and_taken_back_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.up.lookout.utc_now", lambda: NOW)
    lake, prefect, seconds = LocalLake(tmp_path / "lake"), Silent(), [0.0]
    day(30).save(lake)
    with listening() as (url, taken):
        settings = Settings(alert_urls=url.replace("http:", "json:"))
        look = Lookout(settings, cast("PrefectApi", prefect), lake, lambda: seconds[0])

        def told() -> list[str]:
            with suppress(PrefectError):
                look()
            seconds[0] += 60
            # A run that ends sees the lake alone: it does not know that Prefect is well.
            watch(settings, lake, lambda: NOW)
            return [one["title"].removeprefix("wistia-elt: ") for one in taken]

        assert [len(told()) for _ in range(8)] == [0, 0, 0, 0, 0, 1, 1, 1]
        prefect.is_dead = False
        assert [told() for _ in range(2)] == [["prefect", "prefect is over"]] * 2
    assert "not answered for five minutes" in taken[0]["message"]


def test_a_look_asks_the_lake_once_what_has_been_told(tmp_path: Path) -> None:
    asked: list[str] = []

    class Counted(LocalLake):
        def get(self, key: str) -> bytes | None:
            asked.append(key)
            return super().get(key)

    watch(Settings(), Counted(tmp_path), lambda: NOW, channels={})
    assert asked.count("state/alarms.json") == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "is not Prefect"),
        (b'"2.20.4"', r"is of version 2\.20\.4, and this one of 3\."),
    ],
)
def test_what_answers_in_prefects_place_is_named(body: bytes, said: str) -> None:
    with answering(body) as url, pytest.raises(PrefectError, match=said) as caught:
        check_server(url, {})

    assert "PREFECT_API_URL" in caught.value.remedy


def test_a_prefect_that_cannot_take_a_run_is_told(tmp_path: Path) -> None:
    with listening() as (webhook, taken):
        done = CommandLine(tmp_path).run(
            "run",
            WISTIA_API_TOKEN="planted",
            PREFECT_API_URL="http://127.0.0.1:9/api",
            ALERT_WEBHOOK=webhook,
        )

    assert done.returncode == 1
    assert "error: Prefect does not answer at http://127.0.0.1:9/api\ntry: " in done.stderr
    (message,) = taken
    assert "Prefect does not answer at http://127.0.0.1:9/api" in message["text"]


def test_a_setting_of_prefects_that_is_none_is_named(tmp_path: Path) -> None:
    done = CommandLine(tmp_path).run(
        "run",
        WISTIA_API_TOKEN="planted",
        PREFECT_API_URL="http://127.0.0.1:9/api",
        PREFECT_API_REQUEST_TIMEOUT="soon",
    )

    assert done.returncode == 1
    assert "error: request_timeout of APISettings of Prefect's cannot be used" in done.stderr
    assert (
        "try: correct or unset the variable PREFECT_… that ends in REQUEST_TIMEOUT" in done.stderr
    )
    assert "Traceback" not in done.stderr
