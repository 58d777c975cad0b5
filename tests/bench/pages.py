"""What a visit to the pages costs: first paint, requests, bytes, cold and again.

Measured on the last good site of LAKE_URI, by the project's own server, in Chromium; and how
the data grows: the tables of the pages for the accounts of two sizes.
"""

from dataclasses import dataclass
from statistics import median

import click
import uvicorn
from playwright.sync_api import Browser, Page, Response

from ingestion.settings import Settings
from reports.server.serve import build_app
from tests.browser import running_chromium
from tests.reports.serving import running_server

PATHS = ("/", "/media/", "/audience/", "/recency-and-frequency/", "/data-health/")
REPEATS = 5
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


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


def _middle(visits: list[Visit]) -> Visit:
    return Visit(
        visits[0].path,
        median(one.paint_ms for one in visits),
        round(median(one.requests for one in visits)),
        round(median(one.sent for one in visits)),
    )


@click.command()
def pages() -> None:
    """Measure and print a table; no figure makes it fail.

    Example: python -m tests.bench.pages
    """
    settings = Settings.load()
    site = settings.site_path
    if not (site / "index.html").is_file():
        click.echo(f"pages: none in {site}; `make run` builds them")
        return
    data = sum(p.stat().st_size for p in site.glob("data/**/*.parquet"))
    answers = sum(p.stat().st_size for p in site.glob("api/**/*.arrow"))
    click.echo(f"page data: {data:,} bytes of tables, {answers:,} of prepared answers")
    config = uvicorn.Config(build_app(settings, None, {}), port=0, log_level="warning")
    click.echo("page                        first paint ms   requests   kB cold   paint again ms")
    with running_server(config) as url, running_chromium() as browser:
        for cold, warm in measure(browser, url):
            click.echo(
                f"{cold.path:<26}{cold.paint_ms:>16.0f}{cold.requests:>11}"
                f"{cold.sent / 1000:>10.0f}{warm.paint_ms:>17.0f}"
            )


if __name__ == "__main__":
    pages(prog_name="python -m tests.bench.pages")
