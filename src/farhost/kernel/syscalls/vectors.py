"""Reading into and writing from several buffers: readv(2), writev(2), preadv2(2), pwritev2(2), vmsplice(2).

What is read comes back in one piece, for the caller to spread over its buffers. What is written is one write of all
buffers together, so that a pipe's atomicity and a datagram's boundaries are those of the whole; only files without a
vectored write (`OpenFile.writes_each`) take one write for each buffer. Buffers that have no byte among them never
reach the file: an empty datagram cannot be sent in this way. Source: fs/read_write.c, fs/splice.c.
"""

from farhost.kernel.files import OpenFile
from farhost.kernel.pipes import PipeWriter
from farhost.kernel.process import Thread
from farhost.kernel.syscalls.holding import holding
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, interrupted
from farhost.wire import linux

_KNOWN = linux.RWF_HIPRI | linux.RWF_DSYNC | linux.RWF_SYNC | linux.RWF_NOWAIT | linux.RWF_APPEND | linux.RWF_NOAPPEND
_BOTH_APPENDS = linux.RWF_APPEND | linux.RWF_NOAPPEND
_SPLICE_FLAGS = linux.SPLICE_F_MOVE | linux.SPLICE_F_NONBLOCK | linux.SPLICE_F_MORE | linux.SPLICE_F_GIFT
_HERE = -1
"""The offset that stands for the file's own position: the only one that a socket or a pipe has."""


def readv(thread: Thread, fd: int, sizes: tuple[int, ...]) -> bytes | Blocked:
    """readv(2): what the buffers of these sizes get, one after the other; EINVAL for more than 1024 of them."""
    return _read(thread, _file(thread, fd), sizes, 0)


def writev(thread: Thread, fd: int, chunks: tuple[bytes, ...]) -> int | Blocked:
    """writev(2): the bytes taken; EINVAL for more than 1024 buffers."""
    return _write(thread, _file(thread, fd), chunks, 0)


def preadv2(thread: Thread, fd: int, sizes: tuple[int, ...], offset: int, flags: int) -> bytes | Blocked:
    """preadv2(2): ESPIPE, or as readv for an offset of -1; RWF_NOWAIT never waits. EOPNOTSUPP for unknown flags."""
    return _read(thread, _seekable(thread, fd, offset), sizes, flags)


def pwritev2(thread: Thread, fd: int, chunks: tuple[bytes, ...], offset: int, flags: int) -> int | Blocked:
    """pwritev2(2): likewise."""
    return _write(thread, _seekable(thread, fd, offset), chunks, flags)


def vmsplice(thread: Thread, fd: int, pages: tuple[bytes, ...], flags: int) -> int | Blocked:
    """vmsplice(2) into a pipe: the bytes taken; EBADF for all but a pipe's end to write to, EINVAL, EAGAIN, EPIPE."""
    if flags & ~_SPLICE_FLAGS:
        raise KernelError(linux.EINVAL)
    file = _file(thread, fd)
    if not isinstance(file, PipeWriter):
        raise KernelError(linux.EBADF)
    result = file.splice(pages, bool(flags & linux.SPLICE_F_NONBLOCK))
    return holding(thread, file, result) if isinstance(result, Blocked) else result


def _file(thread: Thread, fd: int) -> OpenFile:
    file = thread.files.get(fd)
    if file is None:
        raise KernelError(linux.EBADF)
    return file


def _seekable(thread: Thread, fd: int, offset: int) -> OpenFile:
    if offset < _HERE:
        raise KernelError(linux.EINVAL)
    file = _file(thread, fd)
    if offset != _HERE:
        raise KernelError(linux.ESPIPE)
    return file


def _check(file: OpenFile, mode: int, count: int) -> None:
    """What is checked before anything of the buffers is looked at: the other access mode is EBADF."""
    if file.status_flags & linux.O_ACCMODE not in (mode, linux.O_RDWR):
        raise KernelError(linux.EBADF)
    if not file.transfers or count > linux.UIO_MAXIOV:
        raise KernelError(linux.EINVAL)


def _check_flags(flags: int, known: int) -> None:
    if flags & ~known:
        raise KernelError(linux.EOPNOTSUPP)
    if flags & _BOTH_APPENDS == _BOTH_APPENDS:
        raise KernelError(linux.EINVAL)


def _read(thread: Thread, file: OpenFile, sizes: tuple[int, ...], flags: int) -> bytes | Blocked:
    _check(file, linux.O_RDONLY, len(sizes))
    total = sum(sizes)
    if not total:
        return b""
    _check_flags(flags, _KNOWN)
    result = file.read(thread, total)
    if not isinstance(result, Blocked):
        return result
    if flags & linux.RWF_NOWAIT:
        return result.give_up(GiveUp.TIMED_OUT)  # type: ignore[return-value]
    return holding(thread, file, result)


def _write(thread: Thread, file: OpenFile, chunks: tuple[bytes, ...], flags: int) -> int | Blocked:
    _check(file, linux.O_WRONLY, len(chunks))
    if not any(chunks):
        return 0
    if file.writes_each:
        _check_flags(flags, linux.RWF_HIPRI)
        result = _write_each(thread, file, chunks, 0)
    else:
        _check_flags(flags, _KNOWN)
        result = file.write(thread, chunks[0] if len(chunks) == 1 else b"".join(chunks))
    if not isinstance(result, Blocked):
        return result
    if flags & linux.RWF_NOWAIT:
        return result.give_up(GiveUp.TIMED_OUT)  # type: ignore[return-value]
    return holding(thread, file, result)


def _write_each(thread: Thread, file: OpenFile, chunks: tuple[bytes, ...], done: int) -> int | Blocked:
    """One write for each buffer; what is written before a failure counts (do_loop_readv_writev)."""
    while chunks:
        try:
            result = file.write(thread, chunks[0])
        except KernelError:
            if done:
                return done
            raise
        if isinstance(result, Blocked):
            return _waiting(thread, file, chunks, done, result)
        done += result
        chunks = chunks[1:]
    return done


def _waiting(thread: Thread, file: OpenFile, chunks: tuple[bytes, ...], done: int, blocked: Blocked) -> Blocked:
    def give_up(why: GiveUp) -> object:
        return done or interrupted(why)

    return Blocked(blocked.waits, lambda: _write_each(thread, file, chunks, done), give_up=give_up)
