"""What a build on Athena makes again; dbt's part of it is in `tests.support.lakes.both_engines`."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from flows.athena.build import Reading, _Plans
from flows.stages.dbt import list_models
from ingestion.admin.rebuild import rebuild
from ingestion.config.settings import Settings
from ingestion.state.inventory import read_inventory
from ingestion.storage.local import LocalLake
from tests.support.bronze.history import land_first_day, land_fourth_day
from tests.support.bronze.writer import BronzeWriter

SETTINGS = Settings(lake_uri="s3://bucket/prefix", glue_database_prefix="x_")
Plans = Callable[[str], _Plans]


@pytest.fixture
def bronze(tmp_path: Path) -> BronzeWriter:
    bronze = BronzeWriter(tmp_path / "lake")
    land_first_day(bronze)
    return bronze


@pytest.fixture
def plans(bronze: BronzeWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plans]:
    """A build's plans for a day, of an account in which every table is there."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.chdir(tmp_path)
    results = SETTINGS.work_path / ".dbt" / "target" / "run_results.json"
    results.parent.mkdir(parents=True)
    results.write_text('{"results": []}')

    def plan(day: str) -> _Plans:
        lake = LocalLake(bronze.lake)
        rebuild(Settings(lake_uri=str(bronze.lake)), lake)
        return _Plans(SETTINGS, Reading(lake, read_inventory(lake), []), day)

    with mock_aws():
        glue = boto3.client("glue")
        for layer in ("silver", "gold", "pages"):
            glue.create_database(DatabaseInput={"Name": f"x_{layer}"})
        for model in list_models():
            layer, _, name = model.partition(".")
            glue.create_table(DatabaseName=f"x_{layer}", TableInput={"Name": name})
        plan("2026-01-10").keep()
        yield plan


def test_what_has_no_news_is_left_as_it_is(plans: Plans, bronze: BronzeWriter) -> None:
    plan = plans("2026-01-10")
    assert plan.begin() == ("--select", "source:bronze.runs+")
    plan.keep()
    assert plans("2026-01-11").begin()[-1] == "tag:as_of_date+"
    plans("2026-01-10").keep()
    land_fourth_day(bronze)
    resources = ("runs", "events", "media_engagement", "visitors")
    chosen = tuple(f"source:bronze.{name}+" for name in resources)
    assert plans("2026-01-10").begin() == ("--select", *chosen)


def test_after_a_build_that_failed_all_is_made_of_what_is_new(plans: Plans) -> None:
    plans("2026-01-10").begin()
    after = plans("2026-01-10")
    assert after.begin() == ()
    plan = json.loads(after.write(after.before))
    assert {tuple(one["days"]) for one in plan.values() if "days" in one} == {()}


def test_where_a_table_is_missing_all_is_made(plans: Plans) -> None:
    boto3.client("glue").delete_table(DatabaseName="x_gold", Name="leads")
    assert plans("2026-01-10").begin() == ()
