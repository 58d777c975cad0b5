"""`pytest tests/soak/check_pages.py`: the pages of forty videos, built and served."""

from collections.abc import Iterator

import pytest
import requests

from tests.reports.conftest import browser
from tests.reports.site.conftest import DESK, PHONE, Account, Open, open_page, published
from tests.reports.site.test_everyone import assert_no_wider_than_its_screen

__all__ = ["browser", "open_page"]  # the fixtures of another room


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with published(tmp_path_factory.mktemp("large"), media=40, visitors=400) as built:
        yield built


def test_forty_videos_each_have_a_page_and_a_row(large: Account, open_page: Open) -> None:
    page = open_page(large, "/media/")
    assert page.locator('table[data-table="All videos"] tbody tr').count() == 40
    for one in large.media:
        assert requests.get(f"{large.url}/media/{one}/", timeout=10).status_code == 200


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_no_page_is_wider_than_its_screen(
    large: Account, open_page: Open, size: tuple[int, int]
) -> None:
    for path in large.pages:
        page = open_page(large, path, size)
        assert_no_wider_than_its_screen(page)
        page.close()
