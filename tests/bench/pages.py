"""What a visit to the pages costs: first paint, requests, bytes, cold, again and on a slow line.

Measured on the last good site of LAKE_URI, by the project's own server, in Chromium; and how
the data grows: the tables of the pages of two accounts, one with more visitors.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import uvicorn
from playwright.sync_api import Browser, Page, Response

from ingestion.config.settings import Settings
from reports.compression import SIBLINGS
from reports.server.app import build_app
from tests.bench.report import write_section
from tests.reports.serving import running_server
from tests.support.commands.command_line import CommandLine
from tests.support.machine.browser import running_chromium
from tests.support.machine.servers import running_sandbox

PATHS = (
    *("/", "/trends/", "/media/", "/viewing/"),
    *("/audience/", "/recency-and-frequency/", "/data-health/", "/compare/"),
)
REPEATS = 5
# The predecessor's visitors after its three runs, and the size where all is to stay the same.
SIZES = (110_499, 1_000_000)
_ALIGNED = ("---:",) * 5
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
# "Fast 3G" as Chromium's own tools had it, bytes a second and milliseconds, and a quarter of a
# processor: a phone on a train.
_LINE = {
    "offline": False,
    "downloadThroughput": 188_744,
    "uploadThroughput": 84_935,
    "latency": 562.5,
}
_SLOWER = 4
# The frame after the first in which a number of a card, chart or table has its place.
_WATCH = """window.firstFigureAt = new Promise((found) => {
    const shown = (one) => /\\d/.test(one.textContent) && one.getClientRects().length > 0;
    const look = () => {
        const is = [...document.querySelectorAll("main :is(.value, td, svg text)")].some(shown);
        requestAnimationFrame(is ? found : look);
    };
    requestAnimationFrame(look);
})"""


@dataclass(frozen=True)
class Visit:
    """One visit to one page; bytes as they came over the wire."""

    path: str
    paint_ms: float
    requests: int
    sent: int


def visit(page: Page, url: str, path: str) -> Visit:
    """Load a page and wait until it is at rest."""
    answers: list[Response] = []
    page.on("response", lambda one: answers.append(one))  # noqa: PLW0108 - Playwright marks it
    page.goto(url + path)
    page.wait_for_load_state("networkidle")
    sizes = [int(one.headers.get("content-length", 0)) for one in answers if one.status == 200]
    paint = float(page.evaluate(_PAINT))
    return Visit(path, paint, len(answers), sum(sizes))


def measure(browser: Browser, url: str) -> list[tuple[Visit, Visit]]:
    """Each page, cold and warm, the median of some visits."""
    made = []
    for path in PATHS:
        pairs = [_cold_and_warm(browser, url, path) for _ in range(REPEATS)]
        made.append((_middle([one for one, _ in pairs]), _middle([two for _, two in pairs])))
    return made


def _cold_and_warm(browser: Browser, url: str, path: str) -> tuple[Visit, Visit]:
    context = browser.new_context()
    cold = visit(context.new_page(), url, path)
    warm = visit(context.new_page(), url, path)
    context.close()
    return cold, warm


def measure_first_figure(browser: Browser, url: str, path: str) -> float:
    """Milliseconds until a number stands on a page, cold, on a slow line and a slow machine."""
    with browser.new_context() as context:
        page = context.new_page()
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", _LINE)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
        page.add_init_script(_WATCH)
        page.goto(url + path, wait_until="commit")
        return float(page.evaluate("window.firstFigureAt"))


def _middle(visits: list[Visit]) -> Visit:
    return Visit(
        visits[0].path,
        median(one.paint_ms for one in visits),
        round(median(one.requests for one in visits)),
        round(median(one.sent for one in visits)),
    )


def measure_data(visitors: int) -> tuple[int, int]:
    """Bytes sent of a new account's page data: tables, and answers prepared for each page."""
    with running_sandbox(visitors=visitors) as sandbox, TemporaryDirectory() as folder:
        today = datetime.now(UTC).date().isoformat()
        cli = CommandLine(Path(folder), {**sandbox.environment, "AS_OF_DATE": today})
        for stage in ("ingest", "build", "publish"):
            cli.finish(stage)
        site = cli.lake / "site"
        tables, answers = site.glob("data/**/*.parquet"), site.glob("api/**/*.arrow")
        return sum(map(_sent, tables)), sum(map(_sent, answers))


def _sent(file: Path) -> int:
    """Bytes of a file as a browser gets it."""
    packed = file.with_name(file.name + SIBLINGS["br"])
    return (packed if packed.is_file() else file).stat().st_size


def _grow(sizes: tuple[int, int]) -> str:
    """How many bytes the data of the pages takes in accounts of two sizes."""
    rows: list[tuple[str, ...]] = [("visitors", "tables", "answers", "all", "times"), _ALIGNED]
    first = 0
    for visitors in sizes:
        tables, answers = measure_data(visitors)
        every = tables + answers
        first = first or every
        figures = (visitors, tables, answers, every)
        rows.append((*(f"{one:,}" for one in figures), f"{every / first:.3f}"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _visits(settings: Settings) -> str:
    """First paint, requests and bytes of each page, and the first figure on a slow line."""
    head = ("page", "first paint ms", "requests", "kB", "again ms", "on a slow line ms")
    rows = [head, ("---", *["---:"] * 5)]
    config = uvicorn.Config(build_app(settings, None, {}), port=0, log_level="warning")
    with running_server(config) as url, running_chromium() as browser:
        for cold, warm in measure(browser, url):
            slow = median(measure_first_figure(browser, url, cold.path) for _ in range(REPEATS))
            figures = (cold.paint_ms, cold.requests, cold.sent / 1000, warm.paint_ms, slow)
            rows.append((f"`{cold.path}`", *(f"{one:,.0f}" for one in figures)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


@click.command()
@click.option("--million", is_flag=True, help="How the data grows to a million visitors: minutes.")
@click.option("--write/--no-write", default=True, show_default=True, help="docs/benchmarks.md.")
def pages(million: bool, write: bool) -> None:  # noqa: FBT001 - flags of the command line
    """Measure and print; no figure makes it fail.

    Example: python -m tests.bench.pages --million
    """
    settings = Settings.load()
    if not (settings.site_path / "index.html").is_file():
        click.echo(f"pages: none in {settings.site_path}; `make run` builds them")
    else:
        _show("pages", "`python -m tests.bench.pages`", _visits(settings), write=write)
    if million:
        _show("page data", "`python -m tests.bench.pages --million`", _grow(SIZES), write=write)


def _show(name: str, command: str, table: str, *, write: bool) -> None:
    click.echo(f"\n{table}")
    if write:
        write_section(name, command, table)


if __name__ == "__main__":
    pages(prog_name="python -m tests.bench.pages")
