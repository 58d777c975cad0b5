"""What was applied is removed without a trace, data and all, when one says so."""

from typing import Any

from tests.infra.terraform import VARIABLES, Root


def traces(root: Root, name: str) -> list[str]:
    """Everything in the account that carries the lake's name."""
    glue, logs = root.client("glue"), root.client("logs")
    found: list[Any] = [
        *root.client("s3").list_buckets()["Buckets"],
        *glue.get_databases()["DatabaseList"],
        *glue.get_crawlers()["Crawlers"],
        *root.client("athena").list_work_groups()["WorkGroups"],
        *root.client("secretsmanager").list_secrets()["SecretList"],
        *root.client("iam").list_roles()["Roles"],
        *root.client("iam").list_policies(Scope="Local")["Policies"],
        *logs.describe_log_groups()["logGroups"],
        *root.client("sns").list_topics()["Topics"],
        *root.client("cloudwatch").describe_alarms()["MetricAlarms"],
        *root.client("events").list_rules()["Rules"],
    ]
    texts = [str(one) for one in found]
    return [text for text in texts if name in text or name.replace("-", "_") in text]


def test_destroy_leaves_nothing_behind(smallest: Root) -> None:
    name = VARIABLES["smallest"]["name"]
    bucket, s3 = smallest.outputs()["buckets"]["bronze"], smallest.client("s3")
    for body in (b"first", b"second"):
        s3.put_object(
            Bucket=bucket, Key="raw-data/media/ingest_date=2026-01-09/x.json.gz", Body=body
        )
    assert len(traces(smallest, name)) > 20
    smallest.terraform("destroy", "-auto-approve", "-input=false")
    assert traces(smallest, name) == []
