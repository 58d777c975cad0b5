"""Settings: defaults, where values come from, and what is refused in words."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ingestion.config.errors import ConfigurationError
from ingestion.config.secrets import read_token
from ingestion.config.settings import PROJECT_ROOT, Settings, folder_of, setting_names

SECRET = "planted-secret-5b1"  # noqa: S105 - invented


def load_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load_with(monkeypatch, **environment)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    return caught.value


def test_defaults() -> None:
    values = Settings.load().model_dump()

    assert values == {
        "wistia_api_token": None,
        "wistia_secret_id": None,
        "wistia_base_url": "https://api.wistia.com/v1",
        "wistia_api_version": "2026-03",
        "wistia_media_ids": "all",
        "wistia_requests_per_minute": 600,
        "wistia_overlap_hours": 6,
        "wistia_reconcile_days": 0,
        "wistia_time_zone": "America/New_York",
        "lake_uri": "lake",
        "silver_uri": None,
        "gold_uri": None,
        "pii_policy": "keep",
        "pii_hash_key": None,
        "glue_database_prefix": "",
        "glue_crawler": None,
        "athena_workgroup": "primary",
        "athena_results_uri": None,
        "site_uri": None,
        "serve_host": "127.0.0.1",
        "serve_port": 8080,
        "serve_names": (),
        "serve_proxies": (),
        "operations_password": None,
        "alert_urls": None,
        "alert_webhook": None,
        "alert_email": None,
        "alert_smtp_url": None,
        "alert_sns_topic": None,
        "alert_stale_hours": 30,
        "alert_quarantine_percent": 1,
        "weekly_digest": False,
        "code_uri": None,
        "code_pipeline": None,
        "stage_timeout_minutes": 240,
        "log_json": False,
        "as_of_date": None,
    }


def test_the_example_file_names_every_setting_and_no_other() -> None:
    lines = (PROJECT_ROOT / ".env.example").read_text().splitlines()
    named = [line.lstrip("# ").split("=")[0] for line in lines if "=" in line.split(" ")[-1]]

    assert [name for name in named if name.isupper()] == setting_names()


def test_empty_values_mean_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = load_with(monkeypatch, **dict.fromkeys(setting_names(), ""))

    for name in setting_names():
        monkeypatch.delenv(name)
    assert empty == Settings.load()


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LAKE_URI=from-file\nWISTIA_OVERLAP_HOURS=9\nAWS_REGION=eu-west-3\n")

    settings = load_with(monkeypatch, LAKE_URI="from-environment")

    assert (settings.lake_uri, settings.wistia_overlap_hours) == ("from-environment", 9)


def test_an_argument_wins_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_URI", "from-environment")

    assert Settings.load(lake_uri="given").lake_uri == "given"


def test_an_address_with_a_password_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        # pragma: allowlist nextline secret
        load_with(monkeypatch, WISTIA_BASE_URL="https://jo:planted@api.wistia.com/v1")
    assert "planted" not in str(caught.value)
    assert "https://…@api.wistia.com/v1" in str(caught.value)


@pytest.mark.parametrize("there", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_an_env_that_is_no_file_is_refused_and_not_passed_over(
    there: Callable[[Path], None],
) -> None:
    there(Path(".env"))
    with pytest.raises(ConfigurationError, match=r"\.env is no file") as caught:
        Settings.load()
    assert "or remove it" in caught.value.remedy


def test_an_env_with_a_nul_is_refused() -> None:
    Path(".env").write_bytes(b"LAKE_URI=a\0b\n")
    with pytest.raises(ConfigurationError, match=r"\.env has a NUL character"):
        Settings.load()


def test_a_file_that_is_no_text_is_named() -> None:
    Path(".env").write_bytes(b"LAKE_URI=caf\xe9\n")

    with pytest.raises(ConfigurationError, match=r"\.env cannot be read") as caught:
        Settings.load()
    assert "UTF-8" in caught.value.remedy


def test_a_relative_lake_lies_in_the_working_directory() -> None:
    assert Settings.load().lake_path == Path.cwd() / "lake"
    assert Settings.load(lake_uri="../other").lake_path == Path.cwd() / "../other"
    assert Settings.load(lake_uri="/data/lake").lake_path == Path("/data/lake")


@pytest.mark.parametrize(
    "uri",
    [
        "gs://bucket/lake",
        "file:///tmp/lake",
        "s3:/x",
        "s3:x",
        "s3://",
        "S3://bucket",
        " ",
        "~no-one/x",
    ],
)
def test_what_was_meant_as_an_address_makes_no_folder(
    monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    with pytest.raises(ConfigurationError, match="LAKE_URI is not usable") as caught:
        load_with(monkeypatch, LAKE_URI=uri)
    assert "s3://bucket/prefix" in str(caught.value)
    assert not list(Path().iterdir())


def test_an_account_without_a_home_has_no_lake_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Some containers run under a number that nobody has.
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)

    with pytest.raises(ConfigurationError, match=r"LAKE_URI is not usable .* that can be found"):
        load_with(monkeypatch, LAKE_URI="~/lake")
    assert folder_of("~/pages") == Path.cwd() / "~/pages"


def test_blanks_and_line_ends_around_a_value_are_nobody_s_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = "http://127.0.0.1:8765/v1"
    settings = load_with(
        monkeypatch, WISTIA_BASE_URL=f"{address}\r", LAKE_URI=" lake\t", WISTIA_TIME_ZONE="UTC\r"
    )

    assert (settings.wistia_base_url, settings.lake_uri) == (address, "lake")
    assert settings.wistia_time_zone == "UTC"


@pytest.mark.parametrize("uri", ["lake [2026]", "lake?#%20", "a: b", "C:\\lake", "s3", "späße"])
def test_a_folder_may_have_any_name(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    assert load_with(monkeypatch, LAKE_URI=uri).lake_path == Path.cwd() / uri


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVE_NAMES", "https://pages.example.com"),
        ("SERVE_NAMES", "pages.example.com:443"),
        ("SERVE_PROXIES", "proxy.example.com"),
        ("SERVE_PROXIES", "10.0.0.0/33"),
    ],
)
def test_names_and_proxies_are_read_as_such(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is not usable"):
        load_with(monkeypatch, **{name: value})
    monkeypatch.delenv(name)
    settings = load_with(monkeypatch, SERVE_NAMES="a.example, b", SERVE_PROXIES="10.0.0.0/24,::1")
    assert settings.serve_names == ("a.example", "b")
    assert settings.serve_proxies == ("10.0.0.0/24", "::1")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("all", "all"),
        ("ALL", "all"),
        ("gskhw4w4lm,v08dlrgr7v", ("gskhw4w4lm", "v08dlrgr7v")),
        (" b , a ,b,", ("b", "a")),
        ("123", ("123",)),
        ("12e4567890", ("12e4567890",)),
    ],
)
def test_media_ids_keep_their_order_and_stand_once(
    monkeypatch: pytest.MonkeyPatch, given: str, meant: object
) -> None:
    assert load_with(monkeypatch, WISTIA_MEDIA_IDS=given).wistia_media_ids == meant


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("WISTIA_API_TOKN", "WISTIA_API_TOKEN"),
        ("WISTIA_TOKEN", "WISTIA_API_TOKEN"),
        ("WISITA_API_TOKEN", "WISTIA_API_TOKEN"),
        ("WISTIA_MEDIA_ID", "WISTIA_MEDIA_IDS"),
        ("wistia_base_uri", "WISTIA_BASE_URL"),
        ("LAKE_URL", "LAKE_URI"),
        ("PII_POLICIY", "PII_POLICY"),
        ("GLUE_CRAWLERS", "GLUE_CRAWLER"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_right_one(
    monkeypatch: pytest.MonkeyPatch, wrong: str, right: str
) -> None:
    error = refusal(monkeypatch, **{wrong: SECRET})

    assert str(error) == f"{wrong} is not a setting; did you mean {right}?"
    assert SECRET not in str(error) + error.remedy


def test_a_misspelt_name_in_the_file_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SERVE_PROT=81\n")

    assert "did you mean SERVE_PORT?" in str(refusal(monkeypatch))


@pytest.mark.parametrize("name", ["SITE_URL", "AWS_REGION", "WISTIA_OPENAPI_DIR", "TERM", "LAKE"])
def test_names_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    load_with(monkeypatch, **{name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WISTIA_REQUESTS_PER_MINUTE", "many"),
        ("WISTIA_REQUESTS_PER_MINUTE", "-1"),
        ("WISTIA_OVERLAP_HOURS", "-0.5"),
        ("WISTIA_OVERLAP_HOURS", "inf"),
        ("WISTIA_OVERLAP_HOURS", "nan"),
        ("WISTIA_OVERLAP_HOURS", "1e12"),
        ("WISTIA_RECONCILE_DAYS", "-1"),
        ("WISTIA_RECONCILE_DAYS", "inf"),
        ("WISTIA_TIME_ZONE", "New York"),
        ("WISTIA_TIME_ZONE", "../../etc/passwd"),
        ("WISTIA_BASE_URL", "api.wistia.com/v1"),
        ("WISTIA_BASE_URL", "ftp://api.wistia.com"),
        ("WISTIA_BASE_URL", "https://"),
        ("WISTIA_BASE_URL", "http://127.0.0.1:port/v1"),
        ("WISTIA_BASE_URL", "http://[::1/v1"),
        ("WISTIA_BASE_URL", "https://api.wistia.com/v1?page=1"),
        ("WISTIA_API_VERSION", "2026\n03"),
        ("WISTIA_MEDIA_IDS", " , "),
        ("WISTIA_MEDIA_IDS", "gskhw4w4lm;v08dlrgr7v"),
        ("WISTIA_MEDIA_IDS", "../../account"),
        ("PII_POLICY", "hide"),
        ("SERVE_PORT", "99999"),
        ("AS_OF_DATE", "tomorrow"),
    ],
)
def test_an_impossible_value_is_shown_with_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    error = refusal(monkeypatch, **{name: value})

    assert str(error).startswith(f"{name} is not usable (it is {value!r}): ")
    assert name in error.remedy


def test_hashing_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PII_HASH_KEY" in str(refusal(monkeypatch, PII_POLICY="hash"))
    assert "PII_HASH_KEY" in str(refusal(monkeypatch, PII_POLICY="hash", PII_HASH_KEY=""))
    assert load_with(monkeypatch, PII_HASH_KEY=SECRET).pii_policy == "hash"


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "WISTIA_API_TOKEN",
        "PII_HASH_KEY",
        "OPERATIONS_PASSWORD",
        "ALERT_URLS",
        "ALERT_WEBHOOK",
    )
    settings = load_with(monkeypatch, **dict.fromkeys(names, SECRET))

    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.wistia_api_token is not None


def test_the_token_is_read_without_the_line_break_it_was_pasted_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_token(load_with(monkeypatch, WISTIA_API_TOKEN=f" {SECRET}\n")) == SECRET


@pytest.mark.parametrize("token", ["two words", "“quoted”", "line\nbreak", "  "])
def test_a_token_no_header_takes_is_refused_unseen(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    with pytest.raises(ConfigurationError, match="WISTIA_API_TOKEN holds") as caught:
        read_token(load_with(monkeypatch, WISTIA_API_TOKEN=token))
    assert token.strip() == "" or token not in str(caught.value)


def test_no_token_at_all_says_what_to_set_and_how_to_do_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match="no token") as caught:
        read_token(load_with(monkeypatch))
    assert "WISTIA_API_TOKEN" in caught.value.remedy
    assert "make run" in caught.value.remedy


def test_the_day_to_count_from_is_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_with(monkeypatch, AS_OF_DATE="2026-01-10").as_of_date == date(2026, 1, 10)
