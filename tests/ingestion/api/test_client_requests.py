"""What the client sends, and when a list has ended."""

from pathlib import Path

import pytest

from ingestion.api.paging import Paging
from ingestion.config.errors import BadRequestError
from tests.ingestion.account import TOKEN, visitors
from tests.ingestion.api.client import client_of
from tests.ingestion.api.wire import Reply, Wire, as_json
from tests.ingestion.conftest import Bench


def test_sends_token_version_page_and_size_with_every_request(bench: Bench) -> None:
    bench.api.visitors = visitors(250)

    list(client_of(bench).fetch_pages("/stats/visitors"))

    assert [asked.query for asked in bench.wire.asked] == [
        {"page": [str(page)], "per_page": ["100"]} for page in (1, 2, 3, 4)
    ]
    for asked in bench.wire.asked:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.headers["x-wistia-api-version"] == "2026-03"


def test_sends_the_version_that_is_set(bench: Bench) -> None:
    client_of(bench, wistia_api_version="2027-01").fetch_page("/stats/visitors", Paging("visitors"))

    assert bench.wire.asked[0].headers["x-wistia-api-version"] == "2027-01"


def test_keeps_one_connection_for_all_pages(bench: Bench) -> None:
    bench.api.visitors = visitors(450)

    list(client_of(bench).fetch_pages("/stats/visitors"))

    assert len(bench.wire.asked) == 6
    assert len({asked.connection for asked in bench.wire.asked}) == 1


def test_a_netrc_of_the_machine_does_not_replace_the_token(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    client_of(bench).fetch_page("/stats/visitors", Paging("visitors"))

    assert bench.wire.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_reads_on_behind_a_short_page(bench: Bench) -> None:
    rows = visitors(130)
    pages = {1: rows[:100], 2: rows[100:110], 3: rows[110:]}
    bench.wire.answer = lambda asked: as_json(pages.get(asked.page, []))

    found = list(client_of(bench).fetch_pages("/stats/visitors"))

    assert [len(page) for page in found] == [100, 10, 20]
    assert [asked.page for asked in bench.wire.asked] == [1, 2, 3, 4]


def test_a_server_that_repeats_its_only_page_ends_the_list(bench: Bench) -> None:
    bench.wire.answer = lambda _asked: as_json(visitors(3))

    assert len(list(client_of(bench).fetch_pages("/medias"))) == 1
    assert len(bench.wire.asked) == 2


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_token_stays_behind_when_an_answer_points_elsewhere(bench: Bench, host: str) -> None:
    with Wire(lambda _asked: as_json({"load_count": 1})).running() as elsewhere:
        # Another host, or another port of this one.
        there = elsewhere.origin.replace("127.0.0.1", host)
        bench.wire.answer = lambda _asked: Reply(status=301, headers={"Location": f"{there}/x"})

        with pytest.raises(BadRequestError, match=r"301 to GET /v1/account") as caught:
            client_of(bench).get("/account")

    assert elsewhere.asked == []
    assert f"points to {there.removeprefix('http://')}" in str(caught.value)
    assert "WISTIA_BASE_URL" in caught.value.remedy


def test_follows_an_answer_that_points_to_the_same_server(bench: Bench) -> None:
    moved = Reply(status=301, headers={"Location": "/v1/account.json"})
    bench.wire.answer = lambda asked: moved if asked.path == "/v1/account" else as_json({"id": 7})

    assert client_of(bench).get("/account") == {"id": 7}
    assert bench.wire.asked[1].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_server_that_points_at_itself_for_ever_is_no_network_fault(bench: Bench) -> None:
    bench.wire.answer = lambda asked: Reply(status=302, headers={"Location": asked.path})

    with pytest.raises(BadRequestError, match="redirect"):
        client_of(bench).get("/account")
    assert bench.time.slept == []
