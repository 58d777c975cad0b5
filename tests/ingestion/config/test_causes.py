"""A remedy names the cause it saw: each of them raised for real, on the way to the API."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from cryptography.x509.oid import NameOID

import ingestion.api.client
from ingestion.api.paging import Paging
from ingestion.config.errors import ConfigurationError, ReadableError, UnavailableError
from tests.ingestion.api.client import client_of
from tests.ingestion.api.wire import Wire, text
from tests.ingestion.conftest import Bench


def refused(bench: Bench, **settings: str) -> ReadableError:
    """How a page that cannot be read is told."""
    with pytest.raises(UnavailableError) as caught:
        client_of(bench, **settings).fetch_page("/stats/visitors", Paging("visitors"))
    return caught.value


def certify(folder: Path, year: int) -> tuple[Path, Path]:
    """A certificate of `localhost` for January of a year, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(year, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(year, 2, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@contextmanager
def encrypted(folder: Path, year: int) -> Iterator[str]:
    """A server with such a certificate; its address, by the name in it."""
    certificate, key = certify(folder, year)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                    with link, context.wrap_socket(link, server_side=True):
                        pass
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        Thread(target=serve, daemon=True).start()
        yield f"https://localhost:{listener.getsockname()[1]}/v1"


def test_a_name_that_nobody_knows(bench: Bench) -> None:
    error = refused(bench, wistia_base_url="http://api.wistia.invalid/v1")

    assert "is not known (DNS)" in str(error)
    assert "spelling in WISTIA_BASE_URL" in error.remedy


def test_a_page_too_slow_for_any_size(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion.api.client, "READ_SECONDS", 0.1)
    bench.wire.answer = lambda _asked: bench.wire.hang()

    error = refused(bench)

    assert "took too long" in str(error)
    assert "slow" in error.remedy
    asked = [one.query["per_page"] for one in bench.wire.asked]
    assert asked == [["100"], ["100"], ["20"], ["20"], ["5"], ["5"]]


def test_a_certificate_that_nobody_vouches_for(bench: Bench, tmp_path: Path) -> None:
    with encrypted(tmp_path, datetime.now(UTC).year) as address:
        error = refused(bench, wistia_base_url=address)

    assert "cannot be trusted" in str(error)
    assert "REQUESTS_CA_BUNDLE" in error.remedy


@pytest.mark.parametrize("year", [2020, 2099])
def test_a_certificate_of_another_time_asks_for_the_clock(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, year: int
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with encrypted(tmp_path, year) as address:
        error = refused(bench, wistia_base_url=address)

    assert "its certificate is not valid at 20" in str(error)
    assert "clock" in error.remedy


def test_a_file_for_keys_that_cannot_be_written_is_named(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))
    with (
        encrypted(tmp_path, datetime.now(UTC).year) as address,
        pytest.raises(ConfigurationError, match="which cannot be opened"),
    ):
        client_of(bench, wistia_base_url=address).fetch_account()


def test_tls_asked_of_who_speaks_none(bench: Bench) -> None:
    error = refused(bench, wistia_base_url=bench.wire.base_url.replace("http:", "https:"))

    assert "does not speak TLS" in str(error)


def test_a_proxy_of_the_environment_that_is_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pragma: allowlist nextline secret
    monkeypatch.setenv("HTTP_PROXY", "http://jo:planted-pw@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    error = refused(bench, wistia_base_url="http://wistia.example/v1")

    assert "the proxy 127.0.0.1:9 does not let it through" in str(error)
    assert "planted-pw" not in str(error)
    assert "HTTP_PROXY" in error.remedy


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with Wire(lambda _asked: text("<html>blocked", status)).running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("NO_PROXY", "")
        error = refused(bench, wistia_base_url="http://wistia.example/v1")

    assert f"the proxy {proxy.origin.removeprefix('http://')}" in str(error)


@pytest.mark.parametrize(
    "proxy", ["http://127.0.0.1:notaport", "http://", "socks5://127.0.0.1:9", "ftp://a:1", "a b:80"]
)
def test_a_proxy_that_cannot_be_asked_is_a_setting_and_no_network(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(ConfigurationError, match=r"the proxy .* cannot be used: ") as caught:
        client_of(bench, wistia_base_url="http://wistia.example/v1").get("/medias")

    assert "HTTP_PROXY" in caught.value.remedy
    assert bench.time.slept == []


@pytest.mark.parametrize("holds", [None, "no certificate"])
def test_a_file_of_certificates_that_has_none_is_named(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holds: str | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if holds:
        bundle.write_text(holds)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    address = bench.wire.base_url.replace("http:", "https:")
    with pytest.raises(ConfigurationError, match=f"REQUESTS_CA_BUNDLE is {bundle}") as caught:
        client_of(bench, wistia_base_url=address).get("/medias")

    assert "unset" in caught.value.remedy
    assert bench.time.slept == []
