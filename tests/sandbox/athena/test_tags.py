"""Workgroups keep the tags and the engine they are made with."""

from typing import Any

import pytest

from sandbox.athena.api.groups import group_actions
from sandbox.athena.errors import InvalidRequest
from sandbox.athena.workgroups import WorkGroups

ARN = "arn:aws:athena:us-east-1:123456789012:workgroup/"


def ask(groups: WorkGroups, action: str, **request: object) -> Any:  # noqa: ANN401
    return group_actions(groups)[action](request)


def test_a_workgroup_keeps_its_tags() -> None:
    groups = WorkGroups(None)
    ask(groups, "CreateWorkGroup", Name="build", Tags=[{"Key": "team", "Value": "data"}])
    ask(groups, "TagResource", ResourceARN=f"{ARN}build", Tags=[{"Key": "a", "Value": "1"}])
    ask(groups, "UntagResource", ResourceARN=f"{ARN}build", TagKeys=["team"])
    tags = ask(groups, "ListTagsForResource", ResourceARN=f"{ARN}build")
    assert tags == {"Tags": [{"Key": "a", "Value": "1"}]}
    ask(groups, "DeleteWorkGroup", WorkGroup="build")
    with pytest.raises(InvalidRequest, match="not found"):
        ask(groups, "ListTagsForResource", ResourceARN=f"{ARN}build")


def test_a_workgroup_keeps_the_engine_it_was_made_with() -> None:
    groups = WorkGroups(None)
    chosen = {"EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"}}
    ask(groups, "CreateWorkGroup", Name="build", Configuration=chosen)
    made = ask(groups, "GetWorkGroup", WorkGroup="build")["WorkGroup"]["Configuration"]
    assert made["EngineVersion"] == {
        "SelectedEngineVersion": "Athena engine version 3",
        "EffectiveEngineVersion": "Athena engine version 3",
    }
