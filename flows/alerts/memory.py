"""What people have been told, so that they are told once.

It lies in the lake. Where the lake cannot be read or written, which may be the very thing to
tell, it lies in a file of this account, and where that cannot be written either, in the process.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.config.errors import LakeError
from ingestion.config.settings import folder_of

if TYPE_CHECKING:
    from ingestion.storage.base import Lake

KEY = "state/alarms.json"
# Since when, what was said, and the names of the channels that took it and took nothing back.
Said = dict[str, Any]
log = logging.getLogger(__name__)
_ADDITION = "adds to what the lake has"
# By the file that could not be written.
_in_process: dict[Path, bytes] = {}


class Memory:
    """What each channel was told of each alarm, kept in the lake or in a file that LAKE_URI names.

    `unreadable` is what kept the last look from reading the lake.
    """

    def __init__(self, lake: Lake | None, uri: str) -> None:
        self._lake = lake
        self.unreadable: LakeError | None = None
        name = hashlib.sha256(uri.encode(errors="surrogateescape")).hexdigest()[:16]
        self._file = _state_folder() / f"alarms-{name}.json"

    def read(self) -> dict[str, Said]:
        """What was said last, by alarm."""
        kept = self._read_beside()
        beside, in_lake = _parse(kept), dict[str, Said]()
        self.unreadable = None
        try:
            if self._lake is not None:
                in_lake = _parse(self._lake.get(KEY))
        except LakeError as error:
            self.unreadable = error
        # What lies beside is newer. Written without a look into the lake it lacks what is there.
        is_addition = beside.pop(_ADDITION, None) is not None
        return beside if kept is not None and not is_addition else {**in_lake, **beside}

    def write(self, said: dict[str, Said]) -> None:
        """Keep what was said; in the lake only by who could read what lies there."""
        addition: dict[str, Said] = {_ADDITION: {"told": []}}
        if self._lake is not None and self.unreadable is None:
            try:
                self._lake.put(KEY, json.dumps(said).encode())
            except LakeError as error:
                log.warning("what was told is kept beside the lake: %s", error)
                addition = {}
            else:
                _in_process.pop(self._file, None)
                with suppress(OSError):
                    self._file.unlink(missing_ok=True)
                return
        self._write_beside(json.dumps({**said, **addition}).encode())

    def _read_beside(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except OSError:
            return _in_process.get(self._file)

    def _write_beside(self, body: bytes) -> None:
        half = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            half.write_bytes(body)
            half.replace(self._file)
        except OSError:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            _in_process[self._file] = body


def _state_folder() -> Path:
    # Of the XDG Base Directory specification.
    given = os.environ.get("XDG_STATE_HOME", "")
    home = folder_of(given if Path(given).is_absolute() else "~/.local/state")
    # An account without a home, as some containers have, keeps it where it works.
    return Path(".wistia-elt").absolute() if "~" in home.parts else home / "wistia-elt"


def _parse(body: bytes | None) -> dict[str, Said]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {alarm: one for alarm, one in found.items() if isinstance(one, dict) and "told" in one}
