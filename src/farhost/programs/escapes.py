"""No escape is silent (DESIGN 7): a real socket, thread or process reached from a simulated one fails loudly.

Two nets. Stand-ins for the C modules and functions that would start a process raise at the call. Behind them an audit
hook (sys.addaudithook) sees what code outside the process's world does in its name: a C extension, a shared module, a
reference bound before the run. It does not see clocks, and not every thread of a C library: docs/escapes.md has what
is left.

An audit hook can never be taken out again. There is one for the interpreter's life; it does nothing unless a run has
entered itself, and costs a dictionary look-up for each audited event.
"""

import importlib.util
import os
import sys
import threading
from _thread import get_ident
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from farhost.programs.frames import place, program_frame
from farhost.programs.libraries import C_FUNCTIONS, INSTEAD

if TYPE_CHECKING:
    from farhost.programs.caller import Running, WorldProcess


class EscapeError(RuntimeError):
    """A simulated process reached for something real that farhost cannot simulate."""


class CFunctionEscapeError(EscapeError, AttributeError):
    """It looked up a function of the C library by ctypes: for whoever has something else to take, there is none."""


class LibraryEscapeError(EscapeError, ImportError):
    """It imported a library that has its own way to the network, in C."""


REMEDIES = {
    "socket": "import socket inside the program, so that it gets the simulated one",
    "class": "use socket.socket, or a class of yours that is derived from it",
    "descriptor": "make it inside the program: one that was made outside is the operating system's",
    "thread": "start threads with the program's own threading module; a C library's threads cannot be simulated",
    "process": "make it a program of its own on the same host, and talk to it over a socket",
    "child": "a child has to be a Python, as [sys.executable, 'script.py'], or with -m or -c; make anything else a "
    "program of its own on the same host, and talk to it over a socket",
    "memory": "use a pipe or a socket: simulated processes have no memory in common",
    "lock": "use threading's locks; a simulated process has no other processes to share one with",
    "openssl": "use ssl; or make the Connection without a socket, and move its bytes by bio_read and bio_write",
    "identity": "a simulated process keeps its user",
    "pool": "make the pool inside the program: the threads of this one are not the program's",
    "loop": "make the event loop, selector or epoll object inside the program: this one waits in real time",
    "c": "C does not know the simulation: use Python's own time, os, socket, threading and random",
    "entropy": "use os.urandom, secrets or random, which come of the run's seed",
    "signal": "os.kill and signal.raise_signal inside the program reach the processes of its host",
    "sleep": "use time.sleep, looked up when it is called: this one was bound before the first network",
}

_AUDITED = {
    "socket.__new__": "socket",
    "socket.connect": "socket",
    "socket.bind": "socket",
    "socket.getaddrinfo": "socket",
    "socket.gethostbyname": "socket",
    "_thread.start_new_thread": "thread",
    "_thread.start_joinable_thread": "thread",
    "subprocess.Popen": "process",
    "os.fork": "process",
    "os.forkpty": "process",
    "os.exec": "process",
    "os.posix_spawn": "process",
    "os.system": "process",
    "pty.spawn": "process",
    "os.kill": "signal",
    "os.killpg": "signal",
    "signal.pthread_kill": "signal",
    "time.sleep": "sleep",
    "open": "entropy",
    "ctypes.dlsym": "c",
    "import": "library",
}
"""Audit events by what they are about (`time.sleep` is one since 3.13)."""

ENTROPY_FILES = frozenset({"/dev/urandom", "/dev/random", "/dev/hwrng", b"/dev/urandom", b"/dev/random"})


def _concerns(event: str, arguments: tuple[Any, ...]) -> str:
    """What an event would reach, for the message; empty if nothing that matters."""
    if event == "open":
        path = arguments[0]
        return f"open({os.fspath(path)!r})" if isinstance(path, str | bytes) and path in ENTROPY_FILES else ""
    if event == "ctypes.dlsym":
        name = arguments[1]
        return f"{name} of the C library, by ctypes," if name in C_FUNCTIONS else ""
    if event == "import":
        name = arguments[0].partition(".")[0]
        return name if name in INSTEAD and importlib.util.find_spec(name) is not None else ""
    return event


def complain(what: str, kind: str) -> NoReturn:
    """Raise the EscapeError for a call that the program under way just made; the run notes it, whoever catches it."""
    raise EscapeError(_noted(what, REMEDIES[kind]))


def refuse_c_function(what: str) -> NoReturn:
    """Raise the CFunctionEscapeError for a look-up by ctypes that the program under way makes."""
    raise CFunctionEscapeError(_noted(what, REMEDIES["c"]))


def refuse_library(name: str) -> NoReturn:
    """Raise the LibraryEscapeError for a module that the program under way imports."""
    error = LibraryEscapeError(_noted(f"{name}, which has sockets of its own in C,", INSTEAD[name]))
    error.name = name
    raise error


def _noted(what: str, remedy: str) -> str:
    message = f"{place(program_frame(sys._getframe(2)))}: {what} would leave the simulation: {remedy}"
    runtime = GUARD.running.get(get_ident())
    if runtime is not None:
        runtime.note_escape(message)
    return message


def refuse(process: "WorldProcess", what: str, kind: str = "") -> Callable[..., NoReturn]:
    """A function that always complains, in place of one that would escape."""
    kind = kind or ("identity" if what.startswith("os.set") else "process")

    def refused(*args: Any, **kwargs: Any) -> NoReturn:
        complain(what, kind)

    refused.__name__ = what.rpartition(".")[2]
    return refused


def make_multiprocessing_module(process: "WorldProcess") -> ModuleType:
    """`_multiprocessing`: semaphores between real processes."""
    module = ModuleType("_multiprocessing")

    class SemLock:
        """Not to be had in a simulated process."""

        SEM_VALUE_MAX = 2147483647

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            complain("multiprocessing", "lock")

        @staticmethod
        def _rebuild(*args: Any) -> NoReturn:
            complain("multiprocessing", "lock")

    module.__dict__.update(SemLock=SemLock, sem_unlink=refuse(process, "multiprocessing"), flags={})
    return module


def make_shared_memory_module(process: "WorldProcess") -> ModuleType:
    """`_posixshmem`: memory that real processes share."""
    module = ModuleType("_posixshmem")
    for name in ("shm_open", "shm_unlink"):
        module.__dict__[name] = refuse(process, f"shared memory ({name})", "memory")
    return module


class Guard:
    """Which run an event belongs to: those under way, by the OS thread that runs them."""

    def __init__(self) -> None:
        self.running: dict[int, Running] = {}
        self._hooked = False
        self._start_new_thread: Callable[..., Any] | None = None

    def enter(self, runtime: "Running") -> None:
        """From now on the present OS thread runs simulated processes."""
        if not self._hooked:
            self._hooked = True
            sys.addaudithook(self._audit)
        self.running[get_ident()] = runtime
        if sys.version_info < (3, 12) and self._start_new_thread is None:
            # Before 3.12 no audit event tells of new threads.
            self._start_new_thread = vars(threading)["_start_new_thread"]
            vars(threading)["_start_new_thread"] = self._start_thread

    def leave(self) -> None:
        """The run of the present OS thread is over."""
        self.running.pop(get_ident(), None)
        if not self.running and self._start_new_thread is not None:
            vars(threading)["_start_new_thread"] = self._start_new_thread
            self._start_new_thread = None

    def _start_thread(self, *arguments: Any) -> Any:
        runtime = self.running.get(get_ident())
        current = None if runtime is None else runtime.current
        if current is None or current.process.place is None:
            self._audit("_thread.start_new_thread", arguments)
        assert self._start_new_thread is not None
        return self._start_new_thread(*arguments)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        kind = _AUDITED.get(event)
        if kind is None or not self.running:
            return
        runtime = self.running.get(get_ident())
        current = None if runtime is None else runtime.current
        if current is not None and (what := _concerns(event, arguments)):
            if kind == "library":
                refuse_library(what)
            if kind == "c":
                refuse_c_function(what)
            complain(what, "class" if kind == "socket" and current.process.place is not None else kind)


GUARD = Guard()
"""The interpreter's one audit hook: the only state of farhost's that outlives a run, because hooks cannot be removed.
"""
