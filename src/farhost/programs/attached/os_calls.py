"""The functions of `os` in an attached process that must know the network's descriptors and socket files.

Descriptors first: a number of the network's goes to the stand-in for `posix` that simulated processes have, any
other to the machine's own function. Paths next: the machine answers first, and where it has nothing there, the host's
socket files are asked; only through `os`, since the importer, which looks for files that are not there all day, uses
`posix` itself.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

from farhost.programs.attached import real
from farhost.programs.attached.attachment import Attachment
from farhost.programs.attached.caller import AttachedCaller, MachineNumbers
from farhost.programs.attached.calls import Calls
from farhost.programs.stdlib.posix_descriptors import make_descriptor_calls
from farhost.programs.stdlib.posix_files import Entries, SocketEntry, stat_result

OWN_NUMBERS = ("read", "write", "readv", "writev", "close", "dup", "dup2", "fstat", "get_blocking", "set_blocking")
"""Functions whose first argument is a descriptor."""
NO_FILES = ("lseek", "ftruncate", "fsync", "fdatasync", "pread", "preadv", "pwrite", "pwritev")
"""Likewise, but no socket has them."""


def install(attachment: Attachment, calls: Calls) -> None:
    """Put them in place, in `os` and `posix`."""
    files = attachment.files
    own = make_descriptor_calls(AttachedCaller(attachment, calls, files), MachineNumbers(files))
    changed: dict[str, Any] = {name: _either(files, own[name], real.OS[name]) for name in (*OWN_NUMBERS, *NO_FILES)}
    changed["close"] = _close(files, own["close"])
    changed["closerange"] = _closerange(files, changed["close"])
    changed["dup2"] = _dup2(files, calls)
    changed["sendfile"] = _sendfile(files, own["sendfile"])
    changed["uname"] = _uname(calls)
    if attachment.is_root:
        for name in ("getuid", "geteuid", "getgid", "getegid"):
            changed[name] = lambda: 0
    changed["chdir"] = _then_tell(attachment, real.OS["chdir"])
    changed["fchdir"] = _then_tell(attachment, real.OS["fchdir"])
    _replace(changed, (real.posix, os))
    _replace(_path_calls(calls, changed["fstat"], files) | _listings(calls), (os,))


def _replace(changed: dict[str, Any], modules: tuple[Any, ...]) -> None:
    for name, function in changed.items():
        function.__name__ = function.__qualname__ = name
        function.__doc__ = real.OS[name].__doc__
        for module in modules:
            setattr(module, name, function)
    for kept in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        for name, function in changed.items():
            if real.OS[name] in kept:
                kept.add(function)


def _either(files: dict[int, None], own: Any, machines: Any) -> Any:
    def call(fd: Any, /, *arguments: Any, **words: Any) -> Any:
        if fd.__class__ is int and fd not in files:
            return machines(fd, *arguments, **words)
        return (own if fd in files else machines)(fd, *arguments, **words)

    return call


def _close(files: dict[int, None], own: Any) -> Any:
    def close(fd: int) -> None:
        if fd in files:
            own(fd)
        elif fd in real.OWN:
            raise OSError(9, "Bad file descriptor")
        else:
            real.OS["close"](fd)

    return close


def _closerange(files: dict[int, None], close: Any) -> Any:
    """Ours stay open: the program does not know that they are there."""

    def closerange(fd_low: int, fd_high: int, /) -> None:
        kept = sorted(number for number in (*files, *real.OWN) if fd_low <= number < fd_high)
        start = fd_low
        for number in kept:
            real.OS["closerange"](start, number)
            if number in files:
                try:
                    close(number)
                except OSError:
                    pass
            start = number + 1
        real.OS["closerange"](start, fd_high)

    return closerange


def _dup2(files: dict[int, None], calls: Calls) -> Any:
    def dup2(fd: int, fd2: int, inheritable: bool = True) -> int:
        if fd not in files and fd2 not in files:
            return real.OS["dup2"](fd, fd2, inheritable)  # type: ignore[no-any-return]
        return calls("dup3", fd, fd2, 0 if inheritable else os.O_CLOEXEC)  # type: ignore[no-any-return]

    return dup2


def _sendfile(files: dict[int, None], own: Any) -> Any:
    def sendfile(out_fd: int, in_fd: int, offset: int | None, count: int, *rest: Any, **words: Any) -> int:
        if out_fd in files or in_fd in files:
            return own(out_fd, in_fd, offset, count)  # type: ignore[no-any-return]
        return real.OS["sendfile"](out_fd, in_fd, offset, count, *rest, **words)  # type: ignore[no-any-return]

    return sendfile


def _uname(calls: Calls) -> Any:
    def uname() -> Any:
        found = real.OS["uname"]()
        return type(found)((found[0], *calls("uname"), *found[2:]))

    return uname


def _then_tell(attachment: Attachment, change: Any) -> Any:
    """chdir(2): the host is told where relative socket paths start from now on."""

    def chdir(path: Any) -> None:
        change(path)
        attachment.ask("chdir", path=os.getcwd())

    return chdir


def _path_calls(calls: Calls, fstat: Any, files: dict[int, None]) -> dict[str, Any]:
    """stat and its like, which find the host's socket files where the machine has nothing."""

    socket_stat = functools.partial(_socket_stat, calls)

    def stat(path: Any, **words: Any) -> Any:
        if isinstance(path, int) and path in files:
            return fstat(path)
        return _or(lambda: real.OS["stat"](path, **words), lambda: socket_stat(path), words)

    def lstat(path: Any, **words: Any) -> Any:
        return _or(lambda: real.OS["lstat"](path, **words), lambda: socket_stat(path), words)

    def unlink(path: Any, **words: Any) -> None:
        _or(lambda: real.OS["unlink"](path, **words), lambda: calls("unlink", _absolute(path)), words)

    def chmod(path: Any, mode: int, **words: Any) -> None:
        _or(lambda: real.OS["chmod"](path, mode, **words), lambda: calls("chmod", _absolute(path), mode), words)

    def rename(src: Any, dst: Any, **words: Any) -> None:
        _or(
            lambda: real.OS["rename"](src, dst, **words),
            lambda: calls("rename", _absolute(src), _absolute(dst)),
            words,
        )

    def access(path: Any, mode: int, **words: Any) -> bool:
        if real.OS["access"](path, mode, **words) or words or isinstance(path, int):
            return bool(real.OS["access"](path, mode, **words))
        try:
            return bool(socket_stat(path).st_mode >> 6 & mode == mode)
        except (OSError, TypeError):
            return False

    return {
        "stat": stat,
        "lstat": lstat,
        "unlink": unlink,
        "remove": unlink,
        "chmod": chmod,
        "rename": rename,
        "replace": rename,
        "access": access,
    }


def _listings(calls: Calls) -> dict[str, Any]:
    """listdir and scandir, which show the host's socket files among the machine's."""

    def sockets_in(path: Any) -> list[str]:
        try:
            return [os.fsdecode(name) for name in calls("listdir", _absolute("." if path is None else path))]
        except (OSError, TypeError):
            return []

    def listdir(path: Any = None) -> list[Any]:
        found: list[Any] = real.OS["listdir"](path)
        names: list[Any] = sockets_in(path)
        return found + ([os.fsencode(name) for name in names] if isinstance(path, bytes) else names)

    def scandir(path: Any = None) -> Any:
        names = [] if isinstance(path, int) else sockets_in(path)
        if not names:
            return real.OS["scandir"](path)
        text: Any = os.fspath("." if path is None else path)
        with real.OS["scandir"](path) as found:
            entries = list(found)
        for name in names:
            own: Any = os.fsencode(name) if isinstance(text, bytes) else name
            full = os.path.join(text, own)
            entries.append(SocketEntry(own, full, functools.partial(_socket_stat, calls, full)))
        return Entries(entries)

    return {"listdir": listdir, "scandir": scandir}


def _socket_stat(calls: Calls, path: Any) -> os.stat_result:
    return stat_result(calls("stat", _absolute(path)))


def _absolute(path: Any) -> bytes:
    return os.path.abspath(os.fsencode(path))


def _or(machines: Callable[[], Any], hosts: Callable[[], Any], words: dict[str, Any]) -> Any:
    """What the machine does; where it has nothing at the path, what the host does; else the machine's own error."""
    try:
        return machines()
    except FileNotFoundError as error:
        if words.get("dir_fd") is not None:
            raise
        missing = error
    try:
        return hosts()
    except (OSError, TypeError):
        raise missing from None
