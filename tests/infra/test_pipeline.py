"""The pipeline's whole way on what was applied, every name from the outputs."""

from tests.infra.stages import Site


def test_the_lake_holds_what_the_api_said(site: Site) -> None:
    s3, buckets = site.root.client("s3"), site.root.outputs()["buckets"]
    listed = s3.list_objects_v2(Bucket=buckets["bronze"])["Contents"]
    folders = {key["Key"].split("/")[0] for key in listed}
    assert {"raw-data", "state"} <= folders
    head = s3.head_object(Bucket=buckets["bronze"], Key=listed[0]["Key"])
    assert head["ServerSideEncryption"] == "aws:kms"
