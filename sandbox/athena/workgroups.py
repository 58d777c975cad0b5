"""Workgroups and their actions: where results go, and how much a query may read."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.athena.api.protocol import page
from sandbox.athena.errors import InvalidRequest

if TYPE_CHECKING:
    from sandbox.athena.api.protocol import Action, Request

PRIMARY = "primary"
_ENGINE = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
_SMALLEST_LIMIT = 10_000_000  # bytes; the service takes no smaller one


Group = dict[str, Any]


class WorkGroups:
    """The account's workgroups; `primary` is always there."""

    def __init__(self, primary_output: str | None) -> None:
        """Begin with `primary`, whose results go to `primary_output`."""
        self._groups: dict[str, Group] = {}
        self._tags: dict[str, dict[str, str]] = {}
        # As a new account has it: not enforced, so a client's own location wins.
        result = {"OutputLocation": primary_output} if primary_output else {}
        self._create(
            {
                "Name": PRIMARY,
                "Configuration": {
                    "ResultConfiguration": result,
                    "EnforceWorkGroupConfiguration": False,
                },
            }
        )

    def actions(self) -> dict[str, Action]:
        """Return the actions by name."""
        return {
            "CreateWorkGroup": self._create,
            "GetWorkGroup": lambda r: {"WorkGroup": self.get(r["WorkGroup"])},
            "UpdateWorkGroup": self._update,
            "DeleteWorkGroup": lambda r: self._delete(r["WorkGroup"]),
            "ListWorkGroups": self._list,
            "ListTagsForResource": self._tagged,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _create(self, request: Request) -> None:
        name = request["Name"]
        if name in self._groups:
            raise InvalidRequest(f"WorkGroup {name} is already created")
        asked = deepcopy(request.get("Configuration", {}))
        chosen = asked.pop("EngineVersion", {})
        configuration = {
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": False,
            "RequesterPaysEnabled": False,
            "ResultConfiguration": {},
            **asked,
            "EngineVersion": {**_ENGINE, **chosen},
        }
        _check_limit(configuration)
        self._groups[name] = {
            "Name": name,
            "State": "ENABLED",
            "Description": request.get("Description", ""),
            "CreationTime": datetime.now(UTC).timestamp(),
            "Configuration": configuration,
        }
        self._tags[name] = _by_key(request.get("Tags", []))

    def _tagged(self, request: Request) -> dict[str, Any]:
        tags = self._tags_of(request)
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tag(self, request: Request) -> None:
        self._tags_of(request).update(_by_key(request["Tags"]))

    def _untag(self, request: Request) -> None:
        for key in request["TagKeys"]:
            self._tags_of(request).pop(key, None)

    def _tags_of(self, request: Request) -> dict[str, str]:
        kind, _, name = str(request["ResourceARN"]).rpartition(":")[2].partition("/")
        if kind != "workgroup":
            raise InvalidRequest(f"only workgroups have tags here, not {request['ResourceARN']}")
        self.get(name)
        return self._tags[name]

    def get(self, name: str) -> Group:
        """Return a workgroup.

        Raises:
            InvalidRequest: there is none of this name.
        """
        if name not in self._groups:
            raise InvalidRequest(f"WorkGroup {name} is not found.")
        return self._groups[name]

    def _update(self, request: Request) -> None:
        group = self.get(request["WorkGroup"])
        updates = deepcopy(request.get("ConfigurationUpdates", {}))
        configuration = deepcopy(group["Configuration"])
        result = configuration["ResultConfiguration"]
        result_updates = updates.pop("ResultConfigurationUpdates", {})
        _apply(configuration, updates)
        _apply(result, result_updates)
        _check_limit(configuration)
        group["Configuration"] = configuration
        group["State"] = request.get("State", group["State"])
        group["Description"] = request.get("Description", group["Description"])

    def _delete(self, name: str) -> None:
        if name == PRIMARY:
            raise InvalidRequest("WorkGroup primary can not be deleted")
        self.get(name)
        del self._groups[name], self._tags[name]

    def _list(self, request: Request) -> dict[str, Any]:
        kept = ("Name", "State", "Description", "CreationTime")
        found = [
            {name: group[name] for name in kept} | {"EngineVersion": _ENGINE}
            for _, group in sorted(self._groups.items())
        ]
        shown, following = page(found, request)
        return {"WorkGroups": shown, **following}

    def usable(self, name: str) -> Group:
        """Return a workgroup that takes queries."""
        group = self.get(name)
        if group["State"] != "ENABLED":
            raise InvalidRequest(f"WorkGroup {name} is disabled.")
        return group


def _by_key(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _apply(target: dict[str, Any], updates: dict[str, Any]) -> None:
    """Set what is given; `RemoveX` takes X away, as UpdateWorkGroup spells it."""
    for word, value in updates.items():
        if not word.startswith("Remove"):
            target[word] = value
        elif value:
            target.pop(word.removeprefix("Remove"), None)


def _check_limit(configuration: dict[str, Any]) -> None:
    limit = configuration.get("BytesScannedCutoffPerQuery")
    if limit is not None and limit < _SMALLEST_LIMIT:
        raise InvalidRequest(
            f"BytesScannedCutoffPerQuery must be at least {_SMALLEST_LIMIT}, not {limit}"
        )
