"""Each role may do what its stage does, and nothing of it can be taken away.

The calls are those that the stages really make, recorded where they arrive; the decisions are
an offline evaluator's.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.calls import Call
from tests.infra.emulator import ACCOUNT, REGION
from tests.infra.evaluation import Question, Statement, decide, question
from tests.infra.policies import DOCUMENTED, WILDCARDS, imply_key, read_key, read_statements
from tests.infra.stages import Site
from tests.infra.terraform import VARIABLES

STAGES = ["ingester"]
KeyPolicy = Mapping[str, Any]


def calls_of(site: Site, stage: str) -> list[Call]:
    """Everything IAM decides in a stage, in a settled order."""
    made = site.calls(stage)
    return sorted(made | imply_key(made, read_key(site.root)[0]), key=str)


def ask(call: Call, statements: list[Statement], key_policy: KeyPolicy) -> Question:
    return question(call, statements, key_policy if call.action.startswith("kms:") else None)


@pytest.mark.parametrize("stage", STAGES)
def test_every_call_of_a_stage_is_allowed(site: Site, stage: str) -> None:
    statements, calls = read_statements(site.root, stage), calls_of(site, stage)
    key_policy = read_key(site.root)[1]
    decisions = decide([ask(call, statements, key_policy) for call in calls])
    refused = [(c, said) for c, said in zip(calls, decisions, strict=True) if said != "Allowed"]
    assert refused == []
    assert len(calls) > 5


@pytest.mark.parametrize("stage", STAGES)
def test_without_any_one_statement_some_call_is_denied(site: Site, stage: str) -> None:
    statements, calls = read_statements(site.root, stage), calls_of(site, stage)
    key_policy = read_key(site.root)[1]
    spare = []
    for left_out in statements:
        rest = [one for one in statements if one is not left_out]
        decisions = decide([ask(call, rest, key_policy) for call in calls])
        if set(decisions) == {"Allowed"}:
            spare.append(left_out["Sid"])
    assert spare == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_action_is_allowed_that_no_call_needs(site: Site, stage: str) -> None:
    statements, calls = read_statements(site.root, stage), calls_of(site, stage)
    allowed = {(s["Sid"], action) for s in statements for action in s["Action"]}
    key_policy = read_key(site.root)[1]
    asked = [
        (s["Sid"], c, ask(c, [s], key_policy))
        for s in statements
        for c in calls
        if c.action in s["Action"]
    ]
    decisions = decide([one for _, _, one in asked])
    used = {
        (sid, call.action)
        for (sid, call, _), said in zip(asked, decisions, strict=True)
        if said == "Allowed"
    }
    known = {action for role, action in DOCUMENTED if role == stage}
    assert {action for _, action in allowed - used} == known


def test_no_policy_allows_actions_by_wildcard(site: Site) -> None:
    for who in site.root.outputs()["policies"]:
        actions = [a for s in read_statements(site.root, who) for a in s["Action"]]
        assert [action for action in actions if "*" in action or "?" in action] == []


def test_every_resource_with_a_wildcard_has_its_reason(site: Site) -> None:
    found = {
        _template(resource)
        for who in site.root.outputs()["policies"]
        for statement in read_statements(site.root, who)
        for resource in statement["Resource"]
        if "*" in resource or "?" in resource
    }
    assert found == set(WILDCARDS)


def _template(arn: str) -> str:
    name = VARIABLES["production"]["name"]
    arn = arn.removeprefix("arn:aws:").replace(f"{name}-{ACCOUNT}", "{}")
    arn = arn.replace(f"{REGION}:{ACCOUNT}", "{}").replace(name, "{}")
    return re.sub(rf"{name.replace('-', '_')}", "{}", arn)
