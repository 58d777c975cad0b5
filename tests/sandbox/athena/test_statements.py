"""Athena's statements on the running stack, by boto3 as it is."""

import pytest

from tests.athena_stack import AthenaStack, as_lines
from tests.sandbox.athena.asking import Asking


@pytest.fixture
def ask(athena: AthenaStack) -> Asking:
    """Queries in a database of the test's own."""
    return Asking(athena)


def test_values_are_written_as_athena_writes_them(ask: Asking) -> None:
    rows = ask.rows(
        "select 1 as a, null as b, 'x\"y' as c, '' as d, timestamp '2026-01-01 00:00:00.123456' "
        "as e, array[1, 2] as f, cast(row(1, 'z') as row(x integer, y varchar)) as g, "
        "map(array['k'], array[1.5e0]) as h, 1e10 as i, decimal '1.50' as j, x'6162' as k, "
        "true as l, date '2026-01-02' as m"
    )
    assert rows[0] == list("abcdefghijklm")
    assert rows[1] == [
        *["1", None, 'x"y', "", "2026-01-01 00:00:00.123", "[1, 2]", "{x=1, y=z}"],
        *["{k=1.5}", "1.0E10", "1.50", "61 62", "true", "2026-01-02"],
    ]


def test_declared_json_is_read_once_its_partition_is_known(ask: Asking) -> None:
    ask.put("events/day=2026-01-01/a.json", as_lines([{"id": "1", "at": {"x": "ä"}}, {"id": "2"}]))
    ask.run(
        f"create external table {ask.database}.events (`id` string, at struct<x:string>) "
        "partitioned by (day string) row format serde 'org.openx.data.jsonserde.JsonSerDe' "
        f"location '{ask.lake}/events/'"
    )
    query = f"select id, at.x, day from {ask.database}.events order by id"
    assert ask.rows(query)[1:] == []
    ask.run(f"msck repair table {ask.database}.events")
    assert ask.rows(query)[1:] == [["1", "ä", "2026-01-01"], ["2", None, "2026-01-01"]]
