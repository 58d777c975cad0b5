"""Node and its packages: is it there, is it new enough, are the packages installed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections import deque
from threading import Event, Timer
from typing import TYPE_CHECKING, NamedTuple

import click
from filelock import FileLock

from ingestion.config.settings import PROJECT_ROOT
from reports.errors import NodeError, PagesError
from reports.processes import Guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SITE = PROJECT_ROOT / "reports" / "site"
NODE_MAJOR = 18
_INSTALL_NODE = (
    f"install Node {NODE_MAJOR} or newer (https://nodejs.org), then `wistia-elt publish`; "
    "nothing else needs it"
)
# What an .npmrc says for other projects would leave out half: programs that packages fetch when
# they are installed, our patch of Evidence, what is optional elsewhere.
_INSTALL = (
    *("npm", "ci", "--no-progress", "--no-dry-run", "--no-ignore-scripts"),
    *("--include=prod", "--include=optional", "--bin-links"),
)
# Somebody may have cleaned up inside.
_PARTS = (".bin/evidence", "@evidence-dev/tailwind", "@evidence-dev/duckdb")
_INSTALL_SECONDS = 1_800
_KEPT_LINES = 400
# What a build of pages needs of our environment: no token, no key of AWS is among it.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LANG|LC_\w+|TMPDIR|TEMP|TMP|TERM|(npm_config_|NPM_CONFIG_)\w+|NODE_EXTRA_CA_CERTS|"
    r"SSL_CERT_FILE|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|SystemRoot"
)


class Ended(NamedTuple):
    """How a command ended: its exit code, None where it took too long, and its last lines."""

    code: int | None
    lines: list[str]


def find_node() -> str:
    """The version of the Node on PATH, `v20.1.0`; a `NodeError` says that it is none or too old."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        missing = "Node" if node is None else "npm"
        raise NodeError(f"the pages are left out: {missing} is not on PATH", _INSTALL_NODE)
    try:
        done = subprocess.run(  # noqa: S603 - found on PATH
            [node, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NodeError(f"the pages are left out: {node} does not start", _INSTALL_NODE) from error
    version = done.stdout.strip()
    found = re.match(r"v(\d+)\.", version)
    if found is None or int(found[1]) < NODE_MAJOR:
        raise NodeError(
            f"the pages are left out: {node} is {version or 'not Node'}, and they need "
            f"{NODE_MAJOR} or newer",
            _INSTALL_NODE,
        )
    return version


def install_packages(say: Callable[[str], None], site: Path = SITE) -> None:
    """Install what package-lock.json pins into `node_modules`, once for each lock."""
    wanted = _digest(site)
    mark = site / "node_modules" / ".installed"
    with FileLock(site / ".install.lock"):
        is_whole = all((site / "node_modules" / name).exists() for name in _PARTS)
        if is_whole and mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
            return
        say("installing the pages' packages, once")
        ended = run_node(_INSTALL, site, _INSTALL_SECONDS)
        if ended.code != 0:
            raise _install_error(ended)
        mark.write_text(wanted, encoding="utf-8")


def run_node(command: Sequence[str], folder: Path, seconds: float) -> Ended:
    """Run a command of Node's with its whole family, at most so many seconds."""
    kept = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    # Colors would hide words from who reads the output; the project's own telemetry is off.
    environment = {**kept, "NO_COLOR": "1", "DO_NOT_TRACK": "1"}
    late = Event()
    with Guarded(command, folder, environment) as node:

        def give_up() -> None:
            late.set()
            node.stop()

        timer = Timer(seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            with node.lines() as told:
                said = (click.unstyle(line).rstrip() for line in told if line.strip())
                lines = deque(said, maxlen=_KEPT_LINES)
            code = node.wait()
        finally:
            timer.cancel()
    return Ended(None if late.is_set() else code, list(lines))


def _digest(site: Path) -> str:
    held = hashlib.sha256()
    named = (site / "package.json", site / "package-lock.json")
    for path in (*named, *sorted((site / "install").glob("*"))):
        held.update(path.read_bytes())
    return held.hexdigest()


def _install_error(ended: Ended) -> PagesError:
    if ended.code is None:
        said = f"npm took longer than {_INSTALL_SECONDS // 60} minutes"
    else:
        told = [line for line in ended.lines if re.match(r"(npm (ERR!|error)|error:)", line)]
        reasons = [line for line in told if re.search(r"E[A-Z]{4,}|network|ENOSPC", line)]
        said = (reasons or told or ended.lines or ["npm said nothing"])[0]
        said = re.sub(r"^npm (ERR!|error) ?(code )?", "", said)
    full = any("ENOSPC" in line for line in ended.lines)
    return PagesError(
        f"the pages' packages cannot be installed: {said}",
        "free some space (the packages take 700 MB), then `wistia-elt publish`"
        if full
        else "check the network and `npm config get registry`, then `wistia-elt publish`; the "
        "tables are done, the last good pages stay",
    )
