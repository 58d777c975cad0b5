"""Why Prefect's server did not start, by the last error in what it wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingestion.config.errors import PrefectError

if TYPE_CHECKING:
    from pathlib import Path

# A traceback's last line, and what such an error says on the lines below it.
_ERROR = re.compile(
    r"^(?:\w+\.)*\w*(?:Error|Exception): .*(?:\n(?!\(|\[|[A-Z]+: ).+)*", re.MULTILINE
)
_LINK = re.compile(r"For further information visit \S+")
_MOST_SAID = 300


def explain_start(url: str, home: Path, written: str) -> PrefectError:
    """The error of a server that was to answer at `url`, its files below `home`."""
    log = home / "logs" / "server.log"
    errors = _ERROR.findall(_LINK.sub("", written))
    why = " ".join(errors[-1].split())[:_MOST_SAID] if errors else "it did not say why"
    if re.search("is not a database|malformed", why):
        remedy = (
            f"move {home / 'up' / 'prefect.db'} away and start again: Prefect's history begins "
            "again, and the lake keeps its own of every run"
        )
    elif "TOMLDecodeError" in why:
        remedy = f"correct {home / 'profiles.toml'} and prefect.toml, or move them away"
    elif "ValidationError" in why:
        remedy = f"correct or unset the variable PREFECT_… that is meant; {log} has more"
    else:
        remedy = f"read {log}; PREFECT_SERVER_API_PORT gives it another port"
    return PrefectError(f"Prefect's server did not start at {url}: {why}", remedy)
