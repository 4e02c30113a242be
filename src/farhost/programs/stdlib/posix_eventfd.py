"""The calls of `posix` on event counters: eventfd(2), eventfd_read(3), eventfd_write(3).

What they take, and in which words they refuse, is Modules/posixmodule.c's and Objects/longobject.c's converters'.
"""

import os
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_convert import descriptor_argument, int_argument

if TYPE_CHECKING:
    from farhost.programs.caller import Caller, Descriptors

_UINT_MAX = (1 << 32) - 1
_ULONG_MAX = (1 << 64) - 1


def make_eventfd_calls(process: "Caller", directory: "Descriptors") -> dict[str, Any]:
    """The calls by name."""
    call = process.call

    def eventfd(initval: Any, flags: Any = os.EFD_CLOEXEC) -> int:
        number = _unsigned(initval, "Python int too large to convert to C unsigned long")
        if number > _UINT_MAX:
            raise OverflowError("Python int too large for C unsigned int")
        return call("eventfd2", number, int_argument(flags))  # type: ignore[no-any-return]

    def eventfd_read(fd: Any) -> int:
        number = descriptor_argument(fd)
        if directory.is_machines(number):
            return os.eventfd_read(number)
        return int.from_bytes(call("read", number, 8), "little")

    def eventfd_write(fd: Any, value: Any) -> None:
        number = descriptor_argument(fd)
        count = _unsigned(value, "int too big to convert")
        if directory.is_machines(number):
            os.eventfd_write(number, count)
        else:
            call("write", number, count.to_bytes(8, "little"))

    return {"eventfd": eventfd, "eventfd_read": eventfd_read, "eventfd_write": eventfd_write}


def _unsigned(value: Any, too_large: str) -> int:
    """An integer (nothing that only could be one) that C's unsigned long takes."""
    if not isinstance(value, int):
        raise TypeError("an integer is required")
    if value < 0:
        raise ValueError("value must be positive")
    if value > _ULONG_MAX:
        raise OverflowError(too_large)
    return value + 0
