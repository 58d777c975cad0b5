"""What people read is plain English, in the field's words: docs/style.toml says which."""

import re
import tomllib
from collections.abc import Iterator

from proselint.checks import __register__
from proselint.config import Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from tests.project import reference
from tests.project.runbook import sentences
from tests.project.test_tree import text_of, tracked

STYLE = tomllib.loads(text_of("docs/style.toml"))
# A decision and an old change tell of their own day; the pages' own text is the site's.
OTHERS = ("docs/decisions/0", "CHANGELOG", "reports/site/", "tests/fixtures/", ".github/")


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


def test_one_word_stands_for_one_thing() -> None:
    rules = [(re.compile(said, re.IGNORECASE), better) for said, better in STYLE["words"].items()]
    found = [
        f"{where}:{number}: {match[0]!r}: write {better}"
        for where, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        for rule, better in rules
        for match in rule.finditer(line)
    ]
    assert found == []


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


def test_code_is_not_held_to_it() -> None:
    said = prose_of("A `medium` and\n\n    landed\n\n```\nlanded\n```\n[x](landed.md) end\n")
    assert "landed" not in said
    assert "medium" not in said
    assert said.splitlines()[-1] == "[x… end"
