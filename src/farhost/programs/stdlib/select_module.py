"""The module `select` of one process: select, poll and epoll over simulated descriptors (Modules/selectmodule.c)."""

import select as system
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.select_epoll import make_epoll_class
from farhost.programs.stdlib.select_poll import make_poll_class
from farhost.programs.stdlib.socket_constants import integer_constants, named
from farhost.programs.stdlib.socket_convert import descriptor_argument, time_argument

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess

FD_SETSIZE = 1024


def make_select_module(process: "ProgramProcess") -> ModuleType:
    """`select` for one process."""
    module = ModuleType("select", system.__doc__)
    names: dict[str, Any] = integer_constants(system)
    poll_class = make_poll_class(process)

    def poll() -> Any:
        """Returns a polling object, which supports registering and unregistering file descriptors, and then polling
        them for I/O events.
        """
        return poll_class()

    names.update(named(make_select(process), poll), epoll=make_epoll_class(process), error=OSError)
    module.__dict__.update(names)
    return module


def descriptor_list(objects: Any) -> list[tuple[Any, int]]:
    """seq2set: each object with its descriptor."""
    try:
        items = list(objects)
    except TypeError:
        if hasattr(objects, "__iter__"):
            raise
        raise TypeError("arguments 1-3 must be sequences") from None
    found: list[tuple[Any, int]] = []
    for item in items:
        fd = descriptor_argument(item)
        if fd >= FD_SETSIZE:
            raise ValueError("filedescriptor out of range in select()")
        if len(found) >= FD_SETSIZE:
            raise ValueError("too many file descriptors in select()")
        found.append((item, fd))
    return found


def make_select(process: "ProgramProcess") -> Callable[..., tuple[list[Any], list[Any], list[Any]]]:
    """`select.select` of one process."""
    call = process.call

    def select(rlist: Any, wlist: Any, xlist: Any, timeout: Any = None, /) -> tuple[list[Any], list[Any], list[Any]]:
        """Wait until one or more file descriptors are ready for some kind of I/O."""
        limit_ns = None
        if timeout is not None:
            try:
                limit_ns = time_argument(timeout)
            except TypeError:
                raise TypeError("timeout must be a float or None") from None
            if limit_ns < 0:
                raise ValueError("timeout must be non-negative")
            limit_ns = -(-limit_ns // 1000) * 1000
        lists = [descriptor_list(objects) for objects in (rlist, wlist, xlist)]
        wanted = [tuple(sorted({fd for _, fd in objects})) for objects in lists]
        ready = call("select", *wanted, limit_ns)
        results = []
        for objects, fds in zip(lists, ready, strict=True):
            results.append([item for item, fd in objects if fd in fds] if fds else [])
        return results[0], results[1], results[2]

    return select
