"""The module `fcntl` of one process: simulated descriptors here, real files by the real module.

Which of the two a descriptor is, its number says (`farhost.programs.directory`). After Modules/fcntlmodule.c.
"""

import fcntl as system
from types import ModuleType
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_constants import integer_constants, named
from farhost.programs.stdlib.socket_convert import descriptor_argument, index, int_argument
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

_LARGEST = 1024
_READING = frozenset({linux.FIONBIO, linux.FIOASYNC, linux.FIOSETOWN, linux.SIOCSPGRP})
"""Requests that read their argument before they do anything."""


def make_fcntl_module(process: "Caller") -> ModuleType:
    """`fcntl` for one process."""
    module = ModuleType("fcntl", system.__doc__)
    names: dict[str, Any] = integer_constants(system)
    names.update(Calls(process).functions())
    module.__dict__.update(names)
    return module


class Calls:
    """The functions of one process's `fcntl`."""

    def __init__(self, process: "Caller") -> None:
        self._call = process.call
        self._files = process.files
        self._base = process.real_base

    def functions(self) -> dict[str, Any]:
        """By their public names."""

        def fcntl(fd: Any, cmd: Any, arg: Any = 0, /) -> Any:
            """Perform the operation `cmd` on file descriptor fd."""
            return self.fcntl(fd, cmd, arg)

        def ioctl(fd: Any, request: Any, arg: Any = 0, mutate_flag: Any = True, /) -> Any:
            """Perform the operation request on file descriptor fd."""
            return self.ioctl(fd, request, arg, bool(mutate_flag))

        def flock(fd: Any, operation: Any, /) -> None:
            """Perform the lock operation `operation` on file descriptor `fd`."""
            self.lock(system.flock, fd, int_argument(operation))

        def lockf(fd: Any, cmd: Any, len: Any = 0, start: Any = 0, whence: Any = 0, /) -> None:
            """A wrapper around the fcntl() locking calls."""
            self.lock(system.lockf, fd, int_argument(cmd), len, start, int_argument(whence))

        return named(fcntl, ioctl, flock, lockf)

    def _is_real(self, number: int) -> bool:
        """A number that is neither simulated nor in the range of real ones is left to the kernel: EBADF."""
        return number >= self._base and number not in self._files

    def fcntl(self, fd: Any, cmd: Any, arg: Any) -> Any:
        """fcntl(2); with bytes for the argument the simulated files know no command, so it comes back as it is."""
        number = descriptor_argument(fd)
        if self._is_real(number):
            return system.fcntl(number, cmd, arg)
        command = int_argument(cmd)
        if isinstance(arg, str | bytes | bytearray | memoryview):
            data = arg.encode() if isinstance(arg, str) else bytes(arg)
            if len(data) > _LARGEST:
                raise ValueError("fcntl string arg too long")
            self._call("fcntl", number, command, 0)
            return data
        return self._call("fcntl", number, command, index(arg) & 0xFFFFFFFF)

    def ioctl(self, fd: Any, request: Any, arg: Any, mutate: bool) -> Any:
        """ioctl(2): an integer argument, a buffer that is changed, or bytes whose changed copy is the result."""
        number = descriptor_argument(fd)
        if self._is_real(number):
            return system.ioctl(number, request, arg, mutate)
        code = index(request) & 0xFFFFFFFF
        if isinstance(arg, str):
            arg = arg.encode()
        try:
            view = memoryview(arg)
        except TypeError:
            return self._ioctl_number(number, code, int_argument(arg))
        data = bytes(view)
        if not view.readonly and mutate:
            answer = self._call("ioctl", number, code, data)[: len(data)]
            view.cast("B")[: len(answer)] = answer
            return 0
        if len(data) > _LARGEST:
            raise ValueError("ioctl string arg too long")
        answer = self._call("ioctl", number, code, data)[: len(data)]
        return answer + data[len(answer) :]

    def _ioctl_number(self, fd: int, code: int, arg: int) -> int:
        """An integer is no address of a buffer: only a request that needs none takes it."""
        if code in _READING:
            self._call("fcntl", fd, linux.F_GETFD, 0)
        else:
            self._call("ioctl", fd, code, bytes(4))
        if code in (linux.FIOCLEX, linux.FIONCLEX):
            return 0
        raise OSError(linux.EFAULT, "Bad address")

    def lock(self, function: Any, fd: Any, *arguments: Any) -> None:
        """Locks of whole files: a simulated descriptor has nobody else to lock out, and takes them all."""
        number = descriptor_argument(fd)
        if self._is_real(number):
            function(number, *arguments)
        elif number not in self._files:
            raise OSError(linux.EBADF, "Bad file descriptor")
