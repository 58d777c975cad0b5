"""An AWS account to apply the module to: `python -m tests.infra.account RECORDING [--engine]`.

With `--engine` it is the sandbox's stack, whose Athena is real; without, moto alone. Every
request is recorded. Prints its address, then `ready`; runs until its input ends. The engine
takes its time: who asks Athena earlier waits.
"""

import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.infra.emulator import REGION, filled_gaps, running_moto
from tests.infra.recording import Recorder


class Waiting:
    """A WSGI application that lets questions to Athena wait until `ready` is set."""

    def __init__(self, application: Any, ready: threading.Event) -> None:  # noqa: ANN401 - untyped
        self._application, self._ready = application, ready

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:  # noqa: ANN401
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith("AmazonAthena."):
            self._ready.wait()
        answer: Iterable[bytes] = self._application(environ, start)
        return answer


@contextmanager
def running_stack(recording: Path) -> Iterator[None]:
    """Run the sandbox's stack, what reaches it recorded."""
    from sandbox.athena import stack  # noqa: PLC0415 - seconds that moto alone need not pay
    from sandbox.athena.engine.install import engine_home, require_engine  # noqa: PLC0415
    from sandbox.athena.engine.java import find_java  # noqa: PLC0415

    options = stack.Options(
        host="127.0.0.1",
        region=REGION,
        java=find_java(),
        home=require_engine(engine_home()),
        memory="1536M",
        bucket="unused",
        results="unused-results",
    )
    plain: Callable[..., Any] = vars(stack)["App"]
    ready = threading.Event()
    vars(stack)["App"] = lambda *parts: Recorder(Waiting(plain(*parts), ready), recording)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
        link.bind((options.host, 0))
        link.listen()
        _say(f"http://{options.host}:{link.getsockname()[1]}")
        with stack.running_stack(link, options):
            ready.set()
            yield


@contextmanager
def running_plain(recording: Path) -> Iterator[None]:
    """Run moto alone, what reaches it recorded."""
    with running_moto(recording) as address:
        _say(address)
        yield


def _say(address: str) -> None:
    sys.stdout.write(f"{address}\nready\n")
    sys.stdout.flush()


def main() -> None:
    recording, engine = Path(sys.argv[1]), "--engine" in sys.argv[2:]
    with filled_gaps(), (running_stack if engine else running_plain)(recording):
        sys.stdin.read()


if __name__ == "__main__":
    main()
