"""The module `_socket` of one process: CPython's own `socket.py` loads on it unchanged (Modules/socketmodule.c).

Its class is in `socket_class.py`, names and services in `socket_names.py`, constants in `socket_constants.py`. What
is pure computation (inet_pton, htons, CMSG_LEN, ...) is the real module's own function. What stays out is the C
capsule `CAPI`, through which C extensions would reach real sockets.
"""

import _socket as system
import os
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_class import SocketState, make_socket_class, start
from farhost.programs.stdlib.socket_constants import integer_constants, named
from farhost.programs.stdlib.socket_convert import as_int, int_argument, timeout_argument, timeout_seconds
from farhost.programs.stdlib.socket_names import Names
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

PURE = (
    "CMSG_LEN",
    "CMSG_SPACE",
    "htonl",
    "htons",
    "inet_aton",
    "inet_ntoa",
    "inet_ntop",
    "inet_pton",
    "ntohl",
    "ntohs",
    "error",
    "gaierror",
    "herror",
    "timeout",
)
"""Functions of nothing but their arguments, and exception types: the real module's own."""


_TO_PROGRAM = 3
"""Frames from `warnings.warn` to the program: past `warn` and `__del__`."""


def make_socket_module(process: "Caller") -> ModuleType:
    """`_socket` for one process."""
    module = ModuleType("_socket", system.__doc__)
    lookup = Names(process)
    state = SocketState(process, lookup.resolve, _make_warn(process))
    names: dict[str, Any] = integer_constants(system)
    names.update({name: getattr(system, name) for name in PURE})
    names.update(_calls(process, state), **lookup.functions())
    names["has_ipv6"] = True
    module.__dict__.update(names)
    return module


def _make_warn(process: "Caller") -> Callable[[object], None]:
    """What is called when a socket goes that nobody had closed: ResourceWarning, by the program's own `warnings`."""

    def warn(sock: object) -> None:
        world = process.world_sys
        module = warnings if world is None else world.modules.get("warnings")
        if module is not None:
            module.warn(f"unclosed {sock!r}", ResourceWarning, stacklevel=_TO_PROGRAM, source=sock)

    return warn


def _calls(process: "Caller", state: SocketState) -> dict[str, Any]:
    """The class, and the functions that make and close descriptors."""
    call = process.call
    socket_class = make_socket_class(state)

    def socketpair(family: Any = linux.AF_UNIX, type: Any = linux.SOCK_STREAM, proto: Any = 0, /) -> Any:
        """socketpair([family[, type [, proto]]]) -> (socket object, socket object)"""
        family, type, proto = int_argument(family), int_argument(type), int_argument(proto)
        pair = []
        for fd in call("socketpair", family, type | linux.SOCK_CLOEXEC, proto):
            sock = socket_class.__new__(socket_class)
            start(sock, fd, family, type, proto)
            pair.append(sock)
        return tuple(pair)

    def dup(fd: Any, /) -> int:
        """dup(integer) -> integer"""
        return call("fcntl", int_argument(fd), linux.F_DUPFD_CLOEXEC, 0)  # type: ignore[no-any-return]

    def close(fd: Any, /) -> None:
        """close(integer) -> None"""
        try:
            call("close", as_int(fd))
        except ConnectionResetError:
            pass

    def getdefaulttimeout() -> float | None:
        """getdefaulttimeout() -> timeout"""
        return timeout_seconds(state.default_timeout_ns)

    def setdefaulttimeout(timeout: Any, /) -> None:
        """setdefaulttimeout(timeout)"""
        state.default_timeout_ns = timeout_argument(timeout)

    def gethostname() -> str:
        """gethostname() -> string"""
        return str(call("uname")[0])

    def sethostname(name: Any, /) -> None:
        """sethostname(name)

        Sets the hostname to name.
        """
        if not isinstance(name, bytes):
            name = os.fsencode(name)
            if b"\0" in name:
                raise ValueError("embedded null byte")
        call("sethostname", name)

    functions = named(socketpair, dup, close, getdefaulttimeout, setdefaulttimeout, gethostname, sethostname)
    return {"socket": socket_class, "SocketType": socket_class, **functions}
