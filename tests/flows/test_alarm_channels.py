"""An alarm through each channel, to a server that takes it."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from flows.alerts.channels import (
    Email,
    describe_channels,
    open_channels,
    open_services,
    send_through,
    tell,
)
from flows.alerts.memory import Memory
from flows.alerts.watch import watch
from ingestion.config.errors import AlarmError
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.flows.test_alarms import NOW, day, failed
from tests.support.aws.moto_account import running_moto, sign_in
from tests.support.machine.listening import listening, receiving_mail


def test_what_nobody_could_be_told_is_told_at_the_next_look(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path)
    failed(30).save(lake)
    with listening() as (url, taken):
        unreachable = url.replace("127.0.0.1", "127.0.0.9")
        watch(Settings(alert_webhook=unreachable), lake, lambda: NOW)
        assert taken == []
        watch(Settings(alert_webhook=url), lake, lambda: NOW)
        watch(Settings(alert_webhook=url), lake, lambda: NOW)

    (message,) = taken
    assert message["subject"] == "wistia-elt: failure"
    assert "Wistia refused the token (401)\nTry: make a token." in message["text"]


@dataclass
class Channel:
    """One that can be out of order; keeps the subjects it took."""

    works: bool = True
    taken: list[str] = field(default_factory=list)

    def send(self, subject: str, text: str) -> None:
        assert text
        if not self.works:
            raise AlarmError("out of order", "wait")
        self.taken.append(subject)


def test_a_channel_out_of_order_hears_later_and_no_other_hears_twice(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path)
    failed(27).save(lake)
    channels = {"webhook": Channel(works=False), "email": Channel(), "sns": Channel()}
    webhook, email, sns = channels.values()

    def look(**now: Channel) -> None:
        watch(Settings(alert_stale_hours=100), lake, lambda: NOW, channels=now)

    look(**channels)
    assert (webhook.taken, email.taken) == ([], ["wistia-elt: failure"])
    webhook.works, email.works = True, False
    look(**channels)
    look(**channels)
    assert webhook.taken == sns.taken == email.taken == ["wistia-elt: failure"]

    # It is over; the e-mail cannot be sent, and the topic is no longer set.
    day(28).save(lake)
    look(webhook=webhook, email=email)
    look(webhook=webhook, email=email)
    assert webhook.taken[1:] == ["wistia-elt: failure is over"]
    assert email.taken[1:] == sns.taken[1:] == []
    # It fails again before the e-mail has told of the end: for its readers nothing has changed.
    failed(29).save(lake)
    look(webhook=webhook, email=email)
    email.works = True
    look(webhook=webhook, email=email)
    assert webhook.taken[2:] == ["wistia-elt: failure"]
    assert email.taken[1:] == []
    day(30).save(lake)
    look(webhook=webhook, email=email)
    look(webhook=webhook, email=email)
    assert webhook.taken[3:] == email.taken[1:] == ["wistia-elt: failure is over"]
    assert json.loads(lake.get("state/alarms.json") or b"") == {}


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("alert_smtp_url", "smtp://me:planted@127.0.0.1:port"),  # pragma: allowlist secret
        ("alert_smtp_url", "smtp://127.0.0.1:99999"),
        ("alert_smtp_url", "smtp://.planted..example"),
        ("alert_smtp_url", "planted.example.com:587"),
        ("alert_webhook", "http://[::planted"),
        ("alert_webhook", "planted.example.com/hook"),
    ],
)
def test_a_channel_whose_address_is_none_silences_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, setting: str, address: str
) -> None:
    lake = LocalLake(tmp_path)
    failed(30).save(lake)
    other = Channel()
    settings = Settings.model_validate({setting: address, "alert_email": "ops@example.com"})
    broken = {name: one for name, one in open_channels(settings).items() if name in setting} or {
        "email": open_channels(settings)["email"]
    }

    watch(settings, lake, lambda: NOW, channels={**broken, "other": other})

    assert other.taken == ["wistia-elt: failure"]
    assert f"{setting.upper()} is no address" in caplog.text
    with pytest.raises(AlarmError, match="is no address") as told:
        describe_channels(settings)
    assert setting.upper() in told.value.remedy
    assert "planted" not in caplog.text + str(told.value) + told.value.remedy


def test_whatever_a_look_for_alarms_meets_the_run_that_it_follows_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def find(*_: object) -> None:
        raise KeyError("finished_at")

    monkeypatch.setattr("flows.alerts.watch.find", find)

    assert watch(Settings(), LocalLake(tmp_path), lambda: NOW, channels={}) == []

    assert "the look for alarms ended early: KeyError: 'finished_at'" in caplog.text


def test_whatever_a_channel_raises_the_others_are_told(tmp_path: Path) -> None:
    class Broken(Channel):
        def send(self, subject: str, text: str) -> None:
            raise KeyError(subject, text)

    lake, last = LocalLake(tmp_path), Channel()
    failed(30).save(lake)

    watch(Settings(), lake, lambda: NOW, channels={"sns": Broken(), "last": last})

    assert last.taken == ["wistia-elt: failure"]
    with pytest.raises(AlarmError, match=r"the channel sns cannot be used \(KeyError\)") as told:
        tell("text", {"sns": Broken(), "last": last})
    assert told.value.remedy == "check ALERT_SNS_TOPIC"
    assert len(last.taken) == 2


def test_two_looks_at_the_same_time_tell_people_once(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path)
    failed(30).save(lake)

    class Slow(Channel):
        def send(self, subject: str, text: str) -> None:
            time.sleep(0.5)
            super().send(subject, text)

    webhook = Slow()

    def look(_number: int) -> None:
        watch(Settings(), lake, lambda: NOW, channels={"webhook": webhook})

    with ThreadPoolExecutor() as pool:
        list(pool.map(look, range(3)))

    assert webhook.taken == ["wistia-elt: failure"]


def test_an_email_reaches_its_server(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path)
    failed(30).save(lake)
    with receiving_mail() as (address, taken):
        url = f"smtp://{address}"
        to = "ops@example.com, second@example.com"
        # A password does not travel where everyone can read it.
        signed = Email(to, f"smtp://me:secret@{address}")  # pragma: allowlist secret
        with pytest.raises(AlarmError, match="offers no TLS"):
            signed.send("subject", "text")
        assert taken == []
        watch(Settings(alert_email=to, alert_smtp_url=url), lake, lambda: NOW)

    assert "Subject: wistia-elt: failure" in taken
    assert f"To: {to}" in taken
    assert "Try: make a token." in taken


def test_a_topic_of_sns_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = LocalLake(tmp_path)
    failed(30).save(lake)
    with running_moto() as address:
        sign_in(monkeypatch, address, "eu-west-1")
        topic = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
        queue = boto3.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
        arn = f"arn:aws:sqs:eu-west-1:{topic.split(':')[4]}:inbox"
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        watch(Settings(alert_sns_topic=topic), lake, lambda: NOW)

        (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        body = json.loads(message["Body"])
    assert body["Subject"] == "wistia-elt: failure"
    assert "Try: make a token." in body["Message"]


def test_every_address_of_alert_urls_is_told(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path)
    failed(30).save(lake)
    with listening() as (first, at_first), listening() as (second, at_second):
        urls = f"{first} {second}?:subject=title".replace("http:", "json:")
        for _ in range(2):
            watch(Settings(alert_urls=urls), lake, lambda: NOW)

    for (message,) in (at_first, at_second):
        assert message["title"] == "wistia-elt: failure"
        assert "Wistia refused the token (401)\nTry: make a token." in message["message"]


@pytest.mark.parametrize("status", [301, 403, 500])
def test_a_service_that_moved_or_refuses_has_told_nobody(status: int) -> None:
    with listening(status, {"location": "http://127.0.0.1:1/"}) as (url, taken):
        ((name, service),) = open_services(
            url.replace("http://", "json://user:hunter2@")  # pragma: allowlist secret
        )
        with pytest.raises(AlarmError, match=f"did not take the alarm .*{status}") as caught:
            service.send("subject", "text")

    assert len(taken) == 1
    assert "hunter2" not in f"{name} {caught.value} {service}"


def test_an_address_that_nobody_knows_keeps_no_alarm_from_the_others(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path)
    failed(30).save(lake)
    with listening() as (url, taken):
        settings = Settings(alert_urls=f"slak://a/b, {url.replace('http:', 'json:')}")
        for _ in range(2):
            watch(settings, lake, lambda: NOW)
        with pytest.raises(AlarmError, match="a service that nobody knows"):
            describe_channels(settings)
    assert len(taken) == 1


def test_doctor_says_who_is_told() -> None:
    assert describe_channels(Settings()).startswith("nobody is told")
    old = Settings(alert_webhook="http://127.0.0.1:1")
    assert "ALERT_URLS replaces ALERT_WEBHOOK" in describe_channels(old)
    assert describe_channels(Settings(alert_urls="jsons://h.test")).startswith("told by JSON")


def test_what_was_told_is_remembered_without_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some containers run under a number that nobody has.
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    monkeypatch.chdir(tmp_path)

    Memory(None, "lake").write({"failure": {"told": ["mail"]}})

    assert Memory(None, "lake").read() == {"failure": {"told": ["mail"]}}
    assert (tmp_path / ".wistia-elt").is_dir()


def test_a_channel_that_drips_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.alerts.channels._MOST_SECONDS", 0.05)
    free = threading.Event()

    class Dripping:
        def send(self, *_: str) -> None:
            free.wait(10)

    with pytest.raises(AlarmError, match="the channel webhook has not taken the message") as told:
        send_through(Dripping(), "webhook", "subject", "text")
    free.set()
    assert "check ALERT_WEBHOOK" in told.value.remedy
