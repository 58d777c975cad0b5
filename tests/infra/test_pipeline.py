"""The pipeline's whole way on what was applied, every name from the outputs."""

import json

from tests.infra.stages import Site


def test_the_lake_holds_what_the_api_said(site: Site) -> None:
    s3, buckets = site.root.client("s3"), site.root.outputs()["buckets"]
    listed = s3.list_objects_v2(Bucket=buckets["bronze"])["Contents"]
    folders = {key["Key"].split("/")[0] for key in listed}
    assert {"raw-data", "state"} <= folders
    head = s3.head_object(Bucket=buckets["bronze"], Key=listed[0]["Key"])
    assert head["ServerSideEncryption"] == "aws:kms"


def test_people_ask_for_what_the_pipeline_built(built: Site) -> None:
    asked = "select count(*) as people, sum(load_count) as loads from gold.fact_audience_insights"
    [row] = json.loads(built.run("analyst", "query", "--json", asked).partition("]")[0] + "]")
    truth = built.wistia.truth()
    assert row["people"] == len(truth)


def test_the_crawler_made_the_days_known(built: Site) -> None:
    glue, outputs = built.root.client("glue"), built.root.outputs()
    days = glue.get_partitions(DatabaseName=outputs["databases"]["bronze"], TableName="visitors")
    assert len(days["Partitions"]) >= 1
    crawler = glue.get_crawler(Name=outputs["settings"]["GLUE_CRAWLER"])["Crawler"]
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
