"""readv(2), writev(2), preadv2(2), pwritev2(2), vmsplice(2), on the operating system and on farhost."""

import errno

import pytest
from kernel_calls import errno_of

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux

NONBLOCK = linux.SOCK_NONBLOCK
KINDS = (linux.SOCK_STREAM, linux.SOCK_DGRAM, linux.SOCK_SEQPACKET)


@pytest.fixture
def ends(calls):
    return calls.pipe2(linux.O_NONBLOCK)


@pytest.mark.parametrize("kind", KINDS)
def test_several_buffers_are_one_write(calls, kind):
    one, other = calls.socketpair(linux.AF_UNIX, kind | NONBLOCK, 0)
    assert calls.writev(one, (b"one", b"", b"two")) == 6
    assert calls.writev(one, (b"three",)) == 5
    assert calls.readv(other, (2, 0, 2)) == b"onet"
    assert calls.readv(other, (20,)) == (b"wothree" if kind == linux.SOCK_STREAM else b"three")
    assert errno_of(calls.readv, other, (1,)) == errno.EAGAIN


@pytest.mark.parametrize("kind", KINDS)
def test_buffers_without_a_byte_never_reach_the_socket(calls, kind):
    one, other = calls.socketpair(linux.AF_UNIX, kind | NONBLOCK, 0)
    assert calls.writev(one, ()) == calls.writev(one, (b"", b"")) == 0
    assert calls.readv(other, ()) == calls.readv(other, (0, 0)) == b""
    assert errno_of(calls.read, other, 1) == errno.EAGAIN
    alone = calls.socket(linux.AF_UNIX, kind, 0)
    assert calls.writev(alone, ()) == 0


def test_more_than_1024_buffers_are_refused(calls, ends):
    reader, writer = ends
    assert errno_of(calls.writev, writer, (b"x",) * 1025) == errno.EINVAL
    assert calls.writev(writer, (b"x",) * 1024) == 1024
    assert errno_of(calls.readv, reader, (1,) * 1025) == errno.EINVAL
    assert calls.readv(reader, (1,) * 1024) == b"x" * 1024


def test_a_pipe_takes_what_fits(calls, ends):
    reader, writer = ends
    assert calls.writev(writer, (b"a" * 40000, b"b" * 40000)) == 65536
    assert errno_of(calls.writev, writer, (b"x",)) == errno.EAGAIN
    assert calls.readv(reader, (40000, 40000)) == b"a" * 40000 + b"b" * 25536


def test_bad_descriptors_and_wrong_ends(calls, ends):
    reader, writer = ends
    for call, fd, vector in (
        (calls.writev, reader, (b"x",)),
        (calls.writev, reader, ()),
        (calls.readv, writer, (1,)),
        (calls.readv, writer, ()),
        (calls.readv, 999, ()),
        (calls.writev, -1, ()),
    ):
        assert errno_of(call, fd, vector) == errno.EBADF
    epoll = calls.epoll_create1(0)
    assert errno_of(calls.readv, epoll, (1,)) == errno.EINVAL
    assert errno_of(calls.readv, epoll, ()) == errno.EINVAL
    assert errno_of(calls.writev, epoll, (b"",)) == errno.EINVAL


def test_an_offset_is_refused_except_the_one_that_means_here(calls, ends):
    reader, writer = ends
    assert calls.pwritev2(writer, (b"ab", b"c"), -1, 0) == 3
    assert calls.preadv2(reader, (9,), -1, 0) == b"abc"
    assert errno_of(calls.preadv2, reader, (9,), 0, 0) == errno.ESPIPE
    assert errno_of(calls.pwritev2, writer, (b"x",), 5, 0) == errno.ESPIPE
    assert errno_of(calls.preadv2, 999, (9,), -2, 0) == errno.EINVAL
    assert errno_of(calls.preadv2, 999, (9,), 0, 0) == errno.EBADF


def test_flags(calls, ends):
    reader, writer = ends
    for flags in (linux.RWF_HIPRI, linux.RWF_DSYNC, linux.RWF_SYNC, linux.RWF_APPEND, linux.RWF_NOAPPEND):
        assert calls.pwritev2(writer, (b"x",), -1, flags) == 1
    assert errno_of(calls.preadv2, reader, (1,), -1, linux.RWF_APPEND | linux.RWF_NOAPPEND) == errno.EINVAL
    for unknown in (0x40, 0x80, 0x1000):
        assert errno_of(calls.preadv2, reader, (1,), -1, unknown) == errno.EOPNOTSUPP
    assert calls.preadv2(reader, (9,), -1, 0) == b"xxxxx"


def test_nowait_never_waits_on_a_blocking_descriptor(calls):
    reader, writer = calls.pipe2(0)
    assert errno_of(calls.preadv2, reader, (1,), -1, linux.RWF_NOWAIT) == errno.EAGAIN
    assert calls.pwritev2(writer, (bytes(90_000),), -1, linux.RWF_NOWAIT) == 65536
    assert errno_of(calls.pwritev2, writer, (b"x",), -1, linux.RWF_NOWAIT) == errno.EAGAIN
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert errno_of(calls.preadv2, other, (1,), -1, linux.RWF_NOWAIT) == errno.EAGAIN
    assert calls.pwritev2(one, (b"data",), -1, linux.RWF_NOWAIT) == 4
    assert calls.preadv2(other, (9,), -1, linux.RWF_NOWAIT) == b"data"
    event = calls.eventfd2(0, 0)
    assert errno_of(calls.preadv2, event, (8,), -1, linux.RWF_NOWAIT) == errno.EAGAIN


def test_pages_that_are_spliced_do_not_join(calls, ends):
    reader, writer = ends
    assert calls.vmsplice(writer, (b"a" * 10,), 0) == 10
    assert calls.vmsplice(writer, (b"b" * 10,), 0) == 10
    assert calls.write(writer, bytes(65536)) == 14 * 4096
    assert errno_of(calls.vmsplice, writer, (b"c",), linux.SPLICE_F_NONBLOCK) == errno.EAGAIN
    assert calls.read(reader, 15) == b"a" * 10 + b"b" * 5
    assert calls.vmsplice(writer, (b"c", b"d"), linux.SPLICE_F_NONBLOCK) == 1


def test_splicing_into_other_things(calls, ends):
    reader, writer = ends
    one, _ = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert errno_of(calls.vmsplice, one, (b"x",), 0) == errno.EBADF
    assert errno_of(calls.vmsplice, 999, (b"x",), 0) == errno.EBADF
    assert errno_of(calls.vmsplice, writer, (b"x",), 0x100) == errno.EINVAL
    assert calls.vmsplice(writer, (), 0) == 0
    calls.close(reader)
    assert errno_of(calls.vmsplice, writer, (b"x",), 0) == errno.EPIPE


def test_a_vectored_call_waits_as_a_plain_one(far):
    reader, writer = far.pipe2(0)
    waiting = far.start("readv", reader, (2, 2))
    far.writev(writer, (b"ab", b"cdef"))
    assert waiting.retry() == b"abcd"
    far.read(reader, 9)
    waiting = far.start("writev", writer, (bytes(65536), b"rest"))
    assert waiting.end(GiveUp.INTERRUPTED) == 65536
    waiting = far.start("vmsplice", writer, (b"page",), 0)
    far.read(reader, 4096)
    assert waiting.retry() == 4
