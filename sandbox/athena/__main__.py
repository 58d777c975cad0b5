"""Start the stack: `python -m sandbox.athena`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from sandbox.athena.engine.install import (
    engine_home,
    install,
    repository_url,
    require_engine,
)
from sandbox.athena.engine.java import find_java
from sandbox.athena.errors import SandboxError
from sandbox.listening import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from sandbox.athena.stack import Options

_ACCESS_KEY = "AKIASANDBOX"


@click.command()
@click.option("--install", "only_install", is_flag=True, help="Fetch the engine once, and end.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8766, show_default=True, help="Port to listen on; 0 takes a free one."
)
@click.option("--region", default="us-east-1", show_default=True, help="The account's region.")
@click.option("--bucket", default="lake", show_default=True, help="Bucket to begin with.")
@click.option(
    "--memory", default="1536M", show_default=True, help="The engine's heap, as Java says it."
)
def athena(*, only_install: bool, host: str, port: int, **chosen: str) -> None:
    """Run S3, Glue, Secrets Manager, STS and Athena until stopped.

    Prints the settings to use and then `ready`. Everything is gone when it ends.

    Example: wistia-elt sandbox athena --install && wistia-elt sandbox athena
    """
    try:
        if only_install:
            install(engine_home(), repository_url(), click.echo)
            sys.exit()
        link = listen(host, port)
        java, home = find_java(), require_engine(engine_home())
        options_of, running_stack = _load()
        results = f"{chosen['bucket']}-athena-results"
        options = options_of(host=host, java=java, home=home, results=results, **chosen)
        stopped = _stop_signals()
        with running_stack(link, options) as address:
            for name, value in _environment(address, options).items():
                click.echo(f"{name}={value}")
            click.echo("ready")
            sys.stdout.flush()
            stopped.wait()
    except SandboxError as error:
        click.echo(f"error: {error}", err=True)
        click.echo(f"try: {error.remedy}", err=True)
        sys.exit(error.code)
    # Queries that still ran wait for an engine that is gone: nobody waits for them.
    os._exit(0)


def _load() -> tuple[type[Options], Callable[..., AbstractContextManager[str]]]:
    """Import the stack: it takes seconds, so not before what is missing was said."""
    try:
        from sandbox.athena.stack import Options, running_stack  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SandboxError(
            f"the Python package {error.name} is not installed",
            'pip install "wistia-elt[sandbox]", or make test, which installs all of it',
        ) from error
    return Options, running_stack


def _environment(address: str, options: Options) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ENDPOINT_URL_ATHENA": address,
        "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": "sandbox",  # pragma: allowlist secret
        "AWS_DEFAULT_REGION": options.region,
        "AWS_REGION": options.region,
        "LAKE_URI": f"s3://{options.bucket}/wistia",
        "ATHENA_RESULTS_URI": f"s3://{options.results}/",
        "ATHENA_WORKGROUP": "primary",
    }


def _stop_signals() -> threading.Event:
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: stopped.set())
    return stopped


if __name__ == "__main__":
    athena(prog_name="athena")
