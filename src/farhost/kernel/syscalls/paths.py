"""The calls on socket files of the host. ENOENT: the host has none there, and the caller asks the real files."""

from farhost.kernel.files import Stat
from farhost.kernel.process import Thread


def unlink(thread: Thread, path: bytes) -> None:
    """unlink(2)."""
    thread.kernel.unix.unlink(thread.process, path)


def stat(thread: Thread, path: bytes) -> Stat:
    """stat(2)."""
    return thread.kernel.unix.stat(thread.process, path)


def listdir(thread: Thread, path: bytes) -> tuple[bytes, ...]:
    """getdents(2): the socket files in a directory."""
    return thread.kernel.unix.listdir(thread.process, path)


def chmod(thread: Thread, path: bytes, mode: int) -> None:
    """chmod(2)."""
    thread.kernel.unix.chmod(thread.process, path, mode)


def rename(thread: Thread, old: bytes, new: bytes) -> None:
    """rename(2)."""
    thread.kernel.unix.rename(thread.process, old, new)
