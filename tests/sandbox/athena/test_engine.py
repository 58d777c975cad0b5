"""The engine's process ends with the sandbox, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.athena.engine.server import running_engine
from sandbox.athena.errors import SandboxError
from tests.support.aws.athena_stack import ROOT

# Stands where Java is asked for: answers as an engine that has started.
ENGINE = """
import http.server, pathlib, re, sys
config = next(a.partition("=")[2] for a in sys.argv if a.startswith("-Dconfig="))
port = int(re.search(r"http.port=(\\d+)", pathlib.Path(config).read_text())[1])
class Info(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"starting": false}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", port), Info).serve_forever()
"""
PARENT = """
import sys, time
from pathlib import Path
from sandbox.athena.engine.server import running_engine
with running_engine(Path(sys.argv[1]), Path("/nowhere"), "1G", {}) as address:
    print(address, flush=True)
    time.sleep(600)
"""


def script(path: Path, body: str) -> Path:
    path.write_text(body)
    path.chmod(0o755)
    return path


def processes_with(text: str) -> list[str]:
    """Return the command lines on this machine that hold a text."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line and str(os.getpid()) != entry.parent.name:
            found.append(line)
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_nothing_outlives_the_sandbox(tmp_path: Path, name: str) -> None:
    (tmp_path / "engine.py").write_text(ENGINE)
    # The path of an interpreter may hold what a shebang cannot.
    engine = f"exec '{sys.executable}' '{tmp_path}/engine.py' \"$@\""
    java = script(tmp_path / "java", f"#!/bin/sh\n{engine}\n")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-c", PARENT, str(java)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b"http://")
        assert len(list(temporary.iterdir())) == 1
        parent.send_signal(signal.Signals[name])
        parent.wait(timeout=30)
    for _ in range(100):
        if not processes_with(str(temporary)) and not list(temporary.iterdir()):
            break
        time.sleep(0.1)
    assert processes_with(str(temporary)) == []
    assert list(temporary.iterdir()) == []


def test_an_engine_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    java = script(tmp_path / "java", "#!/bin/sh\necho 'Error: no memory for a heap' >&2\nexit 1\n")
    with (
        pytest.raises(SandboxError, match="Error: no memory for a heap"),
        running_engine(java, tmp_path, "1G", {}),
    ):
        pass
