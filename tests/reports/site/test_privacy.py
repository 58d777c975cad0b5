"""No served file holds a person, and what is served stays small."""

from pathlib import Path

import duckdb

from tests.reports.site.conftest import Account

MOST_BYTES = 300_000


def text_of(file: Path) -> bytes:
    """A file's bytes; of a Parquet file, its unpacked values."""
    if file.suffix != ".parquet":
        return file.read_bytes()
    rows = duckdb.sql(f"select * from read_parquet('{file}')").fetchall()  # noqa: S608
    return repr(rows).encode()


def test_no_served_file_holds_a_visitor_s_key_name_or_address(account: Account) -> None:
    secrets = [
        value.encode()
        for row in account.cli.rows(
            "select visitor_key, last_event_key, name, email from silver.fact_visitors"
        )
        for value in row
        if value
    ]
    assert len(secrets) > 2_000
    files = [
        file
        for folder in (account.site, account.cli.lake / "docs")
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in {".wasm", ".woff2", ".br", ".gz", ".png"}
    ]
    everything = b"\n".join(text_of(file) for file in files)
    assert b"Customer story" in everything
    assert [secret for secret in secrets if secret in everything] == []


def test_the_pages_data_is_small(account: Account) -> None:
    files = [*account.site.glob("data/**/*.parquet"), *account.site.glob("api/**/*.arrow")]
    assert len(files) > 20
    sent = [file.with_name(f"{file.name}.br") for file in files]
    sizes = [
        (br if br.exists() else file).stat().st_size for br, file in zip(sent, files, strict=True)
    ]
    assert sum(sizes) < MOST_BYTES


def test_publishing_again_builds_nothing(account: Account) -> None:
    before = (account.site / "index.html").stat().st_mtime_ns
    said = account.cli.succeed("publish")
    assert "nothing has changed" in said
    assert (account.site / "index.html").stat().st_mtime_ns == before
