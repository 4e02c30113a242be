"""Pipes, on the operating system and on farhost (pipe(7))."""

import errno
import struct

import pytest
from kernel_calls import errno_of

from farhost.wire import linux


@pytest.fixture
def ends(calls):
    return calls.pipe2(linux.O_NONBLOCK)


def test_bytes_come_out_in_order(calls, ends):
    reader, writer = ends
    assert calls.write(writer, b"one") == 3
    assert calls.write(writer, b"two") == 3
    assert calls.read(reader, 4) == b"onet"
    assert calls.read(reader, 100) == b"wo"


def test_wrong_end_is_a_bad_descriptor(calls, ends):
    reader, writer = ends
    assert errno_of(calls.write, reader, b"x") == errno.EBADF
    assert errno_of(calls.read, writer, 1) == errno.EBADF


def test_empty_pipe_says_eagain_and_its_end_says_nothing(calls, ends):
    reader, writer = ends
    assert errno_of(calls.read, reader, 1) == errno.EAGAIN
    calls.write(writer, b"last")
    calls.close(writer)
    assert calls.read(reader, 100) == b"last"
    assert calls.read(reader, 100) == b""


def test_write_without_a_reader_is_a_broken_pipe(calls, ends):
    reader, writer = ends
    calls.close(reader)
    assert errno_of(calls.write, writer, b"x") == errno.EPIPE
    assert calls.write(writer, b"") == 0


@pytest.mark.parametrize("size", [1, 100, 1000, 3000, 4095, 4096, 4097, 5000, 65536, 100_000])
def test_capacity_in_writes_of_one_size(calls, ends, size):
    """The same counts on both: 65536 bytes in even sizes, less in odd ones."""
    reader, writer = ends
    counts = []
    while True:
        try:
            counts.append(calls.write(writer, b"x" * size))
        except BlockingIOError:
            break
    expected = {1: 65536, 100: 64000, 1000: 64000, 3000: 48000, 4095: 65520, 4096: 65536}
    if size in expected:
        assert sum(counts) == expected[size]
    assert struct.unpack("i", calls.ioctl(reader, linux.FIONREAD, b"\0" * 4))[0] == sum(counts)
    assert (len(counts), sum(counts)) == known_capacity(size)


def known_capacity(size):
    """Computed on the operating system at the first run of this parameter and kept."""
    import os

    reader, writer = os.pipe2(os.O_NONBLOCK)
    count = total = 0
    try:
        while True:
            total += os.write(writer, b"x" * size)
            count += 1
    except BlockingIOError:
        return count, total
    finally:
        os.close(reader)
        os.close(writer)


def test_small_write_is_whole_or_not_at_all(calls, ends):
    reader, writer = ends
    calls.write(writer, b"x" * 65536)
    calls.read(reader, 100)
    assert errno_of(calls.write, writer, b"y" * 50) == errno.EAGAIN
    calls.read(reader, 4096 - 100)
    assert calls.write(writer, b"y" * 4096) == 4096


def test_large_write_takes_what_fits(calls, ends):
    reader, writer = ends
    assert calls.write(writer, b"x" * 100_000) == 65536
    calls.read(reader, 4096)
    assert calls.write(writer, b"x" * 5000) == 4096


def test_readiness_of_both_ends(calls, ends):
    reader, writer = ends
    both = ((reader, linux.POLLIN), (writer, linux.POLLOUT))
    assert calls.poll(both, 0) == ((writer, linux.POLLOUT),)
    calls.write(writer, b"x" * 65536)
    assert calls.poll(both, 0) == ((reader, linux.POLLIN),)
    calls.read(reader, 4095)
    assert calls.poll(both, 0) == ((reader, linux.POLLIN),)
    calls.read(reader, 1)
    assert calls.poll(both, 0) == ((reader, linux.POLLIN), (writer, linux.POLLOUT))


def test_readiness_when_an_end_is_gone(calls, ends):
    reader, writer = ends
    calls.write(writer, b"x")
    calls.close(writer)
    assert calls.poll(((reader, linux.POLLIN),), 0) == ((reader, linux.POLLIN | linux.POLLHUP),)
    calls.read(reader, 1)
    assert calls.poll(((reader, linux.POLLIN),), 0) == ((reader, linux.POLLHUP),)
    reader, writer = calls.pipe2(0)
    calls.close(reader)
    assert calls.poll(((writer, linux.POLLOUT),), 0) == ((writer, linux.POLLOUT | linux.POLLERR),)


def test_packet_mode_keeps_writes_apart(calls):
    reader, writer = calls.pipe2(linux.O_NONBLOCK | linux.O_DIRECT)
    calls.write(writer, b"first")
    calls.write(writer, b"second")
    assert calls.read(reader, 3) == b"fir"
    assert calls.read(reader, 100) == b"second"


def test_size_can_be_asked_and_set(calls, ends):
    reader, writer = ends
    assert calls.fcntl(reader, linux.F_GETPIPE_SZ, 0) == 65536
    assert calls.fcntl(writer, linux.F_SETPIPE_SZ, 5000) == 8192
    assert calls.write(writer, b"x" * 100_000) == 8192
    assert errno_of(calls.fcntl, writer, linux.F_SETPIPE_SZ, 4096) == errno.EBUSY


def test_flags_of_the_ends(calls, ends):
    reader, writer = ends
    assert calls.fcntl(reader, linux.F_GETFL, 0) == linux.O_RDONLY | linux.O_NONBLOCK
    assert calls.fcntl(writer, linux.F_GETFL, 0) == linux.O_WRONLY | linux.O_NONBLOCK
    assert calls.fstat(reader).mode == linux.S_IFIFO | 0o600
    assert errno_of(calls.pipe2, 1) == errno.EINVAL


def test_blocking_read_waits_for_a_write(far):
    reader, writer = far.pipe2(0)
    waiting = far.start("read", reader, 10)
    assert not waiting.woken
    far.write(writer, b"now")
    assert waiting.woken
    assert waiting.retry() == b"now"


def test_blocking_write_waits_until_all_is_taken(far):
    reader, writer = far.pipe2(0)
    waiting = far.start("write", writer, b"x" * 70_000)
    far.read(reader, 65536)
    assert waiting.woken
    assert waiting.retry() == 70_000
    assert far.read(reader, 70_000) == b"x" * (70_000 - 65536)


def test_interrupted_write_says_how_far_it_came(far):
    _, writer = far.pipe2(0)
    assert far.start("write", writer, b"x" * 70_000).end() == 65536
    assert errno_of(far.start("write", writer, b"x").end) == errno.EINTR


def test_broken_pipe_comes_with_sigpipe(far):
    reader, writer = far.pipe2(0)
    far.close(reader)
    assert errno_of(far.write, writer, b"x") == errno.EPIPE
    assert far.sigpipes == 1
