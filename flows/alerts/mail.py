"""An alarm as an e-mail, over the SMTP server that the settings name."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from ingestion.config.errors import AlarmError

_SECONDS = 30
_PORTS = {"smtp": 25, "smtps": 465}
_REMEDY = (
    "check ALERT_SMTP_URL: smtp://host:587 or smtps://host:465, user and password before the host"
)


@dataclass(frozen=True, slots=True)
class Email:
    """Recipients and the server that reaches them.

    Attributes:
        to: Addresses with commas between them.
        url: `smtp://host:port`, with user and password before the host; TLS is used wherever the
            server offers it, and a password is sent over nothing else. None for a server on
            this machine.
    """

    to: str
    url: str | None = field(default=None, repr=False)

    def send(self, subject: str, text: str, html: str | None = None) -> None:
        """Send one message, as HTML too where there is some.

        Raises:
            AlarmError: The server refuses or does not answer.
        """
        message = EmailMessage()
        message["Subject"], message["To"] = subject, self.to
        parts = urlsplit(self.url or "smtp://localhost")
        user = unquote(parts.username or "")
        message["From"] = user if "@" in user else self.to.partition(",")[0]
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        port = parts.port or _PORTS.get(parts.scheme, 25)
        try:
            with _connect(parts.scheme, parts.hostname or "localhost", port) as server:
                if user:
                    _check_private(server, parts.hostname or "localhost")
                    server.login(user, unquote(parts.password or ""))
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise AlarmError(
                f"the mail server {parts.hostname}:{port} did not take the alarm "
                f"({type(error).__name__})",
                _REMEDY,
            ) from None


def _check_private(server: smtplib.SMTP, host: str) -> None:
    if not isinstance(server.sock, ssl.SSLSocket):
        raise AlarmError(
            f"the mail server {host} offers no TLS, so the password was not sent", _REMEDY
        )


def _connect(scheme: str, host: str, port: int) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    return server
