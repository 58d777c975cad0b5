"""Every cause of a failed run really made: who was told, by webhook and by mail, and how often.

Each cause meets two runs; people hear of it once. A run that another keeps out is no alarm.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.soak.verdict import Verdict
from tests.support.aws.refusing_bucket import refusing_bucket
from tests.support.commands.command_line import COMMAND, CommandLine, against
from tests.support.machine.listening import listening, receiving_mail
from tests.support.machine.old_node import place_old_node
from tests.support.machine.servers import Sandbox, running_sandbox
from tests.support.machine.small_disk import fill, make_read_only, small_disk

TODAY = "2026-01-10"
_BUCKET = {
    "LAKE_URI": "s3://denied/lake",
    "AWS_ACCESS_KEY_ID": "planted",
    "AWS_SECRET_ACCESS_KEY": "planted",  # pragma: allowlist secret
    "AWS_DEFAULT_REGION": "eu-west-1",
}


@dataclass
class Place:
    """A folder with a disk of its own, the account, and the settings a cause adds."""

    cli: CommandLine
    wistia: Sandbox
    disk: Path
    stack: ExitStack
    under: tuple[str, ...] = ()

    def refuse_bucket(self, code: str) -> None:
        """Put the lake in a bucket that answers every request 403."""
        url = self.stack.enter_context(refusing_bucket(code))
        self.cli.settings |= {**_BUCKET, "AWS_ENDPOINT_URL": url}

    def fill_disk(self) -> None:
        """Let a run leave its lake, then let the disk fill up."""
        self.cli.succeed("ingest")
        fill(self.disk)

    def mount_read_only(self) -> None:
        """The same, mounted again read-only."""
        self.cli.succeed("ingest")
        make_read_only(self.disk)

    def withdraw_token(self) -> None:
        """Let Wistia know the token no more."""
        self.cli.settings["WISTIA_API_TOKEN"] = "withdrawn"  # noqa: S105 - and so no secret

    def turn_clock(self, by: str) -> None:
        """Let the machine's clock be wrong by so much."""
        self.under = ("faketime", "-f", by)


@dataclass(frozen=True)
class Cause:
    """What goes wrong, and a word of what people must read; None where nobody is told."""

    name: str
    make: Callable[[Place], object]
    word: str | None


CAUSES = (
    Cause("the disk is full", Place.fill_disk, "no space left"),
    Cause("the lake is mounted read-only", Place.mount_read_only, "read-only"),
    Cause("the role may not open the bucket", lambda p: p.refuse_bucket("AccessDenied"), "denied"),
    Cause("the credentials are expired", lambda p: p.refuse_bucket("ExpiredToken"), "denied"),
    Cause("the token is withdrawn", Place.withdraw_token, "WISTIA_API_TOKEN"),
    Cause("there is no token", lambda p: p.cli.settings.pop("WISTIA_API_TOKEN"), "TOKEN"),
    Cause("a setting is misspelt", lambda p: p.cli.settings.update(LAKE_URL="x"), "LAKE_URL"),
    Cause("the clock is three days ahead", lambda p: p.turn_clock("+3d"), "clock"),
    Cause("the clock is two days behind", lambda p: p.turn_clock("-2d"), "clock"),
    Cause("Wistia answers nothing", lambda p: p.wistia.process.terminate(), "nobody listens"),
    Cause("nothing", lambda _p: None, None),
)


def alarms(_visitors: int) -> Verdict:
    """Make each cause, run twice, and look into both inboxes."""
    verdict = Verdict("alarms")
    if shutil.which("faketime") is None:
        verdict.expect("faketime is needed: `apt-get install faketime`", holds=False)
        return verdict
    for cause in CAUSES:
        with _place() as (place, posted, mailed):
            cause.make(place)
            for _ in range(2):
                code, said = _run(place)
            subjects = [one["title"] for one in posted]
            texts = [one["message"] for one in posted]
            letters = [line for line in mailed if line.startswith("Subject: ")]
            wanted = [] if cause.word is None else ["wistia-elt: failure"]
            told = texts[0].replace("\n", " ") if texts else said[-300:]
            verdict.expect(
                f"{cause.name}: exit {code}, webhook {len(subjects)}, mail {len(letters)}: {told}",
                holds=subjects == wanted
                and len(letters) == len(wanted)
                and (cause.word is None or (bool(texts) and cause.word in texts[0]))
                and (code == 0) == (cause.word is None),
            )
    return verdict


def _run(place: Place) -> tuple[int, str]:
    done = subprocess.run(
        [*place.under, str(COMMAND), "run"],
        cwd=place.cli.folder,
        env=place.cli.environment(),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def _place() -> Iterator[tuple[Place, list[dict[str, str]], list[str]]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(visitors=5, today=TODAY) as wistia,
        listening() as (url, posted),
        receiving_mail() as (address, mailed),
        small_disk(Path(folder) / "disk", 40) as disk,
        ExitStack() as stack,
    ):
        cli = against(wistia, Path(folder))
        mail = f"mailto://{address}?from=runs@example.com&to=people@example.com&mode=insecure"
        cli.settings |= {
            "ALERT_URLS": f"{url.replace('http:', 'json:')} {mail}",
            "LAKE_URI": str(disk / "lake"),
            "PATH": f"{place_old_node(Path(folder) / 'bin')}:{os.environ['PATH']}",
        }
        yield Place(cli, wistia, disk, stack), posted, mailed
