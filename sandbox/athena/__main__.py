"""Start the stack: `python -m sandbox.athena`."""

import os
import signal
import socket
import sys
import threading

import click

from sandbox.athena.engine.install import engine_home, install, repository_url, require_engine
from sandbox.athena.engine.java import find_java
from sandbox.athena.errors import SandboxError
from sandbox.listening import listen


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
        _run(listen(host, port), **chosen)
    except SandboxError as error:
        click.echo(f"error: {error}", err=True)
        click.echo(f"try: {error.remedy}", err=True)
        sys.exit(error.code)
    # Queries that still ran wait for an engine that is gone: nobody waits for them.
    os._exit(0)


def _run(link: socket.socket, region: str, bucket: str, memory: str) -> None:
    java, home = find_java(), require_engine(engine_home())
    try:
        # It takes seconds, so not before what is missing was said.
        from sandbox.athena.stack import Options, running_stack  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SandboxError(
            f"the Python package {error.name} is not installed",
            'pip install "wistia-elt[sandbox]", or make test, which installs all of it',
        ) from error
    options = Options(region, bucket, f"{bucket}-athena-results", memory, java, home)
    stopped = _stop_signals()
    with running_stack(link, options) as address:
        settings = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ENDPOINT_URL_ATHENA": address,
            "AWS_ACCESS_KEY_ID": "AKIASANDBOX",
            "AWS_SECRET_ACCESS_KEY": "sandbox",  # pragma: allowlist secret
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "LAKE_URI": f"s3://{bucket}/wistia",
            "ATHENA_RESULTS_URI": f"s3://{options.results}/",
            "ATHENA_WORKGROUP": "primary",
        }
        for name, value in settings.items():
            click.echo(f"{name}={value}")
        click.echo("ready")
        sys.stdout.flush()
        stopped.wait()


def _stop_signals() -> threading.Event:
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: stopped.set())
    return stopped


if __name__ == "__main__":
    athena(prog_name="athena")
