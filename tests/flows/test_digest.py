"""The weekly digest: who asked for it gets each week once, as text and as HTML."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from email import message_from_string, policy
from pathlib import Path

import pytest

from flows.alerts.channels import Email, open_services
from flows.stages.digest import say_week, tell_week
from flows.stages.query import Answer
from ingestion.config.errors import AlarmError, QueryError
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.support.machine.listening import receiving_mail

SUNDAY = date(2026, 1, 11)
FIGURES = ["figure", "amount", "usual_low", "usual_high", "beyond", "amount_before"]
MOVERS = ["kind", "label", "play_count", "play_count_before", "z", "is_beyond_chance"]


@dataclass
class Gold:
    """Answers as gold does, for a week that ends on a day."""

    last_day: date = SUNDAY
    plays: tuple[float, int] = (746.0, 0)
    asked: int = 0

    def __call__(self, _settings: Settings, sql: str) -> Answer:
        self.asked += 1
        if "gold.spans" in sql:
            return Answer(
                ["first_day", "last_day"], [(self.last_day - timedelta(6), self.last_day)]
            )
        if "gold.movers" in sql:
            moved = [
                ("video", "<Tour> & more", 90, 40, 4.4, True),
                ("country", "CA", 30, 41, -1.3, False),
            ]
            return Answer(MOVERS, moved)
        amount, beyond = self.plays
        rows = [
            ("plays", amount, 600.0, 760.0, beyond, 700.0),
            ("completion_rate", 0.2291, 0.2, 0.25, 0, 0.2291),
            ("viewers", 700.0, None, None, None, None),
        ]
        return Answer(FIGURES, rows)


@dataclass
class Channel:
    """One that can be out of order."""

    works: bool = True
    taken: list[tuple[str, str]] = field(default_factory=list)

    def send(self, subject: str, text: str) -> None:
        if not self.works:
            raise AlarmError("out of order", "wait")
        self.taken.append((subject, text))


def test_nobody_gets_it_who_did_not_ask(tmp_path: Path) -> None:
    channel = Channel()
    assert tell_week(Settings(), LocalLake(tmp_path), Gold(), {"sns": channel}) == []
    assert not channel.taken


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{", b'{"week": "2026-01-05", "told": 1}'])
def test_who_was_told_is_damaged_and_everybody_is_told(tmp_path: Path, damaged: bytes) -> None:
    lake, channel = LocalLake(tmp_path), Channel()
    lake.put("state/digest.json", damaged)

    assert tell_week(Settings(weekly_digest=True), lake, Gold(), {"sns": channel}) == ["sns"]


def test_each_channel_gets_a_week_once_and_one_out_of_order_gets_it_later(tmp_path: Path) -> None:
    lake, settings = LocalLake(tmp_path), Settings(weekly_digest=True)
    channels = {"sns": Channel(), "webhook": Channel(works=False)}
    assert tell_week(settings, lake, Gold(), channels) == ["sns"]
    channels["webhook"].works = True
    monday = Gold(SUNDAY + timedelta(1))
    assert tell_week(settings, lake, monday, channels) == ["webhook"]
    saturday = Gold(SUNDAY + timedelta(6))
    assert tell_week(settings, lake, saturday, channels) == []
    assert saturday.asked == 1, "who has been told costs one question"
    following = Gold(SUNDAY + timedelta(7))
    assert tell_week(settings, lake, following, channels) == ["sns", "webhook"]
    (subject, text), (second, _) = channels["sns"].taken
    assert subject == ("Nothing unusual: 746 plays this week, usually 600 to 760 (Jan 5 to Jan 11)")
    assert second.endswith("(Jan 12 to Jan 18)")
    assert "Plays: 746 (+7% from the week before, usually 600 to 760)" in text
    assert "Reached the end: 22.9% (as the week before, usually 20.0% to 25.0%)" in text
    assert "Viewers: 700\n" in text
    assert "- CA (country): 30 plays, 41 the week before, may be chance" in text


def test_a_mail_has_html_and_its_text(tmp_path: Path) -> None:
    with receiving_mail() as (address, lines):
        email = Email("you@example.org", f"smtp://{address}")
        tell_week(Settings(weekly_digest=True), LocalLake(tmp_path), Gold(), {"email": email})
    message = message_from_string("\n".join(lines), policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text
    assert html
    assert "<Tour> & more (video): 90 plays, 40 the week before" in text.get_content()
    body = html.get_content()
    assert "&lt;Tour&gt; &amp; more (video)" in body
    for forbidden in ("<script", "<style", "<img", "http"):
        assert forbidden not in body


def test_a_mail_of_apprise_is_html_too(tmp_path: Path) -> None:
    with receiving_mail() as (address, lines):
        host = address.replace("127.0.0.1", "localhost")
        ((_, service),) = open_services(f"mailto://{host}?from=us@example.org&to=you@example.org")
        settings = Settings(weekly_digest=True)
        tell_week(settings, LocalLake(tmp_path), Gold(), {"mail": service})
    message = message_from_string("\n".join(lines), policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text
    assert html
    assert "746" in text.get_content()
    assert "&lt;Tour&gt; &amp; more (video)" in html.get_content()


def test_the_sentence_speaks_of_what_left_its_usual_range(tmp_path: Path) -> None:
    channel = Channel()
    lake = LocalLake(tmp_path)
    tell_week(Settings(weekly_digest=True), lake, Gold(plays=(900.0, 1)), {"sns": channel})
    assert channel.taken[0][0].startswith("Plays above the usual: 900, usually 600 to 760")
    assert say_week({}) == "No plays this week"


def test_without_tables_it_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def nothing(_settings: Settings, _sql: str) -> Answer:
        raise QueryError("there are no tables yet", "build them")

    settings = Settings(weekly_digest=True)
    assert tell_week(settings, LocalLake(tmp_path), nothing, {"sns": Channel()}) == []
    assert "waits for the next run" in caplog.text
