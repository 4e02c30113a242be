"""The functions of the system calls by name.

A function is called with the calling `Thread` and the arguments; it returns its result or `Blocked`, or raises
`KernelError`. What goes in and comes out is in `signatures`.
"""

from collections.abc import Callable

from farhost.kernel import poll
from farhost.kernel.syscalls import descriptors, messages, paths, processes, readiness, sockets, timers, vectors
from farhost.kernel.syscalls.signatures import CALLS

_MODULES = {
    "descriptors": descriptors,
    "messages": messages,
    "paths": paths,
    "poll": poll,
    "processes": processes,
    "readiness": readiness,
    "sockets": sockets,
    "timers": timers,
    "vectors": vectors,
}

FUNCTIONS: dict[str, Callable[..., object]] = {
    name: getattr(_MODULES[row.module], name) for name, row in CALLS.items()
}
