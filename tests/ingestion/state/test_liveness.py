"""A run whose process is gone is dead, also when its pid is another's now."""

from datetime import UTC, datetime

import pytest

from ingestion.state.liveness import is_alive
from ingestion.state.manifest import Manifest, ProcessOfRun

NOW = datetime(2026, 1, 10, 9, tzinfo=UTC)


def run_of(process: ProcessOfRun) -> Manifest:
    return Manifest(
        run_id="20260110T075400Z-aaaaaa",
        kind="run",
        started_at="2026-01-10T07:54:00.000000Z",
        code_version="0",
        process=process,
    )


def test_a_process_lives_as_long_as_it_is_the_same() -> None:
    process = ProcessOfRun.this()
    if process.birth is None:
        pytest.skip("only Linux tells when a process began")
    reused = process.model_copy(update={"birth": "another boot 17"})
    older_record = process.model_copy(update={"birth": None})

    assert is_alive(run_of(process), NOW)
    assert not is_alive(run_of(reused), NOW)
    assert is_alive(run_of(older_record), NOW)
    assert not is_alive(run_of(process.model_copy(update={"pid": 2**22 + 1})), NOW)
