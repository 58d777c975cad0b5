"""`make soak`: what takes too long for CI; one verdict a campaign, exit code 1 when one fails."""

import sys
import time
from collections.abc import Callable

import click

from tests.soak import campaigns
from tests.soak.alarms import alarms
from tests.soak.checks import check
from tests.soak.doors import doors
from tests.soak.odd import odd
from tests.soak.verdict import Verdict

SCHEDULES = tuple(
    f"tests/ingestion/extract/test_{name}.py"
    for name in ("drifting_list", "drifting_list_costs", "event_properties")
)
CAMPAIGNS: dict[str, Callable[..., Verdict]] = {
    "kills": campaigns.kills,
    "faults": campaigns.faults,
    "latency": campaigns.latency,
    "million": campaigns.million,
    "schedules": lambda _visitors: check("schedules", *SCHEDULES, HYPOTHESIS_PROFILE="soak"),
    "odd": odd,
    "days": campaigns.days,
    "served-days": lambda _visitors: check("days"),
    "isolation": lambda _visitors: check("isolation"),
    "repair": lambda _visitors: check("repair"),
    "up": lambda _visitors: check("up"),
    "deployment": lambda _visitors: check("deployment"),
    "doors": doors,
    "alarms": alarms,
    "module": lambda _visitors: check("module"),
    "athena": lambda _visitors: check("athena"),
    "dbt": lambda _visitors: check("dbt"),
    "pages": lambda _visitors: check("pages"),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(CAMPAIGNS)))
@click.option("--visitors", default=110_471, show_default=True, help="Visitors at the start.")
@click.option("--count", default=100, show_default=True, help="Kills; half as many signals.")
@click.option("--seed", default=1, show_default=True, help="Another seed kills elsewhere.")
@click.option("--many", default=campaigns.MILLION, show_default=True, help="The million.")
@click.option("--days", default=50, show_default=True, help="Days through the flow.")
def soak(  # noqa: PLR0913, PLR0917 - a size for each campaign
    names: tuple[str, ...], visitors: int, count: int, seed: int, many: int, days: int
) -> None:
    """Run the campaigns named, or all of them.

    Example: python -m tests.soak kills --visitors 5000 --count 10
    """
    more = {
        "kills": {"count": count, "seed": seed},
        "doors": {"count": count // 2, "seed": seed},
        "million": {"many": many},
        "odd": {"seed": seed},
        "days": {"count": days},
    }
    verdicts = []
    for name in names or CAMPAIGNS:
        began = time.monotonic()
        verdicts.append(CAMPAIGNS[name](visitors, **more.get(name, {})))
        click.echo(f"{verdicts[-1]} ({time.monotonic() - began:.0f} s)")
    sys.exit(not all(verdict.holds for verdict in verdicts))


if __name__ == "__main__":
    soak(prog_name="python -m tests.soak")
