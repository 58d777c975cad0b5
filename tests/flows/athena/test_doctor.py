"""`doctor` on a lake in a bucket: each place a run will use is tried, by its setting's name."""

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from flows.cli.look.doctor import Check, examine
from ingestion.config.settings import Settings

RESULTS = "s3://results/athena"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))


@pytest.fixture
def whole(settings: Settings) -> Iterator[Settings]:
    """An account in which everything that is named is there."""
    boto3.client("s3").create_bucket(Bucket="results")
    glue = boto3.client("glue")
    glue.create_crawler(
        Name="bronze", Role="crawler", Targets={"S3Targets": [{"Path": "s3://lake/here"}]}
    )
    topic = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
    yield settings.model_copy(
        update={
            "athena_results_uri": RESULTS,
            "glue_crawler": "bronze",
            "alert_sns_topic": topic,
            "site_uri": "s3://results/pages",
        }
    )
    glue.delete_crawler(Name="bronze")


def examined(settings: Settings, **changes: str) -> dict[str, Check]:
    changed = settings.model_copy(update=changes)
    return {check.check: check for check in examine(changed, lambda _: None)}


def test_what_is_there_answers(whole: Settings) -> None:
    checks = examined(whole, silver_uri="s3://results/silver")

    failed = [check for name, check in checks.items() if not check.ok and name != "node"]
    assert [check.check for check in failed] == ["token"]
    assert checks["bucket"].detail == "lake, results: answers"
    assert RESULTS in checks["workgroup"].detail


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [
        ("lake_uri", "s3://nobodys/here", "lake"),
        ("lake_uri", "s3://nobodys/here", "bucket"),
        ("silver_uri", "s3://nobodys/silver", "bucket"),
        ("gold_uri", "s3://nobodys/gold", "bucket"),
        ("site_uri", "s3://nobodys/pages", "copy"),
        ("athena_results_uri", "s3://nobodys/athena", "workgroup"),
        ("glue_crawler", "nobodys", "crawler"),
        ("alert_sns_topic", "arn:aws:sns:us-east-1:123456789012:nobodys", "alerts"),
    ],
)
def test_what_is_missing_is_named_by_its_setting(
    whole: Settings, setting: str, value: str, check: str
) -> None:
    found = examined(whole, **{setting: value})[check]

    assert not found.ok
    assert setting.upper() in found.remedy
    # Nothing that is not there comes with time.
    assert "later" not in found.remedy


def test_a_folder_for_the_pages_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    there = tmp_path / "www" / "site"
    local = Settings(lake_uri=str(tmp_path / "lake"))

    assert examined(local, site_uri=str(there))["copy"].ok
    assert not there.exists()
    there.parent.write_text("a file")
    assert "SITE_URI" in examined(local, site_uri=str(there))["copy"].remedy
    there.parent.unlink()
    there.parent.mkdir(mode=0o500)
    if os.getuid() != 0:
        assert not examined(local, site_uri=str(there))["copy"].ok
