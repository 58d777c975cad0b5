"""The commands that look after a lake, as a user types them."""

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from tests.ingestion.account import STATS, visitor
from tests.support.commands.command_line import COMMAND, CommandLine

NADINE = {"name": "Nadine Planted", "email": "nadine@planted.example", "org": None}


@pytest.fixture
def bare(tmp_path: Path) -> CommandLine:
    """A lake with two old visitors, one of them quarantined, and one old snapshot."""
    old = tmp_path / "old"
    old.mkdir()
    rows = [visitor(1, visitor_identity=NADINE), visitor(2, load_count="x"), visitor(3)]
    (old / "visitors_20260108_170607_batch_3.json").write_text(json.dumps(rows))
    (old / "media_abc_20260108_160148.json").write_text(json.dumps([STATS]))
    return CommandLine(tmp_path)


def filled(bare: CommandLine) -> CommandLine:
    done = bare.call("import", "old")
    assert done.returncode == 3, done.stderr
    assert "records = loaded + unchanged + quarantined" in done.stdout
    assert "the next run reads the whole visitor list once" in done.stdout
    return bare


def explained(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, done.stderr
    error, remedy = done.stderr.strip().splitlines()[-2:]
    assert (error[:7], remedy[:5]) == ("error: ", "try: ")
    return error


def test_an_import_is_told_in_counts_and_a_second_lands_nothing(bare: CommandLine) -> None:
    filled(bare)

    again = bare.output_of("import", "old")

    line = next(line.split() for line in again.splitlines() if line.startswith("visitors"))
    assert line == ["visitors", "0", "1", "0", "0", "0", "0"]
    assert "no folder" in explained(bare.call("import", "nowhere"), 2)


def test_quarantine_is_listed_without_its_contents(bare: CommandLine) -> None:
    filled(bare)

    (group,) = json.loads(bare.output_of("quarantine", "--json"))

    assert (group["resource"], group["records"], group["waiting"]) == ("visitors", 1, 1)
    assert group["reason"].startswith("load_count")
    assert "contents" not in group
    key = str(visitor(2)["visitor_key"])
    assert key not in bare.output_of("quarantine")
    assert key in bare.output_of("quarantine", "--show")
    assert "nothing in quarantine passes" in bare.output_of("replay", "--resource", "visitors")
    assert bare.status()["quarantine"]["visitors"] == 1


def test_doctor_finds_a_flipped_byte_and_mends_a_lost_manifest(bare: CommandLine) -> None:
    filled(bare)
    (summary,) = json.loads(bare.output_of("doctor", "--lake", "--json"))
    assert (summary["check"], summary["ok"]) == ("summary", True)
    for manifest in (bare.lake / "state" / "runs").iterdir():
        manifest.unlink()
    assert bare.call("doctor", "--lake").returncode == 1
    assert "all in order" in bare.output_of("doctor", "--lake", "--rebuild")
    file = next((bare.lake / "raw-data/media").rglob("*.gz"))
    body = bytearray(file.read_bytes())
    body[4] ^= 1  # the time in gzip's head: it still unpacks
    file.write_bytes(body)
    assert gzip.decompress(file.read_bytes())

    done = bare.call("doctor", "--lake", "--json")

    found, summary = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["check"] == file.relative_to(bare.lake).as_posix()
    assert set(found) == {"check", "ok", "detail", "remedy"}
    assert summary["ok"] is False


def test_forget_asks_first_and_says_what_went_where(bare: CommandLine) -> None:
    filled(bare)
    with bare.start("forget", "nadine@planted.example") as unanswered:
        assert unanswered.wait(60) in {1, 130}
    assert bare.call("forget", "nadine@planted.example", answer="n\n").returncode == 1
    files = list((bare.lake / "raw-data/visitors").rglob("*.gz"))
    assert b"nadine@" in gzip.decompress(files[0].read_bytes())

    said = bare.output_of("forget", "nadine@planted.example", "--yes")

    assert "delete them there first" in said
    assert "nadine@" not in said
    assert ["bronze", "1"] in [line.split() for line in said.splitlines()]
    assert b"nadine@" not in gzip.decompress(files[0].read_bytes())
    error = explained(bare.call("forget", "nadine@planted.example", "--yes"), 1)
    assert "nothing in this lake is of that person" in error


@pytest.mark.parametrize("words", [("forget", "nadine@planted.example"), ("redact",)])
def test_where_nobody_can_be_asked_yes_is_asked_for(
    bare: CommandLine, words: tuple[str, ...]
) -> None:
    filled(bare)
    assert "nobody can be asked" in explained(bare.call(*words), 1)
    closed = subprocess.run(
        ["/bin/sh", "-c", '"$0" "$@" <&-', str(COMMAND), *words],
        capture_output=True,
        check=False,
        cwd=bare.folder,
        env=bare.environment(),
        text=True,
    )
    assert "nobody can be asked" in explained(closed, 1)


def test_a_mistyped_table_is_no_run_that_failed(bare: CommandLine) -> None:
    assert "there is no table" in explained(bare.call("build", "--table", "silver.foo"), 2)
    assert not list((bare.lake / "state").rglob("*.json"))


def test_redact_asks_first_and_brings_the_tables_along(bare: CommandLine) -> None:
    filled(bare)
    bare.succeed("build")
    told = "select count(*) from silver.fact_visitors where email is not null"
    assert bare.rows(told) == [(1,)]
    drop = {"PII_POLICY": "drop"}
    with bare.start("redact", **drop) as asked:
        assert asked.wait(60) in {1, 130}
    assert "PII_POLICY is keep" in explained(bare.run("redact", "--yes"), 2)

    said = bare.succeed("redact", "--yes", **drop)

    assert ["bronze", "1"] in [line.split() for line in said.splitlines()]
    assert "built again" in said
    assert bare.rows(told) == [(0,)]
    assert bare.rows("select count(*) from silver.fact_visitors") == [(2,)]
    for file in (file for file in bare.lake.rglob("*") if file.is_file()):
        body = file.read_bytes()
        assert b"nadine@" not in (gzip.decompress(body) if file.suffix == ".gz" else body)
    assert "PII_POLICY=drop" in explained(bare.run("import", "old"), 2)


@pytest.mark.parametrize(
    "words",
    [
        ("quarantine",),
        ("replay",),
        ("forget", "nadine@planted.example", "--yes"),
        ("redact", "--yes"),
        ("doctor", "--lake"),
        ("rewind", "2026-01-09", "--into", "past"),
    ],
    ids=lambda words: words[0],
)
def test_a_lake_that_is_none_is_not_in_order_and_not_made(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    mistyped = CommandLine(tmp_path, {"LAKE_URI": "laek", "PII_POLICY": "drop"})

    error = explained(mistyped.call(*words), 2)

    assert f"there is no lake in {tmp_path / 'laek'}" in error
    assert not (tmp_path / "laek").exists()
    assert not (tmp_path / "past").exists()
