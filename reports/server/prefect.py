"""What the Operations page asks of Prefect. Its address and credentials stay in this process."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.config.errors import PrefectError
from reports.prefect import POOL, START_PREFECT, PrefectApi
from reports.server.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SECONDS = 5
# A scheduled run that is due belongs to those at work: a worker takes it any moment.
_AT_WORK = ["PENDING", "RUNNING", "CANCELLING"]
_NEXT_RUNS = 8


@dataclass(frozen=True, slots=True)
class Prefect:
    """One Prefect server.

    Attributes:
        url: Its API, such as `http://127.0.0.1:4200/api`; None when none is set.
        clock: The time, UTC.
        headers: What signs our requests.
    """

    url: str | None
    clock: Callable[[], datetime]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

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
        at_work = self._runs({"state": {"type": {"any_": _AT_WORK}}})
        waiting = self._runs(
            {
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "next_scheduled_start_time": {"before_": due},
            }
        )
        return self._named([*at_work, *waiting])

    def start(self, deployment: str) -> str:
        """Order a run of a deployment, `flow/name`; gives the name of the run.

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
        path = f"/work_pools/{POOL}/workers/filter"
        wanted = {"workers": {"status": {"any_": ["ONLINE"]}}}
        return len(self._ask("POST", path, wanted) or [])

    def _fetch_next(self) -> list[dict[str, str]]:
        wanted = {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "next_scheduled_start_time": {"after_": self.clock().isoformat()},
        }
        found = self._named(self._runs(wanted, 200))
        # Prefect plans a hundred days of one deployment: the next few of each will do.
        shown: list[dict[str, str]] = []
        for run in found:
            if sum(other["deployment"] == run["deployment"] for other in shown) < 2:  # noqa: PLR2004
                shown.append(run)
        return shown[:_NEXT_RUNS]

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

    def _runs(self, wanted: dict[str, Any], most: int = 20) -> list[dict[str, Any]]:
        with self._refusing() as api:
            return api.filter_runs(wanted, most)

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        with self._refusing() as api:
            return api.ask(method, path, body)

    @contextmanager
    def _refusing(self) -> Iterator[PrefectApi]:
        if self.url is None:
            raise Refusal(503, "No Prefect server is running here.", START_PREFECT)
        try:
            yield PrefectApi(self.url, self.headers, _SECONDS)
        except PrefectError as error:
            # What Prefect itself wrote is for its log, not for whoever looks at the page.
            raise Refusal(503, f"{str(error).partition(': ')[0]}.", error.remedy) from error


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%SZ")
