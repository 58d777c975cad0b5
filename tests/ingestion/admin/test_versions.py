"""In a bucket that keeps older versions a person leaves those too."""

import gzip
from pathlib import Path

import pytest

from ingestion.admin.audit import Audit
from ingestion.admin.erase import UnknownPersonError, forget
from ingestion.admin.job import OLDER
from ingestion.config.errors import LakeError
from ingestion.state.checkpoint import identity_of
from ingestion.storage.base import Version
from ingestion.storage.json_lines import digest
from ingestion.storage.s3 import BucketLake
from tests.ingestion.account import NOON, visitor
from tests.ingestion.admin.test_forget import KEY, SECOND, fill, forgotten, no_tables
from tests.ingestion.api.front import Front, refusal
from tests.ingestion.api.wire import Reply
from tests.ingestion.conftest import Bench
from tests.ingestion.homes import BUCKET, Bucket, Client

NAME = "nadine@planted.example"
# S3's answer is a good one also when it keeps what it was to delete.
KEPT = b"""<?xml version='1.0'?><DeleteResult><Error><Key>a/b</Key><VersionId>1</VersionId>
<Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"""


@pytest.fixture
def home(bucket: Bucket, s3: Client) -> Bucket:
    """A lake in a bucket that is versioned as in production."""
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def every_version(bench: Bench) -> str:
    """What any version of any object holds, unpacked."""
    assert isinstance(bench.home, Bucket)
    s3, prefix = bench.home.s3, f"{bench.home.prefix}/"
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=prefix)
    found = []
    for item in (item for page in pages for item in page.get("Versions", [])):
        key = {"Bucket": BUCKET, "Key": item["Key"], "VersionId": item["VersionId"]}
        body = s3.get_object(**key)["Body"].read()
        found.append(gzip.decompress(body) if item["Key"].endswith(".gz") else body)
    return b"\n".join(found).decode()


def test_no_older_version_holds_the_person(bench: Bench, tmp_path: Path) -> None:
    fill(bench)
    assert identity_of(KEY) in every_version(bench)

    run = forgotten(bench, "nadine@planted.example", no_tables(tmp_path))

    assert (run.removed["bronze"], run.removed["quarantine"]) == (3, 1)
    # Two parts and what was quarantined were rewritten; the first state knew her first key.
    assert run.removed[OLDER] >= 4
    left = every_version(bench)
    for trace in (KEY, SECOND, "Nadine", " NADINE", identity_of(KEY), identity_of(SECOND)):
        assert trace not in left
    assert "xnadine@planted.example" in left
    assert list(Audit(bench.lake()).examine()) == []


def test_no_older_manifest_keeps_where_a_broken_crawl_would_go_on(
    bench: Bench, tmp_path: Path
) -> None:
    fill(bench)
    row, lake = digest(bench.api.visitors[0]), bench.lake()
    run = bench.manifests()[-1]
    run.resource("visitors").resume = {"boundary": {"offset": 0, "rows": [[None, row]]}}
    run.save(lake)

    forgotten(bench, KEY, no_tables(tmp_path))

    assert row not in every_version(bench)
    assert list(Audit(lake).examine()) == []


def test_a_person_who_is_left_in_older_versions_alone_is_found_there(
    bench: Bench, tmp_path: Path
) -> None:
    fill(bench)
    for key in (*bench.objects("raw-data"), *bench.objects("quarantine"), "state/visitors.json"):
        bench.home.remove(key)

    run = forgotten(bench, "nadine@planted.example", no_tables(tmp_path))

    assert (run.removed["bronze"], run.removed[OLDER] > 0) == (0, True)
    for trace in (KEY, SECOND, "Nadine"):
        assert trace not in every_version(bench)
    with pytest.raises(UnknownPersonError):
        forgotten(bench, "nadine@planted.example", no_tables(tmp_path))


def test_others_keep_their_older_versions(bench: Bench, tmp_path: Path) -> None:
    bench.api.visitors = [visitor(0)]
    bench.ingest()
    (part,) = bench.objects("raw-data/visitors")
    bench.home.write(part, b"spoilt")
    bench.api.visitors = [visitor(1, NOON), visitor(0)]
    bench.ingest()

    run, _ = forget(bench.settings(), bench.lake(), KEY, no_tables(tmp_path), bench.clock)

    lake = bench.lake()
    assert isinstance(lake, BucketLake)
    assert part in [version.key for version in lake.list_older("raw-data")]
    assert run.removed["bronze"] == 1


def test_a_role_that_may_not_look_there_is_told_so(
    bench: Bench, tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bench)
    with Front(aws).running() as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front.url)
        front.order("GET", "versions", refusal("AccessDenied", 403), times=9)
        settings = bench.settings()
        run, unread = forget(settings, bench.lake(), KEY, no_tables(tmp_path), bench.clock)

    assert unread == [OLDER]
    assert run.removed == {"bronze": 2, "quarantine": 0}
    assert KEY not in bench.text()
    assert KEY in every_version(bench)


def test_a_version_that_is_gone_reads_as_nothing(bench: Bench) -> None:
    lake = bench.lake()
    assert isinstance(lake, BucketLake)
    lake.put("a/b", b"1")
    assert list(lake.list_older("a")) == []
    lake.put("a/b", b"2")
    (older,) = lake.list_older("a")
    assert lake.get_older(older) == b"1"
    lake.delete_older([older])
    assert list(lake.list_older("a")) == []
    assert lake.get_older(older) is None
    assert lake.get("a/b") == b"2"


def test_older_versions_go_a_thousand_a_request(
    bench: Bench, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Front(aws).running() as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front.url)
        lake = bench.lake()
        assert isinstance(lake, BucketLake)
        for body in (b"1", b"2", b"3"):
            lake.put("a/b", body)
        gone = [Version(f"a/gone-{number}", "0") for number in range(1_999)]
        real = list(lake.list_older("a"))
        lake.delete_older([real[0], *gone, real[1]])

        assert (front.count("POST", "delete"), front.count("DELETE", "/")) == (3, 0)
    assert list(lake.list_older("a")) == []
    assert lake.get("a/b") == b"3"


def test_a_version_that_may_not_be_removed_is_told(
    bench: Bench, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Front(aws).running() as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front.url)
        lake = bench.lake()
        assert isinstance(lake, BucketLake)
        front.order("POST", "delete", Reply(KEPT, 200, {"Content-Type": "application/xml"}))
        with pytest.raises(LakeError, match=r"cannot remove 1 older versions from .*AWS denies it"):
            lake.delete_older([Version("a/b", "1")])


def test_what_names_the_address_goes_after_all_else(
    bench: Bench, tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bench)
    with Front(aws).running() as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front.url)
        front.order("POST", "delete", lambda answer: answer)
        front.order("POST", "delete", refusal("AccessDenied", 403))
        settings = bench.settings()
        with pytest.raises(LakeError, match="AWS denies it"):
            forget(settings, bench.lake(), NAME, no_tables(tmp_path), bench.clock)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    assert NAME in every_version(bench)

    run = forgotten(bench, NAME, no_tables(tmp_path))

    assert run.removed[OLDER] > 0
    for trace in (KEY, SECOND, "Nadine"):
        assert trace not in every_version(bench)
