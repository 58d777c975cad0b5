"""The one list of odd values on Athena's engine: the same value or the same null as on DuckDB."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.stages.query import query
from ingestion.config.settings import Settings
from tests.support.aws.athena_stack import AthenaStack
from tests.support.bronze.grammar_cases import CASES, HALF, MACROS, NUL, Case
from tests.support.lakes.athena_home import AthenaHome, point_at
from tests.support.lakes.silver_sql import cast_of


@pytest.fixture(scope="module")
def settings(athena: AthenaStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in point_at(athena).items():
            patch.setenv(name, value)
        patch.chdir(tmp_path_factory.mktemp("work"))
        yield AthenaHome.make(athena, Path()).settings


def text_of(case: Case) -> str:
    """The value as a reader of JSON gives it to a column of text, a literal of SQL."""
    value = case.value
    if value is None:
        return "cast(null as varchar)"
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("kind", MACROS)
def test_silver_reads_the_same_values_on_athena(settings: Settings, kind: str) -> None:
    cases = [
        case
        for case in CASES
        if case.kind == kind and not any(odd in str(case.value) for odd in (NUL, HALF, "\n", "\r"))
    ]
    rows = ", ".join(f"({place}, {text_of(case)})" for place, case in enumerate(cases))
    cast = cast_of("athena", MACROS[kind])
    sql = (
        f"select cast({cast} as varchar) as read from (values {rows}) "  # noqa: S608
        "as given (place, value) order by place"
    )

    read = [text for (text,) in query(settings, sql).rows]

    if kind == "number":
        expected = [None if case.silver is None else float(case.silver) for case in cases]
        assert [None if text is None else float(text) for text in read] == expected
    else:
        assert read == [case.silver for case in cases]
