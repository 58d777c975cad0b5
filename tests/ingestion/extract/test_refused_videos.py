"""One video that is refused costs no other; where all are, it is the account."""

from datetime import timedelta

import pytest

from ingestion.config.errors import AuthenticationError, BadRequestError
from ingestion.extract.context import Scope
from tests.ingestion.api.wire import Reply, as_json, text
from tests.ingestion.conftest import Bench
from tests.ingestion.extract.test_media import OF_VIDEOS, add_films, answering

ALONE = {
    "403": as_json({"error": "no"}, 403),
    "400": text("no", 400),
    "410": text("", 410),
    "204": text("", 204),
}


@pytest.mark.parametrize("refusal", ALONE.values(), ids=ALONE.keys())
@pytest.mark.parametrize("resource", OF_VIDEOS)
def test_a_video_that_is_refused_costs_no_other_and_is_told_once(
    bench: Bench, resource: str, refusal: Reply
) -> None:
    films, real = add_films(bench, 3), bench.wire.answer
    answering(bench, films[1], lambda _: refusal)

    run = bench.ingest(Scope(resource=resource))

    assert (run.state, run.exit_code) == ("completed", 3)
    (line,) = bench.set_aside(resource)
    assert line["record"]["media_id"] == films[1]
    assert f"/stats/medias/{films[1]}" in line["reason"]
    assert [row["media_id"] for row in bench.rows(resource)] == [films[0], films[2]]
    bench.clock.now += timedelta(days=1)
    assert bench.ingest(Scope(resource=resource)).exit_code == 0

    bench.wire.answer = real
    bench.clock.now += timedelta(days=1)
    assert bench.ingest(Scope(resource=resource)).exit_code == 0
    assert sorted(row["media_id"] for row in bench.rows(resource)) == films


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize("refusal", ALONE.values(), ids=ALONE.keys())
def test_where_every_video_is_refused_it_is_the_account(
    bench: Bench, count: int, refusal: Reply
) -> None:
    add_films(bench, count)
    answering(bench, "film", lambda _: refusal)

    with pytest.raises((AuthenticationError, BadRequestError)):
        bench.ingest(Scope(resource="media"))
    assert bench.set_aside("media") == []
