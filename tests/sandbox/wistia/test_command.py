"""The command: what it prints, how it stops, what it says when it cannot start."""

import signal
import socket
import subprocess
import sys
import threading

import pytest
import requests

from tests.support.machine.servers import ROOT, Sandbox, running_sandbox

COMMAND = [sys.executable, "-m", "sandbox.wistia"]


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_exit_0(name: signal.Signals) -> None:
    with running_sandbox() as server:
        assert server.get("/medias").status_code == 200
        server.process.send_signal(name)
        assert server.process.wait(timeout=10) == 0


def test_a_signal_stops_it_while_an_answer_hangs(sandbox: Sandbox) -> None:
    sandbox.faults({"path": "/medias", "kind": "hang"})
    ended = threading.Event()

    def ask() -> None:
        with pytest.raises(requests.RequestException):
            sandbox.get("/medias")
        ended.set()

    client = threading.Thread(target=ask)
    client.start()
    while sandbox.control("GET", "faults")[0]["struck"] == 0:
        pass
    sandbox.process.terminate()
    assert sandbox.process.wait(timeout=10) == 0
    assert ended.wait(10)
    client.join()


def test_a_taken_port_is_one_sentence_and_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, f"--port={port}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"error: port {port} on 127.0.0.1 is taken by another program",
        "try: --port 0, which takes a free one",
    ]


@pytest.mark.parametrize("wrong", ["--visitors=-1", "--today=yesterday", "--latency=fast"])
def test_a_wrong_option_is_a_usage_error(wrong: str) -> None:
    done = subprocess.run(
        [*COMMAND, "--port=0", wrong],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert wrong.split("=", maxsplit=1)[0] in done.stderr
