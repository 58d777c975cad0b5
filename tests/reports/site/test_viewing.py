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
        "from gold.media_daily where date_trunc('{0}', activity_date) >= (select first_day from "
        "pages.status) and date_trunc('{0}', activity_date) < date_trunc('{0}', "
        "(select newest_day + 1 from pages.status)) group by 1 order by 1 desc limit 15".format(
            period
        )
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


def test_one_video_has_trends_of_its_own(account: Account, open_page: Open) -> None:
    page = open_page(account, "/trends/")
    choose(page, "video", "gskhw4w4lm")
    choose(page, "period", "month")
    table = "Each month, the newest first"
    want = account.cli.rows(
        "select sum(reported_play_count) from gold.media_daily where media_id = 'gskhw4w4lm' and "
        "date_trunc('month', activity_date) < date_trunc('month', (select newest_day + 1 from "
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
    choose(page, "line", "year")
    expect(legend).to_contain_text("A year earlier", timeout=30_000)
    choose(page, "line", "none")
    expect(legend).to_have_count(0, timeout=30_000)


@pytest.mark.parametrize("days", [30, 365])
def test_the_funnel_is_counted_from_days(account: Account, open_page: Open, days: int) -> None:
    page = open_page(account, f"/viewing/?span={days}")
    (want,) = account.cli.rows(
        "select sum(reported_load_count), sum(reported_play_count), sum(event_count), "  # noqa: S608
        "sum(quarter_count), sum(half_count), sum(three_quarter_count), sum(end_count) "
        "from gold.media_daily, pages.status "
        f"where date_diff('day', activity_date, newest_day) between 0 and {days - 1}"
    )
    steps = page.locator('table[data-table="From loading to conversion"] tbody tr')
    load = steps.first.locator("td.number").first
    expect(load).to_have_attribute("data-value", str(int(want[0])))
    shown = [
        float(row.locator("td.number").first.get_attribute("data-value") or "nan")
        for row in steps.all()
    ]
    assert shown[:7] == [float(one) for one in want]
    assert shown == sorted(shown, reverse=True)


def test_people_who_watched_two_videos_are_counted_once(account: Account, open_page: Open) -> None:
    page = open_page(account, "/viewing/")
    both = account.value(
        "select count(*) from (select visitor_key from silver.fact_events "
        "group by visitor_key having count(distinct media_id) = 2) as two"
    )
    title = "Videos with common viewers"
    assert column(page, title, "both_count") == [float(both)] * 2
    share = account.value(
        f"select {both} / count(distinct visitor_key) from silver.fact_events "  # noqa: S608
        "where media_id = 'gskhw4w4lm'"
    )
    page.locator(f'table[data-table="{title}"]').wait_for()
    assert pytest.approx(share) in column(page, title, "share_of_visitors")
    region = page.get_by_role("region", name="Share of a video's viewers that played the other")
    assert region.locator("tbody tr").count() == 2


def test_depth_countries_and_pages_are_those_of_the_span(account: Account, open_page: Open) -> None:
    page = open_page(account, "/viewing/?span=90")
    where = "where span = '90' and period = 'now' and media_id = 'All' and dimension = '{}'"
    told = account.value(
        "select sum(known_count) from gold.span_labels "  # noqa: S608
        f"{where.format('device')}"
    )
    expect(page.locator('table.bars[aria-label="Plays by how much they watched"]')).to_be_visible()
    assert sum(bars(page, "Plays by how much they watched").values()) == told
    titles = {"Countries": "country", "Pages it was played on": "embed_page"}
    for title, dimension in titles.items():
        rows = account.cli.rows(
            f"select event_count, conversion_rate from gold.span_labels {where.format(dimension)} "  # noqa: S608
            "order by event_count desc, label limit 10"
        )
        assert column(page, title, "event_count") == [float(row[0]) for row in rows]
        assert column(page, title, "conversion") == pytest.approx([row[1] for row in rows])
    assert "?" not in " ".join(cells(page, "Pages it was played on", "label"))
    assert "United States" in cells(page, "Countries", "label")
    assert not [
        name for name in cells(page, "Countries", "label") if re.fullmatch("[A-Z]{2}", name)
    ]


def test_a_phone_shows_the_funnel_in_its_width(account: Account, open_page: Open) -> None:
    page = open_page(account, "/viewing/", PHONE)
    box = page.get_by_role("region", name="From loading to conversion").bounding_box()
    assert box
    assert box["x"] + box["width"] <= PHONE[0]
