"""What people read is plain English, in the field's words: docs/style.toml says which."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator

from proselint.checks import __register__
from proselint.config import Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from tests.project import reference
from tests.project.runbook import sentences
from tests.support.machine.checkout import text_of, tracked

STYLE = tomllib.loads(text_of("docs/style.toml"))
# The pages' own text is the site's.
OTHERS = ("reports/site/", ".github/")
# What is read beside code: its comments, and docstrings. A field may be named there.
COMMENT = re.compile(r"\{#.*?#\}|(?<![\w'\"])(?:--|#) .*")
NAMED_IN_CODE = {"checkpoint"}


def prose_of(document: str) -> str:
    """A document without its code, line by line where it was."""
    text = re.sub(r"^(```.*?^```|<!--.*?-->)", _blank, document, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^    .*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)", "…", text)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def texts() -> Iterator[tuple[str, str]]:
    """Everything that people read, and where it stands."""
    for name in tracked():
        if name.endswith(".md") and not name.startswith(OTHERS):
            yield name, prose_of(text_of(name))
    for name, command in reference.commands().items():
        helps = [command.help or "", *(getattr(one, "help", None) or "" for one in command.params)]
        yield f"wistia-elt {name} --help", "\n".join(helps)
    yield "error messages", "\n".join(prose_of(str(one)) for one in sentences())
    for name in tracked():
        if name.endswith(".py") and name.startswith(("ingestion/", "flows/", "reports/")):
            yield name, literals_of(text_of(name))


def literals_of(code: str) -> str:
    """The texts of several words in a Python file, docstrings apart, each on its line."""
    lines = [""] * (code.count("\n") + 2)
    tree = ast.parse(code)
    remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in remarks:
            continue
        if isinstance(node.value, str) and " " in node.value.strip():
            lines[node.lineno - 1] += " " + " ".join(node.value.split())
    return prose_of("\n".join(line.strip() for line in lines))


def remarks() -> Iterator[tuple[str, str]]:
    """What the code says of itself: comments and docstrings, line by line where they are."""
    for name in tracked():
        if name.endswith(".py"):
            yield name, remarks_of(text_of(name))
        elif name.endswith((".sql", ".tf", ".sh", ".yml", ".toml")) and name != "docs/style.toml":
            lines = text_of(name).splitlines()
            yield name, prose_of("\n".join(" ".join(COMMENT.findall(line)) for line in lines))


def remarks_of(code: str) -> str:
    """The comments and docstrings of a Python file."""
    lines = [""] * (code.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] = token.string
    for node in ast.walk(ast.parse(code)):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            for place, line in enumerate(value.value.splitlines()):
                lines[value.lineno - 1 + place] += line.lstrip()
    return prose_of("\n".join(lines))


def words_against(rules: dict[str, str], told: Iterator[tuple[str, str]]) -> list[str]:
    """Every word that has a better one, where it stands."""
    compiled = [(re.compile(said, re.IGNORECASE), better) for said, better in rules.items()]
    return [
        f"{where}:{number}: {match[0]!r}: write {better}"
        for where, text in told
        for number, line in enumerate(text.splitlines(), start=1)
        for rule, better in compiled
        for match in rule.finditer(line)
    ]


def test_one_word_stands_for_one_thing() -> None:
    assert words_against(STYLE["words"], texts()) == []


def test_it_does_in_the_code_too() -> None:
    rules = {said: word for said, word in STYLE["words"].items() if word not in NAMED_IN_CODE}
    assert words_against(rules, remarks()) == []


def test_proselint_finds_nothing() -> None:
    registry = CheckRegistry()
    registry.register_many(__register__)
    config = Config(max_errors=0, checks=dict.fromkeys(STYLE["proselint"]["checks"], True))
    found = [
        f"{where}:{result.pos[0]}: {result.check_result.message}"
        for where, text in texts()
        for result in LintFile(where, text).lint(config)
    ]
    assert found == []


def test_whatever_a_program_says_is_held_to_it() -> None:
    code = 'def f():\n    """It landed."""\n    x = "landed"\n    say(f"{x} was landed {x}")\n'
    assert words_against(STYLE["words"], iter([("f.py", literals_of(code))])) == [
        "f.py:4: 'landed': write load"
    ]


def test_code_is_not_held_to_it() -> None:
    said = prose_of("A `medium` and\n\n    landed\n\n```\nlanded\n```\n[x](landed.md) end\n")
    assert "landed" not in said
    assert "medium" not in said
    assert said.splitlines()[-1] == "[x… end"
