"""An alarm through Apprise: mail, Slack, Teams, PagerDuty and a hundred other services."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestion.config.errors import AlarmError, without_logins

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMEDY = "check ALERT_URLS, an address as https://appriseit.com/services/ has it for each service"


@dataclass(frozen=True, slots=True)
class Service:
    """One address of ALERT_URLS.

    Attributes:
        plugin: Apprise's own object for that address, secrets included.
    """

    plugin: Any

    def send(self, subject: str, text: str, html: str | None = None) -> None:
        """Send one message, by mail as HTML too where there is some.

        Raises:
            AlarmError: The service refuses, does not answer, or has moved.
        """
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
            raise AlarmError(f"{self} did not take the alarm{why}", _REMEDY)

    def __str__(self) -> str:
        """The service and its address without secrets."""
        return f"{self.plugin.service_name} at {self.plugin.url(privacy=True).partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands for what in ALERT_URLS is no address of a service."""

    def send(self, subject: str, text: str) -> None:  # noqa: ARG002 - a channel's
        """Raise, so that the log says each time that somebody is not told.

        Raises:
            AlarmError: Always.
        """
        raise AlarmError(f"ALERT_URLS names a service that nobody knows ({subject})", _REMEDY)


def open_services(urls: str) -> Iterator[tuple[str, Service | Unknown]]:
    """The services of ALERT_URLS, each with a name that tells no secret.

    Args:
        urls: Apprise's addresses, with blanks or commas between them.
    """
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
