"""Alarms: what deserves one, once each, through every channel, and the word that it is over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.alerts.findings import find
from flows.alerts.watch import watch
from ingestion.config.errors import ConfigurationError
from ingestion.config.settings import Settings
from ingestion.config.timestamps import format_timestamp
from ingestion.state.manifest import IngestTotals, Manifest, StageRun
from ingestion.storage.local import LocalLake
from reports.history import History

NOW = datetime(2026, 1, 30, 9, 0, tzinfo=UTC)


class Inbox:
    """A channel that keeps what it is given, or is out of order."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def send(self, subject: str, text: str) -> None:
        self.messages.append((subject, text))

    @property
    def subjects(self) -> list[str]:
        return [subject for subject, _ in self.messages]


def day(number: int, visitors: int = 20, **fields: object) -> Manifest:
    """A good run of January; what differs is given."""
    began = format_timestamp(datetime(2026, 1, number, 7, 54, tzinfo=UTC))
    return Manifest.model_validate(
        {
            "run_id": f"202601{number:02d}T075400Z-aaaaaa",
            "kind": "run",
            "state": "completed",
            "started_at": began,
            "finished_at": began,
            "exit_code": 0,
            "code_version": "0.1.0",
            "ingest": IngestTotals(
                state="completed", started_at=began, records=visitors, visitors=visitors
            ),
            **fields,
        }
    )


def failed(number: int, error: str = "Wistia refused the token (401)") -> Manifest:
    began = format_timestamp(datetime(2026, 1, number, 7, 54, tzinfo=UTC))
    stage = StageRun(
        stage="ingest", state="failed", started_at=began, error=error, remedy="make a token"
    )
    return day(number, state="failed", exit_code=1, stages=[stage])


def alarms(manifests: list[Manifest], now: datetime = NOW, **settings: Any) -> dict[str, str]:  # noqa: ANN401
    found = find(Settings(**settings), History(manifests), now)
    return {finding.alarm: finding.said for finding in found}


def test_a_run_dated_in_the_future_silences_nothing() -> None:
    far = day(30, started_at="2099-01-01T07:54:00.000000Z", finished_at="2099-01-01T07:55:00Z")
    found = alarms([day(28), failed(29), far])

    assert found["failure"].startswith("ingest of the run 20260129T075400Z-aaaaaa failed")
    assert found["stale"] == "The last good run ended 2026-01-28 07:54 UTC, more than 30 hours ago."
    assert found["clock"].startswith("The run 20260130T075400Z-aaaaaa is dated 2099-01-01 07:54")
    # Clocks of two machines may differ by minutes.
    soon = format_timestamp(NOW + timedelta(minutes=9))
    assert alarms([day(30, started_at=soon, finished_at=soon)]) == {}


def test_good_days_give_no_alarm() -> None:
    assert alarms([]) == {}
    assert alarms([day(n) for n in range(1, 31)]) == {}


def test_a_failed_run_names_stage_and_reason() -> None:
    assert alarms([day(29), failed(30)]) == {
        "failure": "ingest of the run 20260130T075400Z-aaaaaa failed: "
        "Wistia refused the token (401)"
    }


def test_data_is_stale_after_the_limit_and_not_before() -> None:
    last = datetime(2026, 1, 29, 7, 54, tzinfo=UTC)
    assert alarms([day(29)], last + timedelta(hours=30)) == {}
    late = alarms([day(29)], last + timedelta(hours=30, seconds=1))
    assert late == {
        "stale": "The last good run ended 2026-01-29 07:54 UTC, more than 30 hours ago."
    }
    assert alarms([day(29)], last + timedelta(hours=31), alert_stale_hours=48) == {}


def set_aside(records: int, quarantined: int) -> Manifest:
    began = "2026-01-30T07:54:00.000000Z"
    totals = IngestTotals(
        state="completed", started_at=began, records=records, quarantined=quarantined
    )
    return day(30, ingest=totals)


@pytest.mark.parametrize(
    ("records", "quarantined", "percent", "alarm"),
    [(99, 1, 1, False), (98, 2, 1, True), (98, 2, 2, False), (0, 1, 50, True), (5, 0, 0, False)],
)
def test_more_in_quarantine_than_may_be_is_an_alarm(
    records: int, quarantined: int, percent: float, *, alarm: bool
) -> None:
    found = alarms([set_aside(records, quarantined)], alert_quarantine_percent=percent)
    assert ("quarantine" in found) is alarm


@pytest.mark.parametrize(("refused", "alarm"), [(0, False), (1, False), (2, True)])
def test_what_stays_refused_is_not_called_right_again(refused: int, *, alarm: bool) -> None:
    run = set_aside(20, 0)
    assert run.ingest is not None
    run.ingest.unchanged, run.resource("media").refused = 80, refused

    found = alarms([run], alert_quarantine_percent=1)

    assert ("quarantine" in found) is alarm
    if alarm:
        assert "2 of 100 records" in found["quarantine"]
        assert "are refused as they were before" in found["quarantine"]


def test_an_unusual_number_is_held_against_the_median_of_the_days_before() -> None:
    # 16 to 25 visitors a day: of the 28 days before, the median is 21 and the usual distance
    # from it 2, which is a deviation of 3.0; the root of 21 is larger, 4.6, six times 27.5.
    month = [day(n, visitors=16 + n % 10) for n in range(1, 30)]
    assert alarms([*month, day(30, visitors=48)]) == {}
    assert alarms([*month, day(30, visitors=49)])["unusual"] == (
        "The run 20260130T075400Z-aaaaaa loaded 49 visitors; 21 are usual, "
        "and 0 to 48 would be no news."
    )
    assert alarms([day(n) for n in range(1, 9)] + [day(30, visitors=9000)], NOW) != {}
    assert "unusual" not in alarms([day(n) for n in range(1, 8)] + [day(30, visitors=9000)])


def test_a_crawl_of_the_whole_list_is_not_unusual() -> None:
    whole = {"resource": "visitors", "reconciled_at": "2026-01-30T07:54:00Z"}
    month = [day(n) for n in range(1, 30)]
    assert alarms([*month, day(30, visitors=110_000, resources=[whole])]) == {}


def landed(number: int, **records: int) -> Manifest:
    """A good run of January that loaded so many of each resource."""
    entries = [{"resource": n, "state": "completed", "records": r} for n, r in records.items()]
    return day(number, visitors=records.get("visitors", 0), resources=entries)


def silences(counts: list[int], name: str = "events") -> str | None:
    found = alarms([landed(number, **{name: n}) for number, n in enumerate(counts, 1)])
    return found.get("silent")


@pytest.mark.parametrize(("name", "called"), [("events", "play"), ("visitors", "visitor")])
def test_data_that_stops_is_told_on_its_first_silent_day(name: str, called: str) -> None:
    assert silences([*[20] * 10, 0], name) == (
        f"No new {called} in 1 run since 2026-01-11 07:54 UTC; 20 a run are usual."
    )
    assert silences([*[20] * 10, 0, 1], name) is None


def test_a_small_account_may_be_silent_for_longer() -> None:
    # Two a day: by chance a week without any comes once in a million weeks.
    assert silences([*[2] * 10, *[0] * 6]) is None
    assert silences([*[2] * 10, *[0] * 7]) is not None
    assert silences([0] * 20) is None
    assert silences([*[0, 0, 0, 1] * 5, 0, 0, 0]) is None


def test_silent_weekends_are_usual_once_there_was_one() -> None:
    week = [30, 30, 30, 30, 30, 0, 0]
    assert silences(week * 2) is None
    assert silences([*week * 2, 0]) is not None


def test_a_first_run_of_two_years_and_a_few_days_are_no_usual_rate() -> None:
    assert silences([9_000, *[1] * 9, 0, 0]) is None
    assert silences([*[20] * 7, 0]) is None


def test_a_list_that_was_not_read_is_not_silent() -> None:
    refused = {"resource": "events", "state": "failed", "records": 0}
    days = [landed(number, events=20) for number in range(1, 11)]
    assert "silent" not in alarms([*days, day(11, resources=[refused])])


def test_each_alarm_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    lake, inbox, settings = LocalLake(tmp_path), Inbox(), Settings()

    def look(manifest: Manifest) -> None:
        manifest.save(lake)
        moment = datetime.fromisoformat(manifest.started_at) + timedelta(minutes=5)
        watch(settings, lake, lambda: moment, channels={"inbox": inbox})

    for manifest in (day(1), failed(2), failed(3), day(4), day(5), failed(6), day(7)):
        look(manifest)

    assert inbox.subjects == [
        "wistia-elt: failure",
        # Two days without a good run: the failure has been told, that it lasts is news.
        "wistia-elt: stale",
        "wistia-elt: failure is over",
        "wistia-elt: stale is over",
        "wistia-elt: failure",
        "wistia-elt: failure is over",
    ]
    assert "Try: make a token." in inbox.messages[0][1]
    assert "docs/runbook.md" in inbox.messages[0][1]


def test_a_refused_run_is_an_alarm_too(tmp_path: Path) -> None:
    lake, inbox = LocalLake(tmp_path), Inbox()
    error = ConfigurationError("there is no token", "set one")
    watch(Settings(), lake, lambda: NOW, error=error, channels={"inbox": inbox})
    assert "A run failed: there is no token\nTry: set one." in inbox.messages[0][1]
