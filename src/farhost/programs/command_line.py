"""The words with which a program starts a Python: which of them are the interpreter's, and what it is to run.

Source: python(1), Modules/main.c, Python/initconfig.c.
"""

import os
import re
import sys
from typing import NamedTuple

_PYTHON = re.compile(r"^python(3(\.\d+)?)?$")
_FLAGS = frozenset("bBdEIPqsSuvx")
"""Options without an argument that change nothing which a simulated process has: its output is by lines, its
environment its own, and code is compiled and kept by farhost."""


class CommandLine(NamedTuple):
    """What a Python is told to run."""

    argv: tuple[str, ...]
    """A script's path, or `-m` and a module, or `-c` and code; then the program's arguments."""
    warnings: tuple[str, ...] = ()
    """`-W`, for `sys.warnoptions`."""
    implementation: tuple[str, ...] = ()
    """`-X`, for `sys._xoptions`."""
    unbuffered: bool = False
    """`-u`."""

    @property
    def name(self) -> str:
        """What reports call the process."""
        if self.argv[0] == "-c":
            return "python"
        word = self.argv[1] if self.argv[0] == "-m" else os.path.basename(self.argv[0])
        return word.removesuffix(".py").removesuffix(".__main__") or "python"


def is_python(path: str) -> bool:
    """Whether an executable is a Python: this one, or one by name."""
    if path == sys.executable or _PYTHON.match(os.path.basename(path)):
        return True
    return os.path.exists(path) and os.path.realpath(path) == os.path.realpath(sys.executable)


def is_python_script(path: str) -> bool:
    """Whether a file is one that Linux would run with a Python (`#!`, execve(2))."""
    try:
        with open(path, "rb") as file:
            first = file.readline(256)
    except OSError:
        return False
    words = first.removeprefix(b"#!").decode("ascii", "replace").split() if first.startswith(b"#!") else []
    return any(_PYTHON.match(os.path.basename(word)) for word in words)


def parse(words: list[str]) -> CommandLine | None:
    """What follows the interpreter's name; None for what a simulated process cannot be: an interactive interpreter,
    a program from standard input, or an option that is not known here.

    >>> parse(["-u", "-m", "http.server", "8000"]).argv
    ('-m', 'http.server', '8000')
    >>> parse(["-Wignore", "-Xdev", "-c", "print(1)", "a"])
    CommandLine(argv=('-c', 'print(1)', 'a'), warnings=('ignore',), implementation=('dev',), unbuffered=False)
    """
    found: dict[str, list[str]] = {"W": [], "X": []}
    left = list(words)
    unbuffered = False
    while left and left[0].startswith("-") and left[0] != "-":
        word = left.pop(0)[1:]
        flags = len(word) - len(word.lstrip("".join(_FLAGS)))
        unbuffered = unbuffered or "u" in word[:flags]
        word = word[flags:]
        if not word:
            continue
        letter, value = word[0], word[1:]
        if letter not in "cmWX":
            return None
        if not value and not left:
            return None
        value = value or left.pop(0)
        if letter in "cm":
            return CommandLine((f"-{letter}", value, *left), tuple(found["W"]), tuple(found["X"]), unbuffered)
        found[letter].append(value)
    if not left or left[0] == "-":
        return None
    return CommandLine(tuple(left), tuple(found["W"]), tuple(found["X"]), unbuffered)
