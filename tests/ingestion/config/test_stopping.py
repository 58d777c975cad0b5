"""A command that is told to end does, in time, whatever it waits for."""

import os
import pty
import signal
import subprocess
import sys

import pytest

from tests.support.machine.servers import ROOT

PROGRAM = """
import signal, sys, threading, time, click
# Whoever runs the tests may have said `nohup`.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from ingestion.config import signals
from ingestion.terminal import show_errors
signals._SECONDS = 0.3

@click.command()
@click.argument("kind")
def main(kind):
    click.echo("at work")
    if kind == "a thread":
        threading.Thread(target=time.sleep, args=[600]).start()
    try:
        {"a query in C": lambda: __import__("duckdb").sql(
            "select count(*) from range(100_000_000_000) a where random() < 0"
        ).fetchall()}.get(kind, lambda: time.sleep(600))()
    finally:
        if kind == "its own end":
            time.sleep(600)

sys.argv = ["program", sys.argv[1]]
show_errors(main)
"""


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (signal.SIGINT, "a thread"),
        (signal.SIGINT, "a query in C"),
        (signal.SIGTERM, "its own end"),
        (signal.SIGHUP, "a sleep"),
    ],
)
def test_a_signal_ends_a_command_whatever_it_waits_for(kind: str, number: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, kind]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 128 + number
    assert "Traceback" not in said


def test_ctrl_c_in_a_terminal_ends_130_with_a_sentence() -> None:
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, "a sleep"])  # noqa: S606
    said = b""
    while b"at work" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    _, ended = os.waitpid(pid, 0)
    said += os.read(terminal, 1000)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(ended) == 130
    assert b"stopped; the next run goes on from here" in said
