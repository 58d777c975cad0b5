"""The one reader of the environment: a frozen object with every setting.

Names and defaults are those of `.env.example`. Values come from the environment
and from `.env` in the working directory; the environment wins. AWS's, dbt's and
Prefect's own variables keep their meaning: `.env` may hold them too, so its lines
are exported to the process before anything else starts.
"""

from __future__ import annotations

import difflib
import os
import re
from contextlib import suppress
from datetime import date, timedelta
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingestion.config.errors import ConfigurationError
from ingestion.config.grammar import MEDIA_ID
from ingestion.config.secrets import read_hash_key

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT_ROOT = Path(__file__).resolve().parents[2]
# A misspelt name is looked for among names that start like ours; names such as
# SITE_URL belong to too many other tools to be held against anyone.
_OUR_PREFIXES = (
    *("WIST", "LAKE_", "PII_", "GLUE_", "ATHENA_", "SILVER_", "GOLD_"),
    *("ALERT_", "OPERATION", "STAGE_TIMEOUT", "WEEKLY_DIGEST"),
)
_NOT_SETTINGS = {"WISTIA_OPENAPI_DIR"}
_TEN_YEARS_HOURS = 87_600


def _is_address(value: str) -> bool:
    parts = urlsplit(value)
    is_whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    # A password in it would be written to every manifest.
    return bool(is_whole) and not (parts.query or parts.fragment or parts.username is not None)


def _is_lake(value: str) -> bool:
    # A folder may have any name; what begins like an address was meant as one.
    is_bucket = re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", value, re.DOTALL)
    is_address = re.match(r"s3[an]?:|[a-z][a-z0-9+.-]+:/", value, re.IGNORECASE)
    has_home = not os.path.expanduser(value).startswith("~")  # noqa: PTH111 - of text, raises nothing
    return has_home and value != "" and (not is_address or is_bucket is not None)


def folder_of(uri: str) -> Path:
    """The folder that a text names, absolute; `~` is a home where this account has one."""
    return Path(os.path.expanduser(uri)).absolute()  # noqa: PTH111 - pathlib's raises without one


def _holds(outer: str, inner: str) -> bool:
    """Whether a folder, or `s3://bucket/prefix`, is another or holds it."""
    if not inner or outer.startswith("s3://") != inner.startswith("s3://"):
        return False
    one, other = (
        uri if uri.startswith("s3://") else str(folder_of(uri).resolve()) for uri in (outer, inner)
    )
    return f"{other.rstrip('/')}/".startswith(f"{one.rstrip('/')}/")


# What a value must hold to, and how that is said; what raises does not hold.
_EXPECTED: dict[str, tuple[Callable[[Any], object], str]] = {
    "wistia_base_url": (_is_address, "an address such as https://api.wistia.com/v1"),
    "wistia_time_zone": (
        # Names of a machine's own that Python reads as zones, and no engine knows.
        lambda name: name not in {"localtime", "posixrules"} and ZoneInfo(name),
        "an IANA time zone such as America/New_York",
    ),
    "wistia_media_ids": (
        lambda ids: ids == "all" or (ids and all(map(MEDIA_ID.fullmatch, ids))),
        "all, or media ids with commas between them",
    ),
    "lake_uri": (_is_lake, "a folder that can be found, or s3://bucket/prefix"),
    "serve_names": (
        lambda names: all(re.fullmatch(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:]+", one) for one in names),
        "names such as pages.example.com, without scheme and port",
    ),
    "serve_proxies": (
        lambda networks: all(map(str, map(ip_network, networks))),
        "addresses or networks such as 10.0.0.0/24",
    ),
}


class Settings(BaseSettings):
    """Every setting of the pipeline, read once and never changed."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
        # A carriage return or blank that a file of settings ends its lines with is nobody's word.
        str_strip_whitespace=True,
        # What a setting means stands below it: .env.example and the reference are made of that.
        use_attribute_docstrings=True,
    )

    wistia_api_token: SecretStr | None = None
    """The account's token, with *Read detailed stats* and *Read all folder and media data*."""
    wistia_secret_id: str | None = None
    """In place of the token: a secret of AWS Secrets Manager, `{"wistia_api_token": "…"}`, that
    may hold `pii_hash_key` too.
    """
    wistia_base_url: str = "https://api.wistia.com/v1"
    """The address of the API. `wistia-elt sandbox wistia` prints its own."""
    wistia_api_version: Annotated[str, Field(pattern=r"^[!-~]+$")] = "2026-03"
    """The version of the API that every request asks for and every run records."""
    wistia_media_ids: Annotated[tuple[str, ...] | Literal["all"], NoDecode] = "all"
    """The videos to read: `all` that the account lists, or hashed or numeric ids with commas
    between them.
    """
    wistia_requests_per_minute: Annotated[int, Field(ge=0)] = 600
    """The account's limit; 0 means none, which is for a sandbox only."""
    wistia_overlap_hours: Annotated[float, Field(ge=0, le=_TEN_YEARS_HOURS)] = 6
    """How many hours before the last run a daily run starts reading again."""
    wistia_reconcile_days: Annotated[float, Field(ge=0, le=3650)] = 0
    """After how many days a daily run reads every visitor again; 0 means never."""
    wistia_time_zone: str = "America/New_York"
    """The account's time zone, in which the API counts its days."""
    lake_uri: str = "lake"
    """Where the lake is: a folder, relative to the working directory, or `s3://bucket/prefix`."""
    silver_uri: str | None = None
    """Where Athena keeps silver. DuckDB keeps it in `warehouse.duckdb`."""
    gold_uri: str | None = None
    """Where Athena keeps gold. DuckDB keeps it in `warehouse.duckdb`."""
    pii_policy: Literal["keep", "hash", "drop"] = "keep"
    """What happens to everything that is not known to be impersonal (names, addresses, places,
    organizations, forms, URL queries, every new field): `keep`, `hash` or `drop`. To make it
    stricter later, run `wistia-elt redact`.
    """
    pii_hash_key: SecretStr | None = None
    """The key for `PII_POLICY=hash`. Keep it safe: under another key, a person becomes another
    person.
    """
    glue_database_prefix: str = ""
    """A prefix for the names of the Glue databases."""
    glue_crawler: str | None = None
    """The Glue crawler to run. Without one, the run registers new partitions itself."""
    athena_workgroup: str = "primary"
    """The workgroup in which Athena runs the queries."""
    athena_results_uri: str | None = None
    """Where Athena leaves the results that dbt reads."""
    site_uri: str | None = None
    """Where each publication copies the pages: a folder or `s3://bucket/prefix`."""
    serve_host: str = "127.0.0.1"
    """The address that serves the pages. Put a proxy with TLS in front if it is not this
    machine's own.
    """
    serve_port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """The port that serves the pages."""
    serve_names: Annotated[tuple[str, ...], NoDecode] = ()
    """More names for the pages, with commas between them, such as `pages.example.com`."""
    serve_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are
    believed.
    """
    operations_password: SecretStr | None = None
    """The password for the controls on the Operations page; without one they are off."""
    alert_urls: SecretStr | None = None
    """Who is told when a run fails, data is stale, many records are quarantined or a number is
    unusual: Apprise addresses (`mailtos://…`, `slack://…`, `jsons://…`) with blanks between them.
    """
    alert_webhook: SecretStr | None = None
    """Replaced by `ALERT_URLS`: an address that takes `{"text": …}` by POST."""
    alert_email: str | None = None
    """E-mail addresses to tell, with commas between them."""
    alert_smtp_url: SecretStr | None = None
    """The mail server, such as `smtp://host:587`, with user and password before the host as in
    any address. Without it, the one on this machine.
    """
    alert_sns_topic: str | None = None
    """A topic of Amazon SNS to tell."""
    alert_stale_hours: Annotated[float, Field(gt=0, le=_TEN_YEARS_HOURS)] = 30
    """How many hours old the last good run may be."""
    alert_quarantine_percent: Annotated[float, Field(ge=0, le=100)] = 1
    """How many percent of the records that a run reads may be quarantined."""
    weekly_digest: bool = False
    """Whether to send, once a week after the first good run that has its days, what the last whole
    week was like: by mail as text and HTML, through every other channel of the alarms as text.
    """
    code_uri: str | None = None
    """Where releases of the code are, as `COMMIT.zip`: a folder or `s3://bucket/prefix`.
    Without it, the code is the checkout's and deploying it is `git pull`.
    """
    code_pipeline: str | None = None
    """The pipeline of AWS CodePipeline that makes a release of the latest push."""
    stage_timeout_minutes: Annotated[float, Field(gt=0, le=10_080)] = 240
    """After how many minutes a stage is stopped; nothing after it starts."""
    log_json: bool = False
    """Logs as lines of JSON wherever a command runs, as `--log-json` does for one command."""
    as_of_date: date | None = None
    """The day from which recency is counted, such as `2026-01-09`."""

    @field_validator("wistia_media_ids", "serve_names", "serve_proxies", mode="before")
    @classmethod
    def _split(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        if info.field_name == "wistia_media_ids" and value.strip().lower() == "all":
            return "all"
        return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))

    @field_validator(*_EXPECTED)
    @classmethod
    def _check(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - of any setting
        holds, what = _EXPECTED[str(info.field_name)]
        with suppress(KeyError, ValueError, OSError):
            if holds(value):
                return value
        raise ValueError(f"expected {what}")

    @field_validator("wistia_base_url")
    @classmethod
    def _trim(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def on_s3(self) -> bool:
        """Whether the lake is a bucket: then the catalog is Glue and the engine Athena."""
        return self.lake_uri.startswith("s3://")

    @property
    def overlap(self) -> timedelta:
        """How far behind its watermark a list is read again, unless its resource says."""
        return timedelta(hours=self.wistia_overlap_hours)

    @property
    def lake_path(self) -> Path:
        """The local lake's absolute folder; meaningless on S3."""
        return folder_of(self.lake_uri)

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file that queries and pages read; meaningless on S3."""
        return self.lake_path / "warehouse.duckdb"

    @property
    def work_path(self) -> Path:
        """Where this machine keeps what can be made again: dbt's files, the built pages."""
        return Path(".wistia-elt").absolute() if self.on_s3 else self.lake_path

    @property
    def site_path(self) -> Path:
        """The last good pages: replaced whole by each build that ends well."""
        return self.work_path / "site"

    @property
    def docs_path(self) -> Path:
        """The folder of dbt's documentation, beside the pages."""
        return self.work_path / "docs"

    def refuse_shown(self) -> None:
        """Refuse a SITE_URI that shows more than pages, or copies them into themselves.

        Raises `ConfigurationError`: what holds names of people lies at or below it, or it lies in
        the folder that the pages are made in.
        """
        site = self.site_uri or ""
        named = ("lake_uri", "silver_uri", "gold_uri", "athena_results_uri")
        if shown := [name for name in named if site and _holds(site, getattr(self, name) or "")]:
            raise ConfigurationError(
                f"{shown[0].upper()} lies in SITE_URI={site}: who serves the pages there would "
                "serve names of people too",
                "give the pages a folder or prefix of their own, beside the lake",
            )
        if site and any(_holds(str(own), site) for own in (self.site_path, self.docs_path)):
            raise ConfigurationError(
                f"SITE_URI={site} lies where the pages are made already",
                "unset SITE_URI, or let it name another folder",
            )

    @classmethod
    def load(cls, **overrides: Any) -> Settings:  # noqa: ANN401 - values of any setting's type
        """Read the environment and `.env`.

        Raises:
            ConfigurationError: A value is impossible or a name is misspelt; says which.
        """
        _export_dotenv(Path(".env"))
        _refuse_misspelt(os.environ)
        _refuse_quoted()
        # boto3 knows only the second name; containers and AWS's other tools set the first.
        if region := os.environ.get("AWS_REGION"):
            os.environ.setdefault("AWS_DEFAULT_REGION", region)
        try:
            settings = cls(**overrides)
        except ValidationError as error:
            raise _explain(error) from None
        settings.refuse_shown()
        holders = (settings.pii_hash_key, settings.wistia_secret_id)
        if settings.pii_policy == "hash" and not any(holders):
            read_hash_key(settings)
        return settings


def setting_names() -> list[str]:
    """Names of all settings as they stand in the environment, in reading order."""
    return [name.upper() for name in Settings.model_fields]


def _export_dotenv(path: Path) -> None:
    if not os.path.lexists(path):
        return
    if not path.is_file():
        # Docker makes a folder where what it is to mount is missing.
        raise ConfigurationError(
            f"{path.absolute()} is no file", "put a file of settings there, or remove it"
        )
    try:
        # Editors of Windows begin a file with a mark.
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path.absolute()} cannot be read: {error.args[-1]}",
            "save it as UTF-8 text with a line NAME=value for each setting",
        ) from error
    if "\0" in text:
        raise ConfigurationError(
            f"{path.absolute()} has a NUL character, which no setting may hold",
            "save it as UTF-8 text with a line NAME=value for each setting",
        )
    _refuse_no_line(path, text)
    values = dotenv_values(stream=StringIO(text))
    _refuse_misspelt(values, everything=True)
    for name, value in values.items():
        if value is not None:
            os.environ.setdefault(name, value)


def _refuse_no_line(path: Path, text: str) -> None:
    """Refuse what dotenv passes over: a quote that is left open takes all lines below with it."""
    known = setting_names()
    for line in parse_stream(StringIO(text)):
        if line.error or (line.value is None and (line.key or "").upper() in known):
            # Not shown: it may hold a token.
            raise ConfigurationError(
                f"line {line.original.line} of {path.absolute()} sets nothing",
                "write NAME=value there, with a quote at both ends of the value or at neither",
            )


def _refuse_misspelt(names: Any, *, everything: bool = False) -> None:  # noqa: ANN401 - any mapping of names
    known = setting_names()
    for name in names:
        upper = name.upper()
        if upper in known or upper in _NOT_SETTINGS:
            continue
        if not (close := difflib.get_close_matches(upper, known, n=1, cutoff=0.82)):
            continue
        # Nothing of anyone else's is spelt almost like WISTIA_…, so WISITA_… is ours too.
        if everything or upper.startswith(_OUR_PREFIXES) or close[0].startswith("WISTIA_"):
            raise ConfigurationError(
                f"{name} is not a setting; did you mean {close[0]}?",
                f"rename it to {close[0]}, or unset {name}",
            )


def _refuse_quoted() -> None:
    """Refuse quotes that are part of a value: shells take them off, `--env-file` does not."""
    for name in setting_names():
        value = os.environ.get(name, "").strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            raise ConfigurationError(
                f"{name} has quotes around its value, and they would be part of it",
                f"give {name} without them: whatever set it, such as `docker run --env-file`, "
                "takes none off",
            )


def _explain(error: ValidationError) -> ConfigurationError:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]).upper()
    said = first["msg"].removeprefix("Value error, ")
    value = os.environ.get(name, "")
    shown = "" if "TOKEN" in name or "KEY" in name or "PASSWORD" in name else f" (it is {value!r})"
    return ConfigurationError(
        f"{name} is not usable{shown}: {said[:1].lower()}{said[1:]}",
        f"correct or unset {name}; .env.example shows each setting with its default",
    )
