"""The loop that this project succeeds: every page, one after the other, every day.

`python -m tests.bench.predecessor HOME`, with the account in the environment. The simplest
honest form: one session, pages of the size the API allows, the usual retries, parts of 10,000.
"""

import gzip
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

PER_PAGE = 100
ROWS_PER_PART = 10_000


def open_session() -> requests.Session:
    session = requests.Session()
    retry = Retry(total=8, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
    session.mount("http://", HTTPAdapter(max_retries=retry))
    session.headers["Authorization"] = f"Bearer {os.environ['WISTIA_API_TOKEN']}"
    return session


def fetch_page(session: requests.Session, page: int) -> list[Any]:
    """Ask for a page; a body that breaks off is asked for again."""
    url = os.environ["WISTIA_BASE_URL"] + "/stats/visitors"
    for _ in range(5):
        try:
            answer = session.get(url, params={"page": page, "per_page": PER_PAGE}, timeout=60)
            answer.raise_for_status()
            rows: list[Any] = answer.json()
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
            time.sleep(0.5)
        else:
            return rows
    raise SystemExit(f"page {page} cannot be read")


def fetch_visitors() -> Iterator[Any]:
    session = open_session()
    page = 1
    while rows := fetch_page(session, page):
        yield from rows
        page += 1


def write_part(home: Path, part: int, rows: list[Any]) -> None:
    path = home / "lake" / f"visitors_{time.time_ns()}_part-{part:05d}.json.gz"
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def main() -> None:
    home = Path(sys.argv[1])
    rows: list[Any] = []
    part = 1
    for row in fetch_visitors():
        rows.append(row)
        if len(rows) == ROWS_PER_PART:
            write_part(home, part, rows)
            rows, part = [], part + 1
    if rows:
        write_part(home, part, rows)


if __name__ == "__main__":
    main()
