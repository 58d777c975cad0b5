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
_NEXT_RUNS = 8


@dataclass(frozen=True, slots=True)
class Prefect:
    """One Prefect server, by its API; None when none is set. What it refuses is a `Refusal`."""

    url: str | None
    clock: Callable[[], datetime]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def describe(self) -> dict[str, Any]:
        """What runs, what is due next, and whether anyone would run it.

        `{answers, error, remedy, workers, active: [run], next: [run]}`, a run being `{deployment,
        name, state, at}`; lists are empty where Prefect does not answer.
        """
        found: dict[str, Any] = {"answers": False, "workers": 0, "active": [], "next": []}
        try:
            with self._refusing() as api:
                online = {"workers": {"status": {"any_": ["ONLINE"]}}}
                workers = api.ask("POST", f"/work_pools/{POOL}/workers/filter", online)
                found["workers"] = len(workers or [])
                found["active"] = self.fetch_active()
                found["next"] = self._fetch_next(api)
        except Refusal as refusal:
            return {**found, "error": str(refusal), "remedy": refusal.remedy}
        return {**found, "answers": True, "error": None, "remedy": None}

    def fetch_active(self) -> list[dict[str, str]]:
        """The runs of every deployment that are at work or due."""
        # One that is due belongs to those at work: a worker takes it any moment.
        due = {"before_": (self.clock() + timedelta(seconds=2)).isoformat()}
        with self._refusing() as api:
            at_work = api.filter_runs("PENDING", "RUNNING", "CANCELLING", most=20)
            waiting = api.filter_runs("SCHEDULED", most=20, next_scheduled_start_time=due)
            return _named(api, [*at_work, *waiting])

    def start(self, deployment: str) -> str:
        """Order a run of a deployment, `flow/name`; gives the name of the run."""
        with self._refusing() as api:
            found = api.ask("GET", f"/deployments/name/{deployment}")
            # Tried again after a 503, the same order must not start two runs.
            order = {"idempotency_key": uuid.uuid4().hex}
            made = found and api.ask("POST", f"/deployments/{found['id']}/create_flow_run", order)
        if made is None:
            raise Refusal(
                409,
                f"Prefect knows no deployment {deployment}.",
                "register it: `wistia-elt up` does, and so does `prefect deploy --all`",
            )
        return str(made["name"])

    def _fetch_next(self, api: PrefectApi) -> list[dict[str, str]]:
        later = {"after_": self.clock().isoformat()}
        found = api.filter_runs("SCHEDULED", next_scheduled_start_time=later)
        # Prefect plans a hundred days of one deployment: the next few of each will do.
        shown: list[dict[str, str]] = []
        for run in _named(api, found):
            if sum(other["deployment"] == run["deployment"] for other in shown) < 2:  # noqa: PLR2004
                shown.append(run)
        return shown[:_NEXT_RUNS]

    @contextmanager
    def _refusing(self) -> Iterator[PrefectApi]:
        if self.url is None:
            raise Refusal(503, "No Prefect server is running here.", START_PREFECT)
        try:
            yield PrefectApi(self.url, self.headers, _SECONDS)
        except PrefectError as error:
            # What Prefect itself wrote is for its log, not for whoever looks at the page.
            raise Refusal(503, f"{str(error).partition(': ')[0]}.", error.remedy) from error


def _named(api: PrefectApi, runs: list[dict[str, Any]]) -> list[dict[str, str]]:
    deployments = api.ask("POST", "/deployments/filter", {}) or []
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


def _utc(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%dT%H:%M:%SZ}"
