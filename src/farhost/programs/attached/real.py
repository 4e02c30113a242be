"""The machine's own functions, taken before a program's modules get others in their place, and descriptors of ours.

This module is loaded before anything is replaced, so what it imports is the machine's.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import fcntl
import posix
import resource
import select
import time

__all__ = ["_signal", "_socket", "fcntl", "posix", "select", "time"]

OS = dict(vars(posix))
"""The functions of `posix` by name."""
FCNTL = dict(vars(fcntl))
SELECT = dict(vars(select))
CLOCK_NS = time.monotonic_ns

OWN: set[int] = set()
"""Descriptors that are ours and not the program's: it closes and inherits none of them."""
_HIGHEST = 960


def _high() -> int:
    """Where our own descriptors begin: out of the way of a program that uses few."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _HIGHEST if soft == resource.RLIM_INFINITY else max(min(soft * 3 // 4, _HIGHEST), 3)


HIGH = _high()


def lift(number: int) -> int:
    """Move a descriptor that is to be ours; it is closed at execve(2)."""
    try:
        lifted: int = FCNTL["fcntl"](number, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError:
        # The program has lowered its limit meanwhile, or has all numbers up there in use.
        lifted = FCNTL["fcntl"](number, fcntl.F_DUPFD_CLOEXEC, 3)
    OS["close"](number)
    OWN.add(lifted)
    return lifted


def close_own(number: int) -> None:
    """Close one of ours."""
    OWN.discard(number)
    try:
        OS["close"](number)
    except OSError:
        pass


def placeholder(close_on_exec: bool = True) -> int:
    """A real descriptor for a descriptor of the network: it has the number, the flag FD_CLOEXEC and the limit
    (EMFILE), is inherited as others are, and refuses everything else with EBADF (O_PATH in open(2)), so that nothing
    that reaches it by another way than ours goes unnoticed."""
    flags = posix.O_PATH | (posix.O_CLOEXEC if close_on_exec else 0)
    number: int = OS["open"]("/dev/null", flags)
    if not close_on_exec:
        OS["set_inheritable"](number, True)
    return number
