"""What Athena says of a failure, by its cause; what it does not say is not made up."""

import pytest

from flows.athena.explain import explain_failure

FILE = "s3://lake/raw-data/visitors/ingest_date=2026-01-09/part.json.gz"
USER = "User: arn:aws:sts::1:assumed-role/builder/x is not authorized to perform: {} on resource: x"


@pytest.mark.parametrize(
    ("message", "said", "remedy"),
    [
        (
            f"HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException ({FILE})",
            f"a file in bronze is not JSON as Athena reads it: {FILE}",
            "doctor --lake",
        ),
        (
            "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: Duplicate key",
            "a file in bronze is not JSON as Athena reads it",
            "two keys of one record differ by case only",
        ),
        (
            "HIVE_BAD_DATA: Not valid Parquet file: s3://lake/gold/x expected magic number: PAR1",
            "Athena cannot read a file that a table points to: s3://lake/gold/x",
            "build --full-refresh",
        ),
        (
            "Access Denied: " + USER.format("kms:Decrypt"),
            "AWS denies the key (KMS) that encrypts a bucket, not the bucket",
            "kms:Decrypt",
        ),
        ("Access Denied: " + USER.format("s3:GetObject"), "AWS denies it", "buckets"),
        (
            "HIVE_CANNOT_OPEN_SPLIT: Please reduce your request rate (Error Code: SlowDown)",
            "S3 is throttling what Athena reads",
            "a little later",
        ),
        (
            "Query exhausted resources at this scale factor",
            "the query was too large for Athena at that moment",
            "run it again",
        ),
        (
            "Query timeout: 1800 s",
            "the query took longer than Athena lets a query take",
            "DML query timeout",
        ),
        (
            "ICEBERG_MISSING_METADATA: Metadata not found in metadata location for table silver.x",
            "files of an Iceberg table have gone",
            "aws glue delete-table",
        ),
        (
            "HIVE_PATH_ALREADY_EXISTS: Target directory for table 'x' already exists",
            "files lie where a table's new ones should, as a build that was killed leaves them",
            "wistia-elt maintain",
        ),
        (
            "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition",
            "a partition of bronze has other columns than its table, as other crawlers write",
            "delete that partition",
        ),
        (
            "COLUMN_NOT_FOUND or Access Denied: Insufficient Lake Formation permission(s)",
            "AWS Lake Formation denies it",
            "grant the role",
        ),
        (
            f"{USER.format('s3:PutObject')} with an explicit deny in a service control policy",
            "a policy of AWS forbids it, whatever the role may do",
            "change that policy",
        ),
    ],
)
def test_a_cause_has_a_sentence_and_a_remedy_of_its_own(
    message: str, said: str, remedy: str
) -> None:
    found = explain_failure(message)

    assert found is not None
    assert found[0] == said
    assert remedy in found[1]


def test_what_is_not_known_is_not_explained() -> None:
    assert explain_failure("SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved") is None
