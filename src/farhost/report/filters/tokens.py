"""A filter's text as tokens, and mistakes in it with their place."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

_TOKEN = re.compile(r"\s*(?:(&&|\|\||<<|>>|[!=<>]=|[()\[\]!=<>&|+*])|(\\?[\w.:/%~@,-]+)|(\S))")
_SIGNS = {"&&": "and", "||": "or", "!": "not"}


class FilterError(ValueError):
    """A filter that cannot be understood: what is wrong, and where."""

    def __init__(self, message: str, text: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.start = start
        self.end = max(end, start + 1)

    def __str__(self) -> str:
        """The message, the filter, and a mark under the place."""
        mark = " " * self.start + "^" + "~" * (self.end - self.start - 1)
        return f"{self.message}\n  {self.text}\n  {mark}"


class Token(NamedTuple):
    """A word or a sign."""

    text: str
    start: int
    end: int
    quoted: bool = False
    """Written with a backslash: no keyword (pcap-filter(7))."""


def tokens_of(text: str) -> list[Token]:
    """All of them; FilterError for a character that is in none. `&&`, `||` and `!` are and, or, not.

    >>> [token.text for token in tokens_of("host a && !(tcp[tcpflags] & tcp-syn != 0)")]
    ['host', 'a', 'and', 'not', '(', 'tcp', '[', 'tcpflags', ']', '&', 'tcp-syn', '!=', '0', ')']
    """
    found = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        assert match is not None, "the last branch takes any character"
        sign, word, other = match.groups()
        number = match.lastindex or 0
        start, at = match.start(number), match.end()
        if other is not None:
            raise FilterError(f"{other!r} has no meaning in a filter", text, start, at)
        quoted = bool(word) and word.startswith("\\")
        found.append(Token(_SIGNS.get(sign, sign) or word.removeprefix("\\"), start, at, quoted))
    return found


def suggestion(word: str, known: Iterable[str]) -> str:
    """`: did you mean 'client'?` for a word that is nearly one of those that there are; else nothing.

    >>> suggestion("clinet", ["client", "server"])
    ": did you mean 'client'?"
    """
    close = get_close_matches(word, list(known), 1)
    return f": did you mean {close[0]!r}?" if close else ""
