"""`select.epoll` objects: epoll_create1(2), epoll_ctl(2), epoll_wait(2)."""

from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.select_files import RealFiles
from farhost.programs.stdlib.select_poll import milliseconds
from farhost.programs.stdlib.socket_convert import INT_MAX, as_int, descriptor_argument, index, int_argument
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

_ALL = linux.EPOLLIN | linux.EPOLLPRI | linux.EPOLLOUT
_SECOND_NS = 1_000_000_000
_MOST_EVENTS = 1023
"""FD_SETSIZE - 1."""


def _mask(value: Any) -> int:
    return index(value) & 0xFFFFFFFF


class BaseEpoll:
    """`select.epoll` of every process; `make_epoll_class` ties it to one."""

    __slots__ = ("_fd",)

    _call: Any
    _process: "Caller"
    _real: RealFiles
    _fd: int

    def __new__(cls, sizehint: Any = -1, flags: Any = 0) -> "BaseEpoll":
        sizehint, flags = as_int(sizehint), as_int(flags)
        if sizehint != -1 and sizehint <= 0:
            raise ValueError("negative sizehint")
        if flags & ~linux.EPOLL_CLOEXEC:
            raise OSError("invalid flags")
        self = object.__new__(cls)
        self._fd = -1
        self._fd = cls._call("epoll_create1", linux.EPOLL_CLOEXEC)
        return self

    @classmethod
    def fromfd(cls, fd: Any, /) -> "BaseEpoll":
        """Create an epoll object from a given control fd."""
        self = object.__new__(cls)
        self._fd = int_argument(fd)
        return self

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0 and not self._process.dead:
            try:
                self.close()
            except OSError:
                pass

    def _open(self) -> int:
        if self._fd < 0:
            raise ValueError("I/O operation on closed epoll object")
        return self._fd

    def close(self) -> None:
        """Close the epoll control file descriptor. Further operations on the epoll object will raise an exception."""
        fd = self._fd
        if fd >= 0:
            self._fd = -1
            self._call("close", fd)

    @property
    def closed(self) -> bool:
        """True if the epoll handler is closed"""
        return self._fd < 0

    def fileno(self) -> int:
        """Return the epoll control file descriptor."""
        return self._open()

    def register(self, fd: Any, eventmask: Any = _ALL) -> None:
        """Registers a new fd or raises an OSError if the fd is already registered."""
        self._control(linux.EPOLL_CTL_ADD, fd, _mask(eventmask))

    def modify(self, fd: Any, eventmask: Any) -> None:
        """Modify event mask for a registered file descriptor."""
        self._control(linux.EPOLL_CTL_MOD, fd, _mask(eventmask))

    def unregister(self, fd: Any) -> None:
        """Remove a registered file descriptor from the epoll object."""
        self._control(linux.EPOLL_CTL_DEL, fd, 0)

    def _control(self, operation: int, fd: Any, events: int) -> None:
        number = descriptor_argument(fd)
        epfd = self._open()
        if self._real.has(number):
            self._real.check(number)
            raise PermissionError(linux.EPERM, "Operation not permitted")
        self._call("epoll_ctl", epfd, operation, number, events, number)

    def poll(self, timeout: Any = None, maxevents: Any = -1) -> list[tuple[int, int]]:
        """Wait for events on the epoll file descriptor: `timeout` in seconds; a list of (fd, events) pairs."""
        maximum = maxevents if maxevents.__class__ is int and 0 < maxevents <= INT_MAX else as_int(maxevents)
        epfd = self._fd
        if epfd < 0:
            epfd = self._open()
        if timeout.__class__ is int and -1 <= timeout <= 0:
            limit_ns = None if timeout else 0
        else:
            limit_ns = milliseconds(timeout, _SECOND_NS)
        if maximum == -1:
            maximum = _MOST_EVENTS
        elif maximum < 1:
            raise ValueError(f"maxevents must be greater than 0, got {maximum}")
        return list(self._call("epoll_wait", epfd, maximum, limit_ns))

    def __enter__(self) -> "BaseEpoll":
        self._open()
        return self

    def __exit__(self, exc_type: Any = None, exc_value: Any = None, exc_tb: Any = None, /) -> None:
        self.close()


def make_epoll_class(process: "Caller") -> type[BaseEpoll]:
    """The class `epoll` of one process's `select`."""
    namespace = {
        "__slots__": (),
        "__module__": "select",
        "_call": staticmethod(process.call),
        "_process": process,
        "_real": RealFiles(process),
    }
    return type("epoll", (BaseEpoll,), namespace)
