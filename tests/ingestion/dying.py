"""An ingest that SIGKILL ends: `python -m tests.ingestion.dying LEASE ROWS [METHOD KEY]…`.

It dies when the last of these requests to S3 is about to be sent, each having been sent after
the one before it. LEASE is seconds, ROWS how many rows make a part due.
"""

import os
import signal
import sys

from ingestion.config.settings import Settings
from ingestion.config.timestamps import utc_now
from ingestion.extract.context import Scope
from ingestion.ingest import ingest
from ingestion.state.run import start_run
from ingestion.storage.s3 import BucketLake
from tests.soak.dying import shrink_parts


class Death:
    """An audit hook that counts the requests down."""

    def __init__(self, steps: list[tuple[str, str]]) -> None:
        self._steps = steps

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "http.client.send" or not self._steps:
            return
        line = bytes(arguments[1]).split(b"\r\n", 1)[0].decode(errors="replace")  # type: ignore[call-overload]
        method, key = self._steps[0]
        if line.startswith(f"{method} ") and key in line:
            del self._steps[0]
            if not self._steps:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    lease, rows, *steps = sys.argv[1:]
    shrink_parts(int(rows))
    settings = Settings.load()
    # Whoever held the lake before it is dead: there is nothing to wait for.
    lake = BucketLake(settings.lake_uri, lease_seconds=float(lease), sleep=lambda _: None)
    run = start_run(lake, "ingest", "test", utc_now)
    sys.addaudithook(Death(list(zip(steps[::2], steps[1::2], strict=True))))
    ingest(settings, lake, run, Scope(resource="visitors"))


if __name__ == "__main__":
    main()
