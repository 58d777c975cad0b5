"""awswrangler, pyathena and SQLAlchemy, unmodified and led here by AWS's own variables."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyathena
import pytest
from pyathena.pandas.cursor import PandasCursor
from sqlalchemy import create_engine, inspect, text

from tests.sandbox.athena.asking import Asking
from tests.support.aws.athena_stack import AthenaStack

FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ["a", "ü", None],
        "at": pd.to_datetime(["2026-01-01 00:00:00.123"] * 3),
        "day": ["x", "x", "y"],
    }
)


@pytest.fixture(scope="module")
def led(athena: AthenaStack) -> Iterator[Asking]:
    """Clients made in these tests reach the stack; they share a database."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in athena.environment.items():
            patch.setenv(name, value)
        boto3.setup_default_session()
        yield Asking(athena)
    boto3.DEFAULT_SESSION = None


@pytest.fixture(scope="module")
def people(led: Asking) -> Asking:
    """A Parquet table `people`, written by awswrangler."""
    wr.s3.to_parquet(
        FRAME,
        path=f"{led.lake}/people/",
        dataset=True,
        database=led.database,
        table="people",
        partition_cols=["day"],
    )
    return led


def read(ask: Asking, **options: Any) -> pd.DataFrame:  # noqa: ANN401 - awswrangler's
    return wr.athena.read_sql_query(
        "select id, name, at, day from people", database=ask.database, **options
    )


@pytest.mark.parametrize("way", ["ctas", "csv", "unload"])
def test_awswrangler_reads_what_it_wrote(people: Asking, way: str) -> None:
    options: dict[str, dict[str, Any]] = {
        "ctas": {},
        "csv": {"ctas_approach": False},
        # It unloads into the folder itself, which must be empty.
        "unload": {
            "ctas_approach": False,
            "unload_approach": True,
            "s3_output": f"{people.lake}/unloaded/",
        },
    }
    found = read(people, **options[way]).sort_values("id").reset_index(drop=True)
    assert found["id"].tolist() == [1, 2, 3]
    assert found["name"].fillna("-").tolist() == ["a", "ü", "-"]
    assert found["at"].tolist() == FRAME["at"].tolist()
    assert found["day"].tolist() == ["x", "x", "y"]


def test_awswrangler_merges_into_iceberg_and_deletes(led: Asking) -> None:
    place: dict[str, Any] = {
        "database": led.database,
        "table": "seen",
        "table_location": f"{led.lake}/seen/",
        "temp_path": f"{led.lake}/temporary/",
        "keep_files": False,
    }
    rows = FRAME[["id", "name"]]
    wr.athena.to_iceberg(rows, **place)
    changed = pd.DataFrame({"id": [3, 4], "name": ["c", "d"], "more": [1, 2]})
    wr.athena.to_iceberg(changed, merge_cols=["id"], schema_evolution=True, **place)
    assert led.rows("select * from seen order by id")[1:] == [
        ["1", "a", None],
        ["2", "ü", None],
        ["3", "c", "1"],
        ["4", "d", "2"],
    ]
    wr.athena.delete_from_iceberg_table(
        rows[["id"]].head(1),
        database=led.database,
        table="seen",
        temp_path=f"{led.lake}/gone/",
        merge_cols=["id"],
        keep_files=False,
    )
    assert led.rows("select count(*) from seen")[1] == ["3"]


def test_awswrangler_describes_and_repairs(people: Asking) -> None:
    described = wr.athena.describe_table("people", database=people.database)
    assert described["Column Name"].tolist() == ["id", "name", "at", "day"]
    assert described["Partition"].tolist() == [False, False, False, True]
    assert wr.athena.repair_table("people", database=people.database) == "SUCCEEDED"


def test_pyathena_reads_rows_frames_and_listings(people: Asking) -> None:
    output = people.output("py/")["OutputLocation"]
    with pyathena.connect(s3_staging_dir=output, schema_name=people.database) as connection:
        cursor = connection.cursor()
        cursor.execute("select * from people where id = %(id)d", parameters={"id": 2})
        assert cursor.fetchall() == [
            (2, "ü", datetime.fromisoformat("2026-01-01 00:00:00.123"), "x")
        ]
        assert [column[1] for column in cursor.description or ()] == [
            *["bigint", "varchar", "timestamp", "varchar"],
        ]
        assert cursor.execute("show partitions people").fetchall() == [("day=x",), ("day=y",)]
        found = connection.cursor(PandasCursor).execute("select id from people").as_pandas()
        assert sorted(found["id"]) == [1, 2, 3]
        assert "people" in [table.name for table in cursor.list_table_metadata()]
        with pytest.raises(pyathena.error.OperationalError, match="COLUMN_NOT_FOUND"):
            cursor.execute("select nope from people")


def test_sqlalchemy_queries_and_inspects(people: Asking) -> None:
    output = people.output("alchemy/")["OutputLocation"]
    engine = create_engine(
        f"awsathena+rest://@athena.us-east-1.amazonaws.com:443/{people.database}"
        f"?s3_staging_dir={output}"
    )
    with engine.connect() as connection:
        query = text("select name from people where id = :id")
        assert connection.execute(query, {"id": 2}).scalars().all() == ["ü"]
    assert "people" in inspect(engine).get_table_names(schema=people.database)
    assert [c["name"] for c in inspect(engine).get_columns("people", schema=people.database)] == [
        *["id", "name", "at", "day"],
    ]
