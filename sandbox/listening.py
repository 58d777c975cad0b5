"""The address that a stand-in listens at."""

import errno
import socket
import sys

import click


def listen(host: str, port: int) -> socket.socket:
    """Take the port, or end with one sentence and exit code 2."""
    # asyncio switches Nagle's delay (40 ms an answer) off only where the protocol is named.
    link = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        link.bind((host, port))
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be used: {error}"
        click.echo(f"error: port {port} on {host} {reason}", err=True)
        click.echo("try: --port 0, which takes a free one", err=True)
        sys.exit(2)
    link.listen(2048)
    return link
