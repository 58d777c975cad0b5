"""What a reader sees, held against the tables; in a real browser, by the real server."""

import csv
import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.reports.site.conftest import Account, Open

CARDS = ("plays", "viewers", "hours_watched", "completion_rate", "conversion_rate")


def bars(page: Page, title: str) -> dict[str, int]:
    rows = page.locator(f'table.bars[aria-label="{title}"] tbody tr').all()
    return {
        row.get_attribute("data-name") or "": int(
            float(row.locator(".number").get_attribute("data-value") or 0)
        )
        for row in rows
    }


def cells(page: Page, title: str, column: str) -> list[str]:
    found = page.locator(f'table[data-table="{title}"] td[data-column="{column}"]')
    return [cell.get_attribute("data-value") or "" for cell in found.all()]


def test_the_cards_are_the_spans_of_gold(account: Account, open_page: Open) -> None:
    page = open_page(account, "/")
    for span in ("7", "30", "last_month"):
        page.locator('select[data-input="span"]').select_option(span)
        for figure in CARDS:
            want = account.value(
                "select amount from gold.headlines "  # noqa: S608
                f"where span = '{span}' and media_id = 'All' and figure = '{figure}'"
            )
            card = page.locator(f'[data-card="{figure}"] .value')
            shown = card.get_attribute("data-value")
            assert float(shown or "nan") == pytest.approx(want, rel=1e-3), (span, figure)


def test_one_figure_is_one_number_on_every_page(account: Account, open_page: Open) -> None:
    plays = account.value(
        "select sum(reported_play_count) from gold.media_daily, gold.spans "
        "where span = '30' and period = 'now' and activity_date between first_day and last_day"
    )
    for path in ("/", "/audience/"):
        page = open_page(account, f"{path}?span=30")
        card = page.locator('[data-card="plays"] .value')
        expect(card).to_have_attribute("data-value", str(int(plays)))
        viewers = page.locator('[data-card="viewers"] .value').get_attribute("data-value")
        assert 0 < int(viewers or 0) <= plays
    said = open_page(account, "/trends/?span=30").locator("h1")
    expect(said).to_contain_text(f"{int(plays):,} plays in the last 30 days")
    step = open_page(account, "/viewing/?span=30").locator('tr[data-step="play_count"] td.number')
    expect(step.first).to_have_attribute("data-value", str(int(plays)))


def test_a_span_is_kept_in_the_address_across_pages_and_by_back(
    account: Account, open_page: Open
) -> None:
    page = open_page(account, "/")
    page.locator('select[data-input="span"]').select_option("90")
    page.locator('select[data-input="compare"]').select_option("year")
    assert "span=90" in page.url
    page.get_by_role("navigation").get_by_role("link", name="Viewing").click()
    expect(page.locator("h1")).to_contain_text("in the last 90 days reached the end")
    page.locator('select[data-input="span"]').select_option("30")
    page.go_back()
    expect(page.locator('select[data-input="span"]')).to_have_value("90")
    expect(page.locator('select[data-input="compare"]')).to_have_value("year")
    expect(page.locator("h1")).to_contain_text("in the last 90 days")
    page.reload()
    expect(page.locator('select[data-input="span"]')).to_have_value("90")


def test_days_of_ones_own_choice_are_summed(account: Account, open_page: Open) -> None:
    first, last = account.cli.rows("select newest_day - 20, newest_day - 11 from pages.status")[0]
    want = account.value(
        "select sum(reported_play_count) from gold.media_daily "  # noqa: S608
        f"where activity_date between '{first}' and '{last}'"
    )
    page = open_page(account, f"/?span=custom&from={first}&to={last}")
    card = page.locator('[data-card="plays"] .value')
    expect(card).to_have_attribute("data-value", str(int(want)))


def test_days_that_have_not_arrived_are_said_and_not_zero(
    account: Account, open_page: Open
) -> None:
    newest, last = account.cli.rows("select newest_day, last_whole_day from pages.status")[0]
    page = open_page(account, "/")
    assert page.locator("[data-missing]").count() == (1 if last > newest else 0)


def test_figures_stand_in_the_page_before_any_script_runs(account: Account) -> None:
    html = requests.get(account.url + "/", timeout=10).text
    text = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    plays = account.value(
        "select play_count from gold.span_totals "
        "where span = '7' and period = 'now' and media_id = 'All'"
    )
    for figure in (f"{plays:,}", "Customer story", "Product tour"):
        assert figure in text


def test_the_media_table_is_gold(account: Account, open_page: Open) -> None:
    page = open_page(account, "/media/")
    names = ("play_count", "visitors", "play_rate", "hours_watched", "engagement")
    rows = account.cli.rows(
        f"select {', '.join(names)} from gold.fact_media_performance order by play_count desc"  # noqa: S608
    )
    for place, name in enumerate(names):
        shown = cells(page, "All videos", name)
        want = [row[place] for row in rows]
        assert [float(one) for one in shown] == pytest.approx([float(one) for one in want])


def test_a_video_has_its_figures_and_moments(account: Account, open_page: Open) -> None:
    page = open_page(account, "/media/gskhw4w4lm/")
    for name, want in {"play_count": 16681, "load_count": 111166, "play_rate": 0.15495}.items():
        shown = page.locator(f'[data-fact="{name}"] .value').get_attribute("data-value")
        assert float(shown or "nan") == pytest.approx(want, rel=1e-5)
    moments = dict(
        account.cli.rows(
            "select moment, at_seconds from pages.media_moments where media_id = 'gskhw4w4lm'"
        )
    )
    places = {
        item.get_attribute("data-moment"): float(item.locator("b").get_attribute("data-value") or 0)
        for item in page.locator("li[data-moment]").all()
    }
    assert places == moments
    assert places["left_50"] == 16


@pytest.mark.parametrize(
    ("path", "title", "column"),
    [
        ("/audience/", "Viewers by platform", "platform"),
        ("/audience/", "Viewers by browser", "browser"),
        ("/recency-and-frequency/", "Viewers by recency", "recency_group"),
        ("/recency-and-frequency/", "Viewers by days with a play", "frequency_band"),
    ],
)
def test_bars_are_the_counts_of_the_table(
    account: Account, open_page: Open, path: str, title: str, column: str
) -> None:
    page = open_page(account, path)
    counts = account.cli.rows(f"select {column}, sum(viewers) from pages.audience group by 1")  # noqa: S608
    assert bars(page, title) == {name: int(count) for name, count in counts}
    assert sum(bars(page, title).values()) == account.value("select count(*) from gold.viewers")


def test_a_filter_changes_the_figures_to_what_sql_says(account: Account, open_page: Open) -> None:
    page = open_page(account, "/audience/")
    page.locator('select[data-input="device"]').select_option("Mobile")
    counts = account.cli.rows(
        "select platform, sum(viewers) from pages.audience where device = 'Mobile' group by 1"
    )
    want = {name: int(count) for name, count in counts}
    expect(page.locator('table.bars[aria-label="Viewers by platform"] tbody tr')).to_have_count(
        len(want), timeout=30_000
    )
    assert bars(page, "Viewers by platform") == want


def test_the_matrix_follows_its_filter(account: Account, open_page: Open) -> None:
    page = open_page(account, "/recency-and-frequency/")
    title = "Viewers by recency and frequency"
    sql = (
        "select recency_order || ' ' || frequency_order, sum(viewers) "
        "from pages.recency_frequency {} group by 1"
    )
    for choice, where in (("All", ""), ("Desktop", "where device = 'Desktop'")):
        page.locator('select[data-input="device"]').select_option(choice)
        want = {cell: int(count) for cell, count in account.cli.rows(sql.format(where))}
        cell, count = max(want.items(), key=lambda one: one[1])
        region = page.get_by_role("region", name=title)
        expect(region.locator(f'[data-cell="{cell}"]')).to_have_attribute(
            "data-value", str(count), timeout=30_000
        )
        shown = {
            td.get_attribute("data-cell"): int(td.get_attribute("data-value") or 0)
            for td in region.locator("td[data-cell]").all()
        }
        assert {name: value for name, value in shown.items() if value} == want


def test_who_is_active_is_a_viewer_of_the_last_7_days(account: Account, open_page: Open) -> None:
    page = open_page(account, "/recency-and-frequency/")
    active = bars(page, "Viewers by recency")["Active"]
    expect(page.locator("h1")).to_contain_text("played in the last 7 days")
    card = open_page(account, "/").locator('[data-card="viewers"] .value')
    expect(card).to_have_attribute("data-value", str(active))
    assert "visitor" not in page.locator("main").inner_text().lower()


def test_new_and_returning_are_the_viewers_of_a_month(account: Account, open_page: Open) -> None:
    page = open_page(account, "/audience/")
    page.locator('select[data-input="period"]').select_option("month")
    chart = page.locator('figure[data-chart="New and returning viewers per month"]')
    expect(chart).to_be_visible(timeout=30_000)
    with page.expect_download() as download:
        chart.get_by_role("button", name="CSV").click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))[1:]
    newest = max(row[0] for row in rows)
    (want,) = account.cli.rows(
        "select count(distinct visitor_key) from gold.fact_plays "  # noqa: S608
        f"where date_trunc('month', activity_date) = date '{newest}'"
    )
    assert sum(int(row[2]) for row in rows if row[0] == newest) == want[0]


def test_platform_and_browser_are_crossed(account: Account, open_page: Open) -> None:
    page = open_page(account, "/audience/")
    region = page.get_by_role("region", name="Viewers by platform and browser")
    shown = [
        int(td.get_attribute("data-value") or 0) for td in region.locator("td[data-cell]").all()
    ]
    assert sum(shown) == account.value("select count(*) from gold.viewers")
    most = account.value(
        "select max(viewers) from (select sum(viewers) as viewers from pages.audience "
        "group by platform, browser) as crossed"
    )
    assert max(shown) == most


def test_a_class_narrows_the_media(account: Account, open_page: Open) -> None:
    page = open_page(account, "/media/")
    page.locator('select[data-input="play_rate_class"]').select_option("High")
    rows = page.locator('table[data-table="1 of 2 videos"] tbody tr')
    expect(rows).to_have_count(1, timeout=30_000)
    expect(rows).to_contain_text("Customer story")


def test_search_sort_and_download(account: Account, open_page: Open, tmp_path: Path) -> None:
    page = open_page(account, "/media/")
    page.get_by_role("button", name="All-time plays").click()
    assert cells(page, "All videos", "play_count") == ["16681", "43810"]
    page.get_by_role("searchbox").fill("tour")
    assert cells(page, "All videos", "name") == ["Product tour"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download All videos as CSV").click()
    file = tmp_path / "media.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        (row,) = csv.DictReader(opened)
    assert (row["Video id"], row["All-time plays"]) == ("gskhw4w4lm", "16681")
    assert download.value.suggested_filename.startswith("videos-all-videos-")


def test_the_keyboard_reaches_everything(account: Account, open_page: Open) -> None:
    page = open_page(account, "/media/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the figures"
    page.keyboard.press("Enter")
    page.locator('table[data-table="All videos"] th button').nth(6).focus()
    page.keyboard.press("Enter")
    assert cells(page, "All videos", "play_count") == ["16681", "43810"]
    page.locator('table[data-table="All videos"] td a').first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Half of the audience of Product tour")
