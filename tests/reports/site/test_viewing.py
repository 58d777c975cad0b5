"""Trends and viewing, held against the tables of gold."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.reports.site.conftest import PHONE, Account, Open
from tests.reports.site.test_pages import bars, cells


def column(page: Page, title: str, key: str) -> list[float | None]:
    return [float(one) if one else None for one in cells(page, title, key)]


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f'select[data-input="{name}"]').select_option(value)


def test_the_account_has_days_and_plays(account: Account) -> None:
    assert account.value("select count(distinct activity_date) from gold.media_daily") > 600
    assert account.value("select count(*) from gold.media_overlap") > 0


@pytest.mark.parametrize(("period", "title"), [("week", "Each week"), ("month", "Each month")])
def test_periods_are_sums_of_days(
    account: Account, open_page: Open, period: str, title: str
) -> None:
    page = open_page(account, "/trends/")
    choose(page, "period", period)
    table = f"{title}, the newest first"
    rows = account.cli.rows(
        f"select strftime(date_trunc('{period}', activity_date), '%Y-%m-%d') as day, "  # noqa: S608
        "sum(reported_play_count), sum(reported_load_count), sum(hours_watched), sum(end_count) "
        "from gold.media_daily where date_trunc('{0}', activity_date) < date_trunc('{0}', "
        "(select as_of_date from pages.status)) group by 1 order by 1 desc limit 15".format(period)
    )
    newest = page.locator(f'table[data-table="{table}"] td[data-column="day"]').first
    expect(newest).to_have_attribute("data-value", rows[0][0], timeout=30_000)
    assert cells(page, table, "day") == [row[0] for row in rows[:14]]
    assert column(page, table, "plays") == pytest.approx([float(row[1]) for row in rows[:14]])
    assert column(page, table, "loads") == pytest.approx([float(row[2]) for row in rows[:14]])
    assert column(page, table, "hours") == pytest.approx([row[3] for row in rows[:14]], abs=1e-3)
    assert column(page, table, "ends") == pytest.approx([float(row[4]) for row in rows[:14]])
    changes = column(page, table, "plays_change")
    assert changes == pytest.approx([float(rows[i][1] - rows[i + 1][1]) for i in range(14)])


def test_the_headline_holds_thirty_days_against_thirty(account: Account, open_page: Open) -> None:
    sql = (
        "select sum(reported_play_count) from gold.media_daily, pages.status "
        "where date_diff('day', activity_date, as_of_date) between {} and {}"
    )
    now, before = (int(account.value(sql.format(*ends))) for ends in ((1, 30), (31, 60)))
    said = open_page(account, "/trends/").locator("h1").inner_text()
    assert said.startswith(f"{now:,} plays in the last 30 days")
    assert now == before or f"{abs(now - before):,} {'more' if now > before else 'fewer'}" in said


def test_one_video_has_trends_of_its_own(account: Account, open_page: Open) -> None:
    page = open_page(account, "/trends/")
    choose(page, "medium", "gskhw4w4lm")
    choose(page, "period", "month")
    table = "Each month, the newest first"
    want = account.cli.rows(
        "select sum(reported_play_count) from gold.media_daily where media_id = 'gskhw4w4lm' and "
        "date_trunc('month', activity_date) < date_trunc('month', (select as_of_date from "
        "pages.status)) group by date_trunc('month', activity_date) "
        "order by date_trunc('month', activity_date) desc limit 14"
    )
    first = page.locator(f'table[data-table="{table}"] td[data-column="plays"]').first
    expect(first).to_have_attribute("data-value", str(int(want[0][0])), timeout=30_000)
    assert column(page, table, "plays") == [float(row[0]) for row in want]


def test_a_comparison_is_drawn_and_can_be_left_out(account: Account, open_page: Open) -> None:
    page = open_page(account, "/trends/")
    legend = page.locator("figure.lines .legend")
    expect(legend).to_contain_text("Before")
    choose(page, "compare", "year")
    expect(legend).to_contain_text("A year earlier", timeout=30_000)
    choose(page, "compare", "none")
    expect(legend).to_have_count(0, timeout=30_000)


@pytest.mark.parametrize("days", [30, 365])
def test_the_funnel_is_counted_from_days(account: Account, open_page: Open, days: int) -> None:
    page = open_page(account, "/viewing/")
    choose(page, "span", str(days))
    (want,) = account.cli.rows(
        "select sum(reported_load_count), sum(event_count), sum(quarter_count), sum(half_count), "  # noqa: S608
        "sum(end_count) from gold.media_daily, pages.status "
        f"where date_diff('day', activity_date, as_of_date) between 1 and {days}"
    )
    steps = page.locator('table[data-table="From loading to the end"] tbody tr')
    load = steps.first.locator("td.number").first
    expect(load).to_have_attribute("data-value", str(int(want[0])), timeout=30_000)
    shown = [
        float(row.locator("td.number").first.get_attribute("data-value") or "nan")
        for row in steps.all()
    ]
    assert shown == [float(one) for one in want]
    assert shown == sorted(shown, reverse=True)


def test_people_who_watched_two_videos_are_counted_once(account: Account, open_page: Open) -> None:
    page = open_page(account, "/viewing/")
    both = account.value(
        "select count(*) from (select visitor_key from silver.fact_events "
        "group by visitor_key having count(distinct media_id) = 2) as two"
    )
    title = "Videos with common visitors"
    assert column(page, title, "both_count") == [float(both)] * 2
    share = account.value(
        f"select {both} / count(distinct visitor_key) from silver.fact_events "  # noqa: S608
        "where media_id = 'gskhw4w4lm'"
    )
    page.locator(f'table[data-table="{title}"]').wait_for()
    assert pytest.approx(share) in column(page, title, "share_of_visitors")
    region = page.get_by_role("region", name="Share of a video's visitors that played the other")
    assert region.locator("tbody tr").count() == 2


def test_depth_countries_and_pages_add_up_to_the_events(account: Account, open_page: Open) -> None:
    page = open_page(account, "/viewing/")
    events = account.value("select count(*) from silver.fact_events")
    told = account.value("select count(percent_viewed) from silver.fact_events")
    assert sum(bars(page, "Plays by how much they watched").values()) == told
    for title, kind in (("Countries", "country"), ("Pages it was played on", "embed_page")):
        more = page.locator(f'table[data-table="{title}"]').locator("xpath=../..")
        rows = account.cli.rows(
            "select label, event_count from pages.reach "  # noqa: S608
            f"where kind = '{kind}' and media_id = 'All' order by place"
        )
        assert sum(count for _, count in rows) <= events
        shown = column(page, title, "event_count")
        assert shown == [float(count) for _, count in rows[: len(shown)]], more
    assert "?" not in " ".join(cells(page, "Pages it was played on", "label"))


def test_countries_have_names(account: Account, open_page: Open) -> None:
    codes = [
        row[0]
        for row in account.cli.rows(
            "select label from pages.reach where kind = 'country' and media_id = 'All'"
        )
    ]
    shown = cells(open_page(account, "/viewing/"), "Countries", "label")
    assert "US" in codes
    assert "United States" in shown
    assert not [name for name in shown if re.fullmatch("[A-Z]{2}", name)]


def test_a_phone_shows_the_funnel_in_its_width(account: Account, open_page: Open) -> None:
    page = open_page(account, "/viewing/", PHONE)
    box = page.get_by_role("region", name="From loading to the end").bounding_box()
    assert box
    assert box["x"] + box["width"] <= PHONE[0]
