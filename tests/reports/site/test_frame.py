"""What every page has around its figures: loading, paper, no script, weight, keyboard, age."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.reports.site.conftest import PAGES, Account, Open
from tests.support.machine.browser import visiting

# Bytes over the wire of a first visit that touches no filter.
MOST_BYTES = 600_000
MATRIX = "Viewers by recency and frequency"


def sizes(page: Page) -> dict[str, int]:
    """Bytes over the wire by address, for what the page loads from now on."""
    found: dict[str, int] = {}
    names: dict[str, str] = {}
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.on(
        "Network.responseReceived", lambda e: names.update({e["requestId"]: e["response"]["url"]})
    )
    cdp.on(
        "Network.loadingFinished",
        lambda e: found.update({names.get(e["requestId"], "?"): int(e["encodedDataLength"])}),
    )
    return found


@pytest.mark.parametrize("path", ["/", "/trends/", "/media/", "/recency-and-frequency/"])
def test_a_first_visit_is_light_and_brings_no_engine(
    account: Account, browser: Browser, path: str
) -> None:
    with visiting(browser) as page:
        loaded = sizes(page)
        page.goto(account.url + path)
        page.wait_for_load_state("networkidle")
        assert sum(loaded.values()) < MOST_BYTES
        assert not [url for url in loaded if url.endswith((".wasm", ".parquet"))]


def slow_engine(page: Page, seconds: float) -> None:
    def wait(route: Route) -> None:
        time.sleep(seconds)
        route.continue_()

    page.route("**/*.wasm", wait)


def test_figures_stay_dimmed_while_others_are_fetched(account: Account, open_page: Open) -> None:
    page = open_page(account, "/recency-and-frequency/")
    slow_engine(page, 2)
    region = page.get_by_role("region", name=MATRIX)
    before = region.inner_text()
    page.locator('select[data-input="device"]').select_option("Mobile")
    main = page.locator("main")
    expect(main).to_have_attribute("aria-busy", "true")
    assert region.inner_text() == before
    assert page.locator("[data-empty]").count() == 0
    expect(main).to_have_attribute("aria-busy", "false", timeout=60_000)
    assert region.inner_text() != before
    expect(page.get_by_role("status").last).to_have_text("The figures have changed.")


def test_a_title_changes_with_its_figures(account: Account, open_page: Open) -> None:
    page = open_page(account, "/trends/")
    slow_engine(page, 2)
    title = page.locator("figure.lines h2")
    before = title.inner_text()
    page.locator('select[data-input="period"]').select_option("month")
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    assert title.inner_text() == before
    expect(title).not_to_have_text(before, timeout=60_000)


def test_without_an_engine_the_figures_stay_and_it_is_said(
    account: Account, browser: Browser
) -> None:
    with visiting(browser) as page:
        page.route("**/*.wasm", lambda route: route.abort())
        page.goto(account.url + "/recency-and-frequency/")
        page.wait_for_load_state("networkidle")
        region = page.get_by_role("region", name=MATRIX)
        before = region.inner_text()
        page.locator('select[data-input="device"]').select_option("Mobile")
        expect(page.get_by_role("alert")).to_contain_text("cannot be filtered", timeout=60_000)
        assert region.inner_text() == before


def test_a_choice_made_before_the_scripts_run_is_kept(account: Account, browser: Browser) -> None:
    with visiting(browser) as page:
        held: list[Route] = []
        page.route("**/_app/immutable/entry/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
        page.goto(account.url + "/recency-and-frequency/", wait_until="commit")
        choice = page.locator('select[data-input="device"]')
        expect(choice).to_have_value("All")
        choice.select_option("Mobile")
        for route in held:
            route.continue_()
        want = account.value(
            "select sum(viewers) from pages.recency_frequency where device = 'Mobile'"
        )
        total = page.get_by_role("region", name=MATRIX).locator("tr").last.locator("td").last
        expect(total).to_have_text(f"{want:,}", timeout=60_000)
        expect(choice).to_have_value("Mobile")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_lines_bars_and_choices_are_seen(
    account: Account, browser: Browser, scheme: str
) -> None:
    with visiting(
        browser, java_script_enabled=False, color_scheme="dark" if scheme == "dark" else "light"
    ) as page:
        page.goto(account.url + "/audience/")
        bar = page.locator("tr.point .bar span").first
        line = page.locator("figure.lines path").first
        read = "(one, name) => getComputedStyle(one)[name]"
        assert bar.evaluate(read, "backgroundColor") not in {"rgba(0, 0, 0, 0)", "transparent"}
        assert line.evaluate(read, "stroke") != "none"
        ground = page.locator("body").evaluate(read, "backgroundColor")
        assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(16, 21, 28)")
        assert page.locator(".said").first.is_visible()


@pytest.mark.parametrize("path", [*PAGES, "/media/gskhw4w4lm/"])
def test_without_scripts_a_page_says_the_same(
    account: Account, open_page: Open, browser: Browser, path: str
) -> None:
    def read(page: Page) -> tuple[str, list[str]]:
        figures = page.locator("main [data-value]")
        return (
            page.locator("main h1").inner_text(),
            figures.evaluate_all("all => all.map(one => one.dataset.value)"),
        )

    said = read(open_page(account, path))
    with visiting(browser, java_script_enabled=False) as page:
        page.goto(account.url + path)
        assert read(page) == said


def test_paper_is_white_and_says_what_was_chosen(account: Account, open_page: Open) -> None:
    page = open_page(account, "/audience/", scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    read = "(one, name) => getComputedStyle(one)[name]"
    assert page.locator("body").evaluate(read, "backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".bar span").first.evaluate(read, "printColorAdjust") == "exact"
    assert page.locator(".said").first.is_visible()
    assert page.locator("[data-dates]").is_visible()
    assert not page.locator("select").first.is_visible()
    expect(page.locator(".printed")).to_contain_text("printed")


def test_old_figures_are_called_old_above_the_headline(account: Account, browser: Browser) -> None:
    with visiting(browser) as page:
        page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=10))
        page.goto(account.url + "/")
        expect(page.locator("[data-old]")).to_contain_text("Read 10 days ago")
        page.clock.set_fixed_time(datetime.now(UTC) - timedelta(days=10))
        page.goto(account.url + "/")
        expect(page.locator("[data-old]")).to_contain_text("10 days in the future")


def test_a_chart_is_read_by_keyboard(account: Account, open_page: Open) -> None:
    page = open_page(account, "/trends/")
    plot = page.get_by_role("slider").first
    plot.focus()
    page.keyboard.press("End")
    last = plot.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowLeft")
    assert plot.get_attribute("aria-valuetext") != last
    assert page.locator(".tip").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".tip").is_visible()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_a_name_a_sentence_and_nobodys_handle(
    account: Account, open_page: Open, path: str
) -> None:
    page = open_page(account, path)
    titles = page.locator("head title").all_text_contents()
    assert re.fullmatch(r".+ · Wistia statistics", page.title()), titles
    headline = page.locator("h1").inner_text()
    assert page.locator('meta[property="og:description"]').get_attribute("content") == headline
    assert page.locator('meta[name="twitter:site"]').count() == 0


def test_a_word_is_explained_where_it_stands_and_in_the_glossary(
    account: Account, open_page: Open
) -> None:
    page = open_page(account, "/media/")
    word = page.get_by_label("What Play rate means")
    word.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("share who played it")
    page.mouse.move(0, 0)
    expect(page.get_by_role("tooltip")).to_have_count(0)
    word.focus()
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/glossary/#play-rate$"))
    assert page.locator("dt").count() >= 20


def test_a_tap_explains_a_word_and_stays(account: Account, browser: Browser) -> None:
    with visiting(browser, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        page.goto(account.url + "/media/")
        page.wait_for_load_state("networkidle")
        page.get_by_label("What Plays means").tap()
        tip = page.get_by_role("tooltip")
        expect(tip).to_be_visible()
        box = tip.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert page.url.endswith("/media/")


def test_the_accounts_own_total_stands_beside_the_sum_of_its_videos(
    account: Account, open_page: Open
) -> None:
    query = "select media_play_count, account_play_count from pages.status"
    ((ours, theirs),) = account.cli.rows(query)
    said = open_page(account, "/data-health/").locator("[data-account]")
    assert ours == theirs
    expect(said).to_have_text(
        f"The videos add up to {ours:,} plays, and so does the account's own total."
    )
