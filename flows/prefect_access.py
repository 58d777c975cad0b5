"""Where Prefect's API is and what signs a request to it, from Prefect's own settings."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from filelock import FileLock, Timeout

from flows.up import authentication

_OWN_URL = "http://127.0.0.1:4200/api"


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
    home = Path(os.environ["PREFECT_HOME"])
    auth = authentication.read(home)
    if auth is None or not _is_up(home):
        return None, {}
    port = os.environ.get("PREFECT_SERVER_API_PORT")
    return _OWN_URL.replace("4200", port) if port else _OWN_URL, basic(auth)


def command_environment(url: str) -> dict[str, str]:
    """What Prefect's own commands need to reach the same server as `read_access` names."""
    environment = {**os.environ, "PREFECT_API_URL": url}
    auth = authentication.read(Path(os.environ["PREFECT_HOME"]))
    # Ours, unless the user has set a server of his own.
    if auth is not None and "PREFECT_API_URL" not in os.environ:
        environment.setdefault("PREFECT_API_AUTH_STRING", auth)
    return environment


def basic(auth: str) -> dict[str, str]:
    """The header that shows `name:password`."""
    return {"authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}


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
