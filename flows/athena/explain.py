"""What Athena says when a query fails, in a sentence with its remedy.

Patterns are of Athena's documented messages and Trino's error names, which it passes on.
"""

from __future__ import annotations

import re

from ingestion.config.aws_errors import EXPIRED, FORBIDDEN, LAKE_FORMATION, UNKNOWN

_FILE = re.compile(r"s3://[^\s'\"(),]+")
_RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"bytes? scanned limit",
        "the workgroup's limit of scanned bytes ended the query",
        "ask for fewer columns or rows, or raise BytesScannedCutoffPerQuery of the workgroup",
    ),
    (
        r"SlowDown|reduce your request rate",
        "S3 is throttling what Athena reads",
        "build again a little later: the account's other programs read from the same bucket",
    ),
    (
        r"exhausted resources|EXCEEDED_\w*MEMORY\w*",
        "the query was too large for Athena at that moment",
        "run it again; should it stay so, ask for fewer columns or rows, or for other days",
    ),
    (
        r"query time-?out|EXCEEDED_TIME_LIMIT",
        "the query took longer than Athena lets a query take",
        "run it again, or ask AWS to raise the quota of Athena's DML query timeout",
    ),
    (
        r"ICEBERG_(MISSING_METADATA|INVALID_METADATA|FILESYSTEM_ERROR|CANNOT_OPEN_SPLIT)",
        "files of an Iceberg table have gone",
        (
            "take SILVER_URI and GOLD_URI out of the bucket's lifecycle rules, delete the table in "
            "Glue (`aws glue delete-table`), then `wistia-elt build --full-refresh`"
        ),
    ),
    (
        r"HIVE_PATH_ALREADY_EXISTS",
        "files lie where a table's new ones should, as a build that was killed leaves them",
        "`wistia-elt maintain` removes what no table names, then build again",
    ),
    (
        r"HIVE_PARTITION_SCHEMA_MISMATCH",
        "a partition of bronze has other columns than its table, as other crawlers write",
        "delete that partition in Glue: the next run registers it as the table is declared",
    ),
    (
        r"ExpiredToken|RequestExpired|token (included in the request )?(is|has) expired",
        *EXPIRED,
    ),
    (
        r"UnrecognizedClient|InvalidClientTokenId|security token included in the request is inval",
        *UNKNOWN,
    ),
    (
        r"work ?group\b.{0,200}\bnot (be )?found",
        "there is no such Athena workgroup in this region",
        "correct ATHENA_WORKGROUP or AWS_REGION",
    ),
    (
        r"not a valid JSON|malformed JSON|JSONException|Duplicate key",
        "a file in bronze is not JSON as Athena reads it",
        (
            "`wistia-elt doctor --lake` names a damaged or strange file: put its intact version "
            "back, then run again; where it finds none, two keys of one record differ by case only"
        ),
    ),
    (
        r"HIVE_CURSOR_ERROR|HIVE_BAD_DATA|HIVE_CANNOT_OPEN_SPLIT",
        "Athena cannot read a file that a table points to",
        (
            "`wistia-elt doctor --lake` names what is wrong in bronze; a table of silver or gold "
            "gets new files by `wistia-elt build --full-refresh`"
        ),
    ),
    (
        r"ICEBERG_COMMIT_ERROR",
        "another build wrote to the same table at the same time, longer than the retries",
        "let it finish and build again; nothing it wrote is lost",
    ),
    (
        r"Throttling|TooManyRequests|Rate exceeded|EXCEEDED_.*CONCURRENT|queue is full",
        "Athena is throttling this account",
        "build again a little later, or ask AWS to raise the quota of running queries",
    ),
    (
        r"NoSuchBucket|bucket does not exist|unable to verify/create output bucket",
        "a bucket that Athena should read or write does not exist",
        "correct ATHENA_RESULTS_URI, SILVER_URI and GOLD_URI, or create the bucket first",
    ),
    (r"Lake ?Formation", *LAKE_FORMATION),
    (r"explicit deny", *FORBIDDEN),
    (
        r"kms:|\bKMS\b",
        "AWS denies the key (KMS) that encrypts a bucket, not the bucket",
        "give the role kms:Decrypt and kms:GenerateDataKey on the keys of the lake and the results",
    ),
    (
        r"Access ?Denied|not authorized|Insufficient permissions",
        "AWS denies it",
        "give the role the rights on those buckets, databases and the workgroup",
    ),
)


def explain_failure(message: str) -> tuple[str, str] | None:
    """A known failure's sentence and remedy, from whatever text it stands in."""
    for pattern, said, remedy in _RULES:
        if re.search(pattern, message, re.IGNORECASE | re.DOTALL):
            file = _FILE.search(message) if "file" in said else None
            return f"{said}: {file[0]}" if file else said, remedy
    return None
