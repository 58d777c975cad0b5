"""The tree as a whole: sizes, what no file may name, links that lead somewhere."""

import re

import pytest

from tests.support.machine.checkout import text_of, tracked
from tests.support.machine.servers import ROOT

# A file is one concept; what needs more lines is two. There is no smaller law: one of 250, with
# 40 for a function, made people cut by size, and invent names for the pieces.
MOST_LINES = 400
# Longer, and why that is right.
LONGER = {
    "requirements.lock": "made by `make lock`",
    "reports/site/package-lock.json": "made by npm",
}
# Put together here, so that this file does not name what it looks for.
FORBIDDEN = {
    "a folder of one machine": r"(?<![\w.])/(?:work|root|boot|home/\w+|Users/\w+)/",
    "a package registry's host": "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("proxy", "golang", "org"),
            ("repo1", "maven", "org"),
            ("deb", "debian", "org"),
        )
    ),
}


def test_no_file_is_longer_than_its_name_can_tell() -> None:
    texts = [name for name in tracked() if not name.endswith(".png")]
    lines = {name: len(text_of(name).splitlines()) for name in texts}
    long = {name: count for name, count in lines.items() if count > MOST_LINES}
    assert {name: count for name, count in long.items() if name not in LONGER} == {}
    assert set(LONGER) <= set(long), "what became short needs no exception"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in tracked()
        for number, line in enumerate(text_of(name).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_decision_is_numbered_once_and_listed() -> None:
    pages = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("0*.md"))
    numbers = [int(page[:4]) for page in pages]
    assert numbers == sorted(set(numbers))
    listed = re.findall(r"\]\((\d[\w.-]+)\)", text_of("docs/decisions/README.md"))
    assert sorted(listed) == pages
