import gzip
from pathlib import Path

import brotli

from reports.compression import compress_folder

TEXT = b"const answer = 42;\n" * 500


def test_each_file_that_shrinks_gets_both_siblings(tmp_path: Path) -> None:
    (tmp_path / "_app").mkdir()
    (tmp_path / "_app" / "start.js").write_bytes(TEXT)

    assert compress_folder(tmp_path) == 1

    assert brotli.decompress((tmp_path / "_app" / "start.js.br").read_bytes()) == TEXT
    assert gzip.decompress((tmp_path / "_app" / "start.js.gz").read_bytes()) == TEXT
    assert (tmp_path / "_app" / "start.js").read_bytes() == TEXT


def test_what_is_small_or_compressed_already_stays_alone(tmp_path: Path) -> None:
    (tmp_path / "small.json").write_bytes(b"{}")
    (tmp_path / "data.parquet").write_bytes(TEXT)

    assert compress_folder(tmp_path) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.parquet", "small.json"]


def test_an_unchanged_file_keeps_its_siblings_and_a_changed_one_gets_new(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "same.js").write_bytes(TEXT)
        (folder / "other.js").write_bytes(TEXT + folder.name.encode())
    compress_folder(old)
    # So that a copy can be told from a computation.
    (old / "same.js.br").write_bytes(b"as it was")

    compress_folder(new, previous=old)

    assert (new / "same.js.br").read_bytes() == b"as it was"
    assert brotli.decompress((new / "other.js.br").read_bytes()) == TEXT + b"new"


def test_a_second_pass_compresses_no_sibling(tmp_path: Path) -> None:
    (tmp_path / "start.js").write_bytes(TEXT)

    compress_folder(tmp_path)
    compress_folder(tmp_path)

    assert len(list(tmp_path.iterdir())) == 3
