"""What a policy allows, decided offline by the evaluator in `evaluator/`.

`@cloud-copilot/iam-simulate` knows IAM's rules (wildcards, conditions, which resources an action
takes) and AWS's list of actions; it runs as a program of its own.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.infra.calls import Call
from tests.support.aws.emulator import ACCOUNT

FOLDER = Path(__file__).parent / "evaluator"
Statement = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """Whether these statements allow this call."""

    call: Call
    statements: tuple[str, ...]
    resource_policy: str | None = None


def question(
    call: Call, statements: Iterable[Statement], resource_policy: Mapping[str, Any] | None = None
) -> Question:
    policy = json.dumps(resource_policy) if resource_policy else None
    return Question(call, tuple(json.dumps(one) for one in statements), policy)


@cache
def install() -> None:
    """Fetch the evaluator as its lock says, once."""
    for tool in ("node", "npm"):
        if shutil.which(tool, path=os.environ["TESTS_REAL_PATH"]) is None:
            pytest.skip(f"the policies' evaluator needs Node 20 or newer: no {tool} on PATH")
    lock = FOLDER / "node_modules" / ".package-lock.json"
    if not lock.exists() or lock.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
        subprocess.run(
            ["npm", "ci", "--silent"], cwd=FOLDER, env=_with_node(), check=True, timeout=300
        )


def _with_node() -> dict[str, str]:
    """The environment before tests/conftest.py hid Node."""
    return os.environ | {"PATH": os.environ["TESTS_REAL_PATH"]}


_decided: dict[Question, str] = {}


def decide(questions: list[Question]) -> list[str]:
    """`Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied` or `error: …`, in the questions' order."""
    new = [one for one in dict.fromkeys(questions) if one not in _decided]
    if new:
        _decided.update(zip(new, _evaluate(new), strict=True))
    return [_decided[one] for one in questions]


def _evaluate(questions: list[Question]) -> list[str]:
    """Ask the evaluator; it takes a second to start, whatever it is asked."""
    install()
    requests = [
        {
            "id": number,
            "action": one.call.action,
            "resource": one.call.resource,
            "context": dict(one.call.context),
            "statements": [json.loads(text) for text in one.statements],
            "resourcePolicy": json.loads(one.resource_policy) if one.resource_policy else None,
        }
        for number, one in enumerate(questions)
    ]
    done = subprocess.run(
        ["node", "evaluate.mjs"],
        cwd=FOLDER,
        env=_with_node(),
        input=json.dumps({"account": ACCOUNT, "requests": requests}),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    decided = dict(json.loads(done.stdout))
    return [decided[number] for number in range(len(questions))]
