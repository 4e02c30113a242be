"""The world of one script: its `sys`, its builtins, its modules, its standard streams, its environment.

A script runs in it as in a process of its own: CPython's `socket.py`, `threading.py` and the rest load afresh over
the stand-ins at the C boundary (DESIGN 6, INTERCEPTION.md), so two processes of one script share no module and no
global.
"""

import functools
import sys
import typing
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from farhost.kernel.console import ConsoleFile
from farhost.programs.caller import WorldProcess
from farhost.programs.directory import Directory
from farhost.programs.escapes import make_multiprocessing_module, make_shared_memory_module
from farhost.programs.importer import Importer, private_builtins
from farhost.programs.posix.modules import make_posix_calls
from farhost.programs.simulated_datetime import install as install_datetime
from farhost.programs.stdlib.asyncio_module import has_own_instances, make_asyncio_module
from farhost.programs.stdlib.atexit_module import make_atexit_module
from farhost.programs.stdlib.builtin_functions import make_builtins
from farhost.programs.stdlib.faulthandler_module import make_faulthandler_module
from farhost.programs.stdlib.fcntl_module import make_fcntl_module
from farhost.programs.stdlib.gc_module import make_gc_module
from farhost.programs.stdlib.io_module import make_io_module
from farhost.programs.stdlib.posix_module import make_posix_module
from farhost.programs.stdlib.posixsubprocess_module import make_posixsubprocess_module
from farhost.programs.stdlib.random_module import make_random_module
from farhost.programs.stdlib.resource_module import make_resource_module
from farhost.programs.stdlib.select_module import make_select_module
from farhost.programs.stdlib.signal_module import make_signal_module
from farhost.programs.stdlib.socket_module import make_socket_module
from farhost.programs.stdlib.sys_module import make_sys
from farhost.programs.stdlib.thread_module import make_thread_module
from farhost.programs.stdlib.time_module import make_time_module
from farhost.programs.switches import PURE_SWITCHES

STAND_INS: dict[str, Callable[[WorldProcess], ModuleType]] = {
    "_thread": make_thread_module,
    "time": make_time_module,
    "_signal": make_signal_module,
    "_socket": make_socket_module,
    "select": make_select_module,
    "fcntl": make_fcntl_module,
    "resource": make_resource_module,
    "gc": make_gc_module,
    "_random": make_random_module,
    "faulthandler": make_faulthandler_module,
    "_posixsubprocess": make_posixsubprocess_module,
    "_multiprocessing": make_multiprocessing_module,
    "_posixshmem": make_shared_memory_module,
}
"""Adding a stand-in is one file and one row."""

BLOCKED = ("_queue", "_pickle", "_warnings", "_uuid")
"""C modules whose pure versions in the standard library take the simulated clock, threads and modules."""
HAS_ASYNCIO = has_own_instances()
"""Whether each world can have C's `_asyncio` for itself."""


def blocked_modules() -> tuple[str, ...]:
    """The C modules that worlds of this interpreter do without."""
    return BLOCKED if HAS_ASYNCIO else (*BLOCKED, "_asyncio")


class World:
    """What one process sees of Python."""

    def __init__(
        self, process: WorldProcess, directory: Directory, environment: Mapping[str, str], unbuffered: bool = False
    ) -> None:
        install_datetime()
        self.process = process
        self.directory = directory
        self.builtins = private_builtins()
        self.sys: Any = make_sys(process)
        process.world_sys = self.sys
        modules = self.modules = self.sys.modules
        modules["builtins"] = self.builtins
        for name, make in STAND_INS.items():
            modules[name] = make(process)
        modules["_io"] = make_io_module(process, directory)
        encoded = {name.encode(): value.encode(errors="surrogateescape") for name, value in environment.items()}
        modules["posix"] = make_posix_module(process, directory, encoded)
        if "TZ" in environment:
            modules["time"].tzset()
        self.atexit = modules["atexit"] = make_atexit_module(process)
        for module in modules.values():
            if module is not self.builtins:
                bind_as_builtins(module)
        modules.update(make_posix_calls(process))
        modules.update(dict.fromkeys(blocked_modules()))
        self.importer = Importer(self.sys, self.builtins, modules["_thread"])
        if HAS_ASYNCIO:
            self.importer.late["_asyncio"] = functools.partial(make_asyncio_module, process)
        self.builtins.__dict__.update(make_builtins(self.sys, modules["_io"], self.importer))
        self._open_streams(unbuffered or bool(environment.get("PYTHONUNBUFFERED")))

    def _open_streams(self, unbuffered: bool) -> None:
        """Standard input, output and error: text over the kernel's descriptors 0, 1, 2. Output goes by lines to the
        console, as to a terminal; elsewhere (a child's pipe) standard output goes by buffers."""
        io = self.modules["_io"]
        found = self.process.look(1)
        by_lines = found is None or found.kind == ConsoleFile.kind
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            raw = io.FileIO(number, "w" if number else "r", False)
            raw.name = f"<{name}>"
            buffer = raw if number and unbuffered else (io.BufferedWriter if number else io.BufferedReader)(raw)
            errors = "backslashreplace" if number == 2 else "strict"
            lines = not unbuffered and (number == 2 or (number == 1 and by_lines))
            stream = io.TextIOWrapper(buffer, "utf-8", errors, None, lines, number > 0 and unbuffered)
            stream.mode = "w" if number else "r"
            setattr(self.sys, name, stream)
            setattr(self.sys, f"__{name}__", stream)

    def main_module(self, file: str | None) -> ModuleType:
        """A fresh `__main__`, as `python file` makes it."""
        module = ModuleType("__main__")
        names = module.__dict__
        names["__builtins__"] = self.builtins
        names["__annotations__"] = {}
        if file is not None:
            names["__file__"] = file
            names["__cached__"] = None
            names["__loader__"] = self.importer.external.SourceFileLoader("__main__", file)
        self.modules["__main__"] = module
        return module

    def find(self, name: str) -> Any:
        """The module that the program knows by this name, if it has imported it."""
        return self.modules.get(name)

    def close(self) -> None:
        """The process has ended: let go of what keeps its modules alive through this interpreter."""
        self.modules.clear()
        self.sys.__dict__.pop("path_importer_cache", None)
        forget_in_typing(vars(self.builtins))


def forget_in_typing(builtins: dict[str, Any]) -> None:
    """Take a world's functions, known by its builtins, out of what `typing.overload` remembers; empty its caches."""
    for clear in vars(typing)["_cleanups"]:
        clear()
    registry: Any = vars(typing)["_overload_registry"]
    for by_name in list(registry.values()):
        for name, by_line in list(by_name.items()):
            functions = [getattr(overloaded, "__func__", overloaded) for overloaded in by_line.values()]
            if any(getattr(one, "__globals__", {}).get("__builtins__") is builtins for one in functions):
                del by_name[name]


def bind_as_builtins(module: ModuleType) -> None:
    """Make a stand-in's functions behave like C's in one point: as an attribute of a class they are no methods."""
    names = vars(module)
    bound: dict[FunctionType, Any] = {}
    for name, value in names.items():
        if type(value) is FunctionType:
            if value not in bound:
                value.__module__ = module.__name__
                value.__qualname__ = value.__name__
                bound[value] = staticmethod(value)
            names[name] = bound[value]


def scratch_environment(directory: str, host: str, user: str) -> dict[str, str]:
    """What a simulated process finds in `os.environ`: nothing of the machine's, so that runs do not depend on it.

    HOME is the host's scratch directory whoever the user is: root's files, too, are the run's own.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": directory,
        "TMPDIR": directory,
        "PWD": directory,
        "USER": user,
        "LOGNAME": user,
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "HOSTNAME": host,
        "PYTHONHASHSEED": "0",
        **PURE_SWITCHES,
        **({"VIRTUAL_ENV": sys.prefix} if sys.prefix != sys.base_prefix else {}),
    }
