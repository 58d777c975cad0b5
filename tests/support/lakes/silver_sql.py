"""Silver's SQL without dbt: macros and models rendered as dbt renders them, in milliseconds.

What needs dbt itself (its graph, increments, data tests) is not here.
"""

from functools import cache
from types import SimpleNamespace
from typing import Any

import jinja2

from tests.support.lakes.dbt_home import ROOT

_PROJECT = ROOT / "dbt_project"


def cast_of(engine: str, macro: str, column: str = "value") -> str:
    """SQL of one macro over a column, as the engine (duckdb or athena) gets it."""
    return str(getattr(_macros(engine), macro)(column))


@cache
def model_of(name: str) -> str:
    """A model of silver as DuckDB builds it from nothing; it reads bronze.<table>."""
    text = (_PROJECT / "models" / "silver" / f"{name}.sql").read_text()
    return _environment("duckdb").from_string(_macro_text() + text).render()


@cache
def _macros(engine: str) -> Any:  # noqa: ANN401 - jinja's module
    return _environment(engine).from_string(_macro_text()).module


@cache
def _macro_text() -> str:
    texts = (path.read_text() for path in sorted((_PROJECT / "macros").glob("*.sql")))
    # A materialization is a word of dbt's own, and no model's SQL.
    return "".join(text for text in texts if "{% materialization" not in text)


def _environment(engine: str) -> jinja2.Environment:
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701 - SQL
    environment.globals |= {
        "return": lambda value: value,
        "adapter": SimpleNamespace(
            dispatch=lambda name: getattr(_macros(engine), f"{engine}__{name}")
        ),
        "config": lambda **_options: "",
        "source": lambda _source, table: f"bronze.{table}",
        "ref": lambda table: f"silver.{table}",
        "is_incremental": lambda: False,
        "dbt": SimpleNamespace(hash=lambda text: f"md5({text})"),
    }
    return environment
