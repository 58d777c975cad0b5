"""Athena's protocol: pages, workgroups, limits, refusals."""

import uuid
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.athena.asking import Asking
from tests.support.aws.athena_stack import AthenaStack


@pytest.fixture
def group(ask: Asking) -> Iterator[str]:
    """A workgroup of the test's own, with an enforced result location and a limit of bytes."""
    name = f"g-{uuid.uuid4().hex[:8]}"
    ask.client.create_work_group(
        Name=name,
        Configuration={
            "ResultConfiguration": ask.output("group"),
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    yield name
    ask.client.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def test_an_action_that_is_not_taken_here_says_so(ask: Asking) -> None:
    with pytest.raises(ClientError, match="ListNamedQueries is not taken here") as refused:
        ask.client.list_named_queries()
    assert refused.value.response["Error"]["Code"] == "NotImplementedException"


def test_a_query_that_is_sent_again_runs_once(ask: Asking) -> None:
    token = uuid.uuid4().hex
    assert len({ask.start("select 1", ClientRequestToken=token) for _ in range(3)}) == 1


def test_results_come_in_pages_and_hold_every_row_once(ask: Asking) -> None:
    name = ask.run("select n, 'a,\n\"b\"' as t from unnest(sequence(1, 2500)) as t(n)")
    pages = ask.client.get_paginator("get_query_results").paginate(
        QueryExecutionId=name["QueryExecutionId"], PaginationConfig={"PageSize": 700}
    )
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert [cell["VarCharValue"] for cell in rows[0]] == ["n", "t"]
    assert sorted(int(row[0]["VarCharValue"]) for row in rows[1:]) == list(range(1, 2501))
    assert {row[1]["VarCharValue"] for row in rows[1:]} == {'a,\n"b"'}


def test_columns_are_described_by_type_precision_and_scale(ask: Asking) -> None:
    name = ask.run("select cast(1.5 as decimal(10, 2)) as a, cast('x' as varchar(7)) as b")
    answer = ask.client.get_query_results(QueryExecutionId=name["QueryExecutionId"])
    info = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(one["Name"], one["Type"], one["Precision"], one["Scale"]) for one in info] == [
        ("a", "decimal", 10, 2),
        ("b", "varchar", 7, 0),
    ]


def test_results_that_were_deleted_are_gone(ask: Asking) -> None:
    name = ask.run("select 1", ResultConfiguration=ask.output("r"))["QueryExecutionId"]
    ask.s3.delete_object(Bucket=ask.bucket, Key=f"{ask.prefix}/r/{name}.csv")
    with pytest.raises(ClientError, match="Could not find results"):
        ask.client.get_query_results(QueryExecutionId=name)


def test_a_stopped_query_is_cancelled(ask: Asking) -> None:
    name = ask.start(
        "select count(*) from unnest(sequence(1, 10000)) as a(x) "
        "cross join unnest(sequence(1, 10000)) as b(y) "
        "cross join unnest(sequence(1, 10000)) as c(z)"
    )
    ask.client.stop_query_execution(QueryExecutionId=name)
    status = ask.wait(name)["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED",
        "Query was cancelled by user",
    )
    with pytest.raises(ClientError, match="Query did not finish successfully"):
        ask.client.get_query_results(QueryExecutionId=name)


def test_a_query_that_reads_more_than_its_workgroup_allows_is_cancelled(
    ask: Asking, group: str
) -> None:
    ask.put("big/a.csv", b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 120_000)
    ask.run(f"create external table big (line string) location '{ask.lake}/big/'")
    execution = ask.execute("select count(distinct line) from big", WorkGroup=group)
    assert execution["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in execution["Status"]["StateChangeReason"]
    assert ask.rows("select count(*) from big") == [["_col0"], ["120001"]]


def test_an_enforced_workgroup_decides_where_results_go(ask: Asking, group: str) -> None:
    execution = ask.run("select 1", WorkGroup=group, ResultConfiguration=ask.output("mine"))
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"{ask.lake}/group/{execution['QueryExecutionId']}.csv"
    reason = ask.failure(
        f"create table t with (external_location = '{ask.lake}/t/') as select 1 as a",
        WorkGroup=group,
    )
    assert "enforces a centralized output location" in reason
    listed = ask.client.list_query_executions(WorkGroup=group)["QueryExecutionIds"]
    assert listed[-1] == execution["QueryExecutionId"]


def test_another_region_has_neither_the_workgroups_nor_the_bucket(ask: Asking, group: str) -> None:
    elsewhere = ask.athena.client("athena", region_name="eu-west-1")
    with pytest.raises(ClientError, match=f"WorkGroup {group} is not found"):
        elsewhere.get_work_group(WorkGroup=group)
    with pytest.raises(ClientError, match="No output location provided"):
        elsewhere.start_query_execution(QueryString="select 1")
    with pytest.raises(ClientError, match="is in the same region"):
        elsewhere.start_query_execution(QueryString="select 1", ResultConfiguration=ask.output("r"))


@pytest.mark.parametrize(
    ("service", "action", "code"),
    [
        ("athena", "list_work_groups", "ExpiredTokenException"),
        ("glue", "get_databases", "ExpiredTokenException"),
        ("secretsmanager", "list_secrets", "ExpiredTokenException"),
        ("s3", "list_buckets", "ExpiredToken"),
        ("sts", "get_caller_identity", "ExpiredToken"),
    ],
)
def test_an_expired_key_is_refused_everywhere(
    athena: AthenaStack, service: str, action: str, code: str
) -> None:
    client = athena.client(service, aws_access_key_id="EXPIRED1")
    with pytest.raises(ClientError) as refused:
        getattr(client, action)()
    assert refused.value.response["Error"]["Code"] == code


def test_ordered_faults_strike_as_often_as_told(ask: Asking) -> None:
    before = ask.athena.calls().get("athena:ListDatabases", 0)
    fault = {"service": "athena", "action": "ListDatabases", "code": "ThrottlingException"}
    ask.athena.faults({**fault, "times": 2})
    # boto3 tries again by itself, so the third call is the answer.
    assert ask.client.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert ask.athena.calls()["athena:ListDatabases"] == before + 3


def test_tables_are_described_without_glue(events: Asking) -> None:
    found = events.client.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=events.database, TableName="events"
    )["TableMetadata"]
    assert [column["Name"] for column in found["Columns"]] == ["id", "at"]
    assert found["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    listed = events.client.list_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=events.database, Expression="ev.*"
    )["TableMetadataList"]
    assert [table["Name"] for table in listed] == ["events"]
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        events.client.get_table_metadata(
            CatalogName="AwsDataCatalog", DatabaseName=events.database, TableName="nowhere"
        )
