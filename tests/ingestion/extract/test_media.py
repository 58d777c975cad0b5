"""Which videos are read, side by side, and what one costs the others."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from ingestion.api import parallel
from ingestion.config.errors import AuthenticationError, NotFoundError, UnavailableError
from ingestion.extract.context import Scope
from ingestion.ingest import ingest
from ingestion.state.run import start_run
from tests.ingestion.account import STATS, event, medium, visitors
from tests.ingestion.api.wire import Asked, Reply, as_json, text
from tests.ingestion.conftest import Bench

MEDIA = Scope(resource="media")
NO_SCOPE = as_json({"code": "unauthorized_scope", "error": "no"}, 401)


def landed(bench: Bench) -> list[str]:
    return sorted(row["media_id"] for row in bench.rows("media"))


def test_all_reads_every_page_of_the_list_and_skips_what_does_not_play(bench: Bench) -> None:
    for number in range(101):
        bench.api.add_medium(f"film{number:03d}", number, type="Image")
    bench.api.medias[3] = medium("film003", 3)
    bench.api.medias[4] = medium("film004", 4, type="Audio")
    bench.api.medias[100] = medium("film100", 100)

    run = bench.ingest()

    assert landed(bench) == ["film003", "film004", "film100"]
    assert len(bench.rows("medias")) == 101
    assert run.exit_code == 0


def test_named_media_are_read_in_their_order_and_no_other(bench: Bench) -> None:
    for number, name in enumerate(("abc", "def", "ghi")):
        bench.api.add_medium(name, number)

    bench.ingest(wistia_media_ids=("ghi", "abc"))

    assert landed(bench) == ["abc", "ghi"]
    assert [row["hashed_id"] for row in bench.rows("medias")] == ["abc", "ghi"]
    asked = next(a for a in bench.wire.asked if a.path == "/v1/medias")
    assert asked.query["hashed_ids[]"] == ["ghi", "abc"]


def test_a_numeric_id_becomes_the_hashed_one(bench: Bench) -> None:
    bench.api.add_medium("abc", 1001)
    bench.api.add_medium("def", 1002)

    bench.ingest(MEDIA, wistia_media_ids=("1002", "def"))

    assert landed(bench) == ["def"]


def test_an_unknown_medium_is_named_and_the_others_land(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.api.add_medium("abc")

    with caplog.at_level(logging.INFO):
        run = bench.ingest(MEDIA, wistia_media_ids=("nosuch0000", "abc"))

    assert (run.exit_code, run.state) == (3, "completed")
    assert run.resource("media").unknown_media == ["nosuch0000"]
    assert landed(bench) == ["abc"]
    assert "nosuch0000" in caplog.text
    assert "WISTIA_MEDIA_IDS" in caplog.text


def test_a_listed_video_without_statistics_is_told_once_until_it_has_some(bench: Bench) -> None:
    for film in ("abc", "def", "ghi"):
        bench.api.add_medium(film)

    def told(*without: str) -> list[str]:
        bench.api.stats = {film: STATS for film in ("abc", "def", "ghi") if film not in without}
        bench.clock.now += timedelta(minutes=1)
        run = bench.ingest(MEDIA)
        assert run.exit_code == (3 if run.resource("media").unknown_media else 0)
        return run.resource("media").unknown_media

    assert told("abc", "def") == ["abc", "def"]
    assert told("abc", "def") == []
    assert told("def") == []
    assert told("abc", "def") == ["abc"]


def test_an_empty_account_is_a_good_run(bench: Bench) -> None:
    for _ in range(2):
        run = bench.ingest()
        assert (run.exit_code, run.state) == (0, "completed")
    assert {key.split("/")[1] for key in bench.objects("raw-data")} == {"account"}
    assert run.ingest is not None
    assert run.ingest.records == 0


@pytest.mark.parametrize(
    "refusal", [NO_SCOPE, as_json({"error": "no"}, 404), text("no", 400)], ids=["401", "404", "400"]
)
def test_named_media_need_no_list(bench: Bench, refusal: Reply) -> None:
    bench.api.add_medium("abc")
    bench.api.visitors = visitors(3)
    bench.api.order("/medias", refusal)

    run = bench.ingest(wistia_media_ids=("abc",))

    assert (run.exit_code, landed(bench)) == (0, ["abc"])
    assert len(run.resource("medias").notes) == 1
    assert len(bench.rows("visitors")) == 3


@pytest.mark.parametrize(
    ("refusal", "error"), [(NO_SCOPE, AuthenticationError), (text("", 404), NotFoundError)]
)
def test_without_named_media_the_list_is_needed(
    bench: Bench, refusal: Reply, error: type[Exception]
) -> None:
    bench.api.order("/medias", refusal)

    with pytest.raises(error, match="GET /v1/medias"):
        bench.ingest(MEDIA)


def test_a_list_that_cannot_be_read_now_fails_even_with_named_media(bench: Bench) -> None:
    bench.api.order("/medias", *[text("no", 500)] * 20)

    with pytest.raises(UnavailableError):
        bench.ingest(MEDIA, wistia_media_ids=("abc",))


def test_a_medium_listed_twice_lands_once(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.medias.append(medium("abc"))

    bench.ingest()

    assert (len(bench.rows("medias")), landed(bench)) == (1, ["abc"])


@pytest.mark.parametrize(
    ("resource", "folders"),
    [("visitors", {"visitors"}), ("media", {"media"}), ("medias", {"medias"})],
)
def test_one_resource_reads_only_what_it_needs(
    bench: Bench, resource: str, folders: set[str]
) -> None:
    bench.api.add_medium("abc")
    bench.api.visitors = visitors(3)

    bench.ingest(Scope(resource=resource))

    assert {key.split("/")[1] for key in bench.objects("raw-data")} == folders
    statistics = [path for path in bench.wire.paths() if path.endswith("/engagement")]
    assert statistics == []


def test_one_resource_leaves_the_others_for_the_next_run(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.visitors = visitors(3)
    bench.ingest(Scope(resource="media"))

    bench.ingest()

    counts = {name: len(bench.rows(name)) for name in ("media", "media_engagement", "visitors")}
    assert counts == {"media": 1, "media_engagement": 1, "visitors": 3}


def answering(bench: Bench, media_id: str, answer: Callable[[Asked], Reply]) -> None:
    """From now on this is what is said of one video."""
    real = bench.wire.answer
    bench.wire.answer = lambda one: (
        answer(one) if f"/stats/medias/{media_id}" in one.path else real(one)
    )


def add_films(bench: Bench, count: int) -> list[str]:
    for number in range(count):
        bench.api.add_medium(f"film{number:02d}", number)
        bench.api.days[f"film{number:02d}"] = [DAY_ROW]
    return list(bench.api.stats)


DAY_ROW = {"date": "2026-01-08", "load_count": 2, "play_count": 1, "hours_watched": 0.5}
OF_VIDEOS = ["media", "media_engagement", "media_by_date"]


@pytest.mark.parametrize("resource", OF_VIDEOS)
def test_a_slow_video_delays_no_other_and_the_order_stays(bench: Bench, resource: str) -> None:
    films, last_asked = add_films(bench, 30), threading.Event()

    def slow(one: Asked) -> Reply:
        assert last_asked.wait(30)
        return bench.api(one)

    def last(one: Asked) -> Reply:
        last_asked.set()
        return bench.api(one)

    answering(bench, films[0], slow)
    answering(bench, films[-1], last)

    assert bench.ingest(Scope(resource=resource)).exit_code == 0

    assert [row["media_id"] for row in bench.rows(resource)] == films


@pytest.mark.parametrize("resource", OF_VIDEOS)
def test_a_video_that_fails_costs_no_other_and_is_read_by_the_next_run(
    bench: Bench, resource: str
) -> None:
    films, real = add_films(bench, 8), bench.wire.answer
    answering(bench, films[3], lambda _: text("no", 500))

    run = bench.ingest(Scope(resource=resource))

    assert (run.state, run.exit_code) == ("completed", 3)
    (note,) = run.resource(resource).notes
    assert f"500 to GET /v1/stats/medias/{films[3]}" in note
    others = [film for film in films if film != films[3]]
    assert [row["media_id"] for row in bench.rows(resource)] == others

    bench.wire.answer = real
    bench.clock.now += timedelta(days=1)
    assert bench.ingest(Scope(resource=resource)).exit_code == 0
    assert sorted(row["media_id"] for row in bench.rows(resource)) == films


def test_videos_that_hang_hold_no_other_resource_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "SILENCE", 0.1)
    films, everything_else = add_films(bench, 20), threading.Event()
    bench.api.visitors, bench.api.events = visitors(3), [event(1)]
    real = bench.wire.answer

    def answer(one: Asked) -> Reply:
        if any(f"/stats/medias/{film}" in one.path for film in films[:6]):
            assert everything_else.wait(30)
        if one.path.endswith("/stats/events"):
            everything_else.set()
        return real(one)

    bench.wire.answer = answer

    run = bench.ingest()

    assert (run.exit_code, run.state) == (0, "completed")
    for resource in OF_VIDEOS:
        entry = run.resource(resource)
        each = 2 if resource == "media_by_date" else 1
        assert (entry.state, entry.requests) == ("completed", each * len(films))
        assert sorted(row["media_id"] for row in bench.rows(resource)) == films
    assert bench.state("media_by_date")["watermark"] is not None
    bench.clock.now += timedelta(minutes=1)
    assert sum(entry.records for entry in bench.ingest().resources) == 0


def test_videos_that_hang_and_fail_in_the_end_are_no_api_that_is_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "SILENCE", 0.1)
    films, everything_else = add_films(bench, 20), threading.Event()
    hanging, real = {f"/v1/stats/medias/{film}" for film in films[:6]}, bench.wire.answer

    def answer(one: Asked) -> Reply:
        if one.path in hanging:
            assert everything_else.wait(30)
            return text("no", 500)
        if one.path.endswith("/stats/events"):
            everything_else.set()
        return real(one)

    bench.wire.answer = answer

    run = bench.ingest()

    assert (run.exit_code, run.state) == (3, "completed")
    assert sorted(row["media_id"] for row in bench.rows("media")) == films[6:]
    assert sorted(row["media_id"] for row in bench.rows("media_engagement")) == films
    assert "500 to GET /v1/stats/medias/film0" in run.resource("media").notes[0]


def test_what_hangs_when_a_run_fails_has_failed_and_the_rest_of_it_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "SILENCE", 0.1)
    films, real = add_films(bench, 3), bench.wire.answer
    bench.api.order("/stats/visitors", *[text("no", 500)] * 20)
    hanging = f"/v1/stats/medias/{films[1]}"
    bench.wire.answer = lambda one: bench.wire.hang() if one.path == hanging else real(one)

    with pytest.raises(UnavailableError, match="/stats/visitors"):
        bench.ingest()

    assert landed(bench) == [films[0], films[2]]
    entries = bench.manifests()[-1].resources
    assert {one.resource: one.state for one in entries if one.state != "completed"} == {
        "media": "failed",
        "visitors": "failed",
    }


def test_days_that_one_video_lacks_are_asked_for_again(bench: Bench) -> None:
    films, real = add_films(bench, 3), bench.wire.answer
    days = Scope(resource="media_by_date")
    bench.ingest(days)
    bench.clock.now += timedelta(days=100)
    answering(bench, films[1], lambda _: text("no", 500))
    bench.ingest(days)
    bench.wire.answer = real
    bench.api.days[films[1]] = [{**DAY_ROW, "date": "2026-02-01"}]

    bench.ingest(days)

    assert bench.rows("media_by_date")[-1]["date"] == "2026-02-01"


@pytest.mark.parametrize("count", [1, 8])
def test_where_no_video_answers_the_api_is_down(bench: Bench, count: int) -> None:
    add_films(bench, count)
    answering(bench, "film", lambda _: text("no", 500))

    with pytest.raises(UnavailableError):
        bench.ingest(Scope(resource="media"))


def test_a_run_of_many_videos_writes_its_manifest_a_few_times(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_films(bench, 60)
    keys, lake = list[str](), bench.lake()
    real = lake.put

    def put(key: str, body: bytes) -> None:
        keys.append(key)
        real(key, body)

    monkeypatch.setattr(lake, "put", put)

    bench.ingest(lake=lake)

    assert len([key for key in keys if key.startswith("raw-data/")]) == 5
    # Two a resource, two of the stage and of the run, and one now and then.
    assert len([key for key in keys if key.startswith("state/runs/")]) < 30


def test_the_requests_of_a_stage_are_those_of_every_try(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.api.order("/stats/visitors", *[text("no", 500)] * 7)
    lake = bench.lake()
    run = start_run(lake, "ingest", "test", bench.clock)
    with pytest.raises(UnavailableError):
        ingest(bench.settings(), lake, run, sleep=bench.time.sleep)

    ingest(bench.settings(), lake, run, sleep=bench.time.sleep)

    assert run.manifest.ingest is not None
    assert run.manifest.ingest.requests == len(bench.wire.asked)
