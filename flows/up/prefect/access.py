"""Where Prefect's API is and what signs a request to it: from Prefect's settings, or our `up`.

The password of our own server is made again at each start. It lies in a file that only its owner
reads, and counts while that `up` is at work: of a server that is dead another may have the address.
"""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from ingestion.config.errors import PrefectError
from reports.prefect import PrefectApi

_CLOUD = "://api.prefect.cloud/"
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


def ask_server() -> None:
    """See whether the server that Prefect's settings name would take a run.

    Raises:
        PrefectError: A setting of Prefect's cannot be used, nobody answers, or it is of another
            version.
    """
    try:
        url, headers = read_access()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "_".join(map(str, first["loc"]))
        raise PrefectError(
            f"{name} of {error.title} of Prefect's cannot be used: {first['msg'].lower()}",
            f"correct or unset the variable PREFECT_… that ends in {name.upper()}",
        ) from error
    # Its cloud is always of a version that fits, and has no such address.
    if url is not None and _CLOUD not in url:
        check_server(url, headers)


def check_server(url: str, headers: dict[str, str]) -> None:
    """See whether Prefect answers there, and is of our version; raises `PrefectError` if not."""
    server, ours = str(PrefectApi(url, headers).ask("GET", "/admin/version")), version("prefect")
    if server.partition(".")[0] != ours.partition(".")[0]:
        raise PrefectError(
            f"Prefect at {url} is of version {server}, and this one of {ours}",
            f"start one of version {ours} there (`wistia-elt up`), or unset PREFECT_API_URL",
        )


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
