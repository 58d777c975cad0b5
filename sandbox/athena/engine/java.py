"""Find a Java that runs the engine."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sandbox.athena.errors import SandboxError

LOWEST = 24  # what Trino 476 asks for
# Where Debian, Red Hat, macOS, SDKMAN and Homebrew put what they install.
PLACES = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "~/.sdkman/candidates/java/*",
    "/opt/homebrew/opt/openjdk*",
)


def find_java(environment: Mapping[str, str] = os.environ, places: Sequence[str] = PLACES) -> Path:
    """Return a `java` that is new enough: JAVA_HOME's, an installed one's, or PATH's.

    Raises:
        SandboxError: there is none; the sentence names what was found instead.
    """
    seen = {}
    for java in _candidates(environment, places):
        version = _version(java)
        if version >= LOWEST:
            return java
        seen[str(java)] = version
    found = ", ".join(f"{java} is {version}" for java, version in seen.items() if version)
    raise SandboxError(
        f"the engine needs Java {LOWEST} or newer; {found or 'no Java was found'}",
        "install one (Temurin 25 for example), or set JAVA_HOME to it",
    )


def _candidates(environment: Mapping[str, str], places: Sequence[str]) -> Iterator[Path]:
    if home := environment.get("JAVA_HOME"):
        yield Path(home) / "bin/java"
    if on_path := shutil.which("java", path=environment.get("PATH")):
        yield Path(on_path)
    for place in places:
        # Newest name first: temurin-25 before temurin-24.
        pattern = str(Path(place).expanduser() / "bin/java").lstrip("/")
        yield from sorted(Path("/").glob(pattern), reverse=True)


def _version(java: Path) -> int:
    """Return the major version, 0 where this is no Java."""
    try:
        answer = subprocess.run(  # noqa: S603 - a Java found on this machine
            [java, "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', answer.stderr)
    return int(match[1]) if match else 0
