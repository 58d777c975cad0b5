"""The actions on workgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.api.protocol import Action, Request, page

if TYPE_CHECKING:
    from sandbox.athena.workgroups import WorkGroups


def group_actions(groups: WorkGroups) -> dict[str, Action]:
    """Return the actions by name."""

    def listed(request: Request) -> dict[str, object]:
        shown, following = page(groups.summaries(), request)
        return {"WorkGroups": shown, **following}

    return {
        "CreateWorkGroup": groups.create,
        "GetWorkGroup": lambda r: {"WorkGroup": groups.get(r["WorkGroup"])},
        "UpdateWorkGroup": groups.update,
        "DeleteWorkGroup": lambda r: groups.delete(r["WorkGroup"]),
        "ListWorkGroups": listed,
    }
