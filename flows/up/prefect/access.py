"""Where Prefect's API is and what signs a request to it: from Prefect's settings, or our `up`.

The password of our own server is made again at each start. It lies in a file that only its owner
reads, and counts while that `up` is at work: of a server that is dead another may have the address.
"""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_FILE = "up.auth"


def read_access() -> tuple[str | None, dict[str, str]]:
    """Prefect's API, None when none is set, and the headers that it asks for.

    They are PREFECT_API_*'s, the active profile's, or our `up`'s; no slash is at the address's end.
    """
    from prefect.settings import get_current_settings  # noqa: PLC0415 - seconds --help need not pay

    api = get_current_settings().api
    if api.url:
        url = str(api.url).rstrip("/")
        if api.key is not None:
            return url, {"authorization": f"Bearer {api.key.get_secret_value()}"}
        return url, basic(api.auth_string.get_secret_value()) if api.auth_string else {}
    found = _read_own()
    return (None, {}) if found is None else (found[1], basic(found[0]))


def command_environment(url: str) -> dict[str, str]:
    """What Prefect's own commands need to reach the same server as `read_access` names."""
    found = _read_own()
    # Ours, unless the user has set a server of his own.
    own = {"PREFECT_API_AUTH_STRING": found[0]} if found is not None and found[1] == url else {}
    return {**os.environ, "PREFECT_API_URL": url, **own}


def basic(auth: str) -> dict[str, str]:
    """The header that shows `name:password`."""
    return {"authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}


def keep_password(home: Path, auth: str, url: str) -> None:
    """Let this user's other commands find the server at `url`, until `forget_password`."""
    # Only its owner reads it, from the first byte on.
    descriptor = os.open(home / _FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{auth}\n{url}\n")


def forget_password(home: Path) -> None:
    """Take the password back; one of a dead server must not be sent to anyone."""
    (home / _FILE).unlink(missing_ok=True)


def _read_own() -> tuple[str, str] | None:
    """The password and the address of the `up` that is at work; None without one."""
    home = Path(os.environ["PREFECT_HOME"])
    with suppress(OSError, ValueError):
        try:
            with FileLock(home / "up.lock", timeout=0):
                return None
        except Timeout:
            auth, url, *_ = (home / _FILE).read_text().split("\n")
            return auth, url
    return None
