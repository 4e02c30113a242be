"""The calls of `posix` on timers that are files: timerfd_create(2) and its like, which Python has from 3.13 on."""

import os
import posix as real
from operator import index
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_convert import descriptor_argument, int_argument
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller, Descriptors

_NS = 1_000_000_000
_LARGEST = (1 << 63) - 1


def make_timerfd_calls(process: "Caller", directory: "Descriptors") -> dict[str, Any]:
    """The calls by name; none where this Python has none."""
    if not hasattr(real, "timerfd_create"):
        return {}
    call = process.call

    def number_of(fd: Any) -> int:
        number = descriptor_argument(fd)
        if directory.is_machines(number):
            raise OSError(linux.EINVAL, os.strerror(linux.EINVAL))
        return number

    def timerfd_create(clockid: Any, /, *, flags: Any = 0) -> int:
        clock = int_argument(clockid)
        return call("timerfd_create", clock, int_argument(flags) | linux.TFD_CLOEXEC)  # type: ignore[no-any-return]

    def timerfd_settime_ns(fd: Any, /, *, flags: Any = 0, initial: Any = 0, interval: Any = 0) -> tuple[int, int]:
        number, how = number_of(fd), int_argument(flags)
        return call("timerfd_settime", number, how, _count(initial), _count(interval))  # type: ignore[no-any-return]

    def timerfd_gettime_ns(fd: Any, /) -> tuple[int, int]:
        return call("timerfd_gettime", number_of(fd))  # type: ignore[no-any-return]

    def timerfd_settime(
        fd: Any, /, *, flags: Any = 0, initial: Any = 0.0, interval: Any = 0.0
    ) -> tuple[float, float]:
        number, how = number_of(fd), int_argument(flags)
        return _seconds(call("timerfd_settime", number, how, _duration(initial), _duration(interval)))

    def timerfd_gettime(fd: Any, /) -> tuple[float, float]:
        return _seconds(timerfd_gettime_ns(fd))

    return {
        "timerfd_create": timerfd_create,
        "timerfd_settime": timerfd_settime,
        "timerfd_settime_ns": timerfd_settime_ns,
        "timerfd_gettime": timerfd_gettime,
        "timerfd_gettime_ns": timerfd_gettime_ns,
    }


def _count(value: Any) -> int:
    """PyArg_Parse's `L`."""
    number = index(value)
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise OverflowError("int too big to convert")
    return number


def _duration(value: Any) -> int:
    """Seconds in ns, rounded down (_PyTime_FromSecondsDouble)."""
    try:
        seconds = float(value) if not isinstance(value, str | bytes | bytearray) else None
    except TypeError:
        seconds = None
    if seconds is None:
        raise TypeError(f"must be real number, not {type(value).__name__}")
    scaled = seconds * _NS
    if not -float(_LARGEST) <= scaled < float(_LARGEST):
        raise OverflowError("timestamp out of range for platform time_t")
    return int(scaled // 1)


def _seconds(pair: tuple[int, int]) -> tuple[float, float]:
    left, interval = pair
    return left / _NS, interval / _NS
