"""The module `resource` of one process: its own limits, and what it used of the simulated time.

The limits are the simulated kernel's (`farhost.kernel.limits`): what a program sets never reaches the machine. Of
its usage only processor time is known; the rest is zero. After Modules/resource.c.
"""

import resource as system
from types import ModuleType
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_constants import integer_constants, named
from farhost.programs.stdlib.socket_convert import int_argument, long_argument
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import WorldProcess

_LIMITS = linux.RLIMIT_RTTIME + 1
_UNSIGNED = (1 << 64) - 1
_PAGE = 4096
_NS = 1_000_000_000
_WORDS = {
    linux.EINVAL: "current limit exceeds maximum limit",
    linux.EPERM: "not allowed to raise maximum limit",
}


def make_resource_module(process: "WorldProcess") -> ModuleType:
    """`resource` for one process."""
    module = ModuleType("resource", system.__doc__)
    call = process.call

    def getrlimit(resource: Any, /) -> tuple[int, int]:
        return _shown(call("prlimit64", 0, _known(resource), ()))

    def setrlimit(resource: Any, limits: Any, /) -> None:
        number = _known(resource)
        try:
            call("prlimit64", 0, number, _pair(limits))
        except OSError as error:
            raise _refusal(error, (linux.EINVAL, linux.EPERM)) from None

    def prlimit(pid: Any, resource: Any, limits: Any = None, /) -> tuple[int, int]:
        who, number = int_argument(pid), _known(resource)
        try:
            return _shown(call("prlimit64", who, number, () if limits is None else _pair(limits)))
        except OSError as error:
            raise _refusal(error, (linux.EINVAL,)) from None

    def getrusage(who: Any, /) -> Any:
        return _usage(process, int_argument(who))

    def getpagesize() -> int:
        return _PAGE

    names: dict[str, Any] = integer_constants(system)
    names.update(named(getrlimit, setrlimit, prlimit, getrusage, getpagesize))
    names.update(error=OSError, struct_rusage=system.struct_rusage)
    module.__dict__.update(names)
    return module


def _known(resource: Any) -> int:
    number = int_argument(resource)
    if not 0 <= number < _LIMITS:
        raise ValueError("invalid resource specified")
    return number


def _pair(limits: Any) -> tuple[int, int]:
    """py2rlimit: two integers, of which negative ones are large."""
    values = tuple(limits)
    if len(values) != 2:
        raise ValueError("expected a tuple of 2 integers")
    soft, hard = (long_argument(value) & _UNSIGNED for value in values)
    return soft, hard


def _shown(pair: tuple[int, int]) -> tuple[int, int]:
    """rlimit2py: C's long, so that what is unlimited is -1."""
    soft, hard = (value - (1 << 64) if value >> 63 else value for value in pair)
    return soft, hard


def _refusal(error: OSError, worded: tuple[int, ...]) -> Exception:
    return ValueError(_WORDS[error.errno]) if error.errno in worded else error


def _usage(process: "WorldProcess", who: int) -> Any:
    used_ns = 0
    if who == system.RUSAGE_SELF:
        used_ns = process.processor_ns()
    elif who == system.RUSAGE_THREAD:
        thread = process.current_thread
        used_ns = 0 if thread is None else process.used_ns(thread)
    elif who != system.RUSAGE_CHILDREN:
        raise ValueError("invalid who parameter")
    return system.struct_rusage((used_ns / _NS, 0.0, *[0] * 14))
