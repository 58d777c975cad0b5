"""Start the stand-in: `python -m sandbox.wistia`."""

import signal
import socket
import sys
from datetime import UTC, datetime

import click
import uvicorn

from sandbox.listening import listen
from sandbox.wistia.account.history import VISITORS
from sandbox.wistia.api.answers import MOST_PER_PAGE
from sandbox.wistia.app import Options, create_app
from sandbox.wistia.habits.gate import SCOPES

_LIMIT = 600  # Wistia's, requests a minute and account
# What a client may be told where the limit is off: more than one connection reaches.
_NO_LIMIT = 1_000_000


class _Server(uvicorn.Server):
    """Says `ready` once requests are answered."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        click.echo("ready")
        sys.stdout.flush()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8765, show_default=True, help="Port to listen on; 0 takes a free one."
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another account.")
@click.option(
    "--visitors",
    type=click.IntRange(min=0),
    default=VISITORS,
    show_default=True,
    help="Visitors at the start.",
)
@click.option(
    "--media",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="Media; the first two have the predecessor's figures.",
)
@click.option(
    "--identified",
    type=click.FloatRange(0, 1),
    default=0.00025,
    show_default=True,
    help="Share of visitors who left a name or an address.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Multiplier of the real API's measured answer times.",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(min=0),
    default=_LIMIT,
    show_default=True,
    help="Requests a minute; 0 lifts the limit.",
)
@click.option(
    "--page-cap",
    type=click.IntRange(min=1),
    default=MOST_PER_PAGE,
    show_default=True,
    help="Most visitors or events a page, whatever is asked for.",
)
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="UTC date of the history's last run; the current one unless given.",
)
@click.option("--token", default="sandbox-token", show_default=True, help="The token to ask for.")
@click.option(
    "--scopes",
    default=",".join(sorted(SCOPES)),
    show_default=True,
    help="Permissions of the token, comma separated; leave one out to see it missing.",
)
def wistia(host: str, port: int, today: datetime | None, scopes: str, **options: object) -> None:
    """Run a stand-in for Wistia's API until it is stopped.

    Prints the settings to use and then `ready`. Time passes only when told:

    curl -d '{"new": 4, "returning": 20, "hours": 24}' http://127.0.0.1:8765/_sandbox/advance
    """
    link = listen(host, port)
    chosen = Options(
        today=(today or datetime.now(UTC)).date(),
        scopes=frozenset(filter(None, scopes.split(","))),
        **options,  # type: ignore[arg-type]
    )
    address = f"http://{host}:{link.getsockname()[1]}"
    click.echo(f"WISTIA_BASE_URL={address}/v1")
    click.echo(f"WISTIA_API_TOKEN={chosen.token}")
    if chosen.rate_limit != _LIMIT:
        click.echo(f"WISTIA_REQUESTS_PER_MINUTE={chosen.rate_limit or _NO_LIMIT}")
    sys.stdout.flush()
    # uvicorn raises the signal again once it has shut down: here that is the end, not an error.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    config = uvicorn.Config(
        create_app(chosen),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,  # the gate tells it
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        backlog=2048,
    )
    _Server(config).run(sockets=[link])


if __name__ == "__main__":
    wistia(prog_name="wistia")
