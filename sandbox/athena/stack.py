"""The stack put together: moto, the engine and Athena's actions behind one address."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from sandbox.athena.api.metadata import Metadata
from sandbox.athena.api.queries import Queries
from sandbox.athena.app import CRAWLER_KEY, INTERNAL_KEY, Action, App
from sandbox.athena.aws.catalog import Catalog
from sandbox.athena.aws.crawler import Crawlers
from sandbox.athena.aws.glue import close_gaps
from sandbox.athena.aws.storage import Storage
from sandbox.athena.aws.workgroups import PRIMARY, find_workgroup, set_output
from sandbox.athena.engine.client import Engine
from sandbox.athena.engine.server import running_engine
from sandbox.athena.faults import Faults


@dataclass(frozen=True)
class Options:
    """What the stack is made with."""

    region: str
    bucket: str
    results: str  # the bucket of Athena's results
    memory: str  # the engine's heap, such as 1536M
    java: Path
    home: Path  # of the engine


class _Handler(MotoRequestHandler):
    """Answers without a log, and without waiting for more to send."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del code, size


@contextmanager
def running_stack(link: socket.socket, options: Options) -> Iterator[str]:
    """Serve the whole stack on `link` until the block ends; gives its address.

    Raises:
        SandboxError: the engine does not start.
    """
    host, port = link.getsockname()[:2]
    address = f"http://{host}:{port}"
    close_gaps()
    catalog, storage = _clients(address, options.region, INTERNAL_KEY)
    actions: dict[str, Action] = {
        "GetWorkGroup": lambda r, region: {"WorkGroup": find_workgroup(r["WorkGroup"], region)},
        **Metadata(catalog).actions(),
    }
    crawlers = Crawlers(*_clients(address, options.region, CRAWLER_KEY))
    moto = DomainDispatcherApplication(create_backend_app)
    with _serving(App(moto, actions, Faults(), crawlers), link):
        for bucket in (options.bucket, options.results):
            storage.make_bucket(bucket, options.region)
        set_output(PRIMARY, options.region, f"s3://{options.results}/")
        lake = {"endpoint": address, "region": options.region, "key": INTERNAL_KEY}
        with running_engine(options.java, options.home, options.memory, lake) as engine:
            queries = Queries(Engine(engine), catalog, storage)
            actions |= queries.actions()
            with closing(queries):
                yield address


def _clients(address: str, region: str, key: str) -> tuple[Catalog, Storage]:
    """Catalog and storage as the holder of a key reaches them."""
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=key, region_name=region)
    pool = Config(max_pool_connections=50, s3={"addressing_style": "path"})
    return (
        Catalog(session.client("glue", endpoint_url=address, config=pool)),
        Storage(session.client("s3", endpoint_url=address, config=pool)),
    )


@contextmanager
def _serving(app: App, link: socket.socket) -> Iterator[None]:
    host, port = link.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, request_handler=_Handler, fd=link.fileno())
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
