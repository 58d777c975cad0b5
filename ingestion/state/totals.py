"""What a run adds up to: its ingestion, and the stages after it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

State = Literal["running", "completed", "failed", "crashed"]


class IngestTotals(BaseModel):
    """What `silver.fact_runs` reads: final before a build starts."""

    state: State = "running"
    started_at: str
    finished_at: str | None = None
    requests: int = 0
    records: int = 0
    unchanged: int = 0
    quarantined: int = 0
    visitors: int = 0
    newest_visitor_at: str | None = None
    error: str | None = None

    def figures(self) -> dict[str, int]:
        """What was read, counted."""
        return {
            "requests": self.requests,
            "fetched": self.records + self.unchanged + self.quarantined,
            "loaded": self.records,
            "quarantined": self.quarantined,
        }


class RunTotals(BaseModel):
    """What the stages after the ingestion did; None where they did not come to it.

    Attributes:
        new_visitors: Rows more in `silver.fact_visitors` than before.
        returning_visitors: Visitor records that were loaded and were no new row.
        tables: Tables and pages built.
        built_rows: Rows in all of them.
        tests: Tests of dbt that passed.
        warnings: Tests that only warn, and did.
        scanned_bytes: What Athena read; None on DuckDB.
        cost_usd: What it bills for that, at the list price.
        crawl_seconds: How long the catalog took.
        build_seconds: How long the build took.
        publish_seconds: How long the pages took.
        seconds: The whole run.
    """

    new_visitors: int | None = None
    returning_visitors: int | None = None
    tables: int | None = None
    built_rows: int | None = None
    tests: int | None = None
    warnings: int | None = None
    scanned_bytes: int | None = None
    cost_usd: float | None = None
    crawl_seconds: float | None = None
    build_seconds: float | None = None
    publish_seconds: float | None = None
    seconds: float | None = None
