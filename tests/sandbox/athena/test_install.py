"""The engine is fetched once, whole or not at all; what is missing is said with its remedy."""

import hashlib
import io
import os
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from sandbox.athena.engine.install import CORE, Archive, install, is_installed, repository_url
from sandbox.athena.engine.java import find_java
from sandbox.athena.errors import SandboxError
from tests.support.machine.listening import serving

COMMAND = Path(sys.executable).with_name("wistia-elt")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A Maven repository of this machine: its address and its folder."""
    folder = tmp_path / "repository"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with serving(HTTPServer(("127.0.0.1", 0), handler)) as port:
        yield f"http://127.0.0.1:{port}", folder


def publish(folder: Path, path: str, body: bytes) -> Archive:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(body)
    return Archive(path, 0, hashlib.sha256(body).hexdigest())


def core_archive() -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name in ("core/lib/main.jar", "core/plugin/other/other.jar"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"jar"))
    return body.getvalue()


def lake_archive() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as bundle:
        for name in ("iceberg.jar", "trino-iceberg-services.jar", "net_snowflake-jdbc-3.jar"):
            bundle.writestr(f"trino-iceberg/{name}", b"jar")
    return body.getvalue()


def test_the_engine_is_the_servers_jars_and_one_plugin(
    tmp_path: Path, repository: tuple[str, Path]
) -> None:
    url, folder = repository
    core = publish(folder, "core.tar.gz", core_archive())
    lake = publish(folder, "lake.zip", lake_archive())
    said: list[str] = []
    install(tmp_path / "trino", url, said.append, core, lake)
    files = sorted(str(f.relative_to(tmp_path / "trino")) for f in tmp_path.glob("trino/**/*.jar"))
    assert files == ["lib/main.jar", "plugin/lake/iceberg.jar", "plugin/lake/services.jar"]
    with zipfile.ZipFile(tmp_path / "trino/plugin/lake/services.jar") as services:
        named = services.read("META-INF/services/io.trino.spi.Plugin").decode().split()
    assert named == ["io.trino.plugin.hive.HivePlugin", "io.trino.plugin.iceberg.IcebergPlugin"]
    (folder / "core.tar.gz").unlink()
    install(tmp_path / "trino", url, said.append, core, lake)
    assert said[-1] == f"Trino 476 is in {tmp_path / 'trino'}"


def test_a_file_that_is_not_the_published_one_is_not_used(
    tmp_path: Path, repository: tuple[str, Path]
) -> None:
    url, folder = repository
    publish(folder, CORE.path, b"something else")
    with pytest.raises(SandboxError, match="is not what Trino published"):
        install(tmp_path / "trino", url, lambda _: None)
    assert not is_installed(tmp_path / "trino")
    assert [path.name for path in tmp_path.iterdir()] == ["repository"]


def test_a_repository_without_the_engine_is_named(
    tmp_path: Path, repository: tuple[str, Path]
) -> None:
    with pytest.raises(SandboxError, match=r"core-476\.tar\.gz cannot be fetched"):
        install(tmp_path / "trino", repository[0], lambda _: None)


def test_mavens_own_mirror_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert repository_url({}) == "https://repo.maven.apache.org/maven2"
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2/settings.xml").write_text(
        "<settings><mirrors><mirror><id>x</id><mirrorOf>apache</mirrorOf><url>http://no</url>"
        "</mirror><mirror><mirrorOf>*, !apache</mirrorOf><url>http://mirror.example/</url>"
        "</mirror></mirrors></settings>"
    )
    assert repository_url({}) == "http://mirror.example"
    assert repository_url({"MAVEN_REPOSITORY": "http://own.example"}) == "http://own.example"


def java_of(folder: Path, version: str) -> Path:
    java = folder / "bin/java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
    java.chmod(0o755)
    return java


def test_a_new_enough_java_is_found_beside_an_old_one(tmp_path: Path) -> None:
    old, new = java_of(tmp_path / "jdk-17", "17.0.15"), java_of(tmp_path / "jdk-25", "25.0.3")
    environment = {"JAVA_HOME": str(old.parent.parent), "PATH": str(old.parent)}
    assert find_java(environment, [f"{tmp_path}/jdk-*"]) == new


def test_an_old_java_is_named_with_what_mends_it(tmp_path: Path) -> None:
    old = java_of(tmp_path / "jdk-17", "17.0.15")
    with pytest.raises(SandboxError) as missing:
        find_java({"JAVA_HOME": str(old.parent.parent), "PATH": ""}, [])
    assert str(missing.value) == f"the engine needs Java 24 or newer; {old} is 17"
    assert "JAVA_HOME" in missing.value.remedy


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "sandbox", "athena", *options],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_an_engine_the_command_says_how_to_get_it(tmp_path: Path) -> None:
    java = java_of(tmp_path / "jdk", "25")
    done = run(
        "--port=0", XDG_CACHE_HOME=str(tmp_path / "cache"), JAVA_HOME=str(java.parent.parent)
    )
    error, remedy = done.stderr.splitlines()
    assert done.returncode == 2
    assert error == f"error: the engine, Trino 476, is not in {tmp_path}/cache/wistia-elt/trino-476"
    assert remedy.startswith("try: wistia-elt sandbox athena --install")


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(f"--port={port}", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: port {port} on 127.0.0.1 is taken by another program",
        "try: --port 0, which takes a free one",
    ]
