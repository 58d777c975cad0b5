"""This machine's own Chromium for tests; none is ever downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start Chromium without a window, or skip with what would bring it."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on PATH (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Browser, **context: Any) -> Iterator[Page]:  # noqa: ANN401 - what new_context takes
    """A page in a context of its own, left with what it still asks for let go.

    A page that polls may ask while it is closed: what answers in the server's place would then
    fail the next test, so that nothing is answered any more before the context goes.
    """
    opened = browser.new_context(**context)
    try:
        page = opened.new_page()
        yield page
        if not page.is_closed():
            page.unroute_all(behavior="ignoreErrors")
    finally:
        opened.close()
