"""Every error sentence of the code, as the runbook lists them.

`make reference` writes the list again.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.machine.servers import ROOT

PATH = ROOT / "docs" / "runbook.md"
HEADING = "## Errors, by what they say\n"
PACKAGES = ("ingestion", "flows", "reports")


@dataclass(frozen=True, order=True)
class Sentence:
    """One place that raises: what is said, what mends it, … where a value stands."""

    said: str
    remedy: str

    def __str__(self) -> str:
        return f"| {self.said} | {self.remedy} |"


def sentences() -> list[Sentence]:
    """Of every call of an error's class with a message and a remedy written out."""
    found = set()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "site" not in path.relative_to(ROOT).parts:
                found |= set(_of_file(path))
    return sorted(found)


def _of_file(path: Path) -> Iterator[Sentence]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        target.id: _text(statement.value, {})
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if not name.endswith(("Error", "Refusal")) or not node.args:
            continue
        arguments = node.args[1:] if name == "Refusal" else node.args
        texts = [_text(argument, named) for argument in arguments[:2]]
        if len(texts) == 2 and re.search(r"\w{3}", texts[0]):
            yield Sentence(*texts)


def _text(node: ast.expr, named: dict[str, str]) -> str:
    """A string as a reader meets it, with … for every value in it."""
    if isinstance(node, ast.Constant):
        text = str(node.value)
    elif isinstance(node, ast.JoinedStr):
        text = "".join(_text(part, named) for part in node.values)
    elif isinstance(node, ast.Name):
        return named.get(node.id, "…")
    else:
        return "…"
    return text.replace("|", "\\|")


def table() -> str:
    """The runbook's list."""
    rows = "\n".join(str(sentence) for sentence in sentences())
    return f"| what is said | what to do |\n|---|---|\n{rows}\n"


def write() -> None:
    """Write the list again."""
    text = PATH.read_text(encoding="utf-8")
    head = text.partition(HEADING)[0]
    PATH.write_text(f"{head}{HEADING}\n{table()}", encoding="utf-8")
