"""A bucket for tests that lets nobody in."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.support.machine.listening import Quiet, serving


@contextmanager
def refusing_bucket(code: str) -> Iterator[str]:
    """An S3 that answers every request 403, with this code."""
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()

    class Handler(Quiet):
        def answer(self) -> None:
            self.reply(body, 403)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"
