"""Files over HTTP as the pages need them: compressed, in ranges, cached, and no others."""

import http.client
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reports.compression import compress_folder
from reports.server.files import Folder
from tests.reports.conftest import Client, Home, serving

SCRIPT = "console.log('loaded');\n" * 200
PAGE = (
    "<html><script>start(1)</script><script src='x.js'></script>" + "<p>words</p>" * 200 + "</html>"
)


@pytest.fixture
def site(home: Home) -> Path:
    files = {
        "index.html": PAGE,
        "media/index.html": PAGE,
        "plain.html": "<html>plain</html>",
        "_app/immutable/start.abc.js": SCRIPT,
        "data/kpis.parquet": "0123456789",
        "fonts/inter-3.19.woff2": "a font",
    }
    for name, text in files.items():
        path = home.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    compress_folder(home.site)
    (home.folder / "secret.txt").write_text("out of bounds")
    return home.site


@pytest.mark.usefixtures("site")
def test_the_smallest_form_that_the_browser_takes_is_sent(client: Client) -> None:
    path = "/_app/immutable/start.abc.js"
    sent = {
        accepted: client.get(path, accept_encoding=accepted)
        for accepted in ("gzip, deflate, br", "gzip", "br;q=0, gzip", "identity", "")
    }

    assert {a: answer.headers.get("content-encoding") for a, answer in sent.items()} == {
        "gzip, deflate, br": "br",
        "gzip": "gzip",
        "br;q=0, gzip": "gzip",
        "identity": None,
        "": None,
    }
    assert {answer.text for answer in sent.values()} == {SCRIPT}
    assert all(answer.headers["vary"] == "accept-encoding" for answer in sent.values())
    assert len({answer.headers["etag"] for answer in sent.values()}) == 3
    assert int(sent["gzip"].headers["content-length"]) < 200


@pytest.mark.usefixtures("site")
def test_what_carries_a_digest_is_kept_for_ever_and_pages_are_asked_about(client: Client) -> None:
    def caching(path: str) -> str:
        return client.get(path).headers["cache-control"]

    assert caching("/_app/immutable/start.abc.js") == "public, max-age=31536000, immutable"
    assert caching("/fonts/inter-3.19.woff2") == caching("/_app/immutable/start.abc.js")
    assert caching("/") == caching("/data/kpis.parquet") == "no-cache"
    tag = client.get("/").headers["etag"]
    again = client.get("/", if_none_match=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/", if_none_match='"other"').status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=0-1", 200, b"0123456789", None),
    ],
)
@pytest.mark.usefixtures("site")
def test_a_part_is_sent_where_a_part_is_asked(
    client: Client, asked: str, status: int, body: bytes, told: str | None
) -> None:
    answer = client.get("/data/kpis.parquet", range=asked)

    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers.get("content-range") == told


@pytest.mark.usefixtures("site")
def test_a_part_of_an_older_file_is_the_whole_new_one(client: Client) -> None:
    answer = client.get("/data/kpis.parquet", range="bytes=0-3", if_range='"older"')

    assert (answer.status_code, answer.content) == (200, b"0123456789")


@pytest.mark.usefixtures("site")
def test_addresses_are_those_of_the_pages(client: Client) -> None:
    assert client.get("/plain").text == "<html>plain</html>"
    assert client.get("/media/").text == PAGE
    moved = client.get("/media")
    assert (moved.status_code, moved.headers["location"]) == (308, "/media/")
    moved = client.get("/operations/")
    assert (moved.status_code, moved.headers["location"]) == (308, "/operations")
    missing = client.get("/nothing")
    assert missing.status_code == 404
    assert "There is no such page" in missing.text


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/media/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/media/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/link.txt",
        "/.hidden",
        "/media/%00",
        "/docs/../../secret.txt",
    ],
)
def test_nothing_outside_the_folder_is_served(client: Client, site: Path, path: str) -> None:
    (site / "link.txt").symlink_to(site.parent / "secret.txt")
    (site / ".hidden").write_text("out of bounds")
    # Asked by hand: clients tidy such a path up before they send it.
    connection = http.client.HTTPConnection(urlsplit(client.origin).netloc, timeout=10)
    connection.putrequest("GET", path)
    connection.endheaders()
    answer = connection.getresponse()

    assert answer.status in {404, 503}
    assert b"out of bounds" not in answer.read()
    connection.close()


@pytest.mark.usefixtures("site")
def test_a_page_may_run_its_own_scripts_and_no_others(client: Client) -> None:
    policy = client.get("/").headers["content-security-policy"]

    # printf 'start(1)' | openssl dgst -sha256 -binary | base64
    digest = "C8SfGBGJsmbsuuRA9C16YhP3phiX+27EEOWp/JTKBQQ="  # pragma: allowlist secret
    assert f"'sha256-{digest}'" in policy
    assert policy.count("sha256-") == 1
    assert "'wasm-unsafe-eval'" in policy
    assert "worker-src 'self' blob:" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


@pytest.mark.usefixtures("site")
def test_every_answer_carries_the_headers_of_a_careful_server(client: Client) -> None:
    for path in ("/", "/nothing", "/operations", "/api/state", "/docs/", "/handbook/"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "server" not in headers


def test_a_site_that_is_swapped_meanwhile_is_always_whole(client: Client, home: Home) -> None:
    sizes = {"a": 300_000, "b": 700_000}
    for name, size in sizes.items():
        (home.folder / name).mkdir()
        (home.folder / name / "data.json").write_text(name * size)
    (home.folder / "a").rename(home.site)
    stop = threading.Event()

    def swap() -> None:
        now, other = "a", "b"
        while not stop.is_set():
            home.site.rename(home.folder / now)
            (home.folder / other).rename(home.site)
            now, other = other, now
            time.sleep(0.005)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        seen = set()
        for _ in range(200):
            answer = client.get("/data.json")
            assert answer.status_code == 200
            assert len(set(answer.text)) == 1
            assert len(answer.text) == sizes[answer.text[0]]
            seen.add(answer.text[0])
    finally:
        stop.set()
        thread.join()
    assert seen == {"a", "b"}


def test_before_the_first_build_it_says_what_will_be_here(client: Client) -> None:
    for path, title in (("/", "The pages are not"), ("/docs/", "The documentation is not")):
        answer = client.get(path)
        assert answer.status_code == 503
        assert f"<h1>{title} built yet</h1>" in answer.text
        assert "wistia-elt publish" in answer.text
        assert answer.headers["retry-after"] == "60"


def test_the_handbook_is_beside_the_pages_once_it_is_made(client: Client, home: Home) -> None:
    def beside() -> list[str]:
        return [one["href"] for one in client.get("/served.json").json()["beside"]]

    assert client.get("/handbook/").status_code == 503
    assert "make docs" in client.get("/handbook/").text
    assert beside() == ["/operations"]
    home.handbook.mkdir()
    (home.handbook / "index.html").write_text("<h1>wistia-elt</h1>")

    assert client.get("/handbook").headers["location"] == "/handbook/"
    assert client.get("/handbook/").text == "<h1>wistia-elt</h1>"
    assert beside() == ["/operations", "/handbook/"]


def test_another_sites_name_for_this_machine_is_refused(home: Home) -> None:
    with serving(home.app(names=("Pages.example.com",))) as client:
        codes = {
            name: client.get("/operations", host=name).status_code
            for name in (
                "localhost:8080",
                "127.0.0.1",
                "[::1]:80",
                "PAGES.example.com:443",
                socket.gethostname(),
                "evil.example",
                "192.0.2.7",
                "localhost.evil.example",
                "[",
                "",
            )
        }
    assert list(codes.values()) == [200] * 5 + [421] * 5


def connect(client: Client) -> socket.socket:
    host, _, port = urlsplit(client.origin).netloc.partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def ask(client: Client, *lines: bytes) -> http.client.HTTPResponse:
    """Send a request as it stands, and read the answer."""
    host = urlsplit(client.origin).netloc
    line = connect(client)
    head = [*lines, b"host: " + host.encode(), b"connection: close", b"", b""]
    line.sendall(b"\r\n".join(head))
    answer = http.client.HTTPResponse(line)
    answer.begin()
    return answer


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (404, [b"GET /" + b"n" * 256 + b" HTTP/1.1"]),
        (404, [b"GET /" + b"%C3%A4" * 200 + b".html HTTP/1.1"]),
        (404, [b"GET /%ED%A0%80 HTTP/1.1"]),
        (404, [b"GET /%00%FF HTTP/1.1"]),
        (404, [b"GET /" + b"a/" * 3000 + b" HTTP/1.1"]),
        (404, [b"GET /operations-files/" + b"n" * 300 + b" HTTP/1.1"]),
        (503, [b"GET /docs/ HTTP/1.1"]),
        (416, [b"GET / HTTP/1.1", b"range: bytes=" + b"9" * 5000 + b"-"]),
        (206, [b"GET / HTTP/1.1", b"range: bytes=-" + b"9" * 5000]),
        (206, [b"GET / HTTP/1.1", b"range: bytes=0-" + b"9" * 5000]),
        (200, [b"GET / HTTP/1.1", "range: bytes=٣-".encode()]),
        (405, [b"DELETE / HTTP/1.1"]),
        (405, [b"BREW /operations HTTP/1.1"]),
        (400, [b"nonsense"]),
        (400, [b"GET / HTTP/1.1", b"no colon"]),
    ],
)
def test_odd_requests_are_answered_like_all_others(
    client: Client, status: int, lines: list[bytes]
) -> None:
    answer = ask(client, *lines)

    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_fault_of_ours_is_answered_like_all_others(client: Client, home: Home) -> None:
    # Its page is there and cannot be read: something that nobody thought of.
    home.site.mkdir()
    (home.site / "index.html").write_bytes(b"x")
    broken = Folder.answer
    Folder.answer = lambda *_: 1 / 0  # type: ignore[method-assign,assignment]
    try:
        answer = client.get("/")
    finally:
        Folder.answer = broken  # type: ignore[method-assign]

    assert answer.status_code == 500
    assert answer.headers["x-frame-options"] == "DENY"
    assert "ZeroDivisionError" not in answer.text


@pytest.mark.usefixtures("site")
def test_an_address_with_two_slashes_leads_to_no_other_host(client: Client) -> None:
    assert client.get("//media").headers["location"] == "/media/"


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost: localhost\r\n",
        b"POST /api/sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
        b"GET /operations HTTP/1.1\r\nhost: localhost\r\n\r\nGET /",
    ],
)
def test_half_a_request_is_dropped(
    client: Client, monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    monkeypatch.setattr("reports.server.connection.ASKING_SECONDS", 0.2)
    with connect(client) as line:
        line.sendall(half)
        try:
            while line.recv(65_536):
                pass
        except ConnectionResetError:
            pass
