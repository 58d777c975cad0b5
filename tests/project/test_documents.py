"""What the documents say is what the code does; what can be made from the code is."""

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from flows.cli.help import SECTIONS
from flows.cli.main import cli
from ingestion.config import errors
from ingestion.config.settings import Settings, setting_names
from tests.project import house, reference, site
from tests.support.machine.checkout import text_of, tracked
from tests.support.machine.servers import ROOT

# What whoever reads them goes by; the decisions tell of their own day.
DOCUMENTS = [
    name
    for name in tracked()
    if name.endswith(".md") and "decisions/0" not in name and name != "CHANGELOG.md"
]


@pytest.mark.parametrize("name", reference.PAGES)
def test_what_is_made_from_the_code_is_of_this_code(name: str) -> None:
    path = ROOT / name
    held = path.read_text(encoding="utf-8") if path.exists() else ""
    assert held == reference.PAGES[name](), "run `make reference`"


def test_the_house_is_drawn_as_the_code_imports() -> None:
    text = text_of("CONTRIBUTING.md")
    assert text == house.drawn(text), "run `make reference`"


def test_the_site_of_the_documents_is_built_without_a_warning(tmp_path: Path) -> None:
    done = site.build(tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")
    pages = {path.parent.name for path in (tmp_path / "site" / "docs").rglob("index.html")}
    assert {"get-started", "settings", "runbook"} <= pages
    dead = {
        (str(page.relative_to(tmp_path)), link)
        for page in (tmp_path / "site").rglob("*.html")
        for link in re.findall(r'(?:href|src)="?([^"\s>#?]+)', page.read_text(encoding="utf-8"))
        if not re.match(r"\w+:|/", link) and not (page.parent / unquote(link)).exists()
    }
    assert dead == set()


def test_every_setting_says_what_it_does() -> None:
    silent = [name for name in setting_names() if not reference.meaning_of(name).endswith(".")]
    assert silent == []
    parts = [name for names in reference.parts().values() for name in names]
    assert parts == setting_names()


def test_the_reference_has_every_setting_command_option_table_and_exit_code() -> None:
    settings, commands, tables = (
        text_of(f"docs/reference/{page}.md") for page in ("settings", "commands", "tables")
    )
    assert re.findall(r"^\| `([A-Z_]+)` \|", settings, re.MULTILINE) == list(
        map(str.upper, Settings.model_fields)
    )
    every = reference.commands()
    assert set(re.findall(r"^### (.*)$", commands, re.MULTILINE)) == set(every)
    options = {name for one in every.values() for each in one.params for name in each.opts}
    assert {
        name for name in options if name.startswith("--") and f"`{name}`" not in commands
    } == set()
    models = [
        path for layer in reference.LAYERS for path in (reference.MODELS / layer).glob("*.sql")
    ]
    listed = re.findall(r"^\| \[(\w+\.\w+)\]", tables, re.MULTILINE)
    assert sorted(listed) == sorted(f"{path.parent.name}.{path.stem}" for path in models)
    codes = re.findall(r"^\| `(\d+)` \|", commands, re.MULTILINE)
    assert [int(code) for code in codes] == list(errors.EXIT_CODES)


def test_every_exit_code_that_an_error_has_is_described() -> None:
    classes: list[type[Any]] = [errors.ReadableError]
    for known in classes:
        classes += known.__subclasses__()
    assert {known.exit_code for known in classes} <= set(errors.EXIT_CODES)


def test_every_document_of_a_release_names_the_same_version() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert re.search(rf"^version: {re.escape(version)}$", text_of("CITATION.cff"), re.MULTILINE)
    assert f"## {version} - " in text_of("CHANGELOG.md")


def test_the_readme_fits_on_a_screen_or_two() -> None:
    assert len(text_of("README.md").splitlines()) <= 100


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_names_only_commands_settings_and_targets_there_are(name: str) -> None:
    text = text_of(name)
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE)) <= targets
    commands = {name for names in SECTIONS.values() for name in names}
    assert (
        set(re.findall(r"(?:`|/bin/|^    )wistia-elt ([a-z]+)\b(?!-)", text, re.MULTILINE))
        <= commands
    )
    ours = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=[^`]*)?`", text))
    prefixes = ("WISTIA_", "LAKE_", "PII_", "ALERT_", "SERVE_", "GLUE_")
    assert {one for one in ours if one.startswith(prefixes)} <= {
        *setting_names(),
        "WISTIA_OPENAPI_DIR",
    }


def anchors(path: Path) -> set[str]:
    """What a link into a document may name: its headings, as GitHub and the site spell them."""
    found = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", re.sub(r"\]\(.*?\)", "", one)) for one in found)
    return {re.sub(r"\s", "-", one.strip().lower()) for one in plain}


def test_every_link_of_a_document_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for name in tracked():
        if not name.endswith(".md"):
            continue
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text_of(name)):
            path = (ROOT / name).parent / target if target else ROOT / name
            if "://" in target or target.startswith("mailto:") or anchor.startswith("!"):
                continue
            if not path.exists() or (
                anchor and path.suffix == ".md" and anchor not in anchors(path)
            ):
                broken.append(f"{name}: {target}#{anchor}")
    assert broken == []


def test_every_page_can_be_found_from_the_index() -> None:
    seen, waiting = set(), [ROOT / "docs" / "README.md"]
    while waiting:
        path = waiting.pop().resolve()
        if path in seen or path.suffix != ".md" or not path.exists():
            continue
        seen.add(path)
        links = re.findall(r"\]\(([^)#\s:]+)", path.read_text(encoding="utf-8"))
        waiting += [path.parent / link for link in links]
    pages = {path.resolve() for path in (ROOT / "docs").rglob("*.md")}
    assert pages - seen == set()


def test_the_units_of_a_service_name_whole_paths_and_commands_that_exist() -> None:
    said = text_of("docs/operations.md")
    units = re.findall(r"^    \[Unit\]\n(?:(?:    .*)?\n)+", said, re.MULTILINE)
    assert len(units) == 4
    keys = "WorkingDirectory|ExecStart|ReadWritePaths"
    paths = re.findall(rf"^    (?:{keys})=(.+)$", "".join(units), re.MULTILINE)
    # `%h` is the home of who runs systemd, and a folder below `~` is refused.
    assert [path for path in paths if not re.fullmatch(r'/[\w./-]+( \w+)?( ".*")?', path)] == []
    started = re.findall(r"/\.venv/bin/wistia-elt (\w+)", "".join(paths))
    assert started == ["up", "run", "alert"]
    assert set(started) <= set(cli.commands)
