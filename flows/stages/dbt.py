"""dbt as a subprocess: started with our settings, its result read from its own files.

A process of its own gives its memory back, closes DuckDB's file for certain, and dies
with us without leaving a half-written table where readers look.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.config.errors import BuildError
from ingestion.config.settings import PROJECT_ROOT
from reports.processes import Guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ingestion.config.settings import Settings

PROJECT_DIR = PROJECT_ROOT / "dbt_project"
# What each node of the last good build came to, in dbt's own form.
_RESULTS = Path("target") / "run_results.json"
_CHILD = PROJECT_ROOT / "flows" / "stages" / "dbt_child.py"
_LINES_OF_A_CRASH = 3
# dbt's own files take more.
_FEWEST_BYTES = 1_000_000
# Unit tests judge the SQL, not the data: they run where the SQL changes, in `make test`.
BUILD = ("build", "--exclude-resource-type", "unit_test", "--no-write-json")
# The words of DuckDB, Python, C++ and the system.
_NO_MEMORY = re.compile(
    r"Out of Memory Error|MemoryError|bad_alloc|Cannot allocate memory|failed to allocate",
    re.IGNORECASE,
)
# What opens other doors than the tables': SQL has no use for it.
_SECRETS = {"WISTIA_API_TOKEN", "PII_HASH_KEY", "OPERATIONS_PASSWORD"}
_NAMED = 5
_READ_AGAIN = (
    "`wistia-elt build --full-refresh` reads all of bronze again; what stays was let in by an "
    "older version and cannot be read: `wistia-elt doctor --lake --rebuild` quarantines it; "
    "where bronze itself holds too few rows, `wistia-elt doctor --lake` names the object"
)


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did: the tables by name, and on Athena the bytes that each node read."""

    tables: tuple[str, ...]
    tests: int
    warnings: tuple[str, ...]
    scans: tuple[int, ...] = ()

    @property
    def scanned_bytes(self) -> int | None:
        """What Athena read in all; None on DuckDB."""
        return sum(self.scans) if self.scans else None


def run_dbt(  # noqa: PLR0913 - what a command of dbt's is given
    settings: Settings,
    *arguments: str,
    target: str,
    as_of_date: str,
    work_dir: Path,
    environment: Mapping[str, str],
    ask: Callable[[str], list[tuple[object, ...]]] = lambda _sql: [],
) -> BuildResult:
    """Run one dbt command against the target `local` or `athena`; read what became of every node.

    `environment` is what the target's profile reads beside the lake and its layers; `ask` runs a
    query there, for the names of what is lost.

    Raises:
        BuildError: dbt failed, with the first failing node and its message.
        LostRowsError: Rows of bronze did not arrive, with their names.
    """
    results, kept = work_dir / "target" / "results.json", work_dir / _RESULTS
    results.unlink(missing_ok=True)
    forget_other_checkout(work_dir / "target")
    command = [
        # Modules of the folder it works in, or that PYTHONPATH names, take no package's place.
        *(sys.executable, "-E", "-P", str(_CHILD), str(results), "--log-level", "none"),
        # Athena's log has every statement, to ask AWS about; DuckDB's are in the target folder.
        *("--log-level-file", "info" if target == "local" else "debug"),
        *arguments,
        *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target", target, "--target-path", str(work_dir / "target")),
        *("--log-path", str(work_dir / "logs")),
    ]
    folder, told = PROJECT_ROOT, _environment(settings, as_of_date, environment)
    if "WAREHOUSE_PATH" in environment:
        # dbt parses every model again where its profile differs from the last time: by its name
        # alone the file is the same wherever the lake has moved or been copied to.
        path = Path(environment["WAREHOUSE_PATH"])
        folder, told["WAREHOUSE_PATH"] = path.parent, path.name
    with Guarded(command, folder, told) as dbt:
        with dbt.lines() as lines:
            output = lines.read()
        code = dbt.wait()
    nodes = _read_results(results)
    if code != 0:
        lost = [one for one in nodes if _has_lost_rows(one)]
        raise _lost_rows(lost[0], ask) if lost else _failure(code, nodes, output, work_dir)
    # Of a few tables: what the last build said of the others still holds.
    others = _read_results(kept) if "--select" in arguments else []
    known = {str(node["unique_id"]): node for node in (*others, *nodes)}
    if nodes:
        kept.write_text(json.dumps({"results": list(known.values())}), encoding="utf-8")
    return _summary(nodes)


def list_models() -> list[str]:
    """Every table that dbt makes of a model: `gold.leads`."""
    models = (PROJECT_DIR / "models").glob("*/*.sql")
    return sorted(f"{path.parent.name}.{path.stem}" for path in models)


def has_results(work_dir: Path) -> bool:
    """Whether it is known there what the last good build's checks said of each table."""
    return (work_dir / _RESULTS).exists()


def forget_other_checkout(target: Path) -> None:
    """Let dbt parse again what it has parsed in another folder, a release's for example.

    What it keeps of a parse names the folder that a seed is read from.
    """
    mark = target / "checkout"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != str(PROJECT_DIR):
        # A disk that takes nothing is named by the build; without its mark all is parsed again.
        with suppress(OSError):
            (target / "partial_parse.msgpack").unlink(missing_ok=True)
            target.mkdir(parents=True, exist_ok=True)
            mark.write_text(str(PROJECT_DIR), encoding="utf-8")


def _environment(settings: Settings, as_of_date: str, target: Mapping[str, str]) -> dict[str, str]:
    lake = settings.lake_uri if settings.on_s3 else str(settings.lake_path)
    return {
        # dbt's own variables are meant for another project: DBT_EMPTY would build empty tables,
        # DBT_RESOURCE_TYPES leave their tests out. What ours needs is said in the command.
        **{
            name: value
            for name, value in os.environ.items()
            if name not in _SECRETS and not name.startswith("DBT_")
        },
        "LAKE_URI": lake,
        "SILVER_URI": settings.silver_uri or f"{lake}/silver",
        "GOLD_URI": settings.gold_uri or f"{lake}/gold",
        "WISTIA_TIME_ZONE": settings.wistia_time_zone,
        "AS_OF_DATE": as_of_date,
        "DO_NOT_TRACK": "1",
        **target,
    }


def _read_results(path: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(path.read_text())["results"])
    except (OSError, ValueError, KeyError):
        return []


def _summary(nodes: list[dict[str, Any]]) -> BuildResult:
    answers = (node.get("adapter_response") or {} for node in nodes)
    scans = (answer.get("data_scanned_in_bytes") for answer in answers)
    return BuildResult(
        tables=tuple(_name(node) for node in nodes if _kind(node) == "model"),
        tests=sum(_kind(node) in {"test", "unit_test"} for node in nodes),
        warnings=tuple(_name(node) for node in nodes if node.get("status") == "warn"),
        # Of each node's last statement; DuckDB reports none.
        scans=tuple(int(scanned) for scanned in scans if scanned is not None),
    )


class LostRowsError(BuildError):
    """Silver lacks what bronze holds, or bronze lacks what the manifests list."""


def _has_lost_rows(node: dict[str, Any]) -> bool:
    is_such_test = _name(node).startswith("holds_all_of_bronze")
    return is_such_test and node.get("status") == "fail" and bool(node.get("compiled_code"))


def _lost_rows(
    node: dict[str, Any], ask: Callable[[str], list[tuple[object, ...]]]
) -> LostRowsError:
    """The error of a test whose SQL names what is lost, in rows of `problem` and `found`."""
    found: dict[str, list[str]] = {}
    for problem, name in ask(str(node["compiled_code"])):
        found.setdefault(str(problem), []).append(str(name))
    said = [
        f"{problem}: {', '.join(sorted(names)[:_NAMED])}"
        + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        for problem, names in found.items()
    ]
    if not said:
        return LostRowsError(f"dbt: {_name(node)} found rows that are lost", _READ_AGAIN)
    return LostRowsError("; ".join(said), _READ_AGAIN)


def _failure(code: int, nodes: list[dict[str, Any]], output: str, work_dir: Path) -> BuildError:
    bad = [node for node in nodes if node.get("status") in {"error", "fail", "runtime error"}]
    number = None if bad else _signal_of(code)
    if bad:
        message = " ".join(str(bad[0].get("message") or "").split())
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        said = f"dbt: {_name(bad[0])} failed: {message}{more}"
    elif number is not None:
        said = f"dbt was ended by {number.name}"
    elif error := _no_semaphores():
        return BuildError(
            f"dbt did not run: this user may make no semaphores ({error.strerror})",
            "mount /dev/shm, and let everybody write there: `chmod 1777 /dev/shm`",
        )
    else:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        said = "dbt did not run: " + " ".join(lines[-_LINES_OF_A_CRASH:])
    if number is signal.SIGKILL or _NO_MEMORY.search(f"{said}\n{output}"):
        return BuildError(
            f"{said}: no memory was left, as it seems",
            "free some memory, or give this machine or container more, and run `wistia-elt build`; "
            "the last good tables stay as they are",
        )
    if "can't start new thread" in f"{said}\n{output}":
        return BuildError(
            f"{said}: this user or container may have no more of them, or no more memory",
            "raise what limits it (`ulimit -u`, `ulimit -v`, the container's pids and memory) and "
            "run `wistia-elt build`; the last good tables stay as they are",
        )
    if _is_full(f"{said}\n{output}", work_dir):
        return BuildError(
            f"no space left to build in {work_dir.parent}",
            "free some space and run `wistia-elt build`; the last good tables stay as they are",
        )
    return BuildError(
        said,
        f"read {work_dir / 'logs' / 'dbt.log'}; the last good tables stay as they are, and "
        "`wistia-elt build` tries again",
    )


def _signal_of(code: int) -> signal.Signals | None:
    """What ended dbt from outside: its guard says 128 and the signal, as shells do."""
    try:
        return signal.Signals(-code if code < 0 else code - 128)
    except ValueError:
        return None


def _no_semaphores() -> OSError | None:
    """Why the locks that dbt's processes share cannot be made, as where /dev/shm is closed."""
    try:
        get_context("spawn").Lock()
    except OSError as error:
        return error
    return None


def _is_full(said: str, work_dir: Path) -> bool:
    # dbt that cannot write its log may end without a word of it.
    if re.search(r"No space left|disk is full|Disk quota exceeded|Errno 28\b", said, re.IGNORECASE):
        return True
    return shutil.disk_usage(work_dir.parent).free < _FEWEST_BYTES


def _name(node: dict[str, Any]) -> str:
    return str(node["unique_id"]).split(".")[2]


def _kind(node: dict[str, Any]) -> str:
    return str(node["unique_id"]).partition(".")[0]
