"""Results are read page by page: what is left in S3 comes back, however little a look takes."""

import pytest

from sandbox.athena.api import results
from sandbox.athena.api.results import read_results, write_results
from sandbox.athena.aws.storage import Storage
from sandbox.athena.engine.client import Column, Outcome

CELLS = ['"', "a\nb", "x" * 100, "", ",", None, "ä,\n", '"\n"', "\r", "é" * 9]


class Memory(Storage):
    """One object, and how much of it was asked for at most."""

    def __init__(self) -> None:
        self.body, self.most = b"", 0

    def write(self, uri: str, body: object) -> None:
        if not uri.endswith(".metadata"):
            self.body = body.read()  # type: ignore[attr-defined]

    def read(self, uri: str, start: int = 0, length: int | None = None) -> bytes:
        del uri
        assert length
        self.most = max(self.most, length)
        return self.body[start : start + length]


@pytest.mark.parametrize("most", [1, 2, 3, 1000])
@pytest.mark.parametrize("piece", [1, 7, 64, 1024 * 1024])
def test_pages_hold_every_row_once(monkeypatch: pytest.MonkeyPatch, most: int, piece: int) -> None:
    monkeypatch.setattr(results, "_PIECE", piece)
    rows = [[one, two] for one in CELLS for two in CELLS]
    storage, found, at = Memory(), list[list[str | None]](), 0
    write_results(storage, "s3://b/q", Outcome([Column("a"), Column("b")], rows), plain=False)
    while True:
        page, at = read_results(storage, "s3://b/q", at, most, plain=False)
        assert len(page) <= most
        found += page
        if not at:
            break
    assert found == [["a", "b"], *rows]
    # A page asks for little more than it holds.
    assert storage.most <= max(piece, 2 * max(250 * most, piece))


def test_a_statement_without_results_has_none() -> None:
    storage = Memory()
    write_results(storage, "s3://b/q", Outcome(), plain=True)
    assert read_results(storage, "s3://b/q", 0, 1000, plain=True) == ([], 0)
