"""The way into our own Prefect server: a password made anew at each start, and where it is."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME = "wistia-elt"
_FILE = "up.auth"


def make(environment: Mapping[str, str]) -> str:
    """What the server is to ask for, `name:password`.

    Args:
        environment: PREFECT_SERVER_API_AUTH_STRING in it wins.
    """
    given = environment.get("PREFECT_SERVER_API_AUTH_STRING")
    return given or f"{_NAME}:{secrets.token_urlsafe(24)}"


def keep(home: Path, auth: str, url: str) -> None:
    """Let this user's other commands find the server and its password, until `forget`.

    Args:
        home: The folder of `up`.
        auth: `name:password`.
        url: The server's API.
    """
    forget(home)
    # Only its owner reads it, from the first byte on.
    descriptor = os.open(home / _FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{auth}\n{url}\n")


def forget(home: Path) -> None:
    """Take the password back; one of a dead server must not be sent to anyone."""
    (home / _FILE).unlink(missing_ok=True)


def read(home: Path) -> tuple[str, str] | None:
    """The password and the address of the server that is at work here; None without one."""
    try:
        auth, url, *_ = (home / _FILE).read_text().split("\n")
    except (OSError, ValueError):
        return None
    return auth, url
