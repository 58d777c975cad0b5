"""The actions on workgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.api.protocol import Action, Request, page
from sandbox.athena.errors import InvalidRequest

if TYPE_CHECKING:
    from sandbox.athena.workgroups import WorkGroups


def group_actions(groups: WorkGroups) -> dict[str, Action]:
    """Return the actions by name."""

    def listed(request: Request) -> dict[str, object]:
        shown, following = page(groups.summaries(), request)
        return {"WorkGroups": shown, **following}

    def tagged(request: Request) -> dict[str, object]:
        tags = groups.tags(_group_of(request))
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def tag(request: Request) -> None:
        groups.tag(_group_of(request), {one["Key"]: one["Value"] for one in request["Tags"]})

    return {
        "ListTagsForResource": tagged,
        "TagResource": tag,
        "UntagResource": lambda r: groups.untag(_group_of(r), r["TagKeys"]),
        "CreateWorkGroup": groups.create,
        "GetWorkGroup": lambda r: {"WorkGroup": groups.get(r["WorkGroup"])},
        "UpdateWorkGroup": groups.update,
        "DeleteWorkGroup": lambda r: groups.delete(r["WorkGroup"]),
        "ListWorkGroups": listed,
    }


def _group_of(request: Request) -> str:
    kind, _, name = str(request["ResourceARN"]).rpartition(":")[2].partition("/")
    if kind != "workgroup":
        raise InvalidRequest(f"only workgroups have tags here, not {request['ResourceARN']}")
    return name
