"""What stands after `terraform apply`, as AWS's own calls tell it."""

import json

import pytest
import yaml

from flows.athena.catalog import read_declarations
from ingestion.config.settings import setting_names
from tests.infra.stages import Site
from tests.infra.terraform import Root
from tests.support.aws.athena_stack import missing_tool
from tests.support.machine.servers import ROOT

ZONES = {"bronze", "silver", "gold", "results", "code", "site"}


def test_a_second_plan_changes_nothing(site: Site, request: pytest.FixtureRequest) -> None:
    if missing_tool() is None:
        # What the pipeline does there is no drift.
        request.getfixturevalue("told")
    said, plan = site.root.plan()
    changed = [
        c["address"]
        for c in plan.get("resource_changes", [])
        if c["change"]["actions"] != ["no-op"]
    ]
    assert changed == []
    assert "No changes" in said


def test_buckets_are_private_versioned_and_encrypted(production: Root) -> None:
    s3, outputs = production.client("s3"), production.outputs()
    assert set(outputs["buckets"]) == ZONES
    for bucket in outputs["buckets"].values():
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert block == dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        )
        rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"][
            "Rules"
        ][0]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        denied = [s["Condition"] for s in policy["Statement"] if s["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied
        tags = {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
        assert tags == {"project": "wistia-elt", "team": "data"}


def test_nothing_current_expires_but_results(production: Root) -> None:
    s3, buckets = production.client("s3"), production.outputs()["buckets"]
    days = {
        zone: [
            rule["Expiration"]["Days"]
            for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
            if "Days" in rule.get("Expiration", {})
        ]
        for zone, bucket in buckets.items()
    }
    assert days == {zone: [7] if zone == "results" else [] for zone in ZONES}


def test_the_crawler_adds_partitions_to_declared_tables(production: Root) -> None:
    outputs = production.outputs()
    crawler = production.client("glue").get_crawler(Name=outputs["settings"]["GLUE_CRAWLER"])[
        "Crawler"
    ]
    target = crawler["Targets"]["CatalogTargets"]
    assert [t["DatabaseName"] for t in target] == [outputs["databases"]["bronze"]]
    assert set(target[0]["Tables"]) == {t.name for t in read_declarations() if t.partition}
    assert json.loads(crawler["Configuration"])["CrawlerOutput"] == {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}
    }
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    assert crawler["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVERYTHING"}


def test_bronze_is_declared_with_every_column(production: Root) -> None:
    source = yaml.safe_load((ROOT / "dbt_project/models/bronze.yml").read_text())["sources"][0]
    glue, database = production.client("glue"), production.outputs()["databases"]["bronze"]
    declared = {
        t["name"]: [(c["name"], c["data_type"]) for c in t["columns"]] for t in source["tables"]
    }
    made = {
        table["Name"]: [
            (column["Name"], column["Type"])
            for column in (*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"])
        ]
        for table in glue.get_tables(DatabaseName=database)["TableList"]
    }
    assert made == declared


def test_the_env_holds_settings_the_pipeline_reads_and_nothing_else(production: Root) -> None:
    lines = production.terraform("output", "-raw", "env").splitlines()
    names = [line.partition("=")[0] for line in lines]
    assert set(names) - set(setting_names()) == {"AWS_REGION"}
    assert names == sorted(names)
    assert all(line.partition("=")[2] for line in lines)


def test_people_and_dbt_ask_in_different_workgroups(production: Root) -> None:
    athena, settings = production.client("athena"), production.outputs()["settings"]
    ours = athena.get_work_group(WorkGroup=settings["ATHENA_WORKGROUP"])["WorkGroup"][
        "Configuration"
    ]
    theirs = athena.get_work_group(WorkGroup="acme-video-analysts")["WorkGroup"]["Configuration"]
    assert (ours["EnforceWorkGroupConfiguration"], theirs["EnforceWorkGroupConfiguration"]) == (
        False,
        True,
    )
    assert theirs["ResultConfiguration"]["OutputLocation"].endswith("-results/analysts/")
    assert theirs["BytesScannedCutoffPerQuery"] == 20_000_000_000
    assert ours["BytesScannedCutoffPerQuery"] == 200_000_000_000
