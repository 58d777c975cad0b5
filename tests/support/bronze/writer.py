"""Writes bronze files as ingestion lays them out, for tests that start at dbt.

Rows are given as the API gives them; the writer adds what ingestion adds. Nothing here
imports the ingestion: these files are the contract both sides are tested against.
"""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Record: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class BronzeWriter:
    """A lake's bronze folder.

    Attributes:
        lake: The folder LAKE_URI names.
    """

    lake: Path

    def write(
        self, resource: str, records: Iterable[Record], *, ingested_at: str, name: str = "part"
    ) -> Path:
        """Write one file of `records`, all loaded at `ingested_at`.

        Args:
            resource: A folder below `raw-data`, such as `visitors`.
            records: API records; one may say its own `ingested_at`.
            ingested_at: UTC ISO-8601 text; its date names the partition.
            name: What tells two files of one partition apart.

        Returns:
            The file, gzip JSON Lines.
        """
        folder = self.lake / "raw-data" / resource / f"ingest_date={ingested_at[:10]}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{resource}_{name}_{ingested_at[:19].replace(':', '')}.json.gz"
        landed = {"ingested_at": ingested_at, "run_id": run_id_at(ingested_at)}
        lines = [json.dumps({**landed, **record}, ensure_ascii=False) for record in records]
        with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
            file.writelines(f"{line}\n" for line in lines)
        return path

    def write_visitors(self, records: Sequence[Record], at: str, name: str = "part") -> Path:
        """Write visitor records loaded at `at`, UTC ISO-8601."""
        return self.write("visitors", records, ingested_at=at, name=name)

    def write_medias(self, records: Sequence[Record], at: str) -> Path:
        """Write items of the list of media loaded at `at`, UTC ISO-8601."""
        return self.write("medias", records, ingested_at=at)

    def write_media(self, media_id: str, body: Record, at: str) -> Path:
        """Write one statistics snapshot requested and loaded at `at`, UTC ISO-8601."""
        record = {"media_id": media_id, "snapshot_ts": at, **body}
        return self.write("media", [record], ingested_at=at, name=media_id)

    def write_account(self, body: Record, at: str) -> Path:
        """Write the account's totals requested and loaded at `at`, UTC ISO-8601."""
        record = {"media_id": "account", "snapshot_ts": at, **body}
        return self.write("account", [record], ingested_at=at, name="account")

    def write_engagement(self, media_id: str, body: Record, at: str) -> Path:
        """Write one engagement curve requested and loaded at `at`, UTC ISO-8601."""
        record = {"media_id": media_id, "snapshot_ts": at, **body}
        return self.write("media_engagement", [record], ingested_at=at, name=media_id)

    def write_events(self, records: Sequence[Record], at: str, name: str = "part") -> Path:
        """Write event records loaded at `at`, UTC ISO-8601."""
        return self.write("events", records, ingested_at=at, name=name)

    def write_days(self, media_id: str, rows: Sequence[Record], at: str) -> Path:
        """Write a video's days as reported and loaded at `at`, UTC ISO-8601."""
        stamp = {"media_id": media_id, "snapshot_ts": at}
        records = [{**row, **stamp} for row in rows]
        return self.write("media_by_date", records, ingested_at=at, name=media_id)

    def write_run(self, at: str, ingest: Record | None, **fields: object) -> Path:
        """Write a run's manifest, begun at `at`; `ingest` None: the run had no such stage."""
        run: dict[str, object] = {
            "run_id": run_id_at(at),
            "kind": "run",
            "state": "running",
            "started_at": at,
        }
        run |= {"finished_at": None, "code_version": "0.1.0", "exit_code": None, "ingest": ingest}
        folder = self.lake / "state" / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{run['run_id']}.json"
        path.write_text(json.dumps({**run, **fields}) + "\n", encoding="utf-8")
        return path


def run_id_at(at: str) -> str:
    """A run's id for a UTC ISO-8601 text: `20260109T000148Z-000000`."""
    return f"{at[:19].replace('-', '').replace(':', '')}Z-000000"


def visitor(key: str, last_active_at: str | None, **fields: object) -> dict[str, Any]:
    """One visitor as the API answers, blanks as it writes them; `fields` replace."""
    return {
        "visitor_key": key,
        "created_at": "2026-01-01T08:00:00.000Z",
        "last_active_at": last_active_at,
        "last_event_key": "event-1",
        "load_count": 1,
        "play_count": 1,
        "identifying_event_key": None,
        "visitor_identity": {"name": "", "email": None, "org": {"name": None, "title": None}},
        "user_agent_details": {
            "browser": "Chrome",
            "browser_version": "143.0",
            "platform": "Windows",
            "mobile": False,
        },
        **fields,
    }


def event(key: str, received_at: str, **fields: object) -> dict[str, Any]:
    """One event as the API answers, blanks as it writes them; `fields` replace."""
    return {
        "received_at": received_at,
        "event_key": key,
        "visitor_key": "stays",
        "media_id": "gskhw4w4lm",
        "media_name": "A video",
        "percent_viewed": 0.5,
        "embed_url": "https://www.example.com/tour?ref=mail#top",
        "ip": "192.0.2.7",
        "org": "",
        "country": "DE",
        "region": "BE",
        "city": "",
        "lat": 52.5244,
        "lon": 13.4105,
        "email": None,
        "conversion_type": "",
        "conversion_data": "",
        "user_agent_details": {"browser": "Chrome", "platform": "Windows", "mobile": False},
        **fields,
    }
