"""What a function's process has in place of the machine's modules: the stand-ins of `stdlib`, made when asked for.

Its descriptors count from `FIRST` up, so that they and the real ones of the caller's process have no number in
common; what is none of its descriptors is the machine's. Ordinary files and the working directory are the caller's.
"""

import os
import random
from collections.abc import Callable
from itertools import count
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from farhost.programs.directory import Directory
from farhost.programs.in_place.identity import make_platform, make_tempfile, make_uuid
from farhost.programs.stdlib.fcntl_module import make_fcntl_module
from farhost.programs.stdlib.io_module import make_io_module
from farhost.programs.stdlib.posix_module import make_posix_module
from farhost.programs.stdlib.resource_module import make_resource_module
from farhost.programs.stdlib.select_module import make_select_module
from farhost.programs.stdlib.signal_module import make_signal_module
from farhost.programs.stdlib.socket_module import make_socket_module
from farhost.programs.stdlib.thread_module import make_thread_module
from farhost.programs.stdlib.time_module import make_time_module

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess

FIRST = 512
"""The lowest descriptor of a function. select(2) takes those below 1024: half of its range is left."""
SEED_SIZE = 32

_MAKERS: dict[str, Callable[["ProgramProcess"], ModuleType]] = {
    "time": make_time_module,
    "select": make_select_module,
    "_socket": make_socket_module,
    "_thread": make_thread_module,
    "fcntl": make_fcntl_module,
    "resource": make_resource_module,
}
"""The stand-ins that need nothing but their process."""


class CallersDirectory(Directory):
    """Relative paths start where the caller's do, whose working directory this is."""

    def __init__(self, process: "ProgramProcess") -> None:
        super().__init__(process, os.getcwd())

    def resolve(self, path: Any) -> Any:
        """The path as it is."""
        return path


class Calls(dict[str, Any]):
    """The stand-ins' functions by `module.name`."""

    def __init__(self, place: "Place") -> None:
        self._place = place

    def __missing__(self, key: str) -> Any:
        module, _, name = key.rpartition(".")
        found = self[key] = getattr(self._place.stand_in(module), name)
        return found


class Place:
    """The stand-ins of one function's process."""

    def __init__(self, process: "ProgramProcess") -> None:
        self.process = process
        self.files = process.kernel_process.descriptors.files
        """Its open files by number: what is in there is simulated."""
        self.directory = CallersDirectory(process)
        self.calls = Calls(self)
        self.numbers = count(1)
        """By which its threads and futures are hashed."""
        self.main: Any = None
        """The Thread object of its main thread, once that runs."""
        self.socket_class: Any = None
        """The class behind its sockets, once it has made one."""
        self._made: dict[str, Any] = {"_signal": make_signal_module(process)}
        self._makefile: FunctionType | None = None

    def stand_in(self, name: str) -> Any:
        """The stand-in for a module, or for the generator behind the functions of `random`."""
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._make(name)
        return found

    def _make(self, name: str) -> Any:
        match name:
            case "posix":
                return make_posix_module(self.process, self.directory, {})
            case "_io":
                return make_io_module(self.process, self.directory)
            case "uuid":
                return make_uuid(self.process)
            case "platform":
                return make_platform()
            case "tempfile":
                return make_tempfile()
            case "random":
                return random.Random(self.seed())
        return _MAKERS[name](self.process)

    def seed(self) -> int:
        """Entropy for a generator that was given no seed: the simulated host's."""
        return int.from_bytes(self.process.call("getrandom", SEED_SIZE) or bytes(SEED_SIZE), "big")

    def makefile(self, original: FunctionType) -> FunctionType:
        """`socket.socket.makefile` over buffered files that two simulated threads may share."""
        if self._makefile is None:
            names = {**original.__globals__, "io": self.stand_in("_io")}
            self._makefile = FunctionType(original.__code__, names, original.__name__, original.__defaults__)
            self._makefile.__kwdefaults__ = original.__kwdefaults__
        return self._makefile

    def holds_socket_file(self, path: Any) -> bool:
        """Whether a socket file of the host stands at a path."""
        namespace = self.process.kernel.unix
        return bool(namespace.files) and self.directory.is_socket_file(path) is not None

    def holds_socket_files(self, path: Any = ".") -> bool:
        """Whether a directory has socket files of the host in it."""
        namespace = self.process.kernel.unix
        if not namespace.files or isinstance(path, int):
            return False
        directory = namespace.resolve(self.process.kernel_process, os.fsencode("." if path is None else path))
        return any(os.path.dirname(file) == directory for file in namespace.files)
