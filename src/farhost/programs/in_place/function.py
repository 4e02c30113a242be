"""A function as a program: its process, its life in the caller's modules, and what came of it.

The function runs in the main thread of its process. When it has returned, its threads that are no daemons are waited
for; then the process exits with 0. An exception that comes out of it ends it with 1, and is kept as it was raised;
what `sys.exit` asks for is its exit status.
"""

import functools
import importlib
import inspect
import logging
import sys
from _thread import get_ident
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit

from farhost.programs.frames import strip
from farhost.programs.in_place import threads
from farhost.programs.in_place.caller import RUNNING, simulated
from farhost.programs.in_place.idents import IDENTS
from farhost.programs.in_place.install import share_existing_locks
from farhost.programs.in_place.objects import guard_loaded_modules
from farhost.programs.in_place.os_thread import OsThread
from farhost.programs.in_place.pools import keep_no_idle_threads
from farhost.programs.in_place.process import FunctionProcess
from farhost.programs.launch import byte_of
from farhost.programs.watchdog import Abort

if TYPE_CHECKING:
    from farhost.network.host import Host
    from farhost.programs.runtime import Runtime

UNCAUGHT = 1


class FunctionProgram:
    """A function to run on a host, and afterwards what it returned or raised."""

    def __init__(
        self, host: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str
    ) -> None:
        self.host = host
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.name = name
        """For reports; the host's name or the function's."""
        self.argv = (describe(function),)
        self.has_world = False
        self.result: Any = None
        """What it returned."""
        self.error: BaseException | None = None
        """The exception that ended it."""
        self.failed_ns = 0
        """When that was."""

    def start(self, runtime: "Runtime", host: "Host", scratch: object) -> FunctionProcess:
        """Start it on its host; called in an event of the run."""
        if runtime.os_thread is None:
            enter(runtime)
        process = FunctionProcess(runtime, host, self.name, self.argv)
        process.start(functools.partial(self._run, process))
        return process

    def _run(self, process: FunctionProcess) -> int:
        try:
            threads.enter_main_thread(process.place)
            try:
                status = self._call()
            except SystemExit as error:
                status = exit_status(error)
            threads.wait_for_threads()
            process.place.directory.close_files()
        except (GreenletExit, Abort):
            raise
        except BaseException as error:
            if process.dead:
                raise GreenletExit from None
            strip(error, set())
            self.error = error
            self.failed_ns = process.runtime.scheduler.now_ns
            process.traceback = "".join(process.format_exception(error, error.__traceback__))
            return UNCAUGHT
        return status

    def _call(self) -> int:
        if inspect.iscoroutinefunction(self.function):
            self.result = importlib.import_module("asyncio").run(self.function(*self.args, **self.kwargs))
        else:
            self.result = self.function(*self.args, **self.kwargs)
        return 0


class Quiet:
    """Keeps the standard library's loggers from telling of tasks and threads that are unwound with their process."""

    NAMES = ("asyncio", "concurrent.futures")

    def enter(self) -> None:
        """A run begins."""
        for name in self.NAMES:
            logging.getLogger(name).addFilter(self)

    def leave(self) -> None:
        """It is over."""
        for name in self.NAMES:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told: not if its process is dead, or if it comes of the collection at the end."""
        thread = simulated()
        return not (thread.process.dead if thread is not None else get_ident() in RUNNING)


def enter(runtime: "Runtime") -> None:
    """The first function of a run is about to start: what all of them share comes into place, until the run's end."""
    share_existing_locks()
    guard_loaded_modules()
    os_thread = runtime.os_thread = OsThread()
    restore_idle_threads = keep_no_idle_threads()
    threads.QUIET_HOOK.enter()
    quiet = Quiet()
    quiet.enter()

    def leave() -> None:
        os_thread.show(None)
        quiet.leave()
        threads.QUIET_HOOK.leave()
        restore_idle_threads()
        threads.forget_threads(frozenset(runtime.idents))
        while runtime.idents:
            IDENTS.release(runtime.idents.pop())

    runtime.at_end.append(leave)


def check_function(function: Callable[..., Any]) -> None:
    """ValueError for a function whose call would run none of its code."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ValueError(
            f"{describe(function)} is a generator function, and calling it runs none of its code: "
            "start a function that goes through what it yields"
        )


def describe(function: Callable[..., Any]) -> str:
    """What reports call a function."""
    return str(getattr(function, "__name__", None) or type(function).__name__)


def exit_status(error: SystemExit) -> int:
    """The status that SystemExit asks for; what is no number goes to standard error, as CPython does it."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return byte_of(error.code)
    print(error.code, file=sys.stderr)
    return UNCAUGHT
