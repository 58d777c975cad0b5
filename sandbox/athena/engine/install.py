"""Fetch the engine once from Maven Central into a cache of the user's.

Two of the archives that Trino publishes hold all that is needed: the server's core, and the
Iceberg plug-in, which brings the Hive plug-in's jars with it. Together 540 MB instead of the
whole server's 820.
"""

import hashlib
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from sandbox.athena.errors import SandboxError

VERSION = "476"
CENTRAL = "https://repo.maven.apache.org/maven2"
PLUGINS = ("io.trino.plugin.hive.HivePlugin", "io.trino.plugin.iceberg.IcebergPlugin")
# Left out of the plug-ins: catalogs and file systems that are never opened here.
_NEVER_LOADED = ("snowflake-jdbc", "rocksdbjni", "-services.jar")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Archive:
    """A file of Maven Central, by its path there."""

    path: str
    megabytes: int
    sha256: str


CORE = Archive(
    path=f"io/trino/trino-server-core/{VERSION}/trino-server-core-{VERSION}.tar.gz",
    megabytes=194,
    # pragma: allowlist nextline secret
    sha256="0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158",
)
LAKE = Archive(
    path=f"io/trino/trino-iceberg/{VERSION}/trino-iceberg-{VERSION}.zip",
    megabytes=346,
    # pragma: allowlist nextline secret
    sha256="99edba5b491ed94d599aeb61e0794272d3569d8b563f3bb8569e8a49daa87b6c",
)


def engine_home() -> Path:
    """Return where the engine is kept: `lib` and `plugin` are in it once it is installed."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "wistia-elt" / f"trino-{VERSION}"


def is_installed(home: Path) -> bool:
    """Say whether the engine is there; it is moved there whole, or not at all."""
    return (home / "lib").is_dir()


def require_engine(home: Path) -> Path:
    """Return `home`.

    Raises:
        SandboxError: the engine was never installed there.
    """
    if is_installed(home):
        return home
    raise SandboxError(
        f"the engine, Trino {VERSION}, is not in {home}",
        "wistia-elt sandbox athena --install, which fetches it once (540 MB)",
    )


def install(
    home: Path,
    repository: str,
    say: Callable[[str], None],
    core: Archive = CORE,
    lake: Archive = LAKE,
) -> None:
    """Fetch, check and unpack the engine; nothing happens where it is there already.

    Raises:
        SandboxError: the repository cannot be reached, or a file is not the one published.
    """
    if not is_installed(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{home.name}.", dir=home.parent) as work:
            new, fetched = Path(work) / "new", Path(work) / "fetched"
            for archive, unpack in ((core, _unpack_core), (lake, _unpack_lake)):
                say(f"fetching {archive.path.rpartition('/')[2]} ({archive.megabytes} MB)")
                _fetch(archive, repository, fetched)
                unpack(fetched, new)
            # Another process may have been quicker: its engine is as good.
            with suppress(OSError):
                new.rename(home)
        require_engine(home)
    say(f"Trino {VERSION} is in {home}")


def repository_url(environment: Mapping[str, str] = os.environ) -> str:
    """Return the repository to ask: MAVEN_REPOSITORY, Maven's own mirror of Central, or Central."""
    return environment.get("MAVEN_REPOSITORY") or _mirror() or CENTRAL


def _mirror() -> str | None:
    """Return the mirror that ~/.m2/settings.xml names for Central, as Maven would use it."""
    with suppress(OSError, ET.ParseError):
        settings = ET.parse(Path.home() / ".m2/settings.xml")  # noqa: S314 - the user's own
        for mirror in settings.iterfind(".//{*}mirror"):
            covered = (mirror.findtext("{*}mirrorOf") or "").replace(" ", "").split(",")
            if {"central", "*", "external:*"} & set(covered) and "!central" not in covered:
                return (mirror.findtext("{*}url") or "").strip().rstrip("/") or None
    return None


def _fetch(archive: Archive, repository: str, target: Path) -> None:
    url = f"{repository.rstrip('/')}/{archive.path}"
    session, digest = requests.Session(), hashlib.sha256()
    session.mount("https://", HTTPAdapter(max_retries=Retry(4, backoff_factor=1)))
    try:
        with session.get(url, stream=True, timeout=60) as answer, target.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_content(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
    except (requests.RequestException, OSError) as error:
        raise SandboxError(
            f"{url} cannot be fetched: {error}",
            "the same command again, or MAVEN_REPOSITORY=<a mirror of Maven Central>",
            code=1,
        ) from error
    if digest.hexdigest() != archive.sha256:
        raise SandboxError(
            f"{url} is not what Trino published: its sha256 is {digest.hexdigest()}",
            "the same command again; if it stays so, another mirror in MAVEN_REPOSITORY",
            code=1,
        )


def _unpack_core(archive: Path, target: Path) -> None:
    """Take the server's own jars; its plug-ins stay behind."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if "/lib/" in member.name and member.isfile() and (jar := tar.extractfile(member)):
                # Whatever a name says, it comes to lie in that folder.
                path = target / "lib" / member.name.rpartition("/")[2]
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(jar, file, _CHUNK)


def _unpack_lake(archive: Path, target: Path) -> None:
    """Make one plug-in of Hive's and Iceberg's, so that what they share is loaded once."""
    folder = target / "plugin/lake"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            name = member.filename.rpartition("/")[2]
            if name and not any(part in name for part in _NEVER_LOADED):
                with bundle.open(member) as source, (folder / name).open("wb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
    with zipfile.ZipFile(folder / "services.jar", "w") as services:
        services.writestr("META-INF/services/io.trino.spi.Plugin", "\n".join(PLUGINS) + "\n")
