"""Videos side by side, marked on the page of videos; what a card says where a page is shared."""

import re

import pytest
import requests
from playwright.sync_api import expect

from tests.reports.site.conftest import Account, Open

STORY, TOUR = "v08dlrgr7v", "gskhw4w4lm"


def test_marked_videos_are_shown_side_by_side(account: Account, open_page: Open) -> None:
    page = open_page(account, "/media/")
    page.get_by_role("checkbox", name="Compare Product tour").check()
    page.get_by_role("checkbox", name="Compare Customer story").check()
    page.get_by_role("link", name="Compare 2 videos side by side").click()
    expect(page).to_have_url(re.compile(f"/compare/.*v1={TOUR}.*v2={STORY}"))
    heads = page.locator('table[data-table="Side by side"] thead th a')
    expect(heads).to_have_text(["Product tour", "Customer story"], timeout=60_000)
    plays = page.locator('table[data-table="Side by side"] tr[data-figure="plays"] td')
    for place, media_id in enumerate((TOUR, STORY)):
        want = account.value(
            "select play_count from gold.span_totals "  # noqa: S608
            f"where span = '7' and period = 'now' and media_id = '{media_id}'"
        )
        expect(plays.nth(place)).to_have_attribute("data-value", str(int(want)))
    assert page.locator("figure.lines").count() == 2
    assert page.title() == "Compare videos, Product tour, Customer story · Wistia statistics"


def test_the_comparison_follows_the_chosen_days(account: Account, open_page: Open) -> None:
    page = open_page(account, "/compare/?span=90")
    rate = page.locator('tr[data-figure="completion_rate"] td').first
    want = account.value(
        "select end_count / known_count from gold.span_totals "  # noqa: S608
        f"where span = '90' and period = 'now' and media_id = '{STORY}'"
    )
    expect(rate).to_have_attribute("data-value", re.compile(r"\d"), timeout=60_000)
    assert float(rate.get_attribute("data-value") or "nan") == pytest.approx(want)


def test_one_video_twice_is_one_and_a_second_is_asked_for(
    account: Account, open_page: Open
) -> None:
    page = open_page(account, f"/compare/?v1={TOUR}&v2={TOUR}")
    expect(page.locator("h1")).to_have_text(
        "Choose a second video to compare Product tour with", timeout=60_000
    )


def test_a_video_leads_to_its_comparison_and_to_its_moments(
    account: Account, open_page: Open
) -> None:
    page = open_page(account, f"/media/{TOUR}/")
    moment = page.locator("li[data-moment='left_50'] a")
    href = f"https://fast.wistia.net/embed/iframe/{TOUR}?time=16"
    expect(moment).to_have_attribute("href", href)
    page.get_by_role("link", name="compare with others").click()
    expect(page).to_have_url(re.compile(f"/compare/.*v1={TOUR}"))


def test_a_shared_page_has_a_picture_of_this_server(account: Account) -> None:
    html = requests.get(account.url + "/", timeout=10).text
    (path,) = re.findall(r'property="og:image" content="([^"]+)"', html)
    picture = requests.get(account.url + path, timeout=10)
    assert picture.content.startswith(b"\x89PNG")
    assert picture.headers["content-type"] == "image/png"
