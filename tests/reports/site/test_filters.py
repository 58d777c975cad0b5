"""What a reader chooses: in the address, by Back and across pages, and named wherever it counts."""

import re

from playwright.sync_api import Page, expect

from tests.reports.site.conftest import Account, Open

TOUR = "gskhw4w4lm"


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f'select[data-input="{name}"]').select_option(value)


def at_rest(page: Page) -> None:
    expect(page.locator("main")).to_have_attribute("aria-busy", "false", timeout=60_000)


def test_a_filter_is_in_the_address_kept_by_back_and_by_a_reload(
    account: Account, open_page: Open
) -> None:
    page = open_page(account, "/trends/")
    choose(page, "video", TOUR)
    expect(page).to_have_url(re.compile(f"video={TOUR}"))
    expect(page.locator("h1")).to_contain_text("Product tour: ", timeout=30_000)
    page.get_by_role("navigation").get_by_role("link", name="Viewing").click()
    expect(page).not_to_have_url(re.compile("video="))
    page.go_back()
    expect(page.locator('select[data-input="video"]')).to_have_value(TOUR)
    expect(page.locator("h1")).to_contain_text("Product tour: ", timeout=30_000)
    page.reload()
    expect(page.locator('select[data-input="video"]')).to_have_value(TOUR)
    expect(page.locator("h1")).to_contain_text("Product tour: ", timeout=60_000)


def test_a_filter_goes_along_to_a_page_that_has_it_too(account: Account, open_page: Open) -> None:
    page = open_page(account, "/audience/")
    choose(page, "device", "Mobile")
    at_rest(page)
    page.get_by_role("navigation").get_by_role("link", name="Recency").click()
    expect(page.locator('select[data-input="device"]')).to_have_value("Mobile")
    expect(page).to_have_url(re.compile("device=Mobile"))
    want = account.value("select sum(viewers) from pages.recency_frequency where device = 'Mobile'")
    total = page.get_by_role("region", name="Viewers by recency and frequency").locator("tr")
    expect(total.last.locator("td").last).to_have_text(f"{want:,}", timeout=60_000)


def test_what_is_narrowed_is_said_and_can_be_undone(account: Account, open_page: Open) -> None:
    page = open_page(account, "/audience/?device=Mobile&recency=Lapsed")
    said = page.locator("[data-narrow]")
    expect(said).to_contain_text("Only Mobile, Lapsed", timeout=60_000)
    assert re.match(r"Audience, Mobile, Lapsed · ", page.title())
    page.emulate_media(media="print")
    expect(said).to_be_visible()
    page.emulate_media(media="screen")
    said.get_by_role("button", name="Show all").click()
    expect(said).to_have_count(0, timeout=60_000)
    assert "device" not in page.url
    want = account.value("select count(*) from gold.viewers")
    rows = page.locator('table.bars[aria-label="Viewers by device"] .number')
    shown = sum(int(row.get_attribute("data-value") or 0) for row in rows.all())
    assert shown == want


def test_what_an_address_asks_wrongly_is_not_asked(account: Account, open_page: Open) -> None:
    page = open_page(account, "/audience/?device=Fridge&period=hour&span=7")
    expect(page.locator('select[data-input="device"]')).to_have_value("All")
    expect(page).not_to_have_url(re.compile("Fridge|hour"))


def test_titles_and_downloads_name_the_video(account: Account, open_page: Open) -> None:
    page = open_page(account, f"/trends/?video={TOUR}&period=month")
    chart = page.locator("figure.lines")
    expect(chart.locator("h2")).to_have_text(
        "Product tour: plays per month, last 12 months", timeout=60_000
    )
    with page.expect_download() as download:
        chart.get_by_role("button", name="CSV").click()
    assert "product-tour" in download.value.suggested_filename
    with page.expect_download() as download:
        page.get_by_role("button", name="Download Each month").click()
    assert "product-tour" in download.value.suggested_filename


def test_videos_follow_days_of_ones_own_choice(account: Account, open_page: Open) -> None:
    first, last = account.cli.rows("select newest_day - 20, newest_day - 11 from pages.status")[0]
    want = dict(
        account.cli.rows(
            "select media_id, sum(reported_play_count) from gold.media_daily "  # noqa: S608
            f"where activity_date between '{first}' and '{last}' group by media_id"
        )
    )
    page = open_page(account, f"/media/?span=custom&from={first}&to={last}")
    plays = page.locator('table[data-table="All videos"] td[data-column="span_plays"]')
    expect(plays.first).to_have_attribute(
        "data-value", str(int(max(want.values()))), timeout=60_000
    )
    page = open_page(account, f"/?span=custom&from={first}&to={last}")
    most = page.locator('table[data-table="Most played"] td[data-column="play_count"]')
    expect(most.first).to_have_attribute("data-value", str(int(max(want.values()))), timeout=60_000)
    assert page.locator("[data-named-only]").count() == 1
    expect(page.locator("[data-dates]")).to_contain_text("named spans only")
