"""`posix.sendfile`: from one of the machine's files to a simulated socket or pipe, or to another of its files.

sendfile(2), as Linux's do_sendfile() has it: what is sent counts, even where the rest fails; a stream socket that
waits takes everything, a pipe takes what there is room for, messages are of 64 KiB. From a socket to a pipe, which
Linux can do, is refused like all else that has no position.
"""

import os
import stat
from operator import index
from typing import TYPE_CHECKING, Any

from farhost.programs.caller import Seen
from farhost.programs.stdlib.socket_convert import long_argument, size_argument
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller, Descriptors

_PAGE = 4096
_PIECE = 16 * _PAGE
"""What sendfile(2) moves at a time: as much as a pipe holds (pipe(7))."""
_STREAM_PIECE = 1 << 22
"""A stream's pieces join, so they may be larger: as much as the largest send buffer (net.ipv4.tcp_wmem)."""


def make_sendfile(process: "Caller", directory: "Descriptors") -> Any:
    """`sendfile` for one process."""

    def target(out_fd: int) -> Seen:
        file = look(process, out_fd)
        if not file.allows(linux.O_WRONLY):
            raise _error(linux.EBADF)
        return file

    def sendfile(out_fd: Any, in_fd: Any, offset: Any, count: Any) -> int:
        out_fd, in_fd, count = index(out_fd), index(in_fd), size_argument(count)
        if offset is not None:
            offset = long_argument(offset)
        if not directory.is_machines(in_fd):
            source = look(process, in_fd)
            if not source.allows(linux.O_RDONLY):
                raise _error(linux.EBADF)
            if offset is not None:
                raise _error(linux.ESPIPE)
            if count < 0:
                raise _error(linux.EINVAL)
            if not directory.is_machines(out_fd):
                target(out_fd)
            if source.seeks and not count:
                return 0
            raise _error(linux.EINVAL)
        if directory.is_machines(out_fd):
            return os.sendfile(out_fd, in_fd, offset, count)
        size = _size(in_fd, offset, count)
        start = os.lseek(in_fd, 0, os.SEEK_CUR) if offset is None else offset
        sent = _send(process, out_fd, target(out_fd), in_fd, range(start, min(start + count, max(size, start))))
        if offset is None:
            os.lseek(in_fd, start + sent, os.SEEK_SET)
        return sent

    return sendfile


def look(process: "Caller", fd: int) -> Seen:
    """What a descriptor stands for; EBADF."""
    seen = process.look(fd)
    if seen is None:
        raise _error(linux.EBADF)
    return seen


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _size(in_fd: int, offset: int | None, count: int) -> int:
    """The size of a file of the machine's to read from, after the checks that Linux makes of it."""
    found = os.fstat(in_fd)
    if count < 0 or (count and stat.S_ISDIR(found.st_mode)):
        raise _error(linux.EINVAL)
    if stat.S_ISDIR(found.st_mode):
        return 0
    os.pread(in_fd, 0, 0 if offset is None else offset)
    return found.st_size


def _send(process: "Caller", out_fd: int, file: Seen, in_fd: int, span: range) -> int:
    """Send the bytes of the file that are in the span; how many went."""
    if file.kind == "pipe":
        return _splice(process, out_fd, in_fd, span)
    if not span:
        return 0
    if file.kind == "console":
        return process.call("write", out_fd, os.pread(in_fd, min(len(span), _PIECE), span.start))  # type: ignore[no-any-return]
    if file.kind != "sock":
        raise _error(linux.EINVAL)
    most = _STREAM_PIECE if file.type == linux.SOCK_STREAM else _PIECE
    sent = 0
    while sent < len(span):
        piece = os.pread(in_fd, min(len(span) - sent, most), span.start + sent)
        more = linux.MSG_MORE if sent + len(piece) < len(span) and file.domain != linux.AF_UNIX else 0
        try:
            taken = process.call("sendto", out_fd, piece, more, None)
        except OSError as error:
            if sent and error.errno:  # without a number it is an exception of a signal's handler
                return sent
            raise
        sent += taken
        if taken < len(piece):
            break
    return sent


def _splice(process: "Caller", out_fd: int, in_fd: int, span: range) -> int:
    """The file's pages, each in a slot of the pipe."""
    data = os.pread(in_fd, min(len(span), _PIECE - span.start % _PAGE), span.start)
    first = _PAGE - span.start % _PAGE
    pages = tuple(filter(None, (data[:first], *(data[at : at + _PAGE] for at in range(first, len(data), _PAGE)))))
    return process.call("vmsplice", out_fd, pages, 0)  # type: ignore[no-any-return]
