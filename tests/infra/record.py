"""Every stage once on what was applied, so that each of its calls has been made."""

import json
from dataclasses import dataclass
from typing import Any

from tests.infra.stages import Site

# Older than what maintenance takes for a build still at work, and than results that are kept.
_DAYS = "8"


@dataclass(frozen=True)
class Told:
    """What was seen on the way: visitors that there are, what a query said, who was forgotten."""

    site: Site
    people: int
    answered: dict[str, int]
    forgotten: str


def record_stages(site: Site) -> Told:
    """Let each stage, people, the custodian and the worker do all they ever do."""
    # This run registers partitions itself, the next lets the crawler do it.
    site.run("builder", "build", GLUE_CRAWLER="")
    site.wistia.advance(new=4, returning=20, hours=24)
    site.wistia.faults({"path": "/stats/visitors", "kind": "missing_key"})
    site.run("ingester", "ingest", expected=(3,))
    site.run("builder", "build", "--table", "silver.fact_visitors")
    site.run_module("publisher", "publishing")
    answered = _ask(site)
    site.run_module("analyst", "asking")
    visitors = site.wistia.truth()
    forgotten = str(visitors[0]["visitor_key"])
    site.run("custodian", "forget", forgotten, "--yes")
    site.run("custodian", "doctor", "--lake", "--rebuild")
    _maintain(site)
    _examine(site)
    _redact(site)
    return Told(site, len(visitors), answered, forgotten)


def _examine(site: Site) -> None:
    said = site.run("worker", "doctor", "--json", expected=(0, 1))
    # Node is there for the tests of the pages alone.
    wrong = [one for one in _printed(said) if not one["ok"] and one["check"] != "node"]
    assert wrong == [], wrong


def _redact(site: Site) -> None:
    """The lake comes under a stricter policy: of its addresses none is left in a table."""
    assert _count_addresses(site) > 0
    said = site.run("custodian", "redact", "--yes", PII_POLICY="drop")
    assert "the tables were built again" in said
    assert _count_addresses(site) == 0


def _count_addresses(site: Site) -> int:
    asked = "select count(email) as addresses from leads"
    [row] = _printed(site.run("analyst", "query", "--json", asked))
    return int(row["addresses"])


def _ask(site: Site) -> dict[str, int]:
    asked = "select count(*) as people from fact_audience_insights"
    said = site.run("analyst", "query", "--json", asked)
    [row] = _printed(said)
    return dict(row)


def _printed(said: str) -> list[dict[str, Any]]:
    """What a command printed as JSON, before what it logged."""
    found: list[dict[str, Any]] = json.JSONDecoder().raw_decode(said)[0]
    return found


def _maintain(site: Site) -> None:
    """What killed builds leave behind, and the week's maintenance."""
    outputs = site.root.outputs()
    s3, gold = site.root.client("s3"), outputs["buckets"]["gold"]
    left = "fact_audience_insights/killed/part-0.parquet"
    s3.put_object(Bucket=gold, Key=left, Body=b"half")
    site.root.client("glue").create_table(
        DatabaseName=outputs["databases"]["gold"],
        TableInput={
            "Name": "fact_audience_insights__dbt_tmp_9",
            "StorageDescriptor": {"Location": f"s3://{gold}/fact_audience_insights__dbt_tmp_9"},
        },
    )
    s3.put_object(Bucket=gold, Key="fact_audience_insights__dbt_tmp_9/part-0.parquet", Body=b"half")
    site.run_module("builder", "maintaining", _DAYS)
    assert "Contents" not in s3.list_objects_v2(Bucket=gold, Prefix=left)
