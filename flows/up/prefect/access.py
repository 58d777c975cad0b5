"""Where Prefect's API is and what signs a request to it, from Prefect's own settings."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from filelock import FileLock, Timeout

from flows.up.prefect import authentication


def read_access() -> tuple[str | None, dict[str, str]]:
    """Prefect's address and headers, from PREFECT_API_*, the active profile, or our `up`.

    Returns:
        The API's address without a trailing slash, None when none is set, and the headers.
    """
    from prefect.settings import get_current_settings  # noqa: PLC0415 - seconds --help need not pay

    api = get_current_settings().api
    if api.url:
        if api.key is not None:
            return _tidy(api.url), {"authorization": f"Bearer {api.key.get_secret_value()}"}
        signed = api.auth_string
        return _tidy(api.url), basic(signed.get_secret_value()) if signed else {}
    found = _own()
    return (None, {}) if found is None else (found[1], basic(found[0]))


def command_environment(url: str) -> dict[str, str]:
    """What Prefect's own commands need to reach the same server as `read_access` names."""
    environment = {**os.environ, "PREFECT_API_URL": url}
    found = _own()
    # Ours, unless the user has set a server of his own.
    if found is not None and found[1] == url:
        environment["PREFECT_API_AUTH_STRING"] = found[0]
    return environment


def basic(auth: str) -> dict[str, str]:
    """The header that shows `name:password`."""
    return {"authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}


def _own() -> tuple[str, str] | None:
    # Of a server that is dead another may have the address: it is not told the password.
    home = Path(os.environ["PREFECT_HOME"])
    return authentication.read(home) if _is_up(home) else None


def _tidy(url: str) -> str:
    return str(url).rstrip("/")


def _is_up(home: Path) -> bool:
    lock = FileLock(home / "up.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
