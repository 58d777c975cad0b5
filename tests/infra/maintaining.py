"""The week's maintenance, days from now: `python -m tests.infra.maintaining DAYS`.

What it removes must be a day old, and query results a week; no emulator's clock can be moved.
"""

import sys
from datetime import UTC, datetime, timedelta

from flows.athena.maintenance import maintain_bucket
from ingestion.config.settings import Settings
from ingestion.storage.base import open_lake


def main() -> None:
    days = float(sys.argv[1])
    settings = Settings.load()
    with open_lake(settings).lock("build"):
        done = maintain_bucket(settings, lambda: datetime.now(UTC) + timedelta(days=days))
    sys.stdout.write(f"{done}\n")


if __name__ == "__main__":
    main()
