"""Where alarms go: every channel that is set."""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import requests
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingestion.config.deadline import within
from ingestion.config.errors import AlarmError, ConfigurationError, without_logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ingestion.config.settings import Settings

_SMTP_SECONDS = 30
_SMTP_PORTS = {"smtp": 25, "smtps": 465}
_SMTP_REMEDY = (
    "check ALERT_SMTP_URL: smtp://host:587 or smtps://host:465, user and password before the host"
)
_URLS_REMEDY = (
    "check ALERT_URLS, an address as https://appriseit.com/services/ has it for each service"
)
_WEBHOOK_REMEDY = "set ALERT_WEBHOOK to the whole address, https://host/…"
_SETTING_OF = {
    "webhook": "ALERT_WEBHOOK",
    "email": "ALERT_EMAIL and ALERT_SMTP_URL",
    "sns": "ALERT_SNS_TOPIC",
}
_WEBHOOK_SECONDS = 15
# For a whole message, through whichever channel.
_MOST_SECONDS = 60
# SNS refuses a longer subject.
_LONGEST_SUBJECT = 100


class Channel(Protocol):
    """One way to reach people."""

    def send(self, subject: str, text: str) -> None:
        """Send one message, or raise `AlarmError`: it was refused, or nobody answers."""


class AlertSettings(BaseSettings):
    """The settings of the channels alone: whatever else is wrong, people can be told."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", env_file=".env")

    lake_uri: str = "lake"
    alert_urls: SecretStr | None = None
    alert_webhook: SecretStr | None = None
    alert_email: str | None = None
    alert_smtp_url: SecretStr | None = None
    alert_sns_topic: str | None = None

    @classmethod
    def load(cls) -> AlertSettings:
        """Read them; of a .env that cannot be read the environment may still name someone."""
        try:
            return cls()
        except (ValidationError, UnicodeDecodeError):
            return cls(_env_file=None)


def open_channels(settings: Settings | AlertSettings) -> dict[str, Channel]:
    """The channels that the settings name, by name; none when none is set."""
    channels: dict[str, Channel] = {}
    if settings.alert_urls is not None:
        channels.update(open_services(settings.alert_urls.get_secret_value()))
    if settings.alert_webhook is not None:
        channels["webhook"] = Webhook(settings.alert_webhook.get_secret_value())
    if settings.alert_email is not None:
        smtp = settings.alert_smtp_url
        channels["email"] = Email(settings.alert_email, smtp.get_secret_value() if smtp else None)
    if settings.alert_sns_topic is not None:
        channels["sns"] = Topic(settings.alert_sns_topic)
    return channels


def describe_channels(settings: Settings) -> str:
    """Who is told of an alarm, for `doctor`, and which settings have a successor.

    Raises:
        AlarmError: ALERT_URLS names a service that nobody knows, another setting no address, or
            there is no such topic.
    """
    channels = open_channels(settings)
    for channel in channels.values():
        if isinstance(channel, Unknown):
            channel.send("doctor", "")
        elif isinstance(channel, Webhook | Email | Topic):
            channel.check()
    if not channels:
        return "nobody is told of a failed run: ALERT_URLS is not set"
    old = [name for name in ("webhook", "email") if name in channels]
    followed = f"; ALERT_URLS replaces ALERT_{old[0].upper()}, which still works" if old else ""
    return f"told by {', '.join(channels)}{followed}"


def tell(text: str, channels: Mapping[str, Channel] | None = None) -> list[str]:
    """Tell people a text now through every channel; gives the names of those that took it.

    Raises:
        ConfigurationError: No channel is set.
        AlarmError: One did not take it; the others have been told.
    """
    channels = open_channels(AlertSettings.load()) if channels is None else channels
    if not channels:
        raise ConfigurationError(
            "nobody can be told: no channel is set", "set ALERT_URLS or ALERT_SNS_TOPIC"
        )
    failed: list[AlarmError] = []
    for name, channel in channels.items():
        try:
            send_through(channel, name, "wistia-elt: a message", text)
        except AlarmError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return list(channels)


def send_through(channel: Channel, name: str, subject: str, text: str, **more: str) -> None:
    """Send one message through the channel of that name.

    Raises:
        AlarmError: It was not taken. Whatever else a channel fails with becomes one too, without
            its words, which may hold a password: no channel silences another, or ends a run.
    """
    try:
        # Time-outs are for each read: a server that drips would hold a run forever.
        within(_MOST_SECONDS, partial(channel.send, subject, text, **more))
    except AlarmError:
        raise
    except TimeoutError as error:
        raise AlarmError(
            f"the channel {name} has not taken the message",
            f"check {_SETTING_OF.get(name, 'ALERT_URLS')} and the network",
        ) from error
    except Exception as error:
        raise AlarmError(
            f"the channel {name} cannot be used ({type(error).__name__})",
            f"check {_SETTING_OF.get(name, 'ALERT_URLS')}",
        ) from error


def _check_address(address: str, setting: str, remedy: str, *schemes: str) -> SplitResult:
    """The parts of an address; it is not shown, since it may hold a secret."""
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in schemes and parts.hostname and parts.port != 0
        # What no name of a host is made of raises here, and not when somebody must be told.
        (parts.hostname or "").encode("idna")
    except ValueError:
        is_whole = False
    if not is_whole:
        raise AlarmError(f"{setting} is no address that a message can be sent to", remedy)
    return parts


@dataclass(frozen=True, slots=True)
class Service:
    """One address of ALERT_URLS: Apprise's own object for it, secrets included."""

    plugin: Any

    def send(self, subject: str, text: str, html: str | None = None) -> None:
        """Send one message, by mail as HTML too where there is some."""
        from apprise import LogCapture, NotifyFormat, NotifyType  # noqa: PLC0415 - as in open_services

        body: dict[str, Any] = {"body": text, "notify_type": NotifyType.WARNING}
        if html is not None and self.plugin.service_name == "E-Mail":
            # Apprise makes the text that goes with it.
            body |= {"body": html, "body_format": NotifyFormat.HTML, "notify_type": NotifyType.INFO}
        capture: Any = LogCapture  # untyped
        with capture(level=logging.WARNING, fmt="%(message)s") as heard:
            took = self.plugin.notify(title=subject, **body)
            reasons = heard.getvalue().splitlines()
        if not took:
            why = f" ({without_logins(reasons[-1])})" if reasons else ""
            raise AlarmError(f"{self} did not take the alarm{why}", _URLS_REMEDY)

    def __str__(self) -> str:
        """The service and its address without secrets."""
        return f"{self.plugin.service_name} at {self.plugin.url(privacy=True).partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """What in ALERT_URLS is no address of a service: the log says each time who is not told."""

    def send(self, subject: str, text: str) -> None:  # noqa: ARG002 - a channel's
        """Raise `AlarmError`."""
        raise AlarmError(f"ALERT_URLS names a service that nobody knows ({subject})", _URLS_REMEDY)


def open_services(urls: str) -> Iterator[tuple[str, Service | Unknown]]:
    """The services of ALERT_URLS, blanks or commas between them, with names that tell no secret."""
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - a second, for who uses it

    # Followed, a POST becomes a GET: a good answer to it would tell nobody.
    asset: Any = AppriseAsset(app_id="wistia-elt", app_desc="wistia-elt", http_redirects=False)
    services = Apprise(asset=asset)
    is_whole = services.add(urls)
    plugin: Any
    for plugin in services:
        digest = hashlib.sha256(plugin.url(privacy=False).encode()).hexdigest()[:6]
        yield f"{plugin.service_name} {digest}", Service(plugin)
    if not is_whole:
        yield "ALERT_URLS", Unknown()


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes `{"text": …}`, as Slack, Mattermost and Teams' workflows do.

    It is a secret: who knows it can post.
    """

    url: str = field(repr=False)

    def send(self, subject: str, text: str) -> None:
        """Post one message."""
        host = self.check().hostname
        body = {"text": f"*{subject}*\n{text}", "subject": subject}
        try:
            # Nobody needs what it says, however much that is.
            with requests.post(
                self.url, json=body, timeout=_WEBHOOK_SECONDS, allow_redirects=False, stream=True
            ) as answer:
                pass
        except requests.RequestException as error:
            raise AlarmError(
                f"the webhook at {host} does not answer ({type(error).__name__})",
                "check ALERT_WEBHOOK and the network",
            ) from None
        if answer.is_redirect:
            # Followed, a POST becomes a GET: a good answer to it would tell nobody.
            leads_to = urlsplit(answer.headers["location"]).hostname or host
            raise AlarmError(
                f"the webhook at {host} has moved to {leads_to}",
                "set ALERT_WEBHOOK to its new address",
            )
        if not answer.ok:
            raise AlarmError(
                f"the webhook at {host} answers {answer.status_code}",
                "make a new address there and set ALERT_WEBHOOK to it",
            )

    def check(self) -> SplitResult:
        """The parts of the address; raises `AlarmError` where it is none."""
        return _check_address(self.url, "ALERT_WEBHOOK", _WEBHOOK_REMEDY, "https", "http")


@dataclass(frozen=True, slots=True)
class Email:
    """Recipients, commas between them, and the mail server that reaches them.

    Its `url` is `smtp://host:port`, with user and password before the host; None is a server on
    this machine. TLS is used wherever it is offered, and a password is sent over nothing else.
    """

    to: str
    url: str | None = field(default=None, repr=False)

    def send(self, subject: str, text: str, html: str | None = None) -> None:
        """Send one message, as HTML too where there is some."""
        parts = self.check()
        host, port = parts.hostname or "localhost", parts.port or _SMTP_PORTS.get(parts.scheme, 25)
        user = unquote(parts.username or "")
        message = EmailMessage()
        message["Subject"], message["To"] = subject, self.to
        message["From"] = user if "@" in user else self.to.partition(",")[0]
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        try:
            with _connect(parts.scheme, host, port) as server:
                if user and not isinstance(server.sock, ssl.SSLSocket):
                    raise AlarmError(
                        f"the mail server {host} offers no TLS, so the password was not sent",
                        _SMTP_REMEDY,
                    )
                if user:
                    server.login(user, unquote(parts.password or ""))
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise AlarmError(
                f"the mail server {host}:{port} did not take the alarm ({type(error).__name__})",
                _SMTP_REMEDY,
            ) from None

    def check(self) -> SplitResult:
        """The parts of the server's address; raises `AlarmError` where it is none."""
        url = self.url or "smtp://localhost"
        return _check_address(url, "ALERT_SMTP_URL", _SMTP_REMEDY, *_SMTP_PORTS)


def _connect(scheme: str, host: str, port: int) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SMTP_SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=_SMTP_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    return server


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of Amazon SNS that people subscribe to, `arn:aws:sns:region:account:name`."""

    arn: str

    def send(self, subject: str, text: str) -> None:
        """Publish one message."""
        with self._asked("SNS did not take the alarm for") as client:
            client.publish(TopicArn=self.arn, Subject=subject[:_LONGEST_SUBJECT], Message=text)

    def check(self) -> None:
        """See whether the topic is there; a role that may only publish is not told."""
        with self._asked("SNS cannot be asked for") as client:
            try:
                client.get_topic_attributes(TopicArn=self.arn)
            except client.exceptions.AuthorizationErrorException:
                return

    @contextmanager
    def _asked(self, what: str) -> Iterator[Any]:
        import boto3  # noqa: PLC0415 - a third of a second, for who has a topic
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        from ingestion.config.aws_errors import code_of  # noqa: PLC0415

        region = (self.arn.split(":") + [""] * 4)[3] or None
        try:
            yield boto3.client("sns", region_name=region)
        except (BotoCoreError, ClientError) as error:
            # AWS's own words name accounts and roles.
            raise AlarmError(
                f"{what} {self.arn}: {code_of(error) or type(error).__name__}",
                "check ALERT_SNS_TOPIC and that this role may call sns:Publish on it",
            ) from error
