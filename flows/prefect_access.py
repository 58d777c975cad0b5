"""Where Prefect's API is and what signs a request to it, from Prefect's own settings."""

from __future__ import annotations

import base64


def read_access() -> tuple[str | None, dict[str, str]]:
    """Prefect's address and headers, from PREFECT_API_* or the active profile.

    Returns:
        The API's address without a trailing slash, None when none is set, and the headers.
    """
    from prefect.settings import get_current_settings  # noqa: PLC0415 - seconds --help need not pay

    api = get_current_settings().api
    if not api.url:
        return None, {}
    headers = {}
    if api.key is not None:
        headers["authorization"] = f"Bearer {api.key.get_secret_value()}"
    elif api.auth_string is not None:
        signed = base64.b64encode(api.auth_string.get_secret_value().encode()).decode()
        headers["authorization"] = f"Basic {signed}"
    return str(api.url).rstrip("/"), headers
