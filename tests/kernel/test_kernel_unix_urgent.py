"""Urgent data on Unix streams, on the operating system and on farhost (unix(7), Linux 6.18's net/unix/af_unix.c)."""

import errno
import struct

import pytest
from kernel_calls import errno_of

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux

OOB, PEEK = linux.MSG_OOB, linux.MSG_PEEK
IN, OUT, PRI, RDHUP = linux.POLLIN, linux.POLLOUT, linux.POLLPRI, linux.POLLRDHUP
EVENTS = IN | OUT | PRI | RDHUP


def pair(calls, flags=linux.SOCK_NONBLOCK):
    return calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM | flags, 0)


def send(calls, fd, data, flags=0):
    return calls.sendto(fd, data, flags, None)


def receive(calls, fd, size=100, flags=0):
    """The bytes, or the errno's name."""
    try:
        return calls.recvfrom(fd, size, flags).data
    except OSError as error:
        return errno.errorcode[error.errno]


def at_mark(calls, fd):
    return struct.unpack("i", calls.ioctl(fd, linux.SIOCATMARK, bytes(4)))[0]


def queued(calls, fd):
    return struct.unpack("i", calls.ioctl(fd, linux.FIONREAD, bytes(4)))[0]


def ready(calls, fd):
    return calls.poll(((fd, EVENTS),), 0)[0][1]


def inline(calls, fd, on=1):
    calls.setsockopt(fd, linux.SOL_SOCKET, linux.SO_OOBINLINE, struct.pack("i", on))


def test_the_last_byte_is_urgent_and_comes_out_of_band(calls):
    one, other = pair(calls)
    assert send(calls, one, b"abX", OOB) == 3
    assert ready(calls, other) == IN | OUT | PRI
    assert calls.recvfrom(other, 10, OOB) == (b"X", None, OOB, (), None)
    assert ready(calls, other) == IN | OUT
    assert receive(calls, other) == b"ab"
    assert ready(calls, other) == IN | OUT
    assert receive(calls, other) == "EAGAIN"
    assert ready(calls, other) == OUT


def test_without_an_urgent_byte(calls):
    one, other = pair(calls)
    assert receive(calls, other, 1, OOB) == "EINVAL"
    assert errno_of(send, calls, one, b"", OOB) == errno.EOPNOTSUPP
    send(calls, one, b"X", OOB)
    assert receive(calls, other, 1, OOB) == b"X"
    assert receive(calls, other, 1, OOB) == "EINVAL"


def test_a_receive_stops_at_the_mark(calls):
    one, other = pair(calls)
    send(calls, one, b"ab")
    send(calls, one, b"X", OOB)
    send(calls, one, b"cd")
    assert at_mark(calls, other) == 0
    assert receive(calls, other) == b"ab"
    assert at_mark(calls, other) == 1
    assert receive(calls, other, 1, OOB) == b"X"
    assert at_mark(calls, other) == 1
    assert receive(calls, other) == b"cd"
    assert at_mark(calls, other) == 0


def test_a_byte_that_nobody_took_is_lost_at_the_mark_and_still_counted(calls):
    """Linux 6.18 forgets to take it out of what FIONREAD says."""
    one, other = pair(calls)
    send(calls, one, b"X", OOB)
    assert queued(calls, other) == 1
    assert receive(calls, other) == "EAGAIN"
    assert receive(calls, other, 1, OOB) == "EINVAL"
    assert queued(calls, other) == 1
    send(calls, one, b"abc")
    assert queued(calls, other) == 4
    assert receive(calls, other) == b"abc"


def test_a_second_urgent_byte_makes_the_first_an_ordinary_one(calls):
    one, other = pair(calls)
    send(calls, one, b"aX", OOB)
    send(calls, one, b"bY", OOB)
    assert receive(calls, other) == b"aXb"
    assert receive(calls, other, 1, OOB) == b"Y"


def test_a_place_of_one_that_was_taken_is_a_mark_until_the_next(calls):
    one, other = pair(calls)
    send(calls, one, b"aX", OOB)
    assert receive(calls, other, 1, OOB) == b"X"
    send(calls, one, b"b")
    assert receive(calls, other) == b"a"
    send(calls, one, b"Y", OOB)
    assert receive(calls, other) == b"b"
    assert receive(calls, other, 1, OOB) == b"Y"
    send(calls, one, b"Z", OOB)
    assert receive(calls, other, 1, OOB) == b"Z"
    assert (at_mark(calls, other), receive(calls, other)) == (1, "EAGAIN")


def test_peeking_leaves_everything_and_looks_behind_the_mark(calls):
    one, other = pair(calls)
    send(calls, one, b"abX", OOB)
    send(calls, one, b"cd")
    assert receive(calls, other, 1, OOB | PEEK) == b"X"
    assert receive(calls, other, 100, PEEK) == b"ab"
    assert receive(calls, other) == b"ab"
    assert receive(calls, other, 100, PEEK) == b"cd"
    assert receive(calls, other, 1, OOB) == b"X"
    assert receive(calls, other, 100, PEEK) == b"cd"
    assert receive(calls, other, 1) == b"c"


def test_in_line_it_is_read_in_its_place(calls):
    one, other = pair(calls)
    inline(calls, other)
    send(calls, one, b"abX", OOB)
    send(calls, one, b"cd")
    assert receive(calls, other, 1, OOB) == "EINVAL"
    assert receive(calls, other) == b"ab"
    assert (at_mark(calls, other), ready(calls, other)) == (1, IN | OUT | PRI)
    assert receive(calls, other, 100, PEEK) == b"Xcd"
    assert receive(calls, other) == b"Xcd"
    assert ready(calls, other) == OUT


def test_without_room_for_it_the_byte_is_taken_all_the_same(calls):
    one, other = pair(calls)
    send(calls, one, b"X", OOB)
    received = calls.recvmsg(other, 0, 0, OOB)
    assert (received.data, received.flags) == (b"", OOB)
    assert receive(calls, other, 1, OOB) == "EINVAL"


def test_select_has_it_in_the_third_set(calls):
    one, other = pair(calls)
    send(calls, one, b"X", OOB)
    assert calls.select((other,), (), (other,), 0) == ((other,), (), (other,))


def test_closing_with_nothing_but_the_place_of_an_urgent_byte_resets_nobody(calls):
    for take, after in ((True, b""), (False, "ECONNRESET")):
        one, other = pair(calls)
        send(calls, one, b"X", OOB)
        if take:
            receive(calls, other, 1, OOB)
        calls.close(other)
        assert receive(calls, one) == after


def test_other_types_have_no_urgent_data(calls):
    for kind in (linux.SOCK_DGRAM, linux.SOCK_SEQPACKET):
        one, other = calls.socketpair(linux.AF_UNIX, kind | linux.SOCK_NONBLOCK, 0)
        assert errno_of(send, calls, one, b"X", OOB) == errno.EOPNOTSUPP
        assert errno_of(calls.recvfrom, other, 1, OOB) == errno.EOPNOTSUPP
        assert errno_of(at_mark, calls, other) == errno.EOPNOTSUPP


def test_a_peer_that_does_not_read_gets_none(calls):
    one, other = pair(calls)
    calls.shutdown(other, linux.SHUT_RD)
    assert errno_of(send, calls, one, b"X", OOB | linux.MSG_NOSIGNAL) == errno.EPIPE


def test_a_full_buffer_takes_what_it_can(calls):
    one, other = pair(calls)
    calls.setsockopt(one, linux.SOL_SOCKET, linux.SO_SNDBUF, struct.pack("i", 4608))
    taken = send(calls, one, bytes(100_000), OOB)
    assert 0 < taken < 100_000
    assert errno_of(send, calls, one, b"X", OOB) == errno.EAGAIN
    assert receive(calls, other, 1, OOB) == "EINVAL"


# Waiting, on farhost alone.


def test_waitall_ends_at_the_mark(far):
    one, other = pair(far, 0)
    send(far, one, b"ab")
    waiting = far.start("recvfrom", other, 10, linux.MSG_WAITALL)
    send(far, one, b"X", OOB)
    assert waiting.woken and waiting.retry().data == b"ab"


def test_a_receive_that_waits_behind_the_mark_has_passed_it(far):
    one, other = pair(far, 0)
    send(far, one, b"X", OOB)
    waiting = far.start("recvfrom", other, 10, 0)
    assert receive(far, other, 1, OOB) == "EINVAL"
    assert not waiting.woken
    send(far, one, b"ab")
    assert waiting.retry().data == b"ab"


def test_a_receive_that_has_passed_the_mark_in_vain_is_interrupted_with_nothing(far):
    one, other = pair(far, 0)
    send(far, one, b"X", OOB)
    waiting = far.start("recvfrom", other, 10, 0)
    with pytest.raises(OSError) as caught:
        waiting.end(GiveUp.INTERRUPTED)
    assert caught.value.errno == errno.EINTR


def test_a_send_waits_for_room_for_the_urgent_byte(far):
    one, other = pair(far, 0)
    far.setsockopt(one, linux.SOL_SOCKET, linux.SO_SNDBUF, struct.pack("i", 2304))
    while not errno_of(send, far, one, b"x", linux.MSG_DONTWAIT):
        pass
    waiting = far.start("sendto", one, b"X", OOB, None)
    assert ready(far, other) == IN | OUT
    receive(far, other, 10_000)
    assert waiting.woken and waiting.retry() == 1
    assert receive(far, other, 1, OOB) == b"X"


def test_those_who_wait_for_urgent_data_are_woken(far):
    one, other = pair(far, 0)
    waiting = far.start("poll", ((other, PRI),), None)
    send(far, one, b"X", OOB)
    assert waiting.woken and waiting.retry() == ((other, PRI),)
