"""What a lake on S3 needs of AWS: bucket, workgroup, crawler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.config.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.config.settings import Settings

Found = tuple[str, bool, str, str]


def check_aws(settings: Settings) -> Iterator[Found]:
    """Try bucket, workgroup and crawler; on a local lake they are not used.

    Yields:
        `(check, ok, detail, remedy)`.
    """
    if not settings.on_s3:
        for name in ("bucket", "workgroup", "crawler"):
            yield name, True, "not used: the lake is a folder", ""
        return
    import boto3  # noqa: PLC0415 - a second that a local lake need not pay

    bucket = settings.lake_uri.removeprefix("s3://").partition("/")[0]
    yield _try("bucket", bucket, lambda: boto3.client("s3").head_bucket(Bucket=bucket), "LAKE_URI")
    group = settings.athena_workgroup
    yield _try(
        "workgroup",
        group,
        lambda: boto3.client("athena").get_work_group(WorkGroup=group),
        "ATHENA_WORKGROUP",
    )
    crawler = settings.glue_crawler
    if crawler is None:
        yield "crawler", True, "none: the crawl stage registers new partitions itself", ""
        return
    yield _try(
        "crawler",
        crawler,
        lambda: boto3.client("glue").get_crawler(Name=crawler),
        "GLUE_CRAWLER",
    )


def _try(check: str, name: str, call: Callable[[], object], setting: str) -> Found:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from ingestion.config.aws_errors import explain  # noqa: PLC0415

    try:
        call()
    except (ClientError, BotoCoreError) as error:
        found = explain(f"reach {setting}={name}", error, LakeError)
        return check, False, str(found), f"{found.remedy}; the name is {setting}'s"
    return check, True, f"{name} answers", ""
