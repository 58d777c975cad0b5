"""The reference in docs/, .env.example, the macros of the grammar: made from the code.

`make reference` writes them again.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from flows.cli.help import SECTIONS
from flows.cli.main import cli
from ingestion.config import grammar
from ingestion.config.errors import EXIT_CODES
from ingestion.config.settings import Settings, setting_names
from tests.project import house, runbook
from tests.support.machine.servers import ROOT

MODELS = ROOT / "dbt_project" / "models"
LAYERS = ("silver", "gold", "pages")
# The first setting of each part; the parts keep the order of the settings' model.
PARTS = {
    "WISTIA_API_TOKEN": "Wistia",
    "LAKE_URI": "The lake",
    "GLUE_DATABASE_PREFIX": "AWS",
    "SITE_URI": "Pages and operations",
    "ALERT_URLS": "Alarms",
    "CODE_URI": "Code and runs",
}
# Defaults that are made when the settings are read.
MADE = {
    "SILVER_URI": "<LAKE_URI>/silver",
    "GOLD_URI": "<LAKE_URI>/gold",
    "AS_OF_DATE": "the run's UTC date",
}


def default_of(name: str) -> str:
    """A setting's default as it is typed; blank where there is none."""
    default = Settings.model_fields[name.lower()].default
    if default in (None, ()):
        return MADE.get(name, "")
    return str(default).lower() if isinstance(default, bool) else str(default)


def meaning_of(name: str) -> str:
    """What a setting's docstring says, on one line."""
    return one_line(Settings.model_fields[name.lower()].description or "")


def one_line(text: str) -> str:
    return " ".join(text.split())


def cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines)


def parts() -> dict[str, list[str]]:
    """Names of the settings by part."""
    found: dict[str, list[str]] = {}
    for name in setting_names():
        if name in PARTS:
            current = found.setdefault(PARTS[name], [])
        current.append(name)
    return found


def example_environment() -> str:
    """`.env.example`: every setting with its meaning and its default, nothing set."""
    text = (
        "# Every setting with its default. Copy this file to .env and change what you need; the\n"
        "# environment wins over it. Variables of AWS, dbt and Prefect (AWS_REGION,\n"
        "# AWS_ENDPOINT_URL, …) may stand here too. Made from ingestion/config/settings.py.\n"
    )
    for part, names in parts().items():
        text += f"\n# --- {part} {'-' * (74 - len(part))}\n"
        for name in names:
            # A day cannot be written down as the run's.
            value = "" if name == "AS_OF_DATE" else default_of(name)
            text += f"{comment(meaning_of(name))}# {name}={value}\n"
    return text


def comment(text: str, width: int = 96) -> str:
    lines, line = [], "#"
    for word in re.sub(r"[`*]", "", text).split():
        if len(line) + len(word) >= width:
            lines.append(line)
            line = "#"
        line += f" {word}"
    return "\n".join([*lines, line]) + "\n"


def settings_page() -> str:
    text = (
        "# Settings\n\n"
        "Settings come from the environment or from a file `.env` in the working directory; the\n"
        "environment wins. A misspelt name is refused, with the right one; in the environment\n"
        "only where it begins like ours, since SITE_URL, say, may be another program's.\n"
        "[.env.example](../../.env.example) has them all. Variables of AWS, dbt and Prefect keep "
        "their\nmeaning.\n"
    )
    for part, names in parts().items():
        rows = [
            (f"`{name}`", f"`{default}`" if (default := default_of(name)) else "", meaning_of(name))
            for name in names
        ]
        text += f"\n## {part}\n\n{table(('setting', 'default', 'what it does'), rows)}"
    return text


def commands(group: click.Group = cli, prefix: str = "") -> dict[str, click.Command]:
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


def describe_command(name: str, command: click.Command) -> str:
    said, _, example = one_line(command.help or "").partition("Example: ")
    arguments = [one.make_metavar(click.Context(command)) for one in command.params]
    usage = [
        metavar
        for one, metavar in zip(command.params, arguments, strict=True)
        if isinstance(one, click.Argument)
    ]
    text = f"\n### {name}\n\n{said.strip()}\n"
    rows = [
        (option_of(one), one.help or "")
        for one in command.params
        if isinstance(one, click.Option) and not one.hidden
    ]
    text += f"\n    wistia-elt {' '.join([name, *usage])}\n" if usage else ""
    if example and example != f"wistia-elt {name}":
        text += f"\nFor example:\n\n    {example}\n"
    return text + (f"\n{table(('option', 'what it does'), rows)}" if rows else "")


def option_of(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
    if option.is_flag or option.flag_value:
        return names
    return f"{names} *{option.make_metavar(click.Context(cli)).strip('[]').lower()}*"


def commands_page() -> str:
    text = (
        "# Commands\n\n"
        "`.venv/bin/wistia-elt` works from any folder. An error is one sentence, with one more\n"
        "that says what to do. `wistia-elt COMMAND --help` tells what stands here. For the tab\n"
        "key, see [completion](#completion).\n"
    )
    text += "\n## Before any command\n\n" + table(
        ("option", "what it does"),
        [(option_of(one), one.help or "") for one in cli.params if isinstance(one, click.Option)],
    )
    every = commands()
    for title, names in SECTIONS.items():
        text += f"\n## {title}\n"
        for name in names:
            text += "".join(
                describe_command(full, one)
                for full, one in every.items()
                if full == name or full.startswith(f"{name} ")
            )
    rows = [(f"`{code}`", meaning) for code, meaning in EXIT_CODES.items()]
    text += f"\n## Exit codes\n\n{table(('code', 'meaning'), rows)}"
    rows = [(f"`make {name}`", said) for name, said in targets()]
    return f"{text}\n## Make\n\n{table(('command', 'what it does'), rows)}"


def targets() -> list[tuple[str, str]]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z-]+):.*## (.*)$", makefile, re.MULTILINE)
    return [target for target in found if target[0] != "help"]


def described(text: str) -> Any:  # noqa: ANN401 - what YAML holds
    """A file of dbt's, the descriptions that tables share in their places."""
    shared = (MODELS / "shared_columns.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"{% docs (\w+) %}(.*){% enddocs %}", shared))
    named = r"\"{{ doc\('(\w+)'\) }}\""
    return yaml.safe_load(re.sub(named, lambda found: json.dumps(blocks[found[1]]), text))


def models(layer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every model of a layer by its file, without suffix, below dbt_project/models."""
    for path in sorted((MODELS / layer).glob("*.yml")):
        for model in described(path.read_text(encoding="utf-8"))["models"]:
            yield f"{layer}/{path.stem}", model


def first_sentence(text: str) -> str:
    return re.split(r"(?<!e\.g)(?<!i\.e)\. ", one_line(text))[0].rstrip(".")


def columns(described: list[dict[str, Any]]) -> str:
    return table(
        ("column", "type", "meaning"),
        [
            (f"`{one['name']}`", f"`{one['data_type']}`", one.get("description", ""))
            for one in described
        ],
    )


def tables_page() -> str:
    text = (
        "# Tables\n\n"
        "Silver reads bronze: typed, without duplicates, one table per subject. Gold reads\n"
        "silver: what people decide on. The pages read small counts, and no row is a person.\n"
        "Times are UTC, rates are 0 to 1. The name of a table leads to its columns;\n"
        "[bronze](bronze.md) has a page of its own.\n"
    )
    for layer in LAYERS:
        rows = [
            (
                f"[{layer}.{model['name']}]({layer}.md#{layer}{model['name']})",
                first_sentence(model["description"]),
            )
            for _, model in models(layer)
        ]
        text += f"\n## {layer.capitalize()}\n\n{table(('table', 'what a row is'), rows)}"
    return text


def questions_page() -> str:
    text = (
        "# Ten questions\n\n"
        "Each is one select on gold, the same on DuckDB and Athena: paste it into\n"
        '`wistia-elt query "…"`, or into any tool that is connected as\n'
        "[For analysts](../analysts.md) says. With `GLUE_DATABASE_PREFIX` the schema has that\n"
        "before its name.\n"
    )
    for path in sorted((MODELS.parent / "analyses").glob("*.sql")):
        said, _, sql = path.read_text(encoding="utf-8").partition("\n")
        named = re.sub(r"{{ ref\('(\w+)'\) }}", lambda found: schema_of(found[1]), sql.strip())
        text += f"\n## {said.removeprefix('-- ')}\n\n```sql\n{named}\n```\n"
    return text


def schema_of(model: str) -> str:
    """A table as it is called in SQL: the schema is the folder of the model."""
    (file,) = MODELS.glob(f"*/{model}.sql")
    return f"{file.parent.name}.{model}"


def layer_page(layer: str) -> str:
    text = f"# {layer.capitalize()}, column by column\n\n[All tables](tables.md)\n"
    for file, model in models(layer):
        place = f"../../dbt_project/models/{file}"
        text += (
            f"\n## {layer}.{model['name']}\n\n{one_line(model['description'])}\n"
            f"[SQL]({place}.sql) · [tests and meanings]({place}.yml)\n\n{columns(model['columns'])}"
        )
    return text


def bronze_page() -> str:
    text = (
        "# Bronze\n\n"
        "One record of the API per line, as gzip JSON Lines, with its own fields untouched at\n"
        "the top level. The pipeline adds `ingested_at` and `run_id`, and `media_id` and\n"
        "`snapshot_ts` to the statistics of a video. Nothing is edited or deleted: Wistia forgets\n"
        "visitors and events, and this is the only archive. What has not changed is not written\n"
        "again.\n"
        "\n## Where what lies\n\nBelow `LAKE_URI`:\n\n"
    )
    declared = yaml.safe_load((MODELS / "bronze.yml").read_text(encoding="utf-8"))["sources"]
    tables = [one for source in declared for one in source["tables"]]
    rows = []
    for one in tables:
        meta = one["config"]["meta"]
        partition = f"/{meta['partition_column']}=…" if "partition_column" in meta else ""
        place = f"`{meta['location']}{partition}/{meta['files']}`"
        rows.append((place, first_sentence(one["description"])))
    rows += [
        (
            "`quarantine/<resource>/…`",
            "Records of another shape, with the reason; no table reads them",
        ),
        ("`state/<resource>.json`", "How far a resource has been read; written last"),
        ("`state/ended_runs.json.gz`", "The runs that have ended, together: many cost one read"),
        ("`warehouse.duckdb`", "Silver, gold and pages, where the lake is a folder"),
        ("`site/`", "The last good pages, where the lake is a folder"),
    ]
    text += table(("place", "what it holds"), rows)
    text += (
        "\nStatistics of a video are one file per snapshot,\n"
        "`media_<id>_20260109T000148Z.json.gz`, where a run finds at most ten that changed. More\n"
        "share a file, and so do lists: at most 10,000 records in each,\n"
        "`<resource>_<start of the run>_part-00001_batch_<records>.json.gz`.\n"
    )
    for one in tables:
        text += f"\n## bronze.{one['name']}\n\n{one_line(one['description'])}\n\n"
        text += columns(one["columns"])
    return text


def grammar_macros() -> str:
    """The grammar's patterns as macros of dbt; a macro's text is SQL, so each stands as it is."""
    patterns = {
        "date_pattern": grammar.DATE,
        "time_pattern": grammar.TIME,
        "plain_time_pattern": grammar.PLAIN_TIME,
        "whole_pattern": grammar.WHOLE,
        "number_pattern": grammar.NUMBER,
        "not_blank_pattern": grammar.NOT_BLANK,
    }
    made = (
        f"{{% macro {name}() -%}}\n    {pattern}\n{{%- endmacro %}}\n"
        for name, pattern in patterns.items()
    )
    head = (
        "{# Made by `make reference` of ingestion/config/grammar.py: both sides read the same. #}"
    )
    return f"{head}\n" + "\n".join(made)


PAGES: dict[str, Callable[[], str]] = {
    ".env.example": example_environment,
    "dbt_project/macros/grammar.sql": grammar_macros,
    "docs/reference/settings.md": settings_page,
    "docs/reference/commands.md": commands_page,
    "docs/reference/tables.md": tables_page,
    "docs/reference/questions.md": questions_page,
    "docs/reference/bronze.md": bronze_page,
    "docs/reference/silver.md": lambda: layer_page("silver"),
    "docs/reference/gold.md": lambda: layer_page("gold"),
    "docs/reference/pages.md": lambda: layer_page("pages"),
}


def write(root: Path = ROOT) -> None:
    """Write every page."""
    for name, page in PAGES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
    runbook.write()
    house.write()
