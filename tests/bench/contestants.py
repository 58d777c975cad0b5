"""Who is measured: the predecessor's loop, dlt, ours; each fills a home of its own."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Took, clean_environment, measure
from tests.soak.lakes import Record
from tests.support.machine.servers import ROOT, Sandbox

DLT_VERSION = "1.31.0"
_HERE = Path(__file__).parent
_DLT_HOME = ROOT / ".bench" / f"dlt-{DLT_VERSION}"


@dataclass(frozen=True)
class Contestant:
    """A way to copy the visitors.

    Attributes:
        command: `{home}` in it stands for the folder to fill.
        parts: Where its gzip JSON Lines lie in that folder.
    """

    name: str
    command: tuple[str, ...]
    parts: str

    def run(self, sandbox: Sandbox, home: Path) -> Took:
        """Copy what the account holds into `home`, once more."""
        more = {"LAKE_URI": "lake", "RUNTIME__DLTHUB_TELEMETRY": "false"}
        command = [word.replace("{home}", str(home)) for word in self.command]
        return measure(sandbox, command, home, clean_environment(sandbox, **more))

    def rows(self, home: Path) -> Iterator[Record]:
        """Yield every row it has stored, in any of its runs."""
        for file in sorted(home.glob(self.parts)):
            with gzip.open(file, "rb") as lines:
                yield from map(json.loads, lines)


_INGEST = (str(Path(sys.executable).with_name("wistia-elt")), "ingest")
_VISITORS = "lake/raw-data/visitors/*/*.json.gz"
# The others copy the visitors alone, so beside them ours does too.
OURS = Contestant("ours", (*_INGEST, "--resource", "visitors"), _VISITORS)
WHOLE = Contestant("every resource", _INGEST, _VISITORS)
PREDECESSOR = Contestant(
    "predecessor's loop",
    (sys.executable, "-m", "tests.bench.predecessor", "{home}"),
    "lake/*.json.gz",
)
_DLT = Contestant(
    f"dlt {DLT_VERSION}",
    (str(_DLT_HOME / "bin/python"), str(_HERE / "dlt_pipeline.py"), "{home}"),
    "lake/raw/visitors/*.jsonl.gz",
)


def install_dlt() -> Contestant | str:
    """Give dlt an environment of its own, once.

    Returns:
        The contestant, or why there is none.
    """
    python = _DLT_HOME / "bin/python"
    ready = [str(python), "-c", "import dlt.sources.rest_api"]
    if python.exists() and subprocess.run(ready, check=False).returncode == 0:
        return _DLT
    _DLT_HOME.mkdir(parents=True, exist_ok=True)
    # Nothing in that folder is anyone's to commit.
    (_DLT_HOME.parent / ".gitignore").write_text("*\n")
    quiet = ("--quiet", "--disable-pip-version-check")
    steps = (
        [sys.executable, "-m", "venv", str(_DLT_HOME)],
        [str(python), "-m", "pip", "install", *quiet, f"dlt[filesystem]=={DLT_VERSION}"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr or done.stdout).strip().splitlines()[-1]
    return _DLT
