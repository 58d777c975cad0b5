"""Athena's protocol: idempotency, pages, workgroups, limits, refusals."""

import json
import uuid
from collections.abc import Iterator

import pytest
import requests
from botocore.exceptions import ClientError

from tests.athena_stack import AthenaStack
from tests.sandbox.athena.asking import Asking


@pytest.fixture
def group(ask: Asking) -> Iterator[str]:
    """A workgroup of the test's own, with an enforced result location."""
    name = f"g-{uuid.uuid4().hex[:8]}"
    ask.client.create_work_group(
        Name=name,
        Configuration={
            "ResultConfiguration": ask.output("group"),
            "EnforceWorkGroupConfiguration": True,
        },
    )
    yield name
    ask.client.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def post(athena: AthenaStack, action: str, body: object) -> requests.Response:
    return requests.post(
        athena.endpoint,
        data=json.dumps(body),
        headers={
            "X-Amz-Target": f"AmazonAthena.{action}",
            "Content-Type": "application/x-amz-json-1.1",
        },
        timeout=60,
    )


def test_an_action_that_athena_lacks_is_refused(athena: AthenaStack) -> None:
    answer = post(athena, "StartQuery", {})
    assert answer.status_code == 400
    assert answer.json()["__type"] == "UnknownOperationException"


def test_an_action_that_is_not_taken_here_says_so(athena: AthenaStack) -> None:
    answer = post(athena, "StartSession", {})
    assert answer.status_code == 501
    assert answer.json() == {
        "__type": "NotImplementedException",
        "message": "this stand-in does not take StartSession",
    }


@pytest.mark.parametrize("body", [{}, {"QueryString": 1}, {"QueryString": "select 1", "X": "y"}])
def test_parameters_are_held_against_the_services_own_model(
    athena: AthenaStack, body: object
) -> None:
    answer = post(athena, "StartQueryExecution", body)
    assert answer.status_code == 400
    assert answer.json()["__type"] == "InvalidRequestException"


def test_the_same_token_starts_a_query_once(ask: Asking) -> None:
    token = uuid.uuid4().hex
    first = ask.start("select 1", ClientRequestToken=token)
    assert ask.start("select 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        ask.start("select 2", ClientRequestToken=token)


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
    name = ask.run(
        "select 'a' as a, cast(1.5 as decimal(10, 2)) as b, cast('x' as varchar(7)) as c"
    )
    answer = ask.client.get_query_results(QueryExecutionId=name["QueryExecutionId"])
    info = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(one["Name"], one["Type"], one["Precision"], one["Scale"]) for one in info] == [
        ("a", "varchar", 1, 0),
        ("b", "decimal", 10, 2),
        ("c", "varchar", 7, 0),
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
    ask.client.update_work_group(
        WorkGroup=group, ConfigurationUpdates={"BytesScannedCutoffPerQuery": 10_000_000}
    )
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


def test_a_workgroup_keeps_its_tags(ask: Asking, group: str) -> None:
    arn = {"ResourceARN": f"arn:aws:athena:us-east-1:123456789012:workgroup/{group}"}
    ask.client.tag_resource(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], **arn)
    ask.client.untag_resource(TagKeys=["a"], **arn)
    assert ask.client.list_tags_for_resource(**arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_a_workgroup_says_which_engine_it_uses(ask: Asking, group: str) -> None:
    made = ask.client.get_work_group(WorkGroup=group)["WorkGroup"]["Configuration"]
    assert made["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


def test_a_disabled_workgroup_takes_no_queries(ask: Asking, group: str) -> None:
    ask.client.update_work_group(WorkGroup=group, State="DISABLED")
    with pytest.raises(ClientError, match=f"WorkGroup {group} is disabled"):
        ask.start("select 1", WorkGroup=group)


NOT_STARTED: dict[str, dict[str, object]] = {
    "WorkGroup nowhere is not found": {"WorkGroup": "nowhere"},
    "Unable to verify/create output bucket nowhere": {
        "ResultConfiguration": {"OutputLocation": "s3://nowhere/x/"}
    },
    "not a valid S3 path": {"ResultConfiguration": {"OutputLocation": "/tmp/x"}},  # noqa: S108
    "DataCatalog other was not found": {"QueryExecutionContext": {"Catalog": "other"}},
}


@pytest.mark.parametrize("why", NOT_STARTED)
def test_a_query_with_nowhere_to_go_is_not_started(ask: Asking, why: str) -> None:
    with pytest.raises(ClientError, match=why):
        ask.start("select 1", **NOT_STARTED[why])


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
    before = ask.athena.calls().get("athena:ListDataCatalogs", 0)
    ask.athena.faults(
        {
            "service": "athena",
            "action": "ListDataCatalogs",
            "code": "ThrottlingException",
            "times": 2,
        }
    )
    # boto3 tries again by itself, so the third call is the answer.
    assert ask.client.list_data_catalogs()["DataCatalogsSummary"][0]["Type"] == "GLUE"
    assert ask.athena.calls()["athena:ListDataCatalogs"] == before + 3
    assert ask.athena.control("GET", "faults") == []


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
