"""The password of our own Prefect server: made once, kept beside its database."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME = "wistia-elt"
_FILE = "up.auth"


def read_or_make(home: Path, environment: Mapping[str, str]) -> str:
    """What the server asks for, `name:password`.

    Args:
        home: Prefect's folder.
        environment: PREFECT_SERVER_API_AUTH_STRING in it wins.
    """
    if given := environment.get("PREFECT_SERVER_API_AUTH_STRING"):
        return given
    if held := read(home):
        return held
    made = f"{_NAME}:{secrets.token_urlsafe(24)}"
    home.mkdir(parents=True, exist_ok=True)
    path = home / _FILE
    # Only its owner reads it, from the first byte on.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(made)
    return made


def read(home: Path) -> str | None:
    """The password that was made here; None before the first `up`."""
    try:
        return (home / _FILE).read_text().strip() or None
    except OSError:
        return None
