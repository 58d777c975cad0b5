"""A line of JSON says what kind of error it was, and where, and nothing of what it held."""

import json
import logging
import sys
from typing import Any

from ingestion.config.logging import JsonLines


def line_of(error: BaseException) -> dict[str, Any]:
    try:
        raise error  # noqa: TRY301 - as it came to be told
    except BaseException:  # noqa: BLE001 - whatever is told
        record = logging.LogRecord("a", logging.ERROR, "a", 1, "it failed", (), sys.exc_info())
    line: dict[str, Any] = json.loads(JsonLines().format(record))
    return line


def test_an_error_is_its_kind_and_its_place_without_what_it_held() -> None:
    line = line_of(ValueError("ada@example.com"))
    assert line["error"] == "ValueError"
    assert [str(frame).rpartition(":")[0].rpartition("/")[2] for frame in line["frames"]] == [
        "test_logging.py"
    ]
    assert "ada" not in json.dumps(line)


def test_of_a_group_every_error_is_named() -> None:
    inner = ExceptionGroup("two", [OSError("ada@example.com"), KeyError("ada")])
    line = line_of(ExceptionGroup("all", [inner, ValueError("ada")]))
    assert line["error"] == "ExceptionGroup, ExceptionGroup, OSError, KeyError, ValueError"
    assert "ada" not in json.dumps(line)
