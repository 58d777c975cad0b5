"""Prepared statements: by PREPARE, EXECUTE and DEALLOCATE, or by their actions."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from sandbox.athena.api.protocol import Action, Request, page
from sandbox.athena.errors import ApiError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.athena.workgroups import WorkGroups

_EXECUTE = re.compile(r"\s*EXECUTE\s+(\w+)(?:\s+USING\s+(.*?))?\s*;?\s*", re.IGNORECASE | re.DOTALL)


class Prepared:
    """Each workgroup's prepared statements by name."""

    def __init__(self, groups: WorkGroups) -> None:
        """Keep statements of these workgroups."""
        self._groups = groups
        self._kept: dict[tuple[str, str], dict[str, Any]] = {}

    def actions(self) -> dict[str, Action]:
        """Return the actions by name."""
        return {
            "CreatePreparedStatement": self._create,
            "GetPreparedStatement": lambda r: {"PreparedStatement": self._get(r)},
            "UpdatePreparedStatement": self._update,
            "DeletePreparedStatement": self._drop,
            "ListPreparedStatements": self._list,
        }

    def resolve(self, group: str, sql: str, parameters: Sequence[str]) -> tuple[str, Sequence[str]]:
        """Return what `EXECUTE name USING …` stands for, anything else as it is."""
        match = _EXECUTE.fullmatch(sql)
        if match is None or match.group(1).upper() == "IMMEDIATE":
            return sql, parameters
        kept = self._kept.get((group, match.group(1).lower()))
        if kept is None:
            raise InvalidRequest(f"PreparedStatement {match.group(1)} was not found in {group}")
        using = [match.group(2)] if match.group(2) else []
        return kept["QueryStatement"], [*using, *parameters]

    def _create(self, request: Request) -> None:
        key = self._key(request)
        if key in self._kept:
            raise InvalidRequest(f"PreparedStatement {key[1]} already exists")
        self._kept[key] = _statement(request)

    def _update(self, request: Request) -> None:
        self._get(request)
        self._kept[self._key(request)] = _statement(request)

    def _drop(self, request: Request) -> None:
        self._get(request)
        del self._kept[self._key(request)]

    def _get(self, request: Request) -> dict[str, Any]:
        key = self._key(request)
        if key not in self._kept:
            raise ApiError("ResourceNotFoundException", f"PreparedStatement {key[1]} was not found")
        return self._kept[key]

    def _list(self, request: Request) -> dict[str, Any]:
        group = self._groups.get(request["WorkGroup"])["Name"]
        found = [
            {name: kept[name] for name in ("StatementName", "LastModifiedTime")}
            for (owner, _), kept in sorted(self._kept.items())
            if owner == group
        ]
        shown, following = page(found, request)
        return {"PreparedStatements": shown, **following}

    def _key(self, request: Request) -> tuple[str, str]:
        return self._groups.get(request["WorkGroup"])["Name"], request["StatementName"].lower()


def _statement(request: Request) -> dict[str, Any]:
    return {
        "StatementName": request["StatementName"],
        "QueryStatement": request["QueryStatement"],
        "WorkGroupName": request["WorkGroup"],
        "Description": request.get("Description", ""),
        "LastModifiedTime": time.time(),
    }
