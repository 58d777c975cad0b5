"""An AWS account to apply the module to: `python -m tests.infra.account RECORDING [--engine]`.

With `--engine` it is the sandbox's stack, whose Athena is real; without, moto alone. Every
request is recorded. Prints its address, then `ready`; runs until its input ends.
"""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.infra.emulator import REGION, filled_gaps, running_moto
from tests.infra.recording import Recorder


@contextmanager
def running_stack(recording: Path) -> Iterator[str]:
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
    vars(stack)["App"] = lambda *parts: Recorder(plain(*parts), recording)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
        link.bind((options.host, 0))
        link.listen()
        with stack.running_stack(link, options) as address:
            yield address


def main() -> None:
    recording, engine = Path(sys.argv[1]), "--engine" in sys.argv[2:]
    with filled_gaps(), (running_stack if engine else running_moto)(recording) as address:
        sys.stdout.write(f"{address}\nready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
