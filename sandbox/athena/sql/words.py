"""A statement's words in order, for those that the engine does not take as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sandbox.athena.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_PATTERN = r"""
      (?P<blank>    \s+ | --[^\n]* | /\*.*?\*/ )
    | (?P<string>   '(?:[^'ESCAPE]|''OR_ESCAPED)*' )
    | (?P<double>   "(?:[^"ESCAPE]|""OR_ESCAPED)*" )
    | (?P<backtick> `(?:[^`]|``)+` )
    | (?P<number>   -?\d+(?:\.\d+)?(?![\w$]) )
    | (?P<name>     [\w$@]+ )
    | (?P<symbol>   [^\s\w] )
"""
# Only Hive has escapes; elsewhere a backslash is a character like any other.
_HIVE_WORD, _WORD = (
    re.compile(
        _PATTERN.replace("OR_ESCAPED", escaped).replace("ESCAPE", escape),
        re.VERBOSE | re.DOTALL,
    )
    for escape, escaped in (("\\\\", r"|\\."), ("", ""))
)
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


@dataclass(frozen=True)
class Word:
    """One word, where it stands, and what it says without its marks."""

    kind: str
    text: str
    start: int
    end: int


class Words:
    """Reads a statement word by word; what is not expected is Hive's ParseException.

    Names come with or without their marks (backticks, in DML double quotes), in lower case.
    """

    def __init__(self, sql: str, *, hive: bool) -> None:
        """Read `sql` by Hive's rules (backticks, both quotes for strings), or by the engine's."""
        self.sql = sql
        self._words = _split(sql, hive=hive)
        self._at = 0

    @property
    def position(self) -> int:
        """Return where in the text the next word begins."""
        return len(self.sql) if self.done else self._words[self._at].start

    @property
    def done(self) -> bool:
        """Say whether every word was taken."""
        return self._at >= len(self._words)

    @property
    def rest(self) -> str:
        """Return the text from the next word on, in the lines that it stands in.

        So the engine's complaints name the user's lines.
        """
        return "\n" * self.sql[: self.position].count("\n") + self.sql[self.position :]

    def peek(self, *words: str) -> bool:
        """Say whether these words come next, whatever their case."""
        upcoming = self._words[self._at : self._at + len(words)]
        return [_plain(word) for word in upcoming] == list(words)

    def take(self, *words: str) -> bool:
        """Take these words if they come next."""
        found = self.peek(*words)
        if found:
            self._at += len(words)
        return found

    def expect(self, *words: str) -> None:
        """Take these words.

        Raises:
            QueryError: something else comes.
        """
        if not self.take(*words):
            raise self.unexpected(" ".join(words))

    def finish(self) -> None:
        """Make sure that nothing is left."""
        if not self.done:
            raise self.unexpected("the end of the statement")

    def name(self) -> str:
        """Take one name."""
        return self._next({"name", "number", "identifier"}, "a name").lower()

    def names(self) -> list[str]:
        """Take a name of several parts: `catalog.database.table`."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return parts

    def string(self) -> str:
        """Take one text in quotes."""
        return self._next({"string"}, "a text in quotes")

    def number(self) -> int:
        """Take one whole number."""
        return int(self._next({"number"}, "a number"))

    def literal(self) -> str:
        """Take a text in quotes, a number or true and false, as text."""
        return self._next({"string", "number", "name"}, "a value")

    def listed(self, read: Callable[[], T]) -> list[T]:
        """Take `(a, b, …)`, each by `read`."""
        self.expect("(")
        found = [read()]
        while self.take(","):
            found.append(read())
        self.expect(")")
        return found

    def pairs(self) -> dict[str, str]:
        """Take `('a'='b', …)`."""

        def pair() -> tuple[str, str]:
            key = self.string()
            self.expect("=")
            return key, self.string()

        return dict(self.listed(pair))

    def skip_to(self, *ends: str) -> str:
        """Take everything up to one of these words outside brackets; return it as written."""
        start, end, depth = self.position, self.position, 0
        while not self.done:
            word = _plain(self._words[self._at])
            if depth == 0 and word in ends:
                break
            depth += _BRACKETS.get(word or "", 0)
            end = self._words[self._at].end
            self._at += 1
        return self.sql[start:end]

    def unexpected(self, wanted: str) -> QueryError:
        """Return the failure that names what came instead."""
        before = self.sql[: self.position]
        place = f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10)) - 1}"
        text = "<EOF>" if self.done else self._words[self._at].text
        return QueryError(
            f"FAILED: ParseException {place} mismatched input '{text}' expecting {wanted}"
        )

    def _next(self, kinds: set[str], wanted: str) -> str:
        if self.done or self._words[self._at].kind not in kinds:
            raise self.unexpected(wanted)
        self._at += 1
        return self._words[self._at - 1].text


def _split(sql: str, *, hive: bool) -> list[Word]:
    words, at = [], 0
    while at < len(sql):
        match = (_HIVE_WORD if hive else _WORD).match(sql, at)
        # A quote that is never closed matches nothing longer than itself.
        if match is None or match.group() in {"'", '"', "`"}:
            raise QueryError(
                f"FAILED: ParseException: a quote is never closed: {sql[at : at + 40]}"
            )
        at = match.end()
        kind, text = match.lastgroup or "", match.group()
        if kind != "blank":
            words.append(Word(*_meaning(kind, text, hive=hive), match.start(), at))
    return words


def _meaning(kind: str, text: str, *, hive: bool) -> tuple[str, str]:
    if kind == "backtick":
        return "identifier", text[1:-1].replace("``", "`")
    if kind == "double" and not hive:
        return "identifier", text[1:-1].replace('""', '"')
    if kind in {"string", "double"}:
        return "string", _unescape(text) if hive else text[1:-1].replace("''", "'")
    return kind, text


def _unescape(text: str) -> str:
    inner = text[1:-1].replace(text[0] * 2, text[0])
    return re.sub(r"\\(.)", lambda m: _ESCAPED.get(m.group(1), m.group(1)), inner)


def _plain(word: Word) -> str | None:
    return None if word.kind in {"string", "identifier"} else word.text.upper()
