"""The module `select` of one process: select, poll and epoll over simulated descriptors (Modules/selectmodule.c)."""

import select as system
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.select_epoll import make_epoll_class
from farhost.programs.stdlib.select_files import RealFiles
from farhost.programs.stdlib.select_poll import make_poll_class
from farhost.programs.stdlib.socket_constants import integer_constants, named
from farhost.programs.stdlib.socket_convert import descriptor_argument, time_argument

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

FD_SETSIZE = 1024


def make_select_module(process: "Caller") -> ModuleType:
    """`select` for one process."""
    module = ModuleType("select", system.__doc__)
    names: dict[str, Any] = integer_constants(system)
    poll_class = make_poll_class(process)

    def poll() -> Any:
        """Returns a polling object, which supports registering and unregistering file descriptors, and then polling
        them for I/O events.
        """
        return poll_class._made()

    names.update(named(make_select(process), poll), epoll=make_epoll_class(process), error=OSError)
    module.__dict__.update(names)
    return module


def descriptor_list(objects: Any, real: RealFiles) -> list[tuple[Any, int]]:
    """seq2set: each object with its descriptor. A list may change while `fileno` methods run, as in C."""
    try:
        items = objects if isinstance(objects, list | tuple) else list(objects)
    except TypeError:
        if hasattr(objects, "__iter__"):
            raise
        raise TypeError("arguments 1-3 must be sequences") from None
    found: list[tuple[Any, int]] = []
    for item in items:
        fd = descriptor_argument(item)
        if real.has(fd):
            real.check(fd)
        elif fd >= FD_SETSIZE:
            raise ValueError("filedescriptor out of range in select()")
        if len(found) >= FD_SETSIZE:
            raise ValueError("too many file descriptors in select()")
        found.append((item, fd))
    return found


def make_select(process: "Caller") -> Callable[..., tuple[list[Any], ...]]:
    """`select.select` of one process."""
    call = process.call
    real = RealFiles(process)

    def select_with_files(lists: list[list[tuple[Any, int]]], limit_ns: int | None) -> tuple[list[Any], ...]:
        """A call that concerns real files."""
        simulated = [tuple(sorted({fd for _, fd in objects if not real.has(fd)})) for objects in lists]
        always = any(real.has(fd) for objects in lists[:2] for _, fd in objects)
        results = []
        for place, (objects, fds) in enumerate(zip(lists, call("select", *simulated, 0 if always else limit_ns))):
            results.append([item for item, fd in objects if fd in fds or (place < 2 and real.has(fd))])
        return tuple(results)

    def select(rlist: Any, wlist: Any, xlist: Any, timeout: Any = None, /) -> tuple[list[Any], ...]:
        """Wait until one or more file descriptors are ready for some kind of I/O."""
        limit_ns = None if timeout is None else _limit(timeout)
        lists = [descriptor_list(objects, real) for objects in (rlist, wlist, xlist)]
        wanted = [tuple(sorted({fd for _, fd in objects})) for objects in lists]
        if any(fds and real.has(fds[-1]) for fds in wanted):
            return select_with_files(lists, limit_ns)
        results = []
        for objects, fds in zip(lists, call("select", *wanted, limit_ns)):
            results.append([item for item, fd in objects if fd in fds] if fds else [])
        return tuple(results)

    return select


def _limit(timeout: Any) -> int:
    """A time limit in ns, whole microseconds, rounded up."""
    try:
        limit_ns = time_argument(timeout)
    except TypeError:
        raise TypeError("timeout must be a float or None") from None
    if limit_ns < 0:
        raise ValueError("timeout must be non-negative")
    return -(-limit_ns // 1000) * 1000
