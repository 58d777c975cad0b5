"""Every request that reaches an emulator, written down as it comes."""

import io
import json
import re
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Athena's engine of the tests: asks on behalf of whoever queries, so its calls count to them.
ENGINE = "sandboxinternal"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
# Enough to know what a call is about; data of persons stays out.
_LONGEST_BODY = 200_000


@dataclass(frozen=True)
class Request:
    """One request; `key` is the access key id of who asked."""

    key: str
    service: str
    method: str
    path: str
    query: str
    target: str
    copy_source: str
    is_tagged: bool
    body: str


class Recorder:
    """A WSGI application before another; appends a line of JSON a request to `file`."""

    def __init__(self, application: Any, file: Path) -> None:  # noqa: ANN401 - WSGI is untyped
        self._application, self._file, self._lock = application, file, threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:  # noqa: ANN401
        request = _read(environ)
        if request.service:
            with self._lock, self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(request)) + "\n")
        answer: Iterable[bytes] = self._application(environ, start)
        return answer


def recorded_size(file: Path) -> int:
    """How many bytes are recorded so far."""
    return file.stat().st_size if file.exists() else 0


def read_requests(file: Path, start: int, end: int) -> list[Request]:
    """What was recorded between two sizes of the file."""
    if start == end:
        return []
    with file.open("rb") as recorded:
        recorded.seek(start)
        lines = recorded.read(end - start).splitlines()
    return [Request(**json.loads(line)) for line in lines]


def _read(environ: dict[str, Any]) -> Request:
    signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, _, service = signed.groups() if signed else ("", "", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    body = ""
    # Objects are not looked into; lists of keys to delete, and calls of JSON services, are.
    query = environ.get("QUERY_STRING", "")
    is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    is_list = environ["REQUEST_METHOD"] == "POST" and query.startswith("delete")
    if target or is_form or is_list:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        data = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(data)
        body = data[:_LONGEST_BODY].decode("utf-8", errors="replace")
        if service == "secretsmanager":
            body = json.dumps({"SecretId": json.loads(body).get("SecretId", "")})
    return Request(
        key=key,
        service=service,
        method=environ["REQUEST_METHOD"],
        path=environ.get("RAW_URI", environ.get("PATH_INFO", "")).partition("?")[0],
        query=query,
        target=target.rpartition(".")[2],
        copy_source=environ.get("HTTP_X_AMZ_COPY_SOURCE", ""),
        is_tagged="HTTP_X_AMZ_TAGGING" in environ,
        body=body,
    )
