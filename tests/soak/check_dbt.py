"""`pytest tests/soak/check_dbt.py`: dbt-athena in a project of its own, on the local Athena.

What ours has not is here: views, and an Iceberg table that a column is appended to. Our own
project's builds are CI's, tests/support/lakes/both_engines.py.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.athena.asking import Asking
from tests.support.aws.athena_stack import AthenaStack

DBT = Path(sys.executable).with_name("dbt")
FILES = {
    "dbt_project.yml": """
name: little
profile: little
models: {+materialized: table, +contract: {enforced: false}}
flags: {send_anonymous_usage_stats: false}
""",
    "seeds/people.csv": "id,name,born\n1,a,2001-02-03\n2,ü,\n",
    "models/seen.sql": "{{ config(materialized='view') }} select id, name from {{ ref('people') }}",
    "models/named.sql": "{{ config(format='parquet', ha=true) }} "
    "select * from {{ ref('seen') }} where name is not null",
    "models/kept.sql": """
{{ config(materialized='incremental', table_type='iceberg', incremental_strategy='merge',
          unique_key='id', on_schema_change='append_new_columns') }}
select id, {{ var('n') }} as n {% if var('n') > 1 %}, cast(null as varchar) as more {% endif %}
from {{ ref('seen') }}
""",
    "models/schema.yml": """
models:
  - name: kept
    columns: [{name: id, data_tests: [unique, not_null]}]
""",
}
PROFILE = """
little:
  target: athena
  outputs:
    athena:
      type: athena
      region_name: us-east-1
      database: awsdatacatalog
      schema: {schema}
      work_group: primary
      s3_staging_dir: {lake}/results/
      s3_data_dir: {lake}/tables/
      poll_interval: 0.1
      threads: 4
"""


def build(home: Path, athena: AthenaStack, n: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DBT, "build", "--profiles-dir", home, "--vars", f"{{n: {n}}}", "--no-use-colors"],
        cwd=home,
        env={**os.environ, **athena.environment, "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def ask(athena: AthenaStack) -> Asking:
    return Asking(athena)


@pytest.fixture
def home(tmp_path: Path, ask: Asking) -> Path:
    """A small project in the test's own schema."""
    for name, body in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(body)
    (tmp_path / "profiles.yml").write_text(PROFILE.format(schema=ask.database, lake=ask.lake))
    return tmp_path


def test_a_project_is_built_and_built_again(home: Path, ask: Asking) -> None:
    first = build(home, ask.athena, 1)
    assert first.returncode == 0, first.stdout
    again = build(home, ask.athena, 2)
    assert again.returncode == 0, again.stdout
    assert ask.rows("select * from people order by id")[1:] == [
        ["1", "a", "2001-02-03"],
        ["2", "ü", None],
    ]
    assert ask.rows("select * from kept order by id")[1:] == [["1", "2", None], ["2", "2", None]]
    assert ask.table("named")["StorageDescriptor"]["Location"].startswith(f"{ask.lake}/tables/")
    assert sorted(row[0] or "" for row in ask.rows("show tables")) == [
        *["kept", "named", "people", "seen"],
    ]
