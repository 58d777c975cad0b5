"""Every page for everyone: on a phone, in the dark, by ear, with nothing to show, with much."""

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.reports.site.conftest import DESK, PAGES, PHONE, Account, Open


class Watched:
    """What a page asked for elsewhere, and what its console said."""

    def __init__(self, page: Page, url: str) -> None:
        self.elsewhere: list[str] = []
        self.said: list[str] = []
        self._url = url
        page.on("request", self._note)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(message.text)


@pytest.mark.parametrize("path", [*PAGES, "/media/gskhw4w4lm/"])
def test_a_page_asks_nobody_else_and_says_nothing_in_the_console(
    account: Account, browser: Browser, path: str
) -> None:
    page = browser.new_page()
    watched = Watched(page, account.url)
    page.goto(account.url + path)
    page.wait_for_load_state("networkidle")
    page.close()
    assert watched.elsewhere == []
    assert watched.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, "/media/gskhw4w4lm/"])
def test_a_page_is_readable_by_everyone(
    account: Account, open_page: Open, path: str, scheme: str
) -> None:
    found = Axe().run(open_page(account, path, DESK, scheme))
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_no_page_is_wider_than_its_screen(
    account: Account, large: Account, empty: Account, open_page: Open, size: tuple[int, int]
) -> None:
    for one in (account, large, empty):
        for path in one.pages:
            page = open_page(one, path, size)
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, (path, size)
            page.close()


def test_the_second_visit_is_set_in_the_pages_own_font(account: Account, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.goto(account.url + "/")
    page.wait_for_load_state("networkidle")
    page.on("response", lambda one: asked.append(one.url) if one.status == 304 else None)
    page.goto(account.url + "/media/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("[...document.fonts].map((one) => one.status)") == ["loaded"]
    assert not [url for url in asked if "/fonts/" in url]
    page.close()


def test_forty_videos_each_have_a_page_and_a_row(large: Account, open_page: Open) -> None:
    page = open_page(large, "/media/")
    assert page.locator('table[data-table="All videos"] tbody tr').count() == 40
    for one in large.media:
        assert requests.get(f"{large.url}/media/{one}/", timeout=10).status_code == 200


def test_an_empty_account_says_what_will_appear(empty: Account, open_page: Open) -> None:
    for path in PAGES:
        page = open_page(empty, path)
        assert page.locator("h1").inner_text()
        assert "NaN" not in page.locator("main").inner_text()
        assert "Error" not in page.locator("main").inner_text()
        if path != "/how-each-number-is-made/":
            assert page.locator("[data-empty]").count() >= 1, path
        page.close()
    assert "Nothing has been read" in requests.get(empty.url + "/", timeout=10).text
