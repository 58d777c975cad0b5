"""Every model compiled for Athena, both branches, without an account.

dbt asks Glue whether a table exists before it takes the incremental branch: moto has it.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
import sqlglot
from moto.server import ThreadedMotoServer
from sqlglot import exp

from flows.stages.dbt import list_models
from ingestion.resources import RESOURCES
from tests.support.lakes.dbt_home import DbtHome

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import ColumnTypeDef

INCREMENTAL = [
    "fact_account",
    "fact_events",
    "fact_media_daily",
    "fact_media_engagement",
    "fact_media_history",
    "fact_visitor_activity",
    "fact_visitors",
]
STRAY = "s3://lake/raw-data/visitors/ingest_date=2026-01-08/it''s.json.gz"
STRAY_RUN = "s3://lake/state/runs/a copy.json"
# What `wistia-elt build` hands over: days to read, and files that no manifest lists.
PLAN = {"runs": {"passed_over": [STRAY_RUN]}} | {
    resource.name: {
        "days": ["2026-01-08"],
        "counted": ["2026-01-08"],
        "records": 3,
        "passed_over": [STRAY] if resource.name == "visitors" else [],
    }
    for resource in RESOURCES
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="module")
def glue(endpoint: str) -> "GlueClient":
    client = boto3.client(
        "glue",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    for name in ("ci_bronze", "ci_silver", "ci_gold", "ci_pages"):
        client.create_database(DatabaseInput={"Name": name})
    return client


def compile_for_athena(home: DbtHome, endpoint: str, **environment: str) -> dict[str, str]:
    """SQL of every model by its name."""
    done = home.dbt(
        "compile",
        "--target",
        "athena",
        LAKE_URI="s3://lake",
        ATHENA_RESULTS_URI="s3://results/dbt",
        GLUE_DATABASE_PREFIX="ci_",
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        **environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folder = home.target / "compiled" / "wistia_elt" / "models"
    # Tests of sources lie in a folder named as their file.
    files = [file for file in folder.glob("*/*.sql") if not file.parent.suffix]
    return {file.stem: file.read_text() for file in files}


def store_tables(glue: "GlueClient") -> None:
    """Give Glue the incremental tables; of one, columns as older code has made it."""
    for table in INCREMENTAL:
        columns: list[ColumnTypeDef] = [{"Name": "media_id", "Type": "string"}]
        if table != "fact_media_daily":
            columns.append({"Name": "ingested_at", "Type": "timestamp"})
        glue.create_table(
            DatabaseName="ci_silver",
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"table_type": "ICEBERG"},
                "StorageDescriptor": {"Columns": columns, "Location": f"s3://lake/silver/{table}"},
            },
        )


@pytest.fixture(scope="module")
def full_refresh(
    new_home: Callable[[str], DbtHome], tmp_path_factory: pytest.TempPathFactory, endpoint: str
) -> tuple[DbtHome, dict[str, str]]:
    # A target folder of its own: the local parse of the other tests stays as it is.
    target = tmp_path_factory.mktemp("athena_target")
    home = DbtHome(new_home("athena").folder, target)
    return home, compile_for_athena(home, endpoint)


@pytest.fixture(scope="module")
def branches(
    full_refresh: tuple[DbtHome, dict[str, str]], glue: "GlueClient", endpoint: str
) -> dict[str, dict[str, str]]:
    home, first = full_refresh
    store_tables(glue)
    increment = compile_for_athena(home, endpoint, BRONZE_READ=json.dumps(PLAN))
    return {"full refresh": first, "increment": increment}


@pytest.mark.parametrize("branch", ["full refresh", "increment"])
def test_every_model_is_sql_that_athena_parses(
    branches: dict[str, dict[str, str]], branch: str
) -> None:
    assert len(branches[branch]) == len(list_models())
    for name, sql in branches[branch].items():
        statements = sqlglot.parse(sql, dialect="athena")
        assert len(statements) == 1, name
        assert isinstance(statements[0], exp.Select), name
        assert sql.lstrip().startswith("with"), name


def test_only_increments_read_themselves_and_prune_by_a_literal(
    branches: dict[str, dict[str, str]],
) -> None:
    for name, sql in branches["increment"].items():
        reads_itself = f'"ci_silver"."{name}"' in sql
        is_bounded = "where ingest_date in ('2026-01-08') and" in sql
        assert (reads_itself, is_bounded) == (name in INCREMENTAL,) * 2, name
        has_path = f"""and "$path" not in ('{STRAY}')""" in sql
        assert has_path == (name in {"fact_visitors", "fact_visitor_activity"}), name
        has_run = f"""where "$path" not in ('{STRAY_RUN}')""" in sql
        assert has_run == (name == "fact_runs"), name
    for name, sql in branches["full refresh"].items():
        assert f'"ci_silver"."{name}"' not in sql, name
        assert f'"ci_gold"."{name}"' not in sql, name
        assert "ingest_date" not in sql, name


def test_a_column_that_older_code_has_made_without_is_null(
    branches: dict[str, dict[str, str]],
) -> None:
    sql = branches["increment"]
    assert "cast(null as timestamp) is null" in sql["fact_media_daily"]
    assert "stored.ingested_at is null" in sql["fact_media_history"]


def test_tables_live_in_prefixed_databases_and_bronze_is_glue_s(
    branches: dict[str, dict[str, str]],
) -> None:
    for name, sql in branches["increment"].items():
        tables = sqlglot.parse_one(sql, dialect="athena").find_all(exp.Table)
        databases = {table.db for table in tables if table.db}
        assert databases <= {"ci_bronze", "ci_silver", "ci_gold", "ci_pages"}, name
        assert "read_json" not in sql, name


def test_no_function_of_duckdb_s_own_reaches_athena(
    branches: dict[str, dict[str, str]],
) -> None:
    own = re.compile(r"\b(regexp_matches|timezone|len|list_\w+|unnest\(generate)\b")
    for name, sql in branches["increment"].items():
        assert not own.search(sql), name


def test_timestamps_have_the_precision_their_table_can_hold(
    branches: dict[str, dict[str, str]],
) -> None:
    # Iceberg takes timestamp(6) only, a Hive table timestamp(3) only.
    for name, sql in branches["full refresh"].items():
        final = sql[sql.rindex("\nselect") :]
        precisions = set(re.findall(r"as timestamp\((\d)\)", final))
        assert precisions <= {"6" if name in INCREMENTAL else "3"}, name
        assert precisions or not re.search(r"_(at|ts)\b", final), name
