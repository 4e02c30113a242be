"""A program that was started on a host: a function in place, or a script; and after the run what became of it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from farhost.programs.in_place.function import FunctionProgram, check_function, describe
from farhost.programs.run import ProcessOutcome, ProgramSpec

Runnable = FunctionProgram | ProgramSpec


class Program:
    """One program. Its results are None, or empty, until the run is over."""

    def __init__(self, host: str, what: Callable[..., Any] | tuple[str, ...], own_name: str) -> None:
        self.host = host
        """The name of its host."""
        self.name = own_name
        """For reports: the function's or the script's; once the run began the host's, where it is alone there."""
        self.argv = what if isinstance(what, tuple) else (describe(what),)
        self.function: FunctionProgram | None = None
        """What runs, if it is a function."""
        self.outcome: ProcessOutcome | None = None
        """All that a report knows of how it ended."""

    @property
    def status(self) -> int | None:
        """Its exit status, minus the signal that killed it; None if it still ran at the end, or never started."""
        return None if self.outcome is None else self.outcome.status

    @property
    def result(self) -> Any:
        """What the function returned."""
        return None if self.function is None else self.function.result

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the function."""
        return None if self.function is None else self.function.error

    @property
    def stdout(self) -> str:
        """What a script wrote to its standard output; a function's goes to the caller's own."""
        return "" if self.outcome is None else self.outcome.stdout

    @property
    def stderr(self) -> str:
        """The same of standard error."""
        return "" if self.outcome is None else self.outcome.stderr

    def runnable(self, name: str) -> Runnable:
        """What `farhost.programs.run` takes; it is called `name` in reports."""
        self.name = name
        if self.function is None:
            return ProgramSpec(self.host, self.argv, name)
        self.function.name = name
        return self.function

    def __repr__(self) -> str:
        return f"<Program {' '.join(self.argv)} on {self.host}>"


def of_function(host: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Program:
    """A function with its arguments. ValueError for a generator function, of which nothing would run."""
    check_function(function)
    program = Program(host, function, describe(function))
    program.function = FunctionProgram(host, function, args, kwargs, program.name)
    return program


def of_script(host: str, words: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Program:
    """A script's path, or `-m` and a module, and arguments. ValueError for a script that cannot be read."""
    if kwargs:
        raise ValueError(f"a script takes no {', '.join(kwargs)}=: its arguments are words")
    argv = tuple(os.fspath(word) if isinstance(word, os.PathLike) else str(word) for word in words)
    if argv[0] == "-m":
        if len(argv) < 2:
            raise ValueError('-m names no module: write start("-m", "http.server", "8000")')
        return Program(host, argv, argv[1].rpartition(".")[2])
    if argv[0].startswith("-"):
        raise ValueError(f"no script {argv[0]!r}: of python's own options there is -m")
    if not os.path.isfile(argv[0]) or not os.access(argv[0], os.R_OK):
        raise ValueError(f"no script {argv[0]!r} to be read in {os.getcwd()}: start takes a function, or a file")
    return Program(host, argv, Path(argv[0]).stem)
