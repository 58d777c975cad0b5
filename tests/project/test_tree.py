"""The tree as a whole: sizes, what no file may name, and a lock that fits the project."""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.servers import ROOT

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


@cache
def tracked() -> tuple[str, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


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


def test_the_lock_pins_hashes_and_names_no_index() -> None:
    lock = text_of("requirements.lock")
    assert re.findall(r"https?://\S+|^--\S+|^-[fi] .*", lock, re.MULTILINE) == []
    pins = re.findall(r"^([\w.-]+)(?:\[.*?\])?==", lock, re.MULTILINE)
    assert len(pins) > 100
    unhashed = re.findall(r"^[\w.-]+(?:\[.*?\])?==[^\\\n]*$", lock, re.MULTILINE)
    assert unhashed == []


def locked() -> dict[str, tuple[str, bool]]:
    """Version by package, and whether the project asked for it itself."""
    found: dict[str, tuple[str, bool]] = {}
    for block in re.split(r"\n(?=\w)", text_of("requirements.lock")):
        if match := re.match(r"([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)", block):
            found[canonicalize_name(match[1])] = (match[2], "wistia-elt (pyproject.toml)" in block)
    return found


def asked() -> dict[str, Requirement]:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def test_the_lock_is_of_this_pyproject() -> None:
    pins, wanted = locked(), asked()
    assert {name for name, (_, ours) in pins.items() if ours} == set(wanted), "run `make lock`"
    unfit = {
        name: f"{pins[name][0]} is not {requirement.specifier}"
        for name, requirement in wanted.items()
        if not requirement.specifier.contains(pins[name][0])
    }
    assert unfit == {}, "run `make lock`"


def test_every_link_of_a_document_leads_somewhere() -> None:
    broken = [
        f"{name}: {target}"
        for name in tracked()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)", text_of(name))
        if "://" not in target and not (ROOT / Path(name).parent / target).exists()
    ]
    assert broken == []


def test_every_decision_is_numbered_once_and_listed() -> None:
    pages = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(page[:4]) for page in pages]
    assert numbers == sorted(set(numbers))
    listed = re.findall(r"\]\(decisions/([\w.-]+)\)", text_of("docs/README.md"))
    assert sorted(listed) == pages
