"""What becomes of a stage that fails, by hand: the rules that Prefect keeps for a served run."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from flows.context import Context, open_context
from flows.stages.sequence import INGEST, Stage, run_all, run_by_hand
from ingestion.config.errors import (
    AuthenticationError,
    BadResponseError,
    StageTimeoutError,
    UnavailableError,
)
from ingestion.config.settings import Settings


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def context(tmp_path: Path, slept: list[float]) -> Context:
    made = open_context("run", Settings(lake_uri=str(tmp_path), stage_timeout_minutes=0.005))
    made.sleep = slept.append
    return made


def failing(*errors: Exception | None) -> Callable[[Context], None]:
    left = list(errors)

    def run(_: Context) -> None:
        if (error := left.pop(0)) is not None:
            raise error

    return run


def test_what_may_heal_is_tried_again_after_10_and_60_seconds(
    context: Context, slept: list[float]
) -> None:
    run = failing(UnavailableError("down", "wait"), BadResponseError("html", "look"), None)

    run_by_hand(Stage("ingest", run, INGEST.pauses), context)

    assert 10 <= slept[0] <= 15
    assert 60 <= slept[1] <= 90
    assert len(slept) == 2


def test_after_the_third_try_the_stage_has_failed(context: Context, slept: list[float]) -> None:
    run = failing(*(UnavailableError(f"down {n}", "wait") for n in (1, 2, 3)))

    with pytest.raises(UnavailableError, match="down 3"):
        run_by_hand(Stage("ingest", run, INGEST.pauses), context)

    assert len(slept) == 2


@pytest.mark.parametrize("error", [AuthenticationError("no", "set it"), ValueError("a fault")])
def test_what_no_pause_heals_is_not_tried_again(
    context: Context, slept: list[float], error: Exception
) -> None:
    with pytest.raises(type(error)):
        run_by_hand(Stage("ingest", failing(error), INGEST.pauses), context)

    assert slept == []


def test_a_stage_past_its_limit_is_stopped_whatever_it_catches(context: Context) -> None:
    def hang(run: Context) -> None:
        with run.record.stage("build"):
            while True:
                # As the retries of a library would.
                with suppress(Exception):
                    time.sleep(60)

    def only_build(_: Stage, run: Context) -> None:
        run_by_hand(Stage("ingest", hang), run)

    with pytest.raises(StageTimeoutError, match=r"ingest took longer than 0\.005 minutes"):
        run_all(context, only_build)

    (stage,) = context.record.manifest.stages
    assert stage.state == "failed"
    assert context.record.manifest.state == "failed"
