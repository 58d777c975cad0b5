"""An AWS account for a session's tests: `python -m tests.support.aws.account RECORDING [--engine]`.

With `--engine` it is the sandbox's stack, whose Athena is real; without, moto alone. Every
request is recorded. Prints the settings to use, then `ready`; runs until its input ends. The
engine takes its time: who asks Athena earlier waits.
"""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.athena import stack
from sandbox.athena.engine.install import engine_home, require_engine
from sandbox.athena.engine.java import find_java
from tests.support.aws.emulator import REGION, filled_gaps, running_moto
from tests.support.aws.recording import Recorder

# Those that `wistia-elt sandbox athena` prints.
_BUCKET = "lake"
_RESULTS = f"{_BUCKET}-athena-results"


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
    options = stack.Options(
        region=REGION,
        java=find_java(),
        home=require_engine(engine_home()),
        memory="1536M",
        bucket=_BUCKET,
        results=_RESULTS,
    )
    plain: Callable[..., Any] = vars(stack)["App"]
    ready = threading.Event()
    vars(stack)["App"] = lambda *parts: Recorder(Waiting(plain(*parts), ready), recording)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
        link.bind(("127.0.0.1", 0))
        link.listen(2048)
        _say(settings(f"http://127.0.0.1:{link.getsockname()[1]}"))
        with stack.running_stack(link, options):
            ready.set()
            yield


@contextmanager
def running_plain(recording: Path) -> Iterator[None]:
    """Run moto alone, what reaches it recorded."""
    with running_moto(recording) as address:
        _say(settings(address))
        yield


def settings(address: str) -> dict[str, str]:
    """The environment that leads AWS's clients here."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ENDPOINT_URL_ATHENA": address,
        "AWS_ACCESS_KEY_ID": "AKIASANDBOX",
        "AWS_SECRET_ACCESS_KEY": "sandbox",  # pragma: allowlist secret
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "LAKE_URI": f"s3://{_BUCKET}/wistia",
        "ATHENA_RESULTS_URI": f"s3://{_RESULTS}/",
        "ATHENA_WORKGROUP": "primary",
    }


def _say(found: Mapping[str, str]) -> None:
    lines = [*(f"{name}={value}" for name, value in found.items()), "ready"]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def main() -> None:
    recording, engine = Path(sys.argv[1]), "--engine" in sys.argv[2:]
    with filled_gaps(), (running_stack if engine else running_plain)(recording):
        sys.stdin.read()
    # Queries that still ran wait for an engine that is gone: nobody waits for them.
    os._exit(0)


if __name__ == "__main__":
    main()
