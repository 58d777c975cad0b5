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

    def tags(request: Request) -> dict[str, str]:
        # arn:aws:athena:<region>:<account>:workgroup/<name>
        return groups.tags[groups.get(request["ResourceARN"].rpartition("/")[2])["Name"]]

    def tag(request: Request) -> None:
        tags(request).update({one["Key"]: one["Value"] for one in request["Tags"]})

    def untag(request: Request) -> None:
        for key in request["TagKeys"]:
            tags(request).pop(key, None)

    def tagged(request: Request) -> dict[str, object]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags(request).items()]}

    return {
        "TagResource": tag,
        "UntagResource": untag,
        "ListTagsForResource": tagged,
        "CreateWorkGroup": groups.create,
        "GetWorkGroup": lambda r: {"WorkGroup": groups.get(r["WorkGroup"])},
        "UpdateWorkGroup": groups.update,
        "DeleteWorkGroup": lambda r: groups.delete(r["WorkGroup"]),
        "ListWorkGroups": listed,
    }
