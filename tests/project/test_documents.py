"""What the README says is what the code does: settings, commands, tables, targets."""

import re
from typing import Any

import click
import pytest
import yaml

from flows.cli import cli
from ingestion.config import errors
from ingestion.config.settings import Settings, setting_names
from tests.servers import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Defaults that are made when the settings are read, as the documents say them.
MADE = {
    "SILVER_URI": "<LAKE_URI>/silver",
    "GOLD_URI": "<LAKE_URI>/gold",
    "AS_OF_DATE": "the run's UTC date",
}


def section(title: str) -> str:
    """The text below a heading of the README, up to the next of its level."""
    match = re.search(
        rf"^(##+) {re.escape(title)}\n(.*?)(?=^##? |\Z)", README, re.DOTALL | re.MULTILINE
    )
    assert match, f"the README has no section {title}"
    return match[2]


def rows(title: str) -> list[list[str]]:
    """Cells of the first table below a heading, its head left out."""
    table = re.search(r"(?:^\|.*\|\n)+", section(title), re.MULTILINE)
    assert table, f"there is no table below {title}"
    lines = [line[1:-1] for line in table[0].splitlines()]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines[2:]]


def code(cell: str) -> str:
    match = re.match(r"`([^`]+)`", cell)
    assert match, f"{cell} does not begin with code"
    return match[1]


def defaults() -> dict[str, str]:
    """Default of each setting as text; blank where there is none."""
    found = {}
    for name in setting_names():
        default = Settings.model_fields[name.lower()].default
        found[name] = MADE.get(name, "" if default in (None, ()) else str(default))
    return found


def test_the_readme_lists_every_setting_with_its_default() -> None:
    listed = {code(name): default.strip("`") for name, default, _ in rows("Settings")}
    assert list(listed) == setting_names()
    assert {n: "" if d == "none" else d for n, d in listed.items()} == defaults()
    assert all(meaning for _, _, meaning in rows("Settings"))


def test_the_readme_says_which_settings_nothing_reads_yet() -> None:
    code_of = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("ingestion", "flows", "reports", "dbt_project/models", "dbt_project/macros")
        for path in sorted((ROOT / folder).rglob("*.*"))
        if path.suffix in {".py", ".sql", ".yml"} and path.name != "settings.py"
    )
    code_of += (ROOT / "profiles.yml").read_text() + (
        ROOT / "dbt_project/dbt_project.yml"
    ).read_text()
    unread = {n for n in setting_names() if n not in code_of and n.lower() not in code_of}
    assert {code(n) for n, _, said in rows("Settings") if said.endswith("(not read yet)")} == unread


def test_the_example_environment_is_every_setting_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert list(listed) == setting_names()
    # A day cannot be written down as the run's.
    assert listed == {**defaults(), "AS_OF_DATE": ""}


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    """Every command by its words, `sandbox wistia` among them."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= commands(command, f"{prefix}{name} ")
        else:
            found[prefix + name] = command
    return found


def options(command: click.Command) -> set[str]:
    names = [name for parameter in command.params for name in parameter.opts]
    return {name for name in names if name.startswith("--")}


def test_the_readme_lists_every_command_with_its_options() -> None:
    real = {name: options(command) for name, command in commands(cli).items()}
    listed = {}
    for cell, _ in rows("Command line"):
        name = " ".join(word for word in code(cell).split() if re.fullmatch(r"[a-z]+", word))
        listed[name] = set(re.findall(r"--[a-z-]+", cell))
    assert set(listed) == set(real)
    # A stand-in has a dozen of them: the README names the ones to begin with.
    stand_ins = {name for name in real if name.startswith("sandbox ")}
    assert all(listed[name] <= real[name] for name in stand_ins)
    ours = set(real) - stand_ins
    assert {name: listed[name] for name in ours} == {name: real[name] for name in ours}


def test_the_readme_lists_every_exit_code() -> None:
    classes: list[type[Any]] = [errors.ReadableError]
    for known in classes:
        classes += known.__subclasses__()
    raised = {known.exit_code for known in classes}
    # 0 done, 3 done with a remark, 130 stopped by Ctrl-C.
    assert {int(code(cell)) for cell, _ in rows("Exit codes")} == raised | {0, 3, 130}


def test_the_readme_lists_every_make_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):.*## (.*)$", makefile, re.MULTILINE)
    listed = [(code(cell).removeprefix("make "), said) for cell, said in rows("Make")]
    assert listed == [target for target in targets if target[0] != "help"]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/README.md"])
def test_a_document_names_only_commands_there_are(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    ours = {name.split()[0] for name in commands(cli)}
    assert set(re.findall(r"wistia-elt ([a-z]+)", text)) <= ours


def described_tables() -> list[str]:
    """The README's rows of tables, made from dbt's own descriptions, layers in their order."""
    models = ROOT / "dbt_project" / "models"
    made = []
    for layer in ("silver", "gold", "pages"):
        for path in sorted((models / layer).glob("*.yml")):
            for model in yaml.safe_load(path.read_text())["models"]:
                file = f"dbt_project/models/{layer}/{path.stem}"
                grain = re.split(r"\. ", model["description"])[0].rstrip(".")
                columns = ", ".join(column["name"] for column in model["columns"])
                made.append(
                    f"| [{layer}.{model['name']}]({file}.yml) [sql]({file}.sql) "
                    f"| {grain} | {columns} |"
                )
    return made


def test_the_readme_lists_every_table_as_dbt_describes_it() -> None:
    listed = re.findall(r"^\| \[\w+\.\w+\].*$", section("Tables"), re.MULTILINE)
    assert listed == described_tables()


def test_the_readme_links_every_resource_of_bronze() -> None:
    sources = yaml.safe_load((ROOT / "dbt_project/models/bronze.yml").read_text())["sources"]
    places = {
        table["config"]["meta"]["location"] for source in sources for table in source["tables"]
    }
    assert [place for place in places if place not in section("Bronze")] == []


def test_the_units_of_a_service_name_whole_paths_and_commands_that_exist() -> None:
    said = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    units = re.findall(r"^    \[Unit\]\n(?:(?:    .*)?\n)+", said, re.MULTILINE)
    assert len(units) == 4
    keys = "WorkingDirectory|ExecStart|ReadWritePaths"
    paths = re.findall(rf"^    (?:{keys})=(.+)$", "".join(units), re.MULTILINE)
    # `%h` is the home of who runs systemd, and a folder below `~` is refused.
    assert [path for path in paths if not re.fullmatch(r'/[\w./-]+( \w+)?( ".*")?', path)] == []
    started = re.findall(r"/\.venv/bin/wistia-elt (\w+)", "".join(paths))
    assert started == ["up", "run", "alert"]
    assert set(started) <= set(cli.commands)
