"""Where the API token comes from: the environment, or Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingestion.errors import ConfigurationError

if TYPE_CHECKING:
    from ingestion.settings import Settings


def read_token(settings: Settings) -> str:
    """Read the token; from Secrets Manager anew at each run, so a rotated one is found.

    Raises:
        ConfigurationError: There is none, or the secret cannot be read.
    """
    if settings.wistia_api_token is not None:
        return _check(settings.wistia_api_token.get_secret_value(), "WISTIA_API_TOKEN")
    if settings.wistia_secret_id:
        secret = settings.wistia_secret_id
        return _check(_read_secret(secret), f"the secret {secret}")
    raise ConfigurationError(
        "there is no token for Wistia's API",
        "set WISTIA_API_TOKEN (in the environment or in .env) or WISTIA_SECRET_ID, or try "
        "everything without a token: make run",
    )


def _check(token: str, holder: str) -> str:
    token = token.strip()
    # A header takes nothing else, and says so with the token in its words.
    if not token or not all("!" <= character <= "~" for character in token):
        raise ConfigurationError(
            f"{holder} holds a character that no token has, or nothing",
            "copy the token again: letters and digits, without quotes, spaces or line breaks",
        )
    return token


def _read_secret(secret_id: str) -> str:
    # Only who keeps the token in AWS pays boto3's memory and start-up.
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
        token = json.loads(answer["SecretString"])["wistia_api_token"]
    except (BotoCoreError, ClientError) as error:
        raise ConfigurationError(
            f"the secret {secret_id} cannot be read from Secrets Manager: {error}",
            "check WISTIA_SECRET_ID, AWS_REGION and the role's right to read that secret",
        ) from error
    except (KeyError, TypeError, ValueError):
        token = None
    if not isinstance(token, str):
        raise ConfigurationError(
            f"the secret {secret_id} is not of the shape it should have",
            'store {"wistia_api_token": "…"} in it',
        )
    return token
