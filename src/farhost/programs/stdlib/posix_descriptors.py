"""The calls of `posix` on descriptors: small numbers are the simulated kernel's, high ones the machine's files."""

import os
import posix as real
from operator import index
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.posix_eventfd import make_eventfd_calls
from farhost.programs.stdlib.posix_files import stat_result
from farhost.programs.stdlib.posix_sendfile import look, make_sendfile
from farhost.programs.stdlib.posix_timerfd import make_timerfd_calls
from farhost.programs.stdlib.posix_vectors import make_vector_calls
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller, Descriptors

PASSED = (
    "lseek",
    "ftruncate",
    "fsync",
    "fdatasync",
    "fchmod",
    "fchown",
    "pread",
    "pwrite",
    "lockf",
    "fstatvfs",
)
"""Calls that only the machine's files have; on a simulated descriptor they fail as on a pipe or socket."""


def make_descriptor_calls(process: "Caller", directory: "Descriptors") -> dict[str, Any]:
    """The calls by name."""
    calls: dict[str, Any] = {name: _passed(name, process, directory) for name in PASSED}
    calls.update(_transfer(process, directory))
    calls.update(_numbers(process, directory))
    calls.update(_flags(process, directory))
    calls.update(make_vector_calls(process, directory))
    calls.update(make_eventfd_calls(process, directory))
    calls.update(make_timerfd_calls(process, directory))
    calls["sendfile"] = make_sendfile(process, directory)
    return calls


def bad_descriptor() -> OSError:
    """EBADF."""
    return OSError(linux.EBADF, os.strerror(linux.EBADF))


def plain(data: Any) -> bytes:
    """The bytes of an object that has some; TypeError as CPython words it."""
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not '{type(data).__name__}'") from None


def _passed(name: str, process: "Caller", directory: "Descriptors") -> Any:
    function = getattr(real, name)
    number_of_pipe = linux.ESPIPE if name in ("lseek", "pread", "pwrite") else linux.EINVAL

    def call(fd: Any, *args: Any, **kwargs: Any) -> Any:
        number = fd if isinstance(fd, int) else fd.fileno()
        if directory.is_simulated(number):
            if name == "lseek" and look(process, number).seeks:
                return 0
            raise OSError(number_of_pipe, os.strerror(number_of_pipe))
        if not directory.is_real(number):
            raise bad_descriptor()
        return function(number, *args, **kwargs)

    call.__name__ = name
    return call


def _transfer(process: "Caller", directory: "Descriptors") -> dict[str, Any]:
    call = process.call
    files = process.files
    base = directory.base

    def read(fd: int, length: int, /) -> bytes:
        fd, length = index(fd), index(length)
        if fd in files or fd < base:
            if length < 0:
                raise OSError(linux.EINVAL, os.strerror(linux.EINVAL))
            return call("read", fd, length)  # type: ignore[no-any-return]
        return os.read(fd, length)

    def write(fd: int, data: Any, /) -> int:
        fd = index(fd)
        if fd in files or fd < base:
            return call("write", fd, data if type(data) is bytes else plain(data))  # type: ignore[no-any-return]
        return os.write(fd, data)

    return {"read": read, "write": write}


def _numbers(process: "Caller", directory: "Descriptors") -> dict[str, Any]:
    """Calls that make and unmake descriptors."""
    call = process.call
    files = process.files

    def open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        number = directory.open(path, flags | os.O_CLOEXEC, mode, dir_fd=dir_fd)
        directory.opened.add(number)
        return number

    def close(fd: int) -> None:
        fd = index(fd)
        if fd in files or fd < directory.base:
            call("close", fd)
            return
        directory.closed(fd)
        os.close(fd)

    def closerange(fd_low: Any, fd_high: Any, /) -> None:
        first, last = max(index(fd_low), 0), index(fd_high) - 1
        if first <= last:
            call("close_range", first, last, 0)
        for number in sorted(directory.opened):
            if first <= number <= last:
                close(number)

    def dup(fd: int, /) -> int:
        fd = index(fd)
        if fd in files or fd < directory.base:
            return call("fcntl", fd, linux.F_DUPFD_CLOEXEC, 0)  # type: ignore[no-any-return]
        number = directory.lift(os.dup(fd))
        directory.opened.add(number)
        return number

    def dup2(fd: int, fd2: int, inheritable: bool = True) -> int:
        fd, fd2 = index(fd), index(fd2)
        if fd in files:
            if inheritable:
                return call("dup2", fd, fd2)  # type: ignore[no-any-return]
            return call("dup3", fd, fd2, linux.O_CLOEXEC)  # type: ignore[no-any-return]
        if fd >= directory.base and fd2 >= directory.base:
            return os.dup2(fd, fd2, inheritable)
        raise bad_descriptor()

    def pipe2(flags: int, /) -> tuple[int, int]:
        return call("pipe2", index(flags))  # type: ignore[no-any-return]

    def pipe() -> tuple[int, int]:
        return call("pipe2", linux.O_CLOEXEC)  # type: ignore[no-any-return]

    return {
        "open": open,
        "close": close,
        "closerange": closerange,
        "dup": dup,
        "dup2": dup2,
        "pipe": pipe,
        "pipe2": pipe2,
    }


def _flags(process: "Caller", directory: "Descriptors") -> dict[str, Any]:
    call = process.call

    def is_machines(fd: int) -> bool:
        return directory.is_machines(index(fd))

    def fstat(fd: int) -> os.stat_result:
        return os.fstat(fd) if is_machines(fd) else stat_result(call("fstat", fd))

    def isatty(fd: int, /) -> bool:
        return os.isatty(fd) if is_machines(fd) else False

    def get_blocking(fd: int, /) -> bool:
        if is_machines(fd):
            return os.get_blocking(fd)
        return not call("fcntl", fd, linux.F_GETFL, 0) & linux.O_NONBLOCK

    def set_blocking(fd: int, blocking: Any, /) -> None:
        if is_machines(fd):
            os.set_blocking(fd, blocking)
            return
        old = call("fcntl", fd, linux.F_GETFL, 0)
        call("fcntl", fd, linux.F_SETFL, old & ~linux.O_NONBLOCK if blocking else old | linux.O_NONBLOCK)

    def get_inheritable(fd: int, /) -> bool:
        if is_machines(fd):
            return os.get_inheritable(fd)
        return not call("fcntl", fd, linux.F_GETFD, 0) & linux.FD_CLOEXEC

    def set_inheritable(fd: int, inheritable: Any, /) -> None:
        if is_machines(fd):
            os.set_inheritable(fd, inheritable)
        else:
            call("fcntl", fd, linux.F_SETFD, 0 if inheritable else linux.FD_CLOEXEC)

    def get_terminal_size(fd: int = 1, /) -> Any:
        raise OSError(linux.ENOTTY, os.strerror(linux.ENOTTY))

    return {
        "fstat": fstat,
        "isatty": isatty,
        "get_blocking": get_blocking,
        "set_blocking": set_blocking,
        "get_inheritable": get_inheritable,
        "set_inheritable": set_inheritable,
        "get_terminal_size": get_terminal_size,
    }
