"""Each role may do what its stage does, and nothing of it can be taken away.

The calls are those that the stages really make, recorded where they arrive; the decisions are
an offline evaluator's.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.calls import Call
from tests.infra.evaluation import Question, Statement, decide, question
from tests.infra.policies import (
    DOCUMENTED,
    WILDCARDS,
    imply_key,
    read_key,
    read_role,
    read_statements,
)
from tests.infra.stages import Site
from tests.infra.terraform import VARIABLES
from tests.support.aws.athena_stack import missing_tool
from tests.support.aws.emulator import ACCOUNT, REGION
from tests.support.machine.servers import ROOT

if TYPE_CHECKING:
    from tests.infra.record import Told

# Each has a policy of its own; the custodian's role has the ingester's and the builder's too.
STAGES = ["ingester", "builder", "publisher", "analyst", "custodian"]
KeyPolicy = Mapping[str, Any]
# The rows of docs/aws.md: role, statement, what it allows.
REVIEWED = re.compile(r"^\| ([\w-]+|each, [^|]+) \| (\w+) \| (`[^|]+) \|", re.MULTILINE)


@pytest.fixture
def recorded(stage: str, request: pytest.FixtureRequest) -> Site:
    """Where the stage has run; the ingester's needs no engine."""
    if stage == "ingester" and missing_tool():
        site: Site = request.getfixturevalue("site")
        return site
    told: Told = request.getfixturevalue("told")
    return told.site


def calls_of(site: Site, stage: str) -> list[Call]:
    """Everything IAM decides in a stage, in a settled order."""
    made = site.calls(stage)
    return sorted(made | imply_key(made, read_key(site.root)[0]), key=str)


def ask(call: Call, statements: list[Statement], key_policy: KeyPolicy) -> Question:
    return question(call, statements, key_policy if call.action.startswith("kms:") else None)


def decide_all(site: Site, calls: list[Call], statements: list[Statement]) -> list[str]:
    key_policy = read_key(site.root)[1]
    return decide([ask(call, statements, key_policy) for call in calls])


def allowed_by_one(
    site: Site, calls: list[Call], statements: list[Statement]
) -> dict[str, set[Call]]:
    """The calls that each statement, by its Sid, allows by itself."""
    asked = [(s, c) for s in statements for c in calls if c.action in s["Action"]]
    key_policy = read_key(site.root)[1]
    decisions = decide([ask(call, [one], key_policy) for one, call in asked])
    found: dict[str, set[Call]] = {}
    for (one, call), said in zip(asked, decisions, strict=True):
        if said == "Allowed":
            found.setdefault(str(one["Sid"]), set()).add(call)
    return found


@pytest.mark.parametrize("stage", [*STAGES, "worker"])
def test_every_call_of_a_stage_is_allowed(recorded: Site, stage: str) -> None:
    calls = calls_of(recorded, stage)
    decisions = decide_all(recorded, calls, read_role(recorded.root, stage))
    refused = [(c, said) for c, said in zip(calls, decisions, strict=True) if said != "Allowed"]
    assert refused == []
    assert len(calls) > 5


@pytest.mark.parametrize("stage", STAGES)
def test_without_any_one_statement_some_call_is_denied(recorded: Site, stage: str) -> None:
    every, calls = read_role(recorded.root, stage), calls_of(recorded, stage)
    by_itself = allowed_by_one(recorded, calls, every)
    needed = {}
    for call in calls:
        # One statement alone lets this through: a witness for it.
        if len(letting := [sid for sid, found in by_itself.items() if call in found]) == 1:
            needed[letting[0]] = call
    own = read_statements(recorded.root, stage)
    assert [one["Sid"] for one in own if one["Sid"] not in needed] == []
    key_policy = read_key(recorded.root)[1]
    without = [
        ask(needed[one["Sid"]], [other for other in every if other != one], key_policy)
        for one in own
    ]
    denied = zip((one["Sid"] for one in own), decide(without), strict=True)
    assert {sid: said for sid, said in denied if said != "ImplicitlyDenied"} == {}


@pytest.mark.parametrize("stage", STAGES)
def test_no_action_is_allowed_that_no_call_needs(recorded: Site, stage: str) -> None:
    own, calls = read_statements(recorded.root, stage), calls_of(recorded, stage)
    allowed = {(s["Sid"], action) for s in own for action in s["Action"]}
    used = {
        (sid, call.action)
        for sid, found in allowed_by_one(recorded, calls, own).items()
        for call in found
    }
    known = {action for role, action in DOCUMENTED if role == stage}
    assert {action for _, action in allowed - used} == known


def test_what_no_call_proves_is_the_reviewed_table(site: Site) -> None:
    reviewed = {
        (role, sid): set(re.findall("`([^`]+)`", allows))
        for role, sid, allows in REVIEWED.findall((ROOT / "docs" / "aws.md").read_text())
    }
    of_each = {sid: reviewed.pop((role, sid)) for role, sid in list(reviewed) if "," in role}
    assert of_each == {"UseTheKey": {"kms:Decrypt", "kms:GenerateDataKey"}}
    found = {
        (who.replace("_", "-"), one["Sid"]): set(one["Action"])
        for who in site.root.outputs()["policies"].keys() - set(STAGES)
        for one in read_statements(site.root, who)
    }
    assert {key[0] for key in found} > {"worker", "crawler", "delivery-build"}
    keyed = {key for key in found if key[1] in of_each}
    assert all(found[key] == of_each[key[1]] for key in keyed)
    assert {key: found[key] for key in found.keys() - keyed} == reviewed


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
