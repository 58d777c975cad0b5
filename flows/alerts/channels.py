"""Where alarms go: every channel that is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.alerts.mail import Email
from flows.alerts.services import Unknown, open_services
from flows.alerts.sns import Topic
from flows.alerts.webhook import Webhook

if TYPE_CHECKING:
    from ingestion.config.settings import Settings


class Channel(Protocol):
    """One way to reach people."""

    def send(self, subject: str, text: str) -> None:
        """Send one message, or raise `AlarmError`."""


class AlertSettings(BaseSettings):
    """The settings of the channels alone: whatever else is wrong, people can be told."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", env_file=".env")

    lake_uri: str = "lake"
    alert_urls: SecretStr | None = None
    alert_webhook: SecretStr | None = None
    alert_email: str | None = None
    alert_smtp_url: SecretStr | None = None
    alert_sns_topic: str | None = None


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
        AlarmError: ALERT_URLS names a service that nobody knows, or there is no such topic.
    """
    channels = open_channels(settings)
    for channel in channels.values():
        if isinstance(channel, Unknown):
            channel.send("doctor", "")
        elif isinstance(channel, Topic):
            channel.check()
    if not channels:
        return "nobody is told of a failed run: ALERT_URLS is not set"
    old = [name for name in ("webhook", "email") if name in channels]
    followed = f"; ALERT_URLS replaces ALERT_{old[0].upper()}, which still works" if old else ""
    return f"told by {', '.join(channels)}{followed}"
