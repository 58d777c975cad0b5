"""An alarm as a message of Amazon SNS."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.config.errors import AlarmError

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
        import boto3  # noqa: PLC0415 - a third of a second, for who has a topic
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        region = (self.arn.split(":") + [""] * 4)[3] or None
        try:
            client = boto3.client("sns", region_name=region)
            client.publish(TopicArn=self.arn, Subject=subject[:_LONGEST], Message=text)
        except (BotoCoreError, ClientError) as error:
            raise AlarmError(
                f"SNS did not take the alarm for {self.arn}: {error}",
                "check ALERT_SNS_TOPIC and that this role may call sns:Publish on it",
            ) from error
