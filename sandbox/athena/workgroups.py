"""Workgroups: where results go, and how much a query may read."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from sandbox.athena.errors import InvalidRequest

PRIMARY = "primary"
_ENGINE = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
_SMALLEST_LIMIT = 10_000_000  # bytes; the service takes no smaller one
# UpdateWorkGroup's words for taking something away, and what they take away.
_REMOVALS = {
    "RemoveBytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery",
    "RemoveCustomerContentEncryptionConfiguration": "CustomerContentEncryptionConfiguration",
}
_RESULT_REMOVALS = {
    "RemoveOutputLocation": "OutputLocation",
    "RemoveEncryptionConfiguration": "EncryptionConfiguration",
    "RemoveExpectedBucketOwner": "ExpectedBucketOwner",
    "RemoveAclConfiguration": "AclConfiguration",
}

Group = dict[str, Any]


class WorkGroups:
    """The account's workgroups; `primary` is always there."""

    def __init__(self, primary_output: str | None) -> None:
        """Begin with `primary`, whose results go to `primary_output`."""
        self._groups: dict[str, Group] = {}
        self._tags: dict[str, dict[str, str]] = {}
        # As a new account has it: not enforced, so a client's own location wins.
        result = {"OutputLocation": primary_output} if primary_output else {}
        self.create(
            {
                "Name": PRIMARY,
                "Configuration": {
                    "ResultConfiguration": result,
                    "EnforceWorkGroupConfiguration": False,
                },
            }
        )

    def create(self, request: dict[str, Any]) -> None:
        """Make a workgroup as CreateWorkGroup asks."""
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
        self.tag(name, {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])})

    def tags(self, name: str) -> dict[str, str]:
        """Return a workgroup's tags."""
        self.get(name)
        return self._tags.get(name, {})

    def tag(self, name: str, tags: dict[str, str]) -> None:
        """Add tags to a workgroup, or replace their values."""
        self._tags[name] = self.tags(name) | tags

    def untag(self, name: str, keys: list[str]) -> None:
        """Take tags away."""
        kept = self.tags(name)
        self._tags[name] = {key: value for key, value in kept.items() if key not in keys}

    def get(self, name: str) -> Group:
        """Return a workgroup.

        Raises:
            InvalidRequest: there is none of this name.
        """
        if name not in self._groups:
            raise InvalidRequest(f"WorkGroup {name} is not found.")
        return self._groups[name]

    def update(self, request: dict[str, Any]) -> None:
        """Change a workgroup as UpdateWorkGroup asks."""
        group = self.get(request["WorkGroup"])
        updates = deepcopy(request.get("ConfigurationUpdates", {}))
        configuration = deepcopy(group["Configuration"])
        result = configuration["ResultConfiguration"]
        result_updates = updates.pop("ResultConfigurationUpdates", {})
        _apply(configuration, updates, _REMOVALS)
        _apply(result, result_updates, _RESULT_REMOVALS)
        _check_limit(configuration)
        group["Configuration"] = configuration
        group["State"] = request.get("State", group["State"])
        group["Description"] = request.get("Description", group["Description"])

    def delete(self, name: str) -> None:
        """Forget a workgroup."""
        if name == PRIMARY:
            raise InvalidRequest("WorkGroup primary can not be deleted")
        self.get(name)
        del self._groups[name]
        self._tags.pop(name, None)

    def summaries(self) -> list[Group]:
        """Return what ListWorkGroups tells of each."""
        shown = ("Name", "State", "Description", "CreationTime")
        return [
            {name: group[name] for name in shown} | {"EngineVersion": _ENGINE}
            for _, group in sorted(self._groups.items())
        ]

    def usable(self, name: str) -> Group:
        """Return a workgroup that takes queries."""
        group = self.get(name)
        if group["State"] != "ENABLED":
            raise InvalidRequest(f"WorkGroup {name} is disabled.")
        return group


def _apply(target: dict[str, Any], updates: dict[str, Any], removals: dict[str, str]) -> None:
    for word, name in removals.items():
        if updates.pop(word, False):
            target.pop(name, None)
    target.update(updates)


def _check_limit(configuration: dict[str, Any]) -> None:
    limit = configuration.get("BytesScannedCutoffPerQuery")
    if limit is not None and limit < _SMALLEST_LIMIT:
        raise InvalidRequest(
            f"BytesScannedCutoffPerQuery must be at least {_SMALLEST_LIMIT}, not {limit}"
        )
