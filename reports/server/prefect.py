"""Prefect, asked over its REST API. Its address and credentials stay in this process."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from reports.server.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 5
_PAUSES = (0.3, 1.0, 2.0)
_START_PREFECT = "start it with `wistia-elt up`, or point PREFECT_API_URL at yours"
# A scheduled run that is due belongs to those at work: a worker takes it any moment.
_AT_WORK = ["PENDING", "RUNNING", "CANCELLING"]
_NEXT_RUNS = 8


@dataclass(frozen=True, slots=True)
class Prefect:
    """One Prefect server.

    Attributes:
        url: Its API, such as `http://127.0.0.1:4200/api`; None when none is set.
        pool: The work pool whose workers run the deployments.
        clock: The time, UTC.
        sleep: Waits seconds.
    """

    url: str | None
    clock: Callable[[], datetime]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    pool: str = "wistia-elt"
    sleep: Callable[[float], None] = time.sleep

    def describe(self) -> dict[str, Any]:
        """What runs, what is due next, and whether anyone would run it.

        Returns:
            `{answers, error, remedy, workers, active: [run], next: [run]}`, a run being
            `{deployment, name, state, at}`; lists are empty where Prefect does not answer.
        """
        found: dict[str, Any] = {"answers": False, "workers": 0, "active": [], "next": []}
        try:
            found["workers"] = self._count_workers()
            found["active"] = self.fetch_active()
            found["next"] = self._fetch_next()
        except Refusal as refusal:
            return {**found, "error": str(refusal), "remedy": refusal.remedy}
        return {**found, "answers": True, "error": None, "remedy": None}

    def fetch_active(self) -> list[dict[str, str]]:
        """The runs of every deployment that are at work or due.

        Raises:
            Refusal: Prefect does not answer (503).
        """
        due = (self.clock() + timedelta(seconds=2)).isoformat()
        at_work = self._filter({"state": {"type": {"any_": _AT_WORK}}})
        waiting = self._filter(
            {
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "next_scheduled_start_time": {"before_": due},
            }
        )
        return self._named([*at_work, *waiting])

    def start(self, deployment: str) -> str:
        """Order a run of a deployment, `flow/name`.

        Returns:
            The name that Prefect gave the run.

        Raises:
            Refusal: There is no such deployment (409), no answer (503).
        """
        found = self._ask("GET", f"/deployments/name/{deployment}")
        if found is None:
            raise Refusal(
                409,
                f"Prefect knows no deployment {deployment}.",
                "register it: `wistia-elt up` does, and so does `prefect deploy --all`",
            )
        # Tried again after a 503, the same order must not start two runs.
        order = {"idempotency_key": uuid.uuid4().hex}
        made = self._ask("POST", f"/deployments/{found['id']}/create_flow_run", order)
        if made is None:
            raise Refusal(409, f"Prefect lost the deployment {deployment}.", "try again")
        return str(made["name"])

    def _count_workers(self) -> int:
        path = f"/work_pools/{self.pool}/workers/filter"
        wanted = {"workers": {"status": {"any_": ["ONLINE"]}}}
        return len(self._ask("POST", path, wanted) or [])

    def _fetch_next(self) -> list[dict[str, str]]:
        wanted = {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "next_scheduled_start_time": {"after_": self.clock().isoformat()},
        }
        found = self._named(self._filter(wanted, 200))
        # Prefect plans a hundred days of one deployment: the next few of each will do.
        shown: list[dict[str, str]] = []
        for run in found:
            if sum(other["deployment"] == run["deployment"] for other in shown) < 2:  # noqa: PLR2004
                shown.append(run)
        return shown[:_NEXT_RUNS]

    def _filter(self, flow_runs: dict[str, Any], limit: int = 20) -> list[dict[str, Any]]:
        body = {
            "flow_runs": {**flow_runs, "deployment_id": {"is_null_": False}},
            "work_pools": {"name": {"any_": [self.pool]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": limit,
        }
        return list(self._ask("POST", "/flow_runs/filter", body) or [])

    def _named(self, runs: list[dict[str, Any]]) -> list[dict[str, str]]:
        deployments = self._ask("POST", "/deployments/filter", {}) or []
        names = {deployment["id"]: deployment["name"] for deployment in deployments}
        return [
            {
                "deployment": names.get(run["deployment_id"], "?"),
                "name": run["name"],
                "state": run["state_name"],
                "at": _utc(run["start_time"] or run["expected_start_time"]),
            }
            for run in runs
        ]

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        if self.url is None:
            raise Refusal(503, "No Prefect server is running here.", _START_PREFECT)
        for pause in (*_PAUSES, None):
            try:
                answer = requests.request(
                    method, self.url + path, json=body, headers=dict(self.headers), timeout=_SECONDS
                )
            except requests.RequestException as error:
                said = f"Prefect does not answer at {self.url}."
                raise Refusal(503, said, _START_PREFECT) from error
            # Its database is locked for a moment, for example while deployments are written.
            if answer.status_code != 503 or pause is None:  # noqa: PLR2004
                break
            self.sleep(pause)
        return self._read(answer, path)

    def _read(self, answer: requests.Response, path: str) -> Any:  # noqa: ANN401 - JSON
        if answer.status_code == 404:  # noqa: PLR2004
            return None
        if answer.status_code in {401, 403}:
            raise Refusal(
                503,
                f"Prefect at {self.url} refuses this server's credentials.",
                "give it the server's PREFECT_API_AUTH_STRING or PREFECT_API_KEY",
            )
        if not answer.ok:
            raise Refusal(
                503, f"Prefect answers {answer.status_code} to {path}.", "read Prefect's own log"
            )
        return answer.json()


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%SZ")
