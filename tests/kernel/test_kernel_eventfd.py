"""eventfd(2), on the operating system and on farhost."""

import errno

import pytest
from kernel_calls import errno_of

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux

NONBLOCK, SEMAPHORE = linux.EFD_NONBLOCK, linux.EFD_SEMAPHORE
IN, OUT, ET = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLET
LARGEST = 2**64 - 2


def number(value):
    return value.to_bytes(8, "little")


@pytest.fixture
def event(calls):
    return calls.eventfd2(0, NONBLOCK)


def poll(calls, fd):
    return dict(calls.poll(((fd, IN | OUT | linux.EPOLLERR),), 0)).get(fd, 0)


def test_a_read_takes_the_sum_of_what_was_written(calls, event):
    assert errno_of(calls.read, event, 8) == errno.EAGAIN
    assert calls.write(event, number(3)) == 8
    assert calls.write(event, number(4)) == 8
    assert calls.read(event, 8) == number(7)
    assert errno_of(calls.read, event, 8) == errno.EAGAIN
    assert calls.read(calls.eventfd2(2**32 - 1, 0), 100) == number(2**32 - 1)


def test_a_semaphore_is_read_one_at_a_time(calls):
    event = calls.eventfd2(2, NONBLOCK | SEMAPHORE)
    calls.write(event, number(1))
    assert [calls.read(event, 8) for _ in range(3)] == [number(1)] * 3
    assert errno_of(calls.read, event, 8) == errno.EAGAIN


def test_sizes_other_than_eight_and_the_largest_number_are_refused(calls, event):
    for data in (b"", bytes(7), bytes(9), bytes(16), b"\xff" * 8):
        assert errno_of(calls.write, event, data) == errno.EINVAL
    calls.write(event, number(1))
    for size in (0, 7):
        assert errno_of(calls.read, event, size) == errno.EINVAL
    assert calls.read(event, 9) == number(1)


def test_the_counter_never_overflows(calls, event):
    assert calls.write(event, number(LARGEST)) == 8
    assert errno_of(calls.write, event, number(1)) == errno.EAGAIN
    assert calls.write(event, number(0)) == 8
    assert poll(calls, event) == IN
    assert calls.read(event, 8) == number(LARGEST)


def test_readiness(calls, event):
    assert poll(calls, event) == OUT
    calls.write(event, number(1))
    assert poll(calls, event) == IN | OUT
    calls.write(event, number(LARGEST - 2))
    assert poll(calls, event) == IN | OUT
    calls.write(event, number(1))
    assert poll(calls, event) == IN


def test_every_read_and_write_makes_an_edge_and_a_failed_one_does_not(calls, event):
    epoll = calls.epoll_create1(0)
    calls.epoll_ctl(epoll, linux.EPOLL_CTL_ADD, event, IN | OUT | ET, 1)
    assert calls.epoll_wait(epoll, 5, 0) == ((1, OUT),)
    for written in (1, 2, 0):
        calls.write(event, number(written))
        assert calls.epoll_wait(epoll, 5, 0) == ((1, IN | OUT),)
        assert calls.epoll_wait(epoll, 5, 0) == ()
    calls.read(event, 8)
    assert calls.epoll_wait(epoll, 5, 0) == ((1, OUT),)
    assert errno_of(calls.read, event, 8) == errno.EAGAIN
    assert errno_of(calls.write, event, b"x") == errno.EINVAL
    assert calls.epoll_wait(epoll, 5, 0) == ()


def test_flags(calls):
    event = calls.eventfd2(0, NONBLOCK | linux.EFD_CLOEXEC)
    assert calls.fcntl(event, linux.F_GETFL, 0) == linux.O_RDWR | linux.O_NONBLOCK
    assert calls.fcntl(event, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    plain = calls.eventfd2(0, 0)
    assert calls.fcntl(plain, linux.F_GETFL, 0) == linux.O_RDWR
    assert calls.fcntl(plain, linux.F_GETFD, 0) == 0
    assert errno_of(calls.eventfd2, 0, 2) == errno.EINVAL


def test_it_is_an_anonymous_file(calls, event):
    found = calls.fstat(event)
    assert (found.mode, found.links, found.size) == (0o600, 1, 0)
    assert errno_of(calls.ioctl, event, linux.FIONREAD, bytes(4)) == errno.ENOTTY
    assert errno_of(calls.getsockopt, event, linux.SOL_SOCKET, linux.SO_TYPE, 4) == errno.ENOTSOCK


def test_a_copy_of_the_descriptor_counts_with_it(calls, event):
    other = calls.dup(event)
    calls.write(other, number(5))
    calls.close(other)
    assert calls.read(event, 8) == number(5)


def test_vectors(calls, event):
    """Read as one, written one by one."""
    calls.write(event, number(0x0102030405060708))
    assert calls.readv(event, (3, 0, 9)) == number(0x0102030405060708)
    assert errno_of(calls.readv, event, (3, 4)) == errno.EINVAL
    assert calls.readv(event, ()) == b""
    assert calls.writev(event, (number(5), number(6))) == 16
    assert calls.read(event, 8) == number(11)
    assert calls.writev(event, (number(5), bytes(4))) == 8
    assert errno_of(calls.writev, event, (bytes(4), bytes(4))) == errno.EINVAL
    assert errno_of(calls.writev, event, (b"", number(1))) == errno.EINVAL
    assert calls.writev(event, (b"",)) == 0
    assert calls.pwritev2(event, (number(1),), -1, 0) == 8
    assert errno_of(calls.pwritev2, event, (number(1),), -1, linux.RWF_SYNC) == errno.EOPNOTSUPP
    assert errno_of(calls.preadv2, event, (8,), 0, 0) == errno.ESPIPE
    assert calls.read(event, 8) == number(6)


def test_a_reader_waits_for_a_writer(far):
    event = far.eventfd2(0, 0)
    waiting = far.start("read", event, 8)
    far.write(event, number(0))
    assert waiting.woken and waiting.retry() is waiting
    far.write(event, number(9))
    assert waiting.retry() == number(9)


def test_a_writer_waits_for_room(far):
    event = far.eventfd2(5, 0)
    far.write(event, number(LARGEST - 5))
    waiting = far.start("write", event, number(1))
    assert not waiting.woken
    assert far.read(event, 8) == number(LARGEST)
    assert waiting.woken and waiting.retry() == 8
    assert far.read(event, 8) == number(1)
    assert errno_of(far.start("read", event, 8).end, GiveUp.INTERRUPTED) == errno.EINTR


def test_a_vectored_write_that_waits_keeps_what_it_has_written(far):
    event = far.eventfd2(0, 0)
    waiting = far.start("writev", event, (number(LARGEST), number(2), number(3)))
    assert waiting.end(GiveUp.INTERRUPTED) == 8
    waiting = far.start("writev", event, (number(2), number(3)))
    assert far.read(event, 8) == number(LARGEST)
    assert waiting.retry() == 16
    assert far.read(event, 8) == number(5)
