"""The methods of `socket.socket`, patched once: the very class that every module holds makes simulated sockets too.

What the class keeps in its slot `_closed` says which sort a socket is. For one of the operating system's it is a
bool, as ever. For a simulated one it is an object of its process's stand-in class (`stdlib/socket_class.py`), to
which the methods go; C's own part, whose `__init__` never ran, has no descriptor. A socket stays of its sort wherever
it is used.

Errors: OSError EBADF, in words of its own, for a simulated socket that is used outside of its process or after its
run; EscapeError for one of the operating system's that a simulated thread wants to transfer data with.
"""

import _socket
import os
import socket
import stat
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from farhost.programs.escapes import complain
from farhost.programs.in_place.caller import RUNNING, place_of_caller, simulated
from farhost.programs.stdlib.socket_class import BaseSocket
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.in_place.place import Place
    from farhost.programs.process import ProgramProcess

_MOVING = {"send", "sendall", "sendto", "sendmsg", "sendmsg_afalg"}
_MOVING |= {"recv", "recvfrom", "recv_into", "recvfrom_into", "recvmsg", "recvmsg_into"}
_FILLING = {"recv_into", "recvfrom_into"}
_WORKING = _MOVING | {"bind", "connect", "connect_ex", "listen", "_accept", "shutdown", "setsockopt"}
"""What a simulated thread has no business to do with a socket of the operating system's."""
_FREE = {"fileno", "getblocking", "gettimeout"}
"""What only looks at the object, and works from everywhere."""
_ASKING = _FREE | {"getsockname", "getpeername", "getsockopt", "setblocking", "settimeout"}

_CLASS: Any = socket.socket
_SLOT = vars(_CLASS)["_closed"]
_get, _put = _SLOT.__get__, _SLOT.__set__


class PlacedSocket(BaseSocket):
    """The stand-in behind one simulated `socket.socket`; a process's own class binds `_sim_state`."""

    __slots__ = ("closed",)

    closed: bool
    """What `_closed` says."""

    def __repr__(self) -> str:
        family, type, proto = self._sim_family, self._sim_type, self._sim_proto
        return f"<socket.socket fd={self._sim_fd}, family={family}, type={type}, proto={proto}>"


def install() -> dict[int, Any]:
    """Patch the class, once; the methods by the identity of what they replace, for the sweep (trio keeps such)."""
    made = {name: _method(name) for name in sorted(_WORKING | _ASKING)}
    made["__init__"] = _initialiser(_CLASS.__init__)
    made["_real_close"] = _closer(_CLASS._real_close, "close")
    made["detach"] = _closer(_CLASS.detach, "detach")
    made["makefile"] = _makefile(_CLASS.makefile)
    replaced = {id(getattr(_CLASS, name)): method for name, method in made.items()}
    for name, method in made.items():
        _patch(name, method)
    _CLASS._closed = property(_closed, _set_closed)
    for name, convert in (("family", socket.AddressFamily), ("type", socket.SocketKind), ("proto", int)):
        setattr(_CLASS, name, property(_reader(name, convert), doc=getattr(_CLASS, name).__doc__))
    _CLASS.timeout = property(_reader("timeout", lambda value: value), doc=_socket.socket.timeout.__doc__)
    return replaced


def placed(sock: Any) -> PlacedSocket | None:
    """What is behind a simulated socket; None for one of the operating system's."""
    try:
        inner = _get(sock)
    except AttributeError:
        return None
    return None if inner.__class__ is bool else cast("PlacedSocket", inner)


def _patch(name: str, function: Callable[..., Any]) -> None:
    original = getattr(_CLASS, name)
    function.__name__ = name
    function.__qualname__ = f"socket.{name}"
    function.__module__ = "socket"
    function.__doc__ = original.__doc__
    setattr(_CLASS, name, function)


def _method(name: str) -> Callable[..., Any]:
    """A method that goes to C's or to the stand-in's."""
    original = getattr(_CLASS, name)
    stand_in = getattr(PlacedSocket, name)
    works, free = name in _WORKING, name in _FREE

    def method(self: Any, /, *args: Any) -> Any:
        try:
            inner = _get(self)
        except AttributeError:
            return original(self, *args)
        if inner.__class__ is bool:
            if RUNNING and works and place_of_caller() is not None:
                complain(f"{name} on a socket of the operating system's", "descriptor")
            return original(self, *args)
        thread = simulated()
        if not free and (thread is None or thread.process is not inner._sim.process):
            misused(inner, name)
        return stand_in(inner, *args)

    return method if name not in _FILLING else _with_words(method)


def _with_words(method: Callable[..., Any]) -> Callable[..., Any]:
    """For the two methods that take keywords."""

    def filling(self: Any, buffer: Any, nbytes: Any = 0, flags: Any = 0) -> Any:
        return method(self, buffer, nbytes, flags)

    return filling


def misused(inner: PlacedSocket, name: str) -> NoReturn:
    """EBADF: a simulated socket outside of its process."""
    owner = cast("ProgramProcess", inner._sim.process)
    whose = f"{owner.name} on {owner.host_name}" if owner.name != owner.host_name else owner.name
    thread = simulated()
    if thread is not None:
        why = f"{thread.process.name} cannot use it: a socket belongs to the program that made it"
    elif owner.dead:
        why = "whose run is over"
    else:
        why = "and works in that program's threads only"
    call = name.removeprefix("_")
    raise OSError(linux.EBADF, f"{os.strerror(linux.EBADF)}: {call} on a socket of farhost's, of {whose}, {why}")


def _initialiser(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(self: Any, family: Any = -1, type: Any = -1, proto: Any = -1, fileno: Any = None) -> None:
        place = place_of_caller() if RUNNING else None
        if place is None:
            original(self, family, type, proto, fileno)
            return
        if fileno is not None and is_real_socket(place, fileno):
            complain(f"socket(fileno={fileno}) of the operating system's", "descriptor")
        own = socket_class(place)
        inner = own.__new__(own)
        assert isinstance(inner, PlacedSocket)
        inner.closed = False
        inner.__init__(family, type, proto, fileno)  # type: ignore[misc]
        _put(self, inner)
        self._io_refs = 0

    return __init__


def is_real_socket(place: "Place", number: object) -> bool:
    """Whether a number is a descriptor of the machine's, and a socket."""
    if not isinstance(number, int) or number < 0 or number in place.files:
        return False
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def socket_class(place: "Place") -> type[PlacedSocket]:
    """The class behind the simulated sockets of one process."""
    found = place.socket_class
    if found is None:
        state = place.stand_in("_socket").socket._sim_state
        found = place.socket_class = type("socket", (PlacedSocket,), {"__slots__": (), "_sim_state": state})
    return cast("type[PlacedSocket]", found)


def _closer(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`close` and `detach`: they work from everywhere."""

    def method(self: Any, /, *args: Any) -> Any:
        inner = placed(self)
        if inner is None:
            return original(self, *args)
        inner.closed = True
        if name == "close":
            inner.close()
            return None
        return inner.detach()

    return method


def _makefile(original: Any) -> Callable[..., Any]:
    def makefile(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        inner = placed(self)
        place = None if inner is None else cast("ProgramProcess", inner._sim.process).place
        function: FunctionType = original if place is None else place.makefile(original)
        return function(self, *args, **kwargs)

    return makefile


def _closed(self: Any) -> bool:
    inner = _get(self)
    return bool(inner if inner.__class__ is bool else inner.closed)


def _set_closed(self: Any, value: bool) -> None:
    inner = placed(self)
    if inner is None:
        _put(self, value)
    else:
        inner.closed = value


def _reader(name: str, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A property of the object, by the stand-in or by C."""
    member = vars(_socket.socket)[name]

    def read(self: Any) -> Any:
        inner = placed(self)
        value = member.__get__(self) if inner is None else getattr(inner, name)
        try:
            return convert(value)
        except ValueError:
            return value

    return read
