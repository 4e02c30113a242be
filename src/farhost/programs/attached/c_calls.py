"""`farhost.posix` in an attached process: the C calls of socket(2) by name, on the network's host.

What C does with the process, signals and descriptors of the machine is the machine's; `farhost.posix` reaches it by
the same calls as a simulated process reaches its kernel, so they are here.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import farhost
from farhost.programs.attached import real
from farhost.programs.attached.caller import AttachedCaller
from farhost.programs.posix.lazy import LazyModule

NS = 1_000_000_000
MachineCalls = dict[str, Callable[..., Any]]

ON_FILES: MachineCalls = {
    "read": lambda fd, size: real.OS["read"](fd, size),
    "write": lambda fd, data: real.OS["write"](fd, data),
    "fcntl": lambda fd, command, argument: real.FCNTL["fcntl"](fd, command, argument),
    "dup": lambda fd: real.FCNTL["fcntl"](fd, real.fcntl.F_DUPFD, 0),
}
"""System calls on a descriptor of the machine."""


def on_process(caller: AttachedCaller) -> MachineCalls:
    """System calls on the process itself."""

    def sigaction(number: int, disposition: int) -> int:
        old = caller.disposition(number)
        caller.set_disposition(number, disposition)
        return old

    return {
        "sigaction": sigaction,
        "kill": lambda pid, number: real.OS["kill"](pid, number),
        "getpid": lambda: real.OS["getpid"](),
        "getppid": lambda: real.OS["getppid"](),
        "nanosleep": lambda duration_ns: real.time.sleep(duration_ns / NS),
        "wait4": lambda pid, options: real.OS["waitpid"](pid, options),
    }


def install(caller: AttachedCaller) -> None:
    """Put the modules in place; they fill, and load what they are made of, when a program first uses them."""
    made: list[Any] = []

    def library() -> Any:
        if not made:
            modules: Any = importlib.import_module("farhost.programs.posix.modules")
            made.append(modules.Library(caller))
        return made[0]

    posix: Any = LazyModule(
        "farhost.posix", "The C calls of socket(2); errors are OSError.", lambda: library().raising()
    )
    posix.c = LazyModule(
        "farhost.posix.c", "The C calls of socket(2); errors are -1 and errno.", lambda: library().returning()
    )
    posix.__path__ = []
    package: Any = farhost
    package.posix = sys.modules["farhost.posix"] = posix
    sys.modules["farhost.posix.c"] = posix.c
