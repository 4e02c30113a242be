"""The calls of `posix` that take paths: the machine's files, seen from the process's directory, and socket files."""

import errno
import functools
import os
import posix as real
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from farhost.kernel.files import Stat
from farhost.programs.directory import as_given
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import WorldProcess
    from farhost.programs.directory import Directory

ONE_PATH = (
    "access",
    "chflags",
    "chmod",
    "chown",
    "getxattr",
    "lchown",
    "listxattr",
    "mkdir",
    "mkfifo",
    "mknod",
    "pathconf",
    "readlink",
    "removexattr",
    "rmdir",
    "setxattr",
    "statvfs",
    "truncate",
    "utime",
)
"""Calls whose first argument is a path."""
TWO_PATHS = ("link", "rename", "replace")


def stat_result(stat: Stat) -> os.stat_result:
    """A simulated file's stat(2) as Python has it."""
    seconds = stat.modified_ns // 10**9
    whole = (stat.mode, stat.inode, 1, stat.links, stat.uid, stat.gid, stat.size, seconds, seconds, seconds)
    exact = stat.modified_ns / 10**9
    times = (exact, exact, exact, *[stat.modified_ns] * 3)
    return os.stat_result(
        (*whole, *times),
        {"st_blksize": 4096, "st_blocks": 0, "st_rdev": 0},
    )


def make_file_calls(process: "WorldProcess", directory: "Directory") -> dict[str, Any]:
    """The calls by name."""
    calls: dict[str, Any] = {}
    for name in ONE_PATH:
        if hasattr(real, name):
            calls[name] = _one_path(getattr(real, name), directory)
    for name in TWO_PATHS:
        calls[name] = _two_paths(getattr(real, name), directory)
    calls["symlink"] = _symlink(directory)
    calls.update(_walking(process, directory))
    calls.update(_socket_files(process, directory, calls))
    calls.update(_working_directory(directory))
    return calls


def _one_path(function: Callable[..., Any], directory: "Directory") -> Callable[..., Any]:
    def call(path: Any, *args: Any, **kwargs: Any) -> Any:
        used = path if kwargs.get("dir_fd") is not None else directory.resolve(path)
        return as_given(path, used, lambda: function(used, *args, **kwargs))

    call.__name__ = function.__name__
    return call


def _two_paths(function: Callable[..., Any], directory: "Directory") -> Callable[..., Any]:
    def call(src: Any, dst: Any, **kwargs: Any) -> Any:
        used = src if kwargs.get("src_dir_fd") is not None else directory.resolve(src)
        target = dst if kwargs.get("dst_dir_fd") is not None else directory.resolve(dst)
        try:
            return function(used, target, **kwargs)
        except OSError as error:
            if error.filename == used:
                error.filename, error.filename2 = src, dst
            raise

    call.__name__ = function.__name__
    return call


def _symlink(directory: "Directory") -> Callable[..., None]:
    def symlink(src: Any, dst: Any, target_is_directory: bool = False, *, dir_fd: int | None = None) -> None:
        used = dst if dir_fd is not None else directory.resolve(dst)
        os.symlink(src, used, target_is_directory, dir_fd=dir_fd)

    return symlink


def _working_directory(directory: "Directory") -> dict[str, Any]:
    def chdir(path: Any) -> None:
        used = directory.resolve(path)
        if not os.path.exists(used):
            raise FileNotFoundError(linux.ENOENT, os.strerror(linux.ENOENT), path)
        if not os.path.isdir(used):
            raise NotADirectoryError(linux.ENOTDIR, os.strerror(linux.ENOTDIR), path)
        directory.change(os.path.realpath(os.fsdecode(used)))

    return {
        "chdir": chdir,
        "fchdir": lambda fd: directory.change(os.readlink(f"/proc/self/fd/{fd}")),
        "getcwd": lambda: directory.path,
        "getcwdb": lambda: os.fsencode(directory.path),
    }


class SocketEntry:
    """What `os.scandir` yields for a socket file of the host (`os.DirEntry`)."""

    def __init__(self, name: Any, path: Any, stat: Callable[[], os.stat_result]) -> None:
        self.name = name
        self.path = path
        self._stat = stat

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._stat()

    def inode(self) -> int:
        return self._stat().st_ino

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return False

    is_file = is_dir

    def is_symlink(self) -> bool:
        return False

    is_junction = is_symlink

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"


class Entries:
    """The iterator that `os.scandir` returns."""

    def __init__(self, entries: list[Any]) -> None:
        self._left = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._left)

    def close(self) -> None:
        self._left = iter(())

    def __enter__(self) -> "Entries":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _walking(process: "WorldProcess", directory: "Directory") -> dict[str, Any]:
    """listdir and scandir: the machine's files and the host's socket files together.

    The machine's come sorted, because the order of its file system differs from one machine to the next.
    """

    def sockets_in(path: Any) -> list[str]:
        if isinstance(path, int) or not process.has_socket_files():
            return []
        try:
            return [os.fsdecode(name) for name in process.call("listdir", os.fsencode(path))]
        except FileNotFoundError:
            return []

    def listdir(path: Any = None) -> list[Any]:
        given = "." if path is None else path
        used = directory.resolve(given)
        found: list[Any] = sorted(as_given(given, used, lambda: real.listdir(used)))
        names = sockets_in(given)
        return found + ([os.fsencode(name) for name in names] if isinstance(os.fspath(given), bytes) else names)

    def scandir(path: Any = None) -> Any:
        given = "." if path is None else path
        if isinstance(given, int):
            return real.scandir(given)
        text = os.fspath(given)
        used = directory.resolve(given)
        names = sockets_in(given)
        entries: list[Any] = []
        with as_given(given, used, lambda: real.scandir(used)) as found:
            ordered = sorted(found, key=lambda entry: entry.name)
            entries.extend(ordered if used == text else (_Relative(entry, text) for entry in ordered))
        for name in names:
            own: Any = os.fsencode(name) if isinstance(text, bytes) else name
            full = os.path.join(text, own)
            entries.append(SocketEntry(own, full, functools.partial(_stat, process, os.fsencode(full))))
        return Entries(entries)

    real_rmdir = _one_path(real.rmdir, directory)

    def rmdir(path: Any, **kwargs: Any) -> None:
        """A directory with socket files in it is not empty, though the machine's is."""
        if not kwargs and sockets_in(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        real_rmdir(path, **kwargs)

    return {"listdir": listdir, "scandir": scandir, "rmdir": rmdir}


class _Relative:
    """A DirEntry whose path starts as the program's own did."""

    def __init__(self, entry: Any, start: Any) -> None:
        self._entry = entry
        self.name = entry.name
        self.path = os.path.join(start, entry.name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return repr(self._entry)


def _stat(process: "WorldProcess", path: bytes) -> os.stat_result:
    return stat_result(process.call("stat", path))


def _socket_files(process: "WorldProcess", directory: "Directory", machine: dict[str, Any]) -> dict[str, Any]:
    """The calls that a socket file of the host answers itself."""
    real_stat = _one_path(real.stat, directory)
    real_lstat = _one_path(real.lstat, directory)
    real_unlink = _one_path(real.unlink, directory)
    real_chmod, real_access, real_rename = machine["chmod"], machine["access"], machine["rename"]
    files = process.files

    def found(path: Any, options: dict[str, Any]) -> bytes | None:
        return None if options.get("dir_fd") is not None else directory.is_socket_file(path)

    def stat(path: Any, **kwargs: Any) -> os.stat_result:
        if isinstance(path, int) and path in files:
            return stat_result(process.call("fstat", path))
        name = found(path, kwargs)
        return real_stat(path, **kwargs) if name is None else _stat(process, name)

    def lstat(path: Any, **kwargs: Any) -> os.stat_result:
        name = found(path, kwargs)
        return real_lstat(path, **kwargs) if name is None else _stat(process, name)

    def unlink(path: Any, **kwargs: Any) -> None:
        name = found(path, kwargs)
        if name is None:
            real_unlink(path, **kwargs)
        else:
            process.call("unlink", name)

    def chmod(path: Any, mode: int, **kwargs: Any) -> None:
        name = found(path, kwargs)
        if name is None:
            real_chmod(path, mode, **kwargs)
        else:
            process.call("chmod", name, mode)

    def access(path: Any, mode: int, **kwargs: Any) -> bool:
        name = found(path, kwargs)
        if name is None:
            return bool(real_access(path, mode, **kwargs))
        permissions = _stat(process, name).st_mode
        return process.uid == 0 or permissions >> 6 & mode == mode

    def rename(src: Any, dst: Any, **kwargs: Any) -> None:
        name = None if kwargs else directory.is_socket_file(src)
        if name is None:
            real_rename(src, dst, **kwargs)
        else:
            process.call("rename", name, os.fsencode(dst))

    return {
        "stat": stat,
        "lstat": lstat,
        "unlink": unlink,
        "remove": unlink,
        "chmod": chmod,
        "access": access,
        "rename": rename,
        "replace": rename,
    }
