"""Prefect's REST API, for what its command line does not do: the one client."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ingestion.config.errors import PrefectError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POOL = "wistia-elt"
START_PREFECT = "start it with `wistia-elt up`, or point PREFECT_API_URL at yours"
_MISSING, _BUSY = 404, 503
# Its database is locked for a moment: all we ask may be asked again, after 0, 1 and 2 seconds.
_AGAIN = Retry(
    3,
    connect=0,
    read=0,
    allowed_methods=None,
    status_forcelist=[_BUSY],
    backoff_factor=0.5,
    raise_on_status=False,
    respect_retry_after_header=False,
)


@dataclass(frozen=True, slots=True)
class PrefectApi:
    """One Prefect server.

    Attributes:
        url: Its API, such as `http://127.0.0.1:4200/api`.
        headers: What signs our requests.
        seconds: How long one answer may take.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    seconds: float = 30.0

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send one request; None for what is not there and for an empty answer.

        Raises:
            PrefectError: No answer, or a refusal.
        """
        try:
            with requests.Session() as session:
                session.mount(self.url, HTTPAdapter(max_retries=_AGAIN))
                answer = session.request(
                    method,
                    self.url + path,
                    json=body,
                    headers=dict(self.headers),
                    timeout=self.seconds,
                )
        except requests.RequestException as error:
            raise PrefectError(f"Prefect does not answer at {self.url}", START_PREFECT) from error
        if answer.status_code == _MISSING:
            return None
        if answer.status_code in {401, 403}:
            raise PrefectError(
                f"Prefect at {self.url} refuses this server's credentials",
                "give it the server's PREFECT_API_AUTH_STRING or PREFECT_API_KEY",
            )
        if not answer.ok:
            raise PrefectError(
                f"Prefect answers {answer.status_code} to {path}: {answer.text[:200]}",
                "read Prefect's own log",
            )
        return answer.json() if answer.content else None

    def filter_runs(self, wanted: Mapping[str, Any], most: int = 200) -> list[dict[str, Any]]:
        """The pool's runs of deployments that `wanted` names, the first expected first."""
        body = {
            "flow_runs": {**wanted, "deployment_id": {"is_null_": False}},
            "work_pools": {"name": {"any_": [POOL]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": most,
        }
        return list(self.ask("POST", "/flow_runs/filter", body) or [])

    def wait_until_healthy(self, seconds: float, alive: Callable[[], bool]) -> None:
        """Return when the server answers, at most after so many seconds while its process is alive.

        Raises:
            PrefectError: It ended, or did not answer in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and alive():
            try:
                self.ask("GET", "/health")
            except PrefectError:
                time.sleep(0.5)
            else:
                return
        raise PrefectError(
            f"Prefect's server did not start at {self.url}",
            "read its log; PREFECT_SERVER_API_PORT gives it another port",
        )
