"""Which version runs: what was chosen is kept in the lake, so every worker runs the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flows.releases.location import LATEST
from ingestion.config.timestamps import format_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from ingestion.storage.base import Lake

_KEY = "state/code.json"


def read_choice(lake: Lake) -> str:
    """`latest`, or the version that runs until another is chosen.

    Raises:
        LakeError: The lake cannot be read.
    """
    try:
        found = json.loads(lake.get(_KEY) or b"{}")
    except ValueError:
        return LATEST
    version = found.get("version") if isinstance(found, dict) else None
    return version if isinstance(version, str) and version else LATEST


def write_choice(lake: Lake, version: str, now: datetime) -> None:
    """Choose a version, or `latest`.

    Raises:
        LakeError: The lake cannot be written.
    """
    chosen = {"version": version, "chosen_at": format_timestamp(now)}
    lake.put(_KEY, json.dumps(chosen).encode())
