"""Where text for people goes: a file or a terminal, with colours only on a terminal, and none if NO_COLOR is set.

rich decides what the terminal can do; lines are written straight to it, because a trace has many.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TextIO

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

_SYSTEMS = {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}
HOST_STYLES = ("cyan", "green", "magenta", "yellow", "blue", "bright_red")
"""Hosts are told apart by these, in the order in which they were described."""
DRAWN = "\u2502\u2500\u25b6\u25c0\u2717\u2026\u22ee"
"""What diagrams are drawn with (`farhost.report.diagram.drawing`)."""


class Paper(NamedTuple):
    """What a report is written on."""

    width: int = 100
    """Characters that a diagram takes at most."""
    longest: int = 200
    """Characters of a line at most: on a terminal its width, so that each line is one."""
    draws: bool = True
    """Whether it can show the characters that boxes are drawn with."""
    is_terminal: bool = False


PLAIN = Paper()
"""A file's, or a pipe's."""


class Terminal:
    """An output for lines of text."""

    def __init__(self, output: TextIO, on_gone: Callable[[], object] | None = None) -> None:
        """`on_gone` is called once, when a write finds that the reader has gone (a pipe to `head`) or the disk is
        full; later writes do nothing. An exception would come out in whatever program runs."""
        console = Console(file=output)
        self._on_gone = on_gone
        self.error: OSError | None = None
        """Why writing came to its end."""
        self._output = output
        self._colors = None
        self.is_terminal = console.is_terminal
        self.width = console.width
        """Characters in a line, where it is a terminal."""
        if console.is_terminal and not console.no_color:
            self._colors = _SYSTEMS.get(console.color_system or "")

    def paper(self) -> Paper:
        """What a report on it may look like."""
        try:
            DRAWN.encode(self._output.encoding or "ascii")
            draws = True
        except (UnicodeEncodeError, LookupError, AttributeError):
            draws = False
        return (
            Paper(min(self.width, 130), self.width, draws, True) if self.is_terminal else PLAIN._replace(draws=draws)
        )

    def paint(self, text: str, style: str) -> str:
        """The text in a style of rich's, or as it is where there are no colours."""
        if self._colors is None or not style or not text:
            return text
        return _style(style).render(text, color_system=self._colors)

    def line(self, text: str) -> None:
        """Write a line; control characters that could disturb a terminal must be gone already."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write some text as it is."""
        if self.error is None:
            try:
                self._output.write(text)
            except OSError as error:
                self._lost(error)

    def flush(self) -> None:
        """Let what was written be seen."""
        if self.error is None:
            try:
                self._output.flush()
            except OSError as error:
                self._lost(error)

    def drop(self) -> None:
        """Let the rest go nowhere, with what the file object holds back."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._output.fileno())
        os.close(null)

    def _lost(self, error: OSError) -> None:
        self.error = error
        if self._on_gone is not None:
            self._on_gone()


def visible(data: bytes) -> str:
    """Bytes of a program's output as text: what is not UTF-8, and control characters, as escapes.

    >>> print(visible(b"caf\\xc3\\xa9 \\xff \\x1b[2J"))
    café \\xff \\x1b[2J
    """
    text = data.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    return character.encode("unicode_escape").decode("ascii")


@lru_cache(maxsize=64)
def _style(name: str) -> Style:
    return Style.parse(name)
