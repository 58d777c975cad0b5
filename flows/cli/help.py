"""How `wistia-elt --help` is laid out, the version it names, and completion in a shell."""

from __future__ import annotations

import os

import click
from click.shell_completion import get_completion_class

# Every command in one section, those of daily use first. A test holds it to the commands there are.
SECTIONS = {
    "Every day": ("run", "ingest", "build", "publish", "serve", "up"),
    "Looking": ("status", "query", "doctor", "quarantine"),
    "Mending": ("replay", "backfill", "rewind", "import", "redact", "forget"),
    "Machines": ("deploy", "release", "maintain", "alert", "demo", "sandbox", "completion"),
}
_EXAMPLES = """\
  wistia-elt sandbox wistia &       an account to play with; prints the settings for it
  wistia-elt run                    read what is new, build the tables, make the pages
  wistia-elt query "select * from gold.fact_media_performance"
"""
_START = {
    "bash": 'eval "$(wistia-elt completion bash)"        # in ~/.bashrc',
    "zsh": 'eval "$(wistia-elt completion zsh)"         # in ~/.zshrc',
    "fish": "wistia-elt completion fish | source          # in ~/.config/fish/config.fish",
}


class SectionedGroup(click.Group):
    """A group whose help lists its commands by what they are for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write each section with a line for each command."""
        for title, names in SECTIONS.items():
            commands = [(name, self.commands[name]) for name in names]
            with formatter.section(title):
                formatter.write_dl([(n, one.get_short_help_str(limit=80)) for n, one in commands])
        with formatter.section("Examples"):
            formatter.write(_EXAMPLES)


def show_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's
    """Print the release and the commit, and end."""
    if not asked or context.resilient_parsing:
        return
    from ingestion.config.version import code_version  # noqa: PLC0415 - asks git

    click.echo(f"wistia-elt {code_version()}")
    context.exit()


def ask_for_json(_context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's
    """Let this command and what it starts log JSON."""
    if asked:
        os.environ["LOG_JSON"] = "true"


@click.command()
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(tuple(_START)))
def completion(shell: str) -> None:
    """Print a script that completes commands and options in a shell.

    Example: eval "$(wistia-elt completion bash)"
    """
    from flows.cli.main import cli  # noqa: PLC0415 - which has this command

    found = get_completion_class(shell)
    if found is None:  # click knows each shell that it is asked for here
        raise click.UsageError(f"{shell} has no completion")
    click.echo(f"# {_START[shell]}")
    click.echo(found(cli, {}, "wistia-elt", "_WISTIA_ELT_COMPLETE").source())
