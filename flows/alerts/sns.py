"""An alarm as a message of Amazon SNS."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestion.config.errors import AlarmError

if TYPE_CHECKING:
    from collections.abc import Iterator

# SNS refuses a longer subject.
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that people subscribe to.

    Attributes:
        arn: `arn:aws:sns:region:account:name`.
    """

    arn: str

    def send(self, subject: str, text: str) -> None:
        """Publish one message.

        Raises:
            AlarmError: AWS refuses or does not answer.
        """
        with self._asked("SNS did not take the alarm for") as client:
            client.publish(TopicArn=self.arn, Subject=subject[:_LONGEST], Message=text)

    def check(self) -> None:
        """See whether the topic is there; a role that may only publish is not told.

        Raises:
            AlarmError: It is not, or AWS does not answer.
        """
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
