"""The pipeline's whole way on what was applied, every name from the outputs."""

import gzip
import io
import json

from pyarrow import parquet

from tests.infra.record import Told
from tests.infra.stages import Site


def readable(body: bytes) -> str:
    """What an object says, whatever it is packed in."""
    if body.startswith(b"PAR1"):
        return str(parquet.read_table(io.BytesIO(body)).to_pylist())
    plain = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    return plain.decode(errors="replace")


def test_the_lake_holds_what_the_api_said(site: Site) -> None:
    s3, buckets = site.root.client("s3"), site.root.outputs()["buckets"]
    listed = s3.list_objects_v2(Bucket=buckets["bronze"])["Contents"]
    folders = {key["Key"].split("/")[0] for key in listed}
    assert {"raw-data", "state"} <= folders
    head = s3.head_object(Bucket=buckets["bronze"], Key=listed[0]["Key"])
    assert head["ServerSideEncryption"] == "aws:kms"


def test_people_ask_for_what_the_pipeline_built(told: Told) -> None:
    assert told.answered == {"people": told.people}


def test_the_crawler_made_the_days_known(told: Told) -> None:
    glue, outputs = told.site.root.client("glue"), told.site.root.outputs()
    crawler = glue.get_crawler(Name=outputs["settings"]["GLUE_CRAWLER"])["Crawler"]
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
    database = outputs["databases"]["bronze"]
    for table in crawler["Targets"]["CatalogTargets"][0]["Tables"]:
        days = glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"]
        assert len(days) >= 1, table


def test_tables_lie_in_the_buckets_of_their_layers(told: Told) -> None:
    root = told.site.root
    glue, outputs = root.client("glue"), root.outputs()
    for layer, bucket in {"silver": "silver", "gold": "gold", "pages": "gold"}.items():
        tables = glue.get_tables(DatabaseName=outputs["databases"][layer])["TableList"]
        places = {table["StorageDescriptor"]["Location"].split("/")[2] for table in tables}
        assert places == {outputs["buckets"][bucket]}


def test_the_pages_are_in_the_bucket_of_the_site(told: Told) -> None:
    s3, bucket = told.site.root.client("s3"), told.site.root.outputs()["buckets"]["site"]
    listed = {one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert {"index.html", "data/totals.parquet"} <= listed
    # What the newer copy no longer has is gone.
    assert "data/status.parquet" not in listed
    copied = s3.get_object(Bucket=bucket, Key="published.json")["Body"].read()
    assert set(json.loads(readable(copied))) == listed - {"published.json"}


def test_a_forgotten_person_is_in_no_version_of_any_object(told: Told) -> None:
    s3, root = told.site.root.client("s3"), told.site.root
    for zone in ("bronze", "silver", "gold", "results"):
        bucket = root.outputs()["buckets"][zone]
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for one in page.get("Versions", ()):
                found = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
                text = readable(found["Body"].read())
                assert told.forgotten not in text, (zone, one["Key"])
