"""The copy at SITE_URI: a folder, or a bucket on moto's server."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from ingestion.config.errors import ReadableError
from reports.upload import copy_site
from tests.support.aws.moto_account import running_moto, sign_in


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    for name, text in {
        "index.html": "<h1>hello</h1>" * 50,
        "media/index.html": "media",
        "_app/immutable/x.abc.js": "x = 1;" * 100,
        "data/kpis.parquet": "PAR1",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "index.html.gz").write_bytes(b"packed")
    return folder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.html").write_text("tables")
    return tmp_path / "docs"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


@pytest.fixture
def bucket(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    sign_in(monkeypatch, moto)
    boto3.client("s3").create_bucket(Bucket="site")
    return "site"


def test_a_folder_gets_the_pages_and_loses_what_is_gone(
    site: Path, docs: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "somebody-else.txt").write_text("stays")
    assert copy_site(site, docs, str(there)) == 5
    assert (there / "index.html").read_text().startswith("<h1>")
    assert (there / "index.html.gz").read_bytes() == b"packed"
    assert (there / "docs/index.html").read_text() == "tables"

    (site / "media/index.html").unlink()
    (site / "index.html").write_text("new")
    assert copy_site(site, docs, str(there)) == 1
    assert (there / "index.html").read_text() == "new"
    assert not (there / "media/index.html").exists()
    assert (there / "somebody-else.txt").read_text() == "stays"


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "null", '{"index.html": 1}', "\udcff", '{"../kept.txt": "0"}']
)
def test_a_damaged_list_of_what_was_copied_is_made_anew_and_removes_nothing(
    site: Path, docs: Path, tmp_path: Path, damage: str
) -> None:
    there = tmp_path / "www" / "there"
    there.mkdir(parents=True)
    (tmp_path / "www" / "kept.txt").write_text("not ours")
    copy_site(site, docs, str(there))
    (there / "published.json").write_bytes(damage.encode(errors="surrogateescape"))

    assert copy_site(site, docs, str(there)) == 5
    assert copy_site(site, docs, str(there)) == 0
    assert (tmp_path / "www" / "kept.txt").exists()


def test_what_was_removed_there_is_copied_again(
    site: Path, docs: Path, tmp_path: Path, bucket: str
) -> None:
    there = tmp_path / "there"
    for uri in (str(there), f"s3://{bucket}/again"):
        assert copy_site(site, docs, uri) == 5
        assert copy_site(site, docs, uri) == 0
    (there / "data/kpis.parquet").unlink()
    boto3.client("s3").delete_object(Bucket=bucket, Key="again/data/kpis.parquet")

    assert copy_site(site, docs, str(there)) == 1
    assert copy_site(site, docs, f"s3://{bucket}/again") == 1


def test_a_web_server_of_another_account_may_read_the_folder(
    site: Path, docs: Path, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        copy_site(site, docs, str(tmp_path / "www/pages"))
    finally:
        os.umask(before)

    modes = {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "www").rglob("*")}
    assert modes == {"0o644", "0o755"}
    assert (tmp_path / "www").stat().st_mode & 0o777 == 0o755


def test_a_bucket_serves_them_with_the_right_headers(site: Path, docs: Path, bucket: str) -> None:
    assert copy_site(site, docs, f"s3://{bucket}/prefix") == 5
    client = boto3.client("s3")
    page = client.get_object(Bucket=bucket, Key="prefix/index.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert (page["ContentEncoding"], page["CacheControl"]) == ("gzip", "no-cache")
    assert gzip.decompress(page["Body"].read()).startswith(b"<h1>hello")
    script = client.head_object(Bucket=bucket, Key="prefix/_app/immutable/x.abc.js")
    assert script["ContentType"] == "text/javascript; charset=utf-8"
    assert "immutable" in script["CacheControl"]
    parquet = client.get_object(Bucket=bucket, Key="prefix/data/kpis.parquet")
    assert "ContentEncoding" not in parquet
    assert parquet["Body"].read() == b"PAR1"


def test_pages_are_copied_after_what_they_refer_to(site: Path, docs: Path, bucket: str) -> None:
    copy_site(site, docs, f"s3://{bucket}/order")
    held = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="order/")["Contents"]
    by_name = {item["Key"]: item["LastModified"] for item in held}
    pages = [at for name, at in by_name.items() if name.endswith(".html")]
    assert min(pages) >= by_name["order/_app/immutable/x.abc.js"]


def test_what_is_gone_is_removed_from_the_bucket(site: Path, docs: Path, bucket: str) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="other/file", Body=b"stays")
    copy_site(site, docs, f"s3://{bucket}/other")
    (site / "media/index.html").unlink()
    copy_site(site, docs, f"s3://{bucket}/other")
    names = {i["Key"] for i in client.list_objects_v2(Bucket=bucket, Prefix="other/")["Contents"]}
    assert "other/media/index.html" not in names
    assert {"other/file", "other/index.html"} <= names


@pytest.mark.usefixtures("bucket")
def test_a_missing_bucket_is_a_sentence(site: Path, docs: Path) -> None:
    with pytest.raises(ReadableError, match="nosuchbucket") as raised:
        copy_site(site, docs, "s3://nosuchbucket/pages")
    assert raised.value.remedy
