"""A lake holds one account's data under one privacy policy, and says which."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingestion.errors import SourceMismatchError

if TYPE_CHECKING:
    from ingestion.lake import Lake
    from ingestion.settings import Settings

KEY = "state/source.json"


def check_source(lake: Lake, settings: Settings, account: str | None) -> dict[str, str | None]:
    """Hold this run's source against the lake's, and record it in a new lake.

    An account the API names is enough to know it by, whatever the address; where it
    names none, the base URL stands for it.

    Args:
        lake: The lake about to be written.
        settings: Base URL and privacy policy.
        account: The account's identity, None where the API does not tell.

    Returns:
        The source as manifests carry it.

    Raises:
        SourceMismatchError: The lake holds other data, or data under another policy.
    """
    source = {
        "base_url": settings.wistia_base_url,
        "api_version": settings.wistia_api_version,
        "account": account,
    }
    recorded = read_source(lake)
    if recorded is None:
        lake.put(KEY, json.dumps({**source, "pii_policy": settings.pii_policy}).encode())
        return source
    held = recorded.get("account")
    same = held == account if held and account else recorded.get("base_url") == source["base_url"]
    if not same:
        raise SourceMismatchError(
            f"the lake {lake.uri} holds data of {_name(recorded)}, and this run would read "
            f"{_name(source)}",
            "point LAKE_URI at another folder, or set WISTIA_BASE_URL and the token back",
        )
    policy = recorded.get("pii_policy", "keep")
    if policy != settings.pii_policy:
        raise SourceMismatchError(
            f"the lake {lake.uri} was written under PII_POLICY={policy}, and this run has "
            f"PII_POLICY={settings.pii_policy}",
            f"set PII_POLICY={policy}, or start a new lake: what has landed is never edited",
        )
    return source


def read_source(lake: Lake) -> dict[str, str] | None:
    """Whose data a lake says it holds; None for a new lake, or one that cannot tell."""
    body = lake.get(KEY)
    try:
        found = json.loads(body) if body else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _name(source: dict[str, str] | dict[str, str | None]) -> str:
    account = source.get("account")
    return f"{source.get('base_url')}" + (f" (account {account})" if account else "")
