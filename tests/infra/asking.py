"""What people do with Athena beside our command, as docs/athena.md shows.

pandas by awswrangler, DB-API by pyathena, and what a client of JDBC or a console does besides:
lists databases and tables, looks at earlier questions, breaks one off.
"""

import os
from typing import Any

import awswrangler as wr
import boto3
from dotenv import load_dotenv
from pyathena import connect

QUESTION = "select media_id, play_rate from fact_media_performance"


def main() -> None:
    load_dotenv(".env")
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"]
    group, prefix = os.environ["ATHENA_WORKGROUP"], os.environ["GLUE_DATABASE_PREFIX"]
    gold = f"{prefix}gold"
    frame = wr.athena.read_sql_query(QUESTION, database=gold, workgroup=group, ctas_approach=False)
    with connect(work_group=group, schema_name=gold).cursor() as cursor:
        rows: Any = cursor.execute(QUESTION).fetchall()
    assert len(frame) == len(rows) > 0
    _browse(gold)
    _look_back(group, gold)


def _browse(gold: str) -> None:
    glue = boto3.client("glue")
    pages = glue.get_paginator("get_databases").paginate()
    assert gold in {found["Name"] for page in pages for found in page["DatabaseList"]}
    assert glue.get_tables(DatabaseName=gold)["TableList"]


def _look_back(group: str, gold: str) -> None:
    athena = boto3.client("athena")
    earlier = athena.list_query_executions(WorkGroup=group)["QueryExecutionIds"]
    assert athena.batch_get_query_execution(QueryExecutionIds=earlier[:5])["QueryExecutions"]
    started = athena.start_query_execution(
        QueryString=QUESTION, QueryExecutionContext={"Database": gold}, WorkGroup=group
    )
    athena.stop_query_execution(QueryExecutionId=started["QueryExecutionId"])


if __name__ == "__main__":
    main()
