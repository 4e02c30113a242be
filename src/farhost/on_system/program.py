"""Programs on the operating system: a function in a thread of its own, or a script in a process of its own."""

import asyncio
import functools
import inspect
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from time import clock_gettime, monotonic, pthread_getcpuclockid
from typing import Any, NoReturn, cast

from farhost.on_system.waits import Wait, wait_of, waits_for_clients
from farhost.programs.in_place.function import exit_status
from farhost.programs.run import ProcessOutcome
from farhost.programs.settings import NO_SETTINGS, Settings


class NotOnSystem(Exception):
    """What was asked for is nothing that the operating system can do: the test needs farhost."""


def refuse(what: str) -> NoReturn:
    """Raise NotOnSystem."""
    raise NotOnSystem(f"{what} needs farhost: on the operating system links are perfect and nobody looks on")


class Program:
    """One program; the attributes that tests look at are those of `farhost.facade.program.Program`."""

    def __init__(self, host: str, name: str, argv: tuple[str, ...]) -> None:
        self.host = host
        self.name = name
        self.argv = argv
        self.status: int | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.failed_s = 0.0
        self.stdout = ""
        self.stderr = ""
        self.started = False

    def begin(self) -> None:
        """Start it."""
        self.started = True

    def over(self) -> bool:
        """Whether it has ended."""
        return self.status is not None

    def waits(self, chosen: frozenset[int]) -> tuple[Wait | None, bool]:
        """What its main thread waits in, and whether for new clients."""
        return None, False

    def used_s(self) -> float:
        """Processor time so far, where it can be told: what moves is not parked."""
        return 0.0

    def end(self) -> None:
        """The run is over."""

    def outcome(self) -> ProcessOutcome:
        """How it ended."""
        trace = "" if self.error is None else "".join(traceback.format_exception(self.error))
        return ProcessOutcome(
            self.name, self.host, self.argv, self.status, self.stdout, self.stderr, trace, (), self.started
        )

    def kill(self, signal: int | str = "SIGKILL") -> None:
        """NotOnSystem, as for all that acts on a program while it runs."""
        refuse("acting on a program")

    terminate = pause = resume = restart = kill

    def __repr__(self) -> str:
        return f"<Program {' '.join(self.argv)} on {self.host}>"


class FunctionOnSystem(Program):
    """A function in a daemon thread."""

    def __init__(
        self, host: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str
    ) -> None:
        super().__init__(host, name, (name,))
        self._call: Callable[[], Any] = functools.partial(function, *args, **kwargs)
        self._abandoned = False
        self._is_coroutine = inspect.iscoroutinefunction(function)
        self.thread = threading.Thread(target=self._run, name=f"{name} on {host}", daemon=True)

    def begin(self) -> None:
        """Start its thread."""
        super().begin()
        self.thread.start()

    def _run(self) -> None:
        __tracebackhide__ = True
        # The threads that the function makes are no daemons unless it says so, as in a process of its own.
        cast("Any", self.thread)._daemonic = False
        try:
            result = asyncio.run(self._call()) if self._is_coroutine else self._call()
        except BaseException as error:
            if not self._abandoned:
                self._fail(error)
            return
        if not self._abandoned:
            self.result, self.status = result, 0

    def _fail(self, error: BaseException) -> None:
        self.failed_s = monotonic()
        if isinstance(error, SystemExit):
            self.status = exit_status(error)
        else:
            self.error, self.status = error, 1

    def end(self) -> None:
        """From now on its end counts no more."""
        self._abandoned = self.status is None

    def waits(self, chosen: frozenset[int]) -> tuple[Wait | None, bool]:
        """Its thread's."""
        return thread_waits(self.thread, chosen)

    def used_s(self) -> float:
        """Its thread's."""
        if self.thread.ident is None or not self.thread.is_alive():
            return 0.0
        try:
            return clock_gettime(pthread_getcpuclockid(self.thread.ident))
        except OSError:
            return 0.0


def thread_waits(thread: threading.Thread, chosen: frozenset[int]) -> tuple[Wait | None, bool]:
    """What a thread of this process waits in, and whether for new clients."""
    wait = wait_of(os.getpid(), thread.native_id or 0)
    return wait, wait is not None and waits_for_clients(os.getpid(), wait, chosen)


class ScriptOnSystem(Program):
    """A script in a process."""

    def __init__(self, host: str, argv: tuple[str, ...], name: str, settings: Settings = NO_SETTINGS) -> None:
        super().__init__(host, name, argv)
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    def begin(self) -> None:
        """Start its process, and read what it prints."""
        super().begin()
        pipe = subprocess.PIPE
        command = [sys.executable, *self.argv]
        settings = self._settings
        if settings.descriptors:
            command = ["sh", "-c", 'ulimit -n "$0" && exec "$@"', str(settings.descriptors), *command]
        with tempfile.TemporaryFile() as given:
            given.write(settings.stdin)
            given.seek(0)
            self._process = subprocess.Popen(
                command,
                stdin=given,
                stdout=pipe,
                stderr=pipe,
                text=True,
                cwd=settings.directory or None,
                env={**os.environ, **settings.environment},
            )
        for stream in ("stdout", "stderr"):
            reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
            self._readers.append(reader)
            reader.start()

    def _read(self, stream: str) -> None:
        assert self._process is not None
        with getattr(self._process, stream) as source:
            for line in source:
                setattr(self, stream, getattr(self, stream) + line)

    def over(self) -> bool:
        """Whether its process has ended."""
        if self._process is not None and self.status is None:
            self.status = self._process.poll()
        return self.status is not None

    def waits(self, chosen: frozenset[int]) -> tuple[Wait | None, bool]:
        """Its main thread's."""
        pid = self._process.pid if self._process is not None else 0
        wait = wait_of(pid, pid)
        return wait, wait is not None and waits_for_clients(pid, wait)

    def used_s(self) -> float:
        """Its process's (clock_getcpuclockid(3))."""
        if self._process is None or self.over():
            return 0.0
        try:
            return clock_gettime(-(self._process.pid + 1) * 8 + 2)
        except OSError:
            return 0.0

    def end(self) -> None:
        """Kill the process, unless it has ended."""
        if self._process is None:
            return
        if not self.over():
            self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
