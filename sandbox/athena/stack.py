"""The stack put together: moto, the engine and Athena's actions behind one address."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from sandbox.athena.api.metadata import Metadata
from sandbox.athena.api.queries import Queries
from sandbox.athena.app import CRAWLER_KEY, INTERNAL_KEY, App
from sandbox.athena.aws.crawler import Crawlers
from sandbox.athena.aws.glue import close_gaps
from sandbox.athena.catalog import Catalog
from sandbox.athena.engine.client import Engine
from sandbox.athena.engine.server import Access, running_engine
from sandbox.athena.errors import ApiError
from sandbox.athena.executions import Executions
from sandbox.athena.faults import Faults, controls
from sandbox.athena.job import Stack
from sandbox.athena.storage import Storage
from sandbox.athena.workgroups import WorkGroups

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sandbox.athena.api.protocol import Action


@dataclass(frozen=True)
class Options:
    """What the stack is made with."""

    host: str
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
    account = _Account(address, options)
    moto = DomainDispatcherApplication(create_backend_app)
    app = App(moto, account.actions, controls(account.faults, account.crawlers), account.faults)
    server = make_server(
        options.host, port, app, threaded=True, request_handler=_Handler, fd=link.fileno()
    )
    server.daemon_threads = True  # type: ignore[attr-defined]
    with _serving(server):
        account.make_buckets()
        access = Access(address, options.region, INTERNAL_KEY, INTERNAL_KEY)
        with (
            running_engine(options.java, options.home, access, options.memory) as engine,
            closing(account.open(Engine(engine))),
        ):
            yield address


@contextmanager
def _serving(server: BaseWSGIServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()


class _Account:
    """One account: its buckets, its catalog, and Athena in each region."""

    def __init__(self, address: str, options: Options) -> None:
        self._options, self._address = options, address
        self._storage, self._catalog = self._clients(INTERNAL_KEY)
        self.faults = Faults()
        storage, catalog = self._clients(CRAWLER_KEY)
        self.crawlers = Crawlers(catalog, storage)
        self._regions: dict[str, Mapping[str, Action]] = {}
        self._stack: Stack | None = None
        self._executions = Executions()
        close_gaps()
        self.crawlers.take_over()

    def _clients(self, key: str) -> tuple[Storage, Catalog]:
        """Storage and catalog as the holder of a key reaches them."""
        session = boto3.Session(
            aws_access_key_id=key,
            aws_secret_access_key=key,
            region_name=self._options.region,
        )
        pool = Config(max_pool_connections=50, s3={"addressing_style": "path"})
        return (
            Storage(session.client("s3", endpoint_url=self._address, config=pool)),
            Catalog(session.client("glue", endpoint_url=self._address, config=pool)),
        )

    def make_buckets(self) -> None:
        """Make the buckets that the printed settings name."""
        for bucket in (self._options.bucket, self._options.results):
            self._storage.make_bucket(bucket, self._options.region)

    def open(self, engine: Engine) -> Executions:
        """Take queries from now on."""
        self._stack = Stack(engine, self._catalog, self._storage, self._options.region)
        return self._executions

    def actions(self, region: str) -> Mapping[str, Action]:
        """Return Athena's actions in a region; every region has a `primary` of its own."""
        if region not in self._regions:
            if self._stack is None:
                raise ApiError("InternalServerException", "the engine is not ready yet", 500)
            home = region == self._options.region
            output = f"s3://{self._options.results}/" if home else None
            groups = WorkGroups(output)
            stack = replace(self._stack, region=region)
            queries = Queries(stack, groups, self._executions)
            self._regions[region] = {
                **queries.actions(),
                **groups.actions(),
                **Metadata(self._catalog).actions(),
            }
        return self._regions[region]
