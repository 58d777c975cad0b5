"""Where token and hash key come from: the environment, or one secret in Secrets Manager."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from typing import TYPE_CHECKING

from ingestion.config.errors import ConfigurationError

if TYPE_CHECKING:
    from ingestion.config.settings import Settings

_SHAPE = '{"wistia_api_token": "…", "pii_hash_key": "…"}'


def read_token(settings: Settings) -> str:
    """Read the token; from Secrets Manager again at each run, so a rotated one is found.

    Raises `ConfigurationError` where there is none, or the secret cannot be read.
    """
    if settings.wistia_api_token is not None:
        return _check(settings.wistia_api_token.get_secret_value(), "WISTIA_API_TOKEN")
    if settings.wistia_secret_id:
        secret = settings.wistia_secret_id
        return _check(_read_secret(secret, "wistia_api_token"), f"the secret {secret}")
    raise ConfigurationError(
        "there is no token for Wistia's API",
        "set WISTIA_API_TOKEN (in the environment or in .env) or WISTIA_SECRET_ID, or try "
        "everything without a token: make run",
    )


def read_hash_key(settings: Settings) -> bytes:
    """Read the key of `PII_POLICY=hash`, from where the token may come too.

    Raises `ConfigurationError` where there is none, or the secret cannot be read.
    """
    if settings.pii_hash_key is not None:
        return settings.pii_hash_key.get_secret_value().encode()
    if settings.wistia_secret_id:
        return _read_secret(settings.wistia_secret_id, "pii_hash_key").encode()
    raise ConfigurationError(
        "PII_POLICY=hash needs a key, and PII_HASH_KEY is not set",
        "set PII_HASH_KEY to a long random text, or keep it as pii_hash_key in the secret of "
        "WISTIA_SECRET_ID: the same key keeps a person one person across days",
    )


def fingerprint_key(settings: Settings) -> str | None:
    """Tell the key of `hash` from another: 16 hexadecimal digits; None under other policies."""
    if settings.pii_policy != "hash":
        return None
    return hmac.new(read_hash_key(settings), b"which key is this", hashlib.sha256).hexdigest()[:16]


def _check(token: str, holder: str) -> str:
    token = token.strip()
    # A header takes nothing else, and says so with the token in its words.
    if not token or not all("!" <= character <= "~" for character in token):
        raise ConfigurationError(
            f"{holder} holds a character that no token has, or nothing",
            "copy the token again: letters and digits, without quotes, spaces or line breaks",
        )
    return token


def _read_secret(secret_id: str, name: str) -> str:
    # Only who keeps the token in AWS pays boto3's memory and start-up.
    import boto3  # noqa: PLC0415

    from ingestion.config.aws_errors import explained  # noqa: PLC0415

    # At DEBUG it writes every answer's body to the log, and this one is the secret.
    logging.getLogger("botocore.parsers").setLevel(logging.INFO)
    with explained(f"read the secret {secret_id} from Secrets Manager", ConfigurationError):
        manager = boto3.client("secretsmanager")
        try:
            answer = manager.get_secret_value(SecretId=secret_id)
        except manager.exceptions.ResourceNotFoundException as error:
            # Also of a secret that has been made and holds no value yet.
            raise ConfigurationError(
                f"cannot read the secret {secret_id} from Secrets Manager: there is no such "
                "secret, or nothing in it yet",
                "correct WISTIA_SECRET_ID, or AWS_REGION: it is looked for there; or put the "
                "token in",
            ) from error
    try:
        value = json.loads(answer["SecretString"])[name]
    except (KeyError, TypeError, ValueError):
        value = None
    if not isinstance(value, str) or not value.strip():
        # Without the error itself: a parser's words quote what it read.
        raise ConfigurationError(
            f"the secret {secret_id} holds no text under {name}", f"store {_SHAPE} in it"
        )
    return value
