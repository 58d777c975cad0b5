"""Every page for everyone: on a phone, in the dark, by ear, with nothing to show."""

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.reports.site.conftest import DESK, PAGES, PHONE, Account, Open
from tests.support.machine.browser import visiting


def assert_no_wider_than_its_screen(page: Page) -> None:
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, (page.url, page.viewport_size)


@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", PHONE)])
@pytest.mark.parametrize("path", [*PAGES, "/media/gskhw4w4lm/"])
def test_a_page_is_readable_by_everyone(
    account: Account, open_page: Open, path: str, scheme: str, size: tuple[int, int]
) -> None:
    page = open_page(account, path, size, scheme)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert_no_wider_than_its_screen(page)


def test_the_second_visit_is_set_in_the_pages_own_font(account: Account, browser: Browser) -> None:
    with visiting(browser) as page:
        asked: list[str] = []
        page.goto(account.url + "/")
        page.wait_for_load_state("networkidle")
        page.on("response", lambda one: asked.append(one.url) if one.status == 304 else None)
        page.goto(account.url + "/media/")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("[...document.fonts].map((one) => one.status)") == ["loaded"]
        assert not [url for url in asked if "/fonts/" in url]


def test_an_empty_account_says_what_will_appear(empty: Account, open_page: Open) -> None:
    for path in PAGES:
        page = open_page(empty, path, PHONE)
        assert page.locator("h1").inner_text()
        assert "NaN" not in page.locator("main").inner_text()
        assert "Error" not in page.locator("main").inner_text()
        if path != "/glossary/":
            assert page.locator("[data-empty]").count() >= 1, path
        assert_no_wider_than_its_screen(page)
        page.close()
    assert "Nothing has been read" in requests.get(empty.url + "/", timeout=10).text
