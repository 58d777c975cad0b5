"""What would be passed over, or would show or break something later, is refused at once."""

from pathlib import Path

import pytest

from ingestion.config.errors import ConfigurationError
from ingestion.config.settings import Settings
from tests.ingestion.config.test_settings import load_with


@pytest.mark.parametrize(
    ("text", "line"),
    [
        # Read on, it would keep names of people in clear.
        ('LAKE_URI="planted\nPII_POLICY=hash\nPII_HASH_KEY=k\n', 1),
        ("LAKE_URI=lake\nPII_POLICY: hash\n", 2),
        ("\n# a note\nPII_POLICY hash\n", 3),
        ("PII_POLICY\n", 1),
        ('LAKE_URI="planted" is where\n', 1),
        ("set LAKE_URI=planted\n", 1),
    ],
)
def test_a_line_of_env_that_sets_nothing_is_refused(text: str, line: int) -> None:
    Path(".env").write_text(text)

    with pytest.raises(ConfigurationError, match=rf"line {line} of .*\.env sets nothing") as caught:
        Settings.load()

    assert "planted" not in str(caught.value) + caught.value.remedy


@pytest.mark.parametrize("name", ["WISTIA_API_TOKEN", "LAKE_URI", "SITE_URI", "ALERT_URLS"])
@pytest.mark.parametrize("value", ['"planted"', "'planted'"])
def test_quotes_that_are_part_of_a_value_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    # As `docker run --env-file` and some managers of secrets hand them over.
    with pytest.raises(ConfigurationError, match=f"{name} has quotes around") as caught:
        load_with(monkeypatch, **{name: value})

    assert "planted" not in str(caught.value) + caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # Either was taken, and ended a run that was done, or its build.
        *(("ALERT_STALE_HOURS", hours) for hours in ("inf", "1e300")),
        *(("WISTIA_TIME_ZONE", zone) for zone in ("localtime", "posixrules", "UTC+1")),
    ],
)
def test_a_value_that_no_later_stage_can_use_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is not usable"):
        load_with(monkeypatch, **{name: value})


@pytest.mark.parametrize(
    ("site", "settings", "said"),
    [
        ("lake", {}, "LAKE_URI lies in SITE_URI=lake: "),
        (".", {}, "serve names of people"),
        ("s3://one", {"LAKE_URI": "s3://one/lake"}, "LAKE_URI lies in SITE_URI=s3://one: "),
        (
            "s3://one/",
            {"LAKE_URI": "s3://two/lake", "GOLD_URI": "s3://one/gold"},
            "GOLD_URI lies in",
        ),
        ("lake/site", {}, "where the pages are made already"),
        ("lake/site/public", {}, "where the pages are made already"),
    ],
)
def test_a_site_that_would_show_more_than_pages_is_refused(
    monkeypatch: pytest.MonkeyPatch, site: str, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_with(monkeypatch, SITE_URI=site, **settings)


@pytest.mark.parametrize(
    ("site", "lake"),
    [
        *(("public", "lake"), ("lake-site", "lake"), ("lake/public", "lake")),
        *(
            ("s3://one/lake2", "s3://one/lake"),
            ("s3://site", "lake"),
            ("s3://one/lake/site", "s3://one/lake"),
        ),
    ],
)
def test_a_site_may_lie_beside_or_below_the_lake(
    monkeypatch: pytest.MonkeyPatch, site: str, lake: str
) -> None:
    assert load_with(monkeypatch, SITE_URI=site, LAKE_URI=lake).site_uri == site


def test_lines_of_env_may_be_written_as_shells_and_editors_do() -> None:
    lines = (
        "export LAKE_URI='a lake'",
        "# a note",
        "",
        'WISTIA_TIME_ZONE = "UTC"  # zone',
        "OTHERS",
    )
    Path(".env").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())

    settings = Settings.load()

    assert (settings.lake_uri, settings.wistia_time_zone) == ("a lake", "UTC")
