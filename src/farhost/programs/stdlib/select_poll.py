"""`select.poll` objects: a set of descriptors with the events that matter, and poll(2) on them."""

from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.select_files import RealFiles
from farhost.programs.stdlib.socket_convert import INT_MAX, descriptor_argument, index, time_argument
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

_ALL = linux.POLLIN | linux.POLLPRI | linux.POLLOUT
_MILLISECOND_NS = 1_000_000


def events_argument(value: Any) -> int:
    """The converter for C's `unsigned short`."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError("an integer is required") from None
    if number < 0:
        raise ValueError("value must be positive")
    if number > 0xFFFF:
        raise OverflowError("Python int too large for C unsigned short")
    return number


def milliseconds(value: Any, unit_ns: int) -> int | None:
    """A time limit as poll(2) and epoll_wait(2) have it: ns, whole milliseconds, rounded up; None for none."""
    if value is None:
        return None
    try:
        nanoseconds = time_argument(value, unit_ns)
    except TypeError:
        raise TypeError("timeout must be an integer or None") from None
    whole = -(-nanoseconds // _MILLISECOND_NS)
    if not -INT_MAX - 1 <= whole <= INT_MAX:
        raise OverflowError("timeout is too large")
    return None if nanoseconds < 0 else whole * _MILLISECOND_NS


class BasePoll:
    """`select.poll` of every process; `make_poll_class` ties it to one."""

    __slots__ = ("_polling", "_wanted")

    _call: Any
    _real: RealFiles
    _wanted: dict[int, int]
    _polling: bool

    def __new__(cls) -> "BasePoll":
        raise TypeError("cannot create 'select.poll' instances")

    @classmethod
    def _made(cls) -> "BasePoll":
        """A new one: `select.poll()`."""
        self = object.__new__(cls)
        self._wanted = {}
        self._polling = False
        return self

    def register(self, fd: Any, eventmask: Any = _ALL, /) -> None:
        """Register a file descriptor with the polling object."""
        number = descriptor_argument(fd)
        self._wanted[number] = events_argument(eventmask)

    def modify(self, fd: Any, eventmask: Any, /) -> None:
        """Modify an already registered file descriptor."""
        number = descriptor_argument(fd)
        events = events_argument(eventmask)
        if number not in self._wanted:
            raise FileNotFoundError(linux.ENOENT, "No such file or directory")
        self._wanted[number] = events

    def unregister(self, fd: Any, /) -> None:
        """Remove a file descriptor being tracked by the polling object."""
        del self._wanted[descriptor_argument(fd)]

    def poll(self, timeout: Any = None, /) -> list[tuple[int, int]]:
        """Poll for events on the registered descriptors: `timeout` in milliseconds."""
        limit_ns = milliseconds(timeout, _MILLISECOND_NS)
        if self._polling:
            raise RuntimeError("concurrent poll() invocation")
        self._polling = True
        try:
            wanted = self._wanted
            if wanted and self._real.has(max(wanted)):
                return self._poll_with_files(limit_ns)
            return list(self._call("poll", tuple(wanted.items()), limit_ns))
        finally:
            self._polling = False

    def _poll_with_files(self, limit_ns: int | None) -> list[tuple[int, int]]:
        real = self._real
        found = {fd: real.poll(fd, events) for fd, events in self._wanted.items() if real.has(fd)}
        simulated = tuple((fd, events) for fd, events in self._wanted.items() if fd not in found)
        found.update(self._call("poll", simulated, 0 if any(found.values()) else limit_ns))
        return [(fd, found[fd]) for fd in self._wanted if found.get(fd)]


def make_poll_class(process: "Caller") -> type[BasePoll]:
    """The class of one process's poll objects."""
    namespace = {
        "__slots__": (),
        "__module__": "select",
        "_call": staticmethod(process.call),
        "_real": RealFiles(process),
    }
    return type("poll", (BasePoll,), namespace)
