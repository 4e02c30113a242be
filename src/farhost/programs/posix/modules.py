"""The modules `farhost.posix` and `farhost.posix.c` of one process.

Both have the C calls by name. The first raises OSError; the second follows the notes to the letter: a failed call
returns -1 and sets `errno`. They fill when a program first takes a name from them, and at that moment SIGPIPE gets
its default action, which kills: C programs start that way, while Python ignores the signal (DESIGN 13). A program
that had given SIGPIPE a handler before keeps it; one that wants it ignored says so after the import, as the notes do:
`signal(SIGPIPE, SIG_IGN)`.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from farhost.programs.posix import waits
from farhost.programs.posix.lazy import LazyModule
from farhost.programs.posix.sockets import SocketCalls
from farhost.programs.posix.structs import make_structs
from farhost.programs.posix.system import SIG_DFL, SIG_IGN, Errno, SystemCalls, memset, sizeof, strerror
from farhost.programs.posix.transfer import TransferCalls
from farhost.wire import linux
from farhost.wire.addresses import LOOPBACK_V6

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

_HELPERS = frozenset({"address", "result"})
_NUMBERS = {
    "INADDR_ANY": 0,
    "INADDR_LOOPBACK": 0x7F000001,
    "INADDR_BROADCAST": 0xFFFFFFFF,
    "INADDR_NONE": 0xFFFFFFFF,
    "INET_ADDRSTRLEN": 16,
    "INET6_ADDRSTRLEN": 46,
    "FD_SETSIZE": waits.FD_SETSIZE,
    "SIG_DFL": SIG_DFL,
    "SIG_IGN": SIG_IGN,
    "STDIN_FILENO": 0,
    "STDOUT_FILENO": 1,
    "STDERR_FILENO": 2,
}
"""Host byte order: the program turns them with htonl."""


def make_posix_calls(process: "Caller") -> dict[str, ModuleType]:
    """`farhost`, `farhost.posix` and `farhost.posix.c` for one process, by the names that they are imported by."""
    library = Library(process)
    posix = LazyModule("farhost.posix", "The C calls of socket(2); errors are OSError.", library.raising)
    plain = LazyModule("farhost.posix.c", "The C calls of socket(2); errors are -1 and errno.", library.returning)
    package = ModuleType("farhost", "What a simulated program sees of farhost.")
    for module in (package, posix):
        module.__path__ = []
    posix.__dict__["c"] = plain
    package.__dict__["posix"] = posix
    return {"farhost": package, "farhost.posix": posix, "farhost.posix.c": plain}


class Library:
    """The names of both modules, made once for a process."""

    def __init__(self, process: "Caller") -> None:
        self._process = process
        self._errno = Errno()
        self._calls: dict[str, Callable[..., Any]] = {}
        self._others: dict[str, Any] = {}

    def raising(self) -> dict[str, Any]:
        """`farhost.posix`: also keeps errno, for perror."""
        self._make()
        return {**self._others, **{name: self._noting(call) for name, call in self._calls.items()}}

    def returning(self) -> dict[str, Any]:
        """`farhost.posix.c`."""
        self._make()
        return {**self._others, **{name: self._plain(call) for name, call in self._calls.items()}}

    def _make(self) -> None:
        if self._others:
            return
        process = self._process
        sockets = SocketCalls(process)
        groups = (
            sockets,
            TransferCalls(process, sockets),
            waits.WaitCalls(process),
            SystemCalls(process, self._errno),
        )
        for group in groups:
            for name, value in vars(type(group)).items():
                if callable(value) and name not in _HELPERS and (not name.startswith("_") or name == "_exit"):
                    self._calls[name] = getattr(group, name)
        self._others = self._values()
        if process.disposition(linux.SIGPIPE) == SIG_IGN:
            process.set_disposition(linux.SIGPIPE, SIG_DFL)

    def _values(self) -> dict[str, Any]:
        """Constants, types, macros."""
        types = make_structs(self._process.byte_order)
        values: dict[str, Any] = {name: value for name, value in vars(linux).items() if type(value) is int}
        values.update(_NUMBERS, **types, errno=self._errno)
        for made in (sizeof, memset, strerror, waits.FD_ZERO, waits.FD_SET, waits.FD_CLR, waits.FD_ISSET):
            values[made.__name__] = made
        values["fd_set"] = waits.fd_set
        values["in6addr_any"] = types["in6_addr"]()
        loopback = values["in6addr_loopback"] = types["in6_addr"]()
        loopback.raw[:] = LOOPBACK_V6
        return values

    def _noting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        errno = self._errno

        @functools.wraps(call)
        def noting(*arguments: Any, **words: Any) -> Any:
            try:
                return call(*arguments, **words)
            except OSError as error:
                errno.value = error.errno or 0
                raise

        return noting

    def _plain(self, call: Callable[..., Any]) -> Callable[..., Any]:
        errno = self._errno

        @functools.wraps(call)
        def plain(*arguments: Any, **words: Any) -> Any:
            try:
                return call(*arguments, **words)
            except OSError as error:
                errno.value = error.errno or 0
                return -1

        return plain
