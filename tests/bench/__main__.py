"""`make bench`: ours beside the predecessor's loop and dlt, in one run on one machine."""

from collections.abc import Callable, Iterator

import click

from tests.bench.contestants import OURS, PREDECESSOR, Contestant, install_dlt
from tests.bench.report import make_table, summarise, write_section
from tests.bench.scenarios import Result, Scale, run_days, run_full, run_moving

Scenario = Callable[[Contestant, Scale], Iterator[Result]]
SCENARIOS: dict[str, Scenario] = {"days": run_days, "moving": run_moving}
MILLION = 1_000_000


@click.command()
@click.option("--visitors", default=110_471, show_default=True, help="Visitors at the start.")
@click.option("--speed", default=10, show_default=True, help="Times the real API's speed.")
@click.option("--repeats", default=3, show_default=True, help="Runs of ours.")
@click.option("--rival-repeats", default=1, show_default=True, help="Runs of the others.")
@click.option("--only", type=click.Choice(list(SCENARIOS)), help="One scenario instead of both.")
@click.option("--rivals/--no-rivals", default=True, show_default=True, help="Measure the others.")
@click.option("--million", is_flag=True, help="A million visitors too, ours alone: minutes.")
@click.option("--write/--no-write", default=True, show_default=True, help="docs/benchmarks.md.")
@click.pass_context
def bench(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    visitors: int,
    speed: int,
    repeats: int,
    rival_repeats: int,
    only: str | None,
    rivals: bool,  # noqa: FBT001 - a flag of the command line
    million: bool,  # noqa: FBT001
    write: bool,  # noqa: FBT001
) -> None:
    """Measure and report; no figure makes it fail.

    Example: python -m tests.bench --visitors 5000 --repeats 1
    """
    scale = Scale(visitors, speed)
    chosen = [SCENARIOS[only]] if only else list(SCENARIOS.values())
    field = [(OURS, repeats)] + [(who, rival_repeats) for who in _find_rivals() if rivals]
    results = [
        result for scenario in chosen for who, times in field
        for _ in range(times) for result in _report(scenario(who, scale))
    ]  # fmt: skip
    if million:
        results += _report(run_full(OURS, Scale(MILLION, speed)))
    table = make_table(summarise(results))
    click.echo(f"\n{table}")
    if write:
        write_section(
            "measured", f"`{_command(context)}` (API {speed} times as fast as real)", table
        )


def _find_rivals() -> list[Contestant]:
    dlt = install_dlt()
    if isinstance(dlt, Contestant):
        return [PREDECESSOR, dlt]
    click.echo(f"dlt is left out: it cannot be installed: {dlt}")
    return [PREDECESSOR]


def _report(results: Iterator[Result]) -> Iterator[Result]:
    for result in results:
        took = result.took
        click.echo(
            f"{result.scenario}, {result.who}, {result.scale.visitors:,} visitors: "
            f"{took.seconds:.1f} s, {took.requests:,} requests, {took.peak_mb:.0f} MB, "
            f"{took.gaps}, exit code {took.exit_code}"
        )
        yield result


def _command(context: click.Context) -> str:
    """Return the command that measures the same again."""
    words = ["python -m tests.bench"]
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        is_given = value is not None and value != parameter.get_default(context)
        if is_given and parameter.name != "write":
            flag = parameter.opts[0] if value is not False else parameter.secondary_opts[0]
            words.append(flag if isinstance(value, bool) else f"{flag} {value}")
    return " ".join(words)


if __name__ == "__main__":
    bench(prog_name="python -m tests.bench")
