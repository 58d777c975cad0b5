"""Prefect's REST API, for what its command line does not do: the one client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ingestion.config.errors import PrefectError

if TYPE_CHECKING:
    from collections.abc import Mapping

POOL = "wistia-elt"
START_PREFECT = (
    "start it with `wistia-elt up`, or point PREFECT_API_URL at yours; without that variable a run "
    "needs no server"
)
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
    """One Prefect server, by its API such as `http://127.0.0.1:4200/api`."""

    url: str
    # What signs our requests.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    # How long one answer may take.
    seconds: float = 30.0

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send one request; None for what is not there and for an empty answer.

        Raises:
            PrefectError: No answer, or a refusal.
        """
        try:
            with requests.Session() as session:
                session.mount(self.url, HTTPAdapter(max_retries=_AGAIN))
                session.headers.update(self.headers)
                answer = session.request(method, self.url + path, json=body, timeout=self.seconds)
            found = answer.json() if answer.ok and answer.content else None
        except requests.JSONDecodeError as error:
            raise PrefectError(
                f"who answers at {self.url} is not Prefect",
                "set PREFECT_API_URL to the API's address, http://127.0.0.1:4200/api as a rule",
            ) from error
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
        return found

    def filter_runs(self, *states: str, most: int = 200, **wanted: object) -> list[dict[str, Any]]:
        """The pool's runs of deployments in these states, the first expected first."""
        of_deployments = {"state": {"type": {"any_": states}}, "deployment_id": {"is_null_": False}}
        body = {
            "flow_runs": {**of_deployments, **wanted},
            "work_pools": {"name": {"any_": [POOL]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": most,
        }
        return list(self.ask("POST", "/flow_runs/filter", body) or [])
