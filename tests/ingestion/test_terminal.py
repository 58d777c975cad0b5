"""What a person sees at a terminal is what the data says."""

import io
import sys
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.terminal import show_table


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("/srv/a path [with] signs", "/srv/a path [with] signs"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("a [/b] c", "a [/b] c"),
        (":smile: [link=https://example.com]", ":smile: [link=https://example.com]"),
        ("\x1b[2J\x1b]0;title\x07", r"\u001b[2J\u001b]0;title\u0007"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\x7f\x9b1m", r"\u007f\u009b1m"),
        ("abc\u202efdp.exe", r"abc\u202efdp.exe"),
        ("العربية", "العربية"),
    ],
)
def test_a_cell_is_data_and_never_a_command(
    capsys: pytest.CaptureFixture[str], cell: str, shown: str
) -> None:
    show_table((cell,), [(cell,)])
    head, _, row = capsys.readouterr().out.splitlines()
    assert (head.strip(), row.strip()) == (shown, shown)


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_a_row_is_one_line(cells: list[str]) -> None:
    with redirect_stdout(io.StringIO()) as out:
        show_table(["c"] * len(cells), [cells])
    assert out.getvalue().count("\n") == len(out.getvalue().splitlines()) == 3


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_nothing_is_cut_off_in_a_pipe_that_claims_to_be_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # Services that build software set them, so that logs have colors.
    monkeypatch.setenv(name, "1")

    show_table(("text", "more"), [("x" * 500, "y" * 500)])

    assert "x" * 500 in (said := capsys.readouterr().out)
    assert "y" * 500 in said


def test_a_table_for_nobody_ends_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    # As where a job's standard output is closed (`>&-`).
    monkeypatch.setattr(sys, "stdout", None)
    show_table(("text",), [("x",)])
