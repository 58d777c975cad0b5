"""`make screenshots`: every page of the last good site, on a phone and a desk, light and dark.

Read them like a reader would: what does the first line say, what moves, what is cut off?
"""

from pathlib import Path

import click
import uvicorn
from playwright.sync_api import Browser

from ingestion.config.settings import Settings
from reports.server.app import build_app
from tests.reports.serving import running_server
from tests.support.machine.browser import running_chromium

SIZES = ((1440, 900), (390, 844))
SCHEMES = ("light", "dark")


@click.command()
@click.option("--into", type=Path, default=Path("screenshots"), show_default=True)
def screenshots(into: Path) -> None:
    """Take them, and say where they are.

    Example: python -m tests.reports.screenshots --into /tmp/pages
    """
    settings = Settings.load()
    site = settings.site_path
    paths = sorted(f"/{page.parent.relative_to(site)}/" for page in site.rglob("index.html"))
    if not paths:
        raise click.ClickException(f"there are no pages in {site}; run `make run` first")
    into.mkdir(parents=True, exist_ok=True)
    config = uvicorn.Config(build_app(settings, None, {}), port=0, log_level="warning")
    with running_server(config) as url, running_chromium() as browser:
        for size in SIZES:
            for scheme in SCHEMES:
                _take(
                    browser, url, [path.replace("/./", "/") for path in paths], size, scheme, into
                )
    click.echo(f"{len(paths) * len(SIZES) * len(SCHEMES)} pictures in {into.absolute()}")


def _take(  # noqa: PLR0913, PLR0917 - what a picture is made of
    browser: Browser, url: str, paths: list[str], size: tuple[int, int], scheme: str, into: Path
) -> None:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    for path in paths:
        page.goto(url + path)
        page.wait_for_load_state("networkidle")
        name = path.strip("/").replace("/", "-") or "overview"
        page.screenshot(path=into / f"{name}-{width}-{scheme}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    screenshots(prog_name="python -m tests.reports.screenshots")
