"""An alarm as a POST: `{"text": …}` is what Slack, Mattermost and Teams' workflows take."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from ingestion.config.errors import AlarmError

_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes messages.

    Attributes:
        url: It is a secret: who knows it can post.
    """

    url: str = field(repr=False)

    def send(self, subject: str, text: str) -> None:
        """Post one message.

        Raises:
            AlarmError: No answer, or not a good one.
        """
        host = urlsplit(self.url).hostname
        try:
            body = {"text": f"*{subject}*\n{text}", "subject": subject}
            answer = requests.post(self.url, json=body, timeout=_SECONDS, allow_redirects=False)
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
