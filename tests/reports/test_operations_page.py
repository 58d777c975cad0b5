"""The Operations page in a real browser: what it says, by keyboard, at every width."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.reports.conftest import PASSWORD, Client, Home, completed, serving
from tests.support.machine.browser import visiting

WIDTHS = (390, 1440)


@pytest.fixture
def page(browser: Browser, client: Client) -> Iterator[Page]:
    """A page that fails the test on an error in its console or a request to elsewhere."""
    wrong: list[str] = []
    with visiting(browser, base_url=client.origin) as found:
        found.on("pageerror", lambda error: wrong.append(str(error)))
        found.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
        found.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(client.origin)
                else wrong.append(f"elsewhere: {request.url}")
            ),
        )
        yield found
    assert wrong == []


@pytest.fixture
def history(home: Home) -> None:
    """A good day, a wrong token, a crash, and a day with remarks: oldest first."""
    home.write_run("20260107T075400Z-aaaaaa")
    refused = {
        **completed("ingest").model_dump(),
        "state": "failed",
        "error": "Wistia refused the token (401)",
        "remedy": "make a token and set WISTIA_API_TOKEN to it",
    }
    home.write_run("20260108T075400Z-bbbbbb", state="failed", exit_code=1, stages=[refused])
    home.write_run(
        "20260109T075400Z-cccccc",
        state="running",
        finished_at=None,
        stages=[{**completed("build").model_dump(), "state": "running", "finished_at": None}],
    )
    visitors = {"resource": "visitors", "state": "completed", "records": 24, "quarantined": 2}
    home.write_run("20260110T075400Z-dddddd", exit_code=3, resources=[visitors])


@pytest.mark.usefixtures("history")
def test_the_answer_comes_first_and_each_failure_has_its_remedy(page: Page) -> None:
    page.goto("/operations")

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "The last run ended 1 hour ago, with a remark"
    )
    runs = page.locator("details.run")
    expect(runs).to_have_count(4)
    states = page.locator("details.run .state")
    assert states.all_text_contents() == ["With remarks", "Crashed", "Failed", "Completed"]

    runs.nth(2).locator("summary").click()
    expect(runs.nth(2)).to_contain_text("Wistia refused the token (401)")
    expect(runs.nth(2)).to_contain_text("Try: make a token and set WISTIA_API_TOKEN to it")
    runs.nth(1).locator("summary").click()
    expect(runs.nth(1)).to_contain_text("the process ended without a word")


def test_a_failed_last_run_is_the_headline_with_its_remedy(page: Page, home: Home) -> None:
    home.write_run("20260109T075400Z-aaaaaa")
    failed = {
        **completed("build").model_dump(),
        "state": "failed",
        "error": "dbt: unique_fact_visitors failed",
        "remedy": "read `dbt.log`",
    }
    home.write_run("20260110T075400Z-bbbbbb", state="failed", exit_code=1, stages=[failed])
    page.goto("/operations")

    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("The last run did not succeed: build failed 1 hour ago")
    expect(page.locator("#remedy")).to_have_text(
        "dbt: unique_fact_visitors failedTry: read dbt.log"
    )


@pytest.fixture
def at_work(home: Home) -> Iterator[None]:
    with home.lake.lock("run-20260110T085900Z-bbbbbb"):
        yield


@pytest.mark.usefixtures("at_work")
def test_it_follows_a_run_without_a_reload_and_what_is_open_stays_open(
    page: Page, home: Home
) -> None:
    home.write_run("20260109T075400Z-aaaaaa")
    page.goto("/operations")
    page.locator("details.run summary").click()
    reading = {"resource": "visitors", "state": "running", "pages": 320, "pages_expected": 1106}
    home.write_run(
        "20260110T085900Z-bbbbbb",
        state="running",
        finished_at=None,
        started_at="2026-01-10T08:59:00.000000Z",
        stages=[{**completed("ingest").model_dump(), "state": "running", "finished_at": None}],
        resources=[reading],
    )
    home.clock.seconds += 2

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "A run is at work: ingest", timeout=15_000
    )
    expect(page.locator("#subline")).to_have_text(
        "visitors: 320 of 1,106 pages, began 1 minute ago"
    )
    expect(page.locator("details.run").nth(1)).to_have_attribute("open", "")

    home.write_run("20260110T085900Z-bbbbbb")
    home.clock.seconds += 2
    expect(page.get_by_role("heading", level=1)).to_contain_text("All is well", timeout=15_000)


def test_text_of_a_run_is_never_markup(page: Page, home: Home) -> None:
    failed = {
        **completed("build").model_dump(),
        "state": "failed",
        "error": "<img src=x onerror=alert(1)>`<b>bold</b>`",
    }
    home.write_run("20260110T075400Z-aaaaaa", state="failed", exit_code=1, stages=[failed])
    page.goto("/operations")

    expect(page.locator("#remedy")).to_contain_text("<img src=x onerror=alert(1)><b>bold</b>")
    assert page.locator("main img, main b").count() == 0


def test_signing_in_works_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/operations")
    expect(page.locator("#sign-in")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "password":
            break
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("That is not the password.")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_have_text("Signed in.")
    expect(page.get_by_role("button", name="Run the pipeline now")).to_be_visible()
    # No Prefect here: the controls say so and cannot be pressed.
    expect(page.get_by_role("button", name="Run the pipeline now")).to_be_disabled()
    expect(page.locator("#controls-said")).to_contain_text("No Prefect server is running here.")
    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page.locator("#sign-in")).to_be_visible()


def test_without_a_password_it_says_how_to_get_the_controls(browser: Browser, home: Home) -> None:
    with (
        serving(home.app(password=None)) as client,
        visiting(browser, base_url=client.origin) as page,
    ):
        page.goto("/operations")
        expect(page.locator("#controls-said")).to_contain_text("Set OPERATIONS_PASSWORD")
        expect(page.locator("#sign-in")).to_be_hidden()


def found(_history: object, _now: object) -> dict[str, Any]:
    finding = {
        "alarm": "silent",
        "said": "No new play in 3 runs.",
        "remedy": "look at Wistia; `wistia-elt doctor` tries the token",
    }
    return {"findings": [finding], "code": {"now": "0.1.0+gabc1234", "next": "0.1.0+gdef5678"}}


def test_what_the_alarms_find_of_the_data_stands_under_a_run_that_ended_well(
    browser: Browser, home: Home
) -> None:
    events = {
        "resource": "events",
        "state": "completed",
        "newest_at": "2026-01-09T23:32:39.000000Z",
    }
    home.write_run("20260110T075400Z-aaaaaa", resources=[events])
    with (
        serving(home.app(look=found)) as client,
        visiting(browser, base_url=client.origin) as page,
    ):
        page.goto("/operations")
        expect(page.get_by_role("heading", level=1)).to_contain_text(
            "1 thing wants to be looked at"
        )
        expect(page.locator("[data-finding=silent]")).to_contain_text("No new play in 3 runs.")
        expect(page.locator("#figures")).to_contain_text("Jan 9, 23:32")


def test_a_control_says_what_it_will_do_and_asks_once(browser: Browser, home: Home) -> None:
    home.write_run("20260110T075400Z-aaaaaa")
    pressed: list[str] = []

    def as_if_prefect_ran(route: Route) -> None:
        state = route.fetch().json()
        state["prefect"] |= {"answers": True, "workers": 1, "active": [], "next": []}
        route.fulfill(json=state)

    def press(route: Route) -> None:
        pressed.append(route.request.url.rpartition("/")[2])
        route.fulfill(status=202, json={"said": "Started.", "flow_run": "x"})

    with (
        serving(home.app(look=found)) as client,
        visiting(browser, base_url=client.origin) as page,
    ):
        page.route("**/api/state", as_if_prefect_ran)
        page.route("**/api/controls/*", press)
        page.goto("/operations")
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Deploy the latest code").click()
        asks = page.locator("#confirm-said")
        expect(asks).to_contain_text("from 0.1.0+gabc1234 to 0.1.0+gdef5678")
        assert not pressed
        page.get_by_role("button", name="Not now").click()
        expect(asks).to_be_hidden()
        page.get_by_role("button", name="Run the pipeline now").click()
        expect(asks).to_contain_text("The last one took 1:42.")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("status")).to_have_text("Started.")
        assert pressed == ["run"]


def test_stages_are_named_and_drawn_to_one_scale(page: Page, home: Home) -> None:
    quick = {**completed("ingest").model_dump(), "finished_at": "2026-01-10T07:54:10.000000Z"}
    home.write_run("20260109T075400Z-aaaaaa", stages=[quick])
    home.write_run("20260110T075400Z-bbbbbb", stages=[completed("ingest")])
    page.goto("/operations")
    bars = page.locator(".bar-of-stages > span")
    expect(bars).to_have_count(2)
    long, short = (bar.bounding_box() for bar in bars.all())
    assert long
    assert short
    assert long["width"] == pytest.approx(4 * short["width"], rel=0.1)
    expect(bars.first).to_have_text("read 0:40")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("history")
def test_it_is_readable_at_every_width_and_in_the_dark(
    browser: Browser, client: Client, width: int, scheme: str
) -> None:
    shape = {"width": width, "height": 900}
    with visiting(browser, base_url=client.origin, viewport=shape, color_scheme=scheme) as page:
        for path in ("/operations", "/nothing"):
            page.goto(path)
            if path == "/operations":
                expect(page.locator("details.run")).to_have_count(4)
                for summary in page.locator("details.run summary").all():
                    summary.click()
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
