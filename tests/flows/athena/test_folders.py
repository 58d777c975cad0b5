"""Folders of a bucket, on moto's S3."""

import boto3
import pytest

from flows.athena.tables import delete_folder, delete_older


def versions(bucket: str) -> list[tuple[str, bool]]:
    found = boto3.client("s3").list_object_versions(Bucket=bucket).get("Versions", [])
    return sorted((item["Key"], item["IsLatest"]) for item in found)


@pytest.mark.usefixtures("settings")
def test_a_deleted_folder_of_a_versioned_bucket_is_emptied_for_good() -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for key in ("lake/silver/one/data", "lake/silver/two", "lake/raw-data/part"):
        for body in (b"old", b"new"):
            s3.put_object(Bucket="versioned", Key=key, Body=body)
    delete_folder("s3://versioned/lake/silver/one")
    assert ("lake/silver/one/data", False) in versions("versioned")

    delete_older("s3://versioned/lake/silver")

    assert versions("versioned") == [
        ("lake/raw-data/part", False),
        ("lake/raw-data/part", True),
        ("lake/silver/two", True),
    ]
