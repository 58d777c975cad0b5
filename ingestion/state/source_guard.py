"""A lake holds one account's data under one privacy policy, and says which."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from ingestion.config.errors import SourceMismatchError
from ingestion.config.secrets import fingerprint_key
from ingestion.state.manifest import read_manifests
from ingestion.storage.checksum import add_checksum, is_whole

if TYPE_CHECKING:
    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake

SOURCE = "state/source.json"
# Base URL, API version, account (None where the API does not tell), privacy policy, and
# under `hash` its key's fingerprint.
Source = dict[str, str | None]

log = logging.getLogger(__name__)


def check_source(lake: Lake, settings: Settings, account: str | None) -> Source:
    """Hold this run's source against the lake's, and record it in a new lake.

    An account the API names is enough to know it by, whatever the address; where it names none, the
    base URL stands for it.

    Raises:
        SourceMismatchError: The lake holds other data, or data under another policy or key.
    """
    source = {
        "base_url": settings.wistia_base_url,
        "api_version": settings.wistia_api_version,
        "account": account,
        "pii_policy": settings.pii_policy,
    }
    if key := fingerprint_key(settings):
        source["pii_key"] = key
    noted = parse_source(lake.get(SOURCE))
    recorded, kept = noted or _recall(lake), source
    if recorded is not None:
        _compare(recorded, source, lake)
        # An account once known stays known, also where this run was not told it.
        kept = {**source, **recorded, "account": recorded.get("account") or account}
    if kept != noted:
        write_source(lake, kept)
    return source


def _compare(recorded: Source, source: Source, lake: Lake) -> None:
    held, account = recorded.get("account"), source["account"]
    same = held == account if held and account else recorded.get("base_url") == source["base_url"]
    if not same:
        raise SourceMismatchError(
            f"the lake {lake.uri} holds data of {_name(recorded)}, and this run would read "
            f"{_name(source)}",
            "point LAKE_URI at another folder, or set WISTIA_BASE_URL and the token back",
        )
    policy = recorded.get("pii_policy") or "keep"
    if policy != source["pii_policy"]:
        raise SourceMismatchError(
            f"the lake {lake.uri} was written under PII_POLICY={policy}, and this run has "
            f"PII_POLICY={source['pii_policy']}",
            f"set PII_POLICY={policy}; for a stricter one `wistia-elt redact` rewrites what is "
            "loaded, a laxer one takes a new lake",
        )
    if recorded.get("pii_key", source.get("pii_key")) != source.get("pii_key"):
        raise SourceMismatchError(
            f"the lake {lake.uri} was hashed with another PII_HASH_KEY than this run has",
            "set the key back: under another one, everybody would become somebody else",
        )


def read_source(lake: Lake) -> Source | None:
    """Whose data a lake holds, by its note or by its runs; None for a new lake."""
    return parse_source(lake.get(SOURCE)) or _recall(lake)


def write_source(lake: Lake, source: Source) -> None:
    """Note whose data a lake holds."""
    lake.put(SOURCE, add_checksum(json.dumps(source)))


def parse_source(body: bytes | None) -> Source | None:
    """Read the note; None when it is not what was written."""
    try:
        found = json.loads(body) if body and is_whole(body) else None
    except ValueError:
        return None
    if not isinstance(found, dict) or not found.get("base_url"):
        return None
    del found["seal"]
    return found


def _recall(lake: Lake) -> Source | None:
    """The source of the newest run that had one: the lake's own note is lost or corrupt."""
    sources = [run.source for run in read_manifests(lake) if run.source.get("base_url")]
    if not sources:
        return None
    log.warning("%s is lost or corrupt; taking it from the manifests", SOURCE)
    return sources[-1]


def _name(source: Source) -> str:
    account = source.get("account")
    return f"{source.get('base_url')}" + (f" (account {account})" if account else "")
