"""A program that was started on a host: a function in place, or a script; and after the run what became of it."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from farhost.programs.control import Control, parse_signal
from farhost.programs.in_place.function import FunctionProgram, check_function, describe
from farhost.programs.run import ProcessOutcome, ProgramSpec
from farhost.programs.settings import NO_SETTINGS, make_settings

Runnable = FunctionProgram | ProgramSpec


class Program:
    """One program. Its results are None until the run is over."""

    def __init__(self, host: str, what: Callable[..., Any] | tuple[str, ...], own_name: str) -> None:
        self.host = host
        """The name of its host."""
        self.name = own_name
        """For reports: the function's or the script's; once the run began the host's, where it is alone there."""
        self.argv = what if isinstance(what, tuple) else (describe(what),)
        self.function: FunctionProgram | None = None
        """What runs, if it is a function."""
        self.settings = NO_SETTINGS
        """In what a script runs."""
        self.outcome: ProcessOutcome | None = None
        """All that a report knows of how it ended; of its last life, if it was restarted."""
        self.lives: list[ProcessOutcome] = []
        """That of each of its lives, oldest first."""
        self.control: Control | None = None
        """What acts on it while the network runs."""
        self.number = 0
        """Which of the run's programs it is."""

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
        """What a script wrote to its standard output, so far; a function's goes to the caller's own."""
        if self.control is not None:
            return _decoded(process.stdout for process in self.control.lives(self.number))
        return "".join(life.stdout for life in self.lives)

    @property
    def stderr(self) -> str:
        """The same of standard error."""
        if self.control is not None:
            return _decoded(process.stderr for process in self.control.lives(self.number))
        return "".join(life.stderr for life in self.lives)

    # While the network runs: called by a function of the run, or planned by `Network.at`.

    def kill(self, signal: int | str = "SIGKILL") -> None:
        """Send it a signal, by number or name; nothing if it does not run. Its end by that signal is no failure.

        After SIGKILL its host's kernel closes its sockets: FIN, or RST where data was not read. ValueError for what
        is no signal, and while the network does not run.
        """
        number = parse_signal(signal)
        self._controlled("kill").kill(self.number, number)

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self.kill("SIGTERM")

    def pause(self) -> None:
        """SIGSTOP: its code does nothing until `resume`, while its host's kernel goes on."""
        self._controlled("pause").pause(self.number)

    def resume(self) -> None:
        """SIGCONT."""
        self._controlled("resume").resume(self.number)

    def restart(self) -> None:
        """Start it again with the same arguments and environment; if it runs, it is killed first."""
        self._controlled("restart").restart_program(self.number)

    def _controlled(self, what: str) -> Control:
        if self.control is None:
            raise not_running(f"{what} {self.name}")
        return self.control

    def ended(self, outcome: ProcessOutcome) -> None:
        """The run is over, and this is how one of its lives ended."""
        if not self.lives:
            self.name = outcome.name
        self.lives.append(outcome)
        self.outcome = outcome

    def runnable(self, name: str) -> Runnable:
        """What `farhost.programs.run` takes; it is called `name` in reports."""
        self.name = name
        if self.function is None:
            return ProgramSpec(self.host, self.argv, name, settings=self.settings)
        self.function.name = name
        return self.function

    def __repr__(self) -> str:
        return f"<Program {' '.join(self.argv)} on {self.host}>"


def _decoded(printed: Iterable[bytes | bytearray]) -> str:
    return "".join(data.decode("utf-8", "backslashreplace") for data in printed)


def not_running(what: str) -> ValueError:
    """What was to be done can only be done while the network runs."""
    return ValueError(
        f"cannot {what}: the network does not run; plan it, such as network.at('2s', program.kill), or call it in a "
        "function of the run"
    )


def of_function(host: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Program:
    """A function with its arguments. ValueError for a generator function, of which nothing would run."""
    check_function(function)
    program = Program(host, function, describe(function))
    program.function = FunctionProgram(host, function, args, kwargs, program.name)
    return program


def of_script(host: str, words: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Program:
    """A script's path, or `-m` and a module, and arguments; keywords: in what it runs. ValueError for a script that
    cannot be read, and for keywords or values that are none."""
    settings = make_settings(**kwargs)
    program = _of_words(host, words)
    program.settings = settings
    return program


def _of_words(host: str, words: tuple[Any, ...]) -> Program:
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
