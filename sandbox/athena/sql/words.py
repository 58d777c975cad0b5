"""A statement's words in order, for those that the engine does not take as they are."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from sandbox.athena.errors import QueryError

T = TypeVar("T")

_PATTERN = r"""(?> (?: \s+ | --[^\n]* | /\*.*?\*/ )* ) (?:
      (?P<string>   '(?:[^'ESCAPE]|''OR_ESCAPED)*' )
    | (?P<double>   "(?:[^"ESCAPE]|""OR_ESCAPED)*" )
    | (?P<backtick> `(?:[^`]|``)+` )
    | (?P<number>   -?\d+(?:\.\d+)?(?![\w$]) )
    | (?P<name>     [\w$@]+ )
    | (?P<symbol>   [^\s\w'"`] )
    | (?P<end>      \Z )
)"""
# Only Hive has escapes; elsewhere a backslash is a character like any other.
_HIVE_WORD, _WORD = (
    re.compile(
        _PATTERN.replace("OR_ESCAPED", escaped).replace("ESCAPE", escape),
        re.VERBOSE | re.DOTALL,
    )
    for escape, escaped in (("\\\\", r"|\\."), ("", ""))
)
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class Word(NamedTuple):
    """One word, what it says without its marks, and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    def says(self, wanted: str) -> bool:
        """Whether it is this word or symbol, whatever its case; texts and marked names are none."""
        return self.kind not in {"string", "identifier"} and self.text.upper() == wanted


class Words:
    """Reads a statement word by word; what is not expected is Hive's ParseException.

    Names come with or without their marks (backticks, in DML double quotes), in lower case.
    """

    def __init__(self, sql: str, *, hive: bool = False) -> None:
        """Read `sql` by Hive's rules (backticks, both quotes for strings), or by the engine's."""
        self.sql, self._hive = sql, hive
        self._at = 0

    @property
    def done(self) -> bool:
        """Say whether every word was taken."""
        return self._word(self._at).kind == "end"

    @property
    def rest(self) -> str:
        """Return the text from the next word on, in the lines that it stands in.

        So the engine's complaints name the user's lines.
        """
        start = self._word(self._at).start
        return "\n" * self.sql[:start].count("\n") + self.sql[start:]

    def take(self, *words: str) -> bool:
        """Take these words if they come next, whatever their case."""
        before = self._at
        for wanted in words:
            word = self._word(self._at)
            if not word.says(wanted):
                self._at = before
                return False
            self._at = word.end
        return True

    def peek(self, *words: str) -> bool:
        """Say whether these words come next."""
        before = self._at
        found = self.take(*words)
        self._at = before
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

    def value(self) -> str:
        """Take a text in quotes, a number, a name or true and false, as text."""
        return self._next({"string", "number", "name", "identifier"}, "a value")

    def listed(self, read: Callable[[], T], brackets: str = "()") -> list[T]:
        """Take `(a, b, …)`, each by `read`."""
        self.expect(brackets[0])
        found = [read()]
        while self.take(","):
            found.append(read())
        self.expect(brackets[1])
        return found

    def pairs(self, key: Callable[[], str], value: Callable[[], T]) -> dict[str, T]:
        """Take `(key = value, …)`."""

        def pair() -> tuple[str, T]:
            name = key()
            self.expect("=")
            return name, value()

        return dict(self.listed(pair))

    def skip_to(self, wanted: str) -> str:
        """Take everything up to this word outside brackets; return it as written."""
        first = word = self._word(self._at)
        depth = 0
        while word.kind != "end" and (depth or not word.says(wanted)):
            depth += _BRACKETS.get(word.text, 0) if word.kind == "symbol" else 0
            self._at = word.end
            word = self._word(self._at)
        return self.sql[first.start : self._at]

    def unexpected(self, wanted: str) -> QueryError:
        """Return the failure that names what came instead."""
        word = self._word(self._at)
        before = self.sql[: word.start]
        place = f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10)) - 1}"
        return QueryError(
            f"FAILED: ParseException {place} mismatched input '{word.text or '<EOF>'}' "
            f"expecting {wanted}"
        )

    def _next(self, kinds: set[str], wanted: str) -> str:
        word = self._word(self._at)
        if word.kind not in kinds:
            raise self.unexpected(wanted)
        self._at = word.end
        return word.text

    def _word(self, at: int) -> Word:
        match = (_HIVE_WORD if self._hive else _WORD).match(self.sql, at)
        if match is None:
            raise QueryError(
                f"FAILED: ParseException: a quote is never closed: {self.sql[at:].strip()[:40]}"
            )
        kind = match.lastgroup or ""
        text, start = match[kind], match.start(kind)
        if kind == "backtick" or (kind == "double" and not self._hive):
            kind, text = "identifier", text[1:-1].replace(text[0] * 2, text[0])
        elif kind in {"string", "double"}:
            kind, text = "string", text[1:-1].replace(text[0] * 2, text[0])
            if self._hive:
                text = re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), text, flags=re.DOTALL)
        return Word(kind, text, start, match.end())
