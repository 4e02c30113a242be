"""Unix domain streams, on the operating system and on farhost (unix(7))."""

import errno
import struct

import pytest
from kernel_calls import errno_of

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrOther, SockaddrUn

STREAM = linux.SOCK_STREAM | linux.SOCK_NONBLOCK
IN, OUT, HUP, RDHUP = linux.POLLIN, linux.POLLOUT, linux.POLLHUP, linux.POLLRDHUP
UNNAMED = SockaddrUn(b"")


def pair(calls):
    return calls.socketpair(linux.AF_UNIX, STREAM, 0)


def stream(calls):
    return calls.socket(linux.AF_UNIX, STREAM, 0)


def send(calls, fd, data, flags=0):
    return calls.sendto(fd, data, flags, None)


def receive(calls, fd, size=1 << 20, flags=0):
    return calls.recvfrom(fd, size, flags).data


def ready(calls, fd, events=IN | OUT | RDHUP):
    found = calls.poll(((fd, events),), 0)
    return found[0][1] if found else 0


def listener(calls, backlog=5):
    fd = stream(calls)
    calls.bind(fd, UNNAMED)
    calls.listen(fd, backlog)
    return fd, calls.getsockname(fd)


def test_bytes_have_no_boundaries(calls):
    one, other = pair(calls)
    send(calls, one, b"chunk1")
    send(calls, one, b"chunk2")
    assert receive(calls, other, 3) == b"chu"
    assert receive(calls, other, 5) == b"nk1ch"
    assert receive(calls, other, 100) == b"unk2"


def test_a_receive_takes_all_writes_that_are_there(calls):
    one, other = pair(calls)
    for word in (b"a", b"b", b"c"):
        send(calls, one, word)
    received = calls.recvfrom(other, 100, 0)
    assert received == (b"abc", None, 0, (), None)


def test_both_directions(calls):
    one, other = pair(calls)
    send(calls, one, b"to other")
    send(calls, other, b"to one")
    assert receive(calls, one) == b"to one"
    assert calls.read(other, 100) == b"to other"


def test_empty_send_is_nothing(calls):
    one, other = pair(calls)
    assert send(calls, one, b"") == 0
    assert errno_of(calls.recvfrom, other, 10, 0) == errno.EAGAIN
    assert calls.read(other, 0) == b""
    assert errno_of(calls.read, other, 1) == errno.EAGAIN


def test_peek_leaves_the_bytes(calls):
    one, other = pair(calls)
    send(calls, one, b"abc")
    send(calls, one, b"def")
    assert receive(calls, other, 4, linux.MSG_PEEK) == b"abcd"
    assert receive(calls, other, 2) == b"ab"
    assert receive(calls, other, 10, linux.MSG_PEEK) == b"cdef"
    assert receive(calls, other, 10) == b"cdef"


def test_readable_bytes_are_counted(calls):
    one, other = pair(calls)
    send(calls, one, b"abc")
    send(calls, one, b"de")
    assert calls.ioctl(other, linux.FIONREAD, b"\0" * 4) == struct.pack("i", 5)
    receive(calls, other, 1)
    assert calls.ioctl(other, linux.FIONREAD, b"\0" * 4) == struct.pack("i", 4)


@pytest.mark.parametrize("size", [1, 193, 1000, 3777, 4096, 16065, 40_000, 65536, 100_000, 1_000_000])
def test_how_much_a_buffer_takes(calls, size):
    """Counted as Linux counts: overhead and all. The literal numbers are those of Linux 6.18."""
    one, other = pair(calls)
    writes = total = 0
    with pytest.raises(BlockingIOError):
        while True:
            total += send(calls, one, b"x" * size)
            writes += 1
    known = {1: (278, 278), 1000: (93, 93000), 4096: (44, 180224), 65536: (4, 233152), 1_000_000: (1, 219264)}
    assert (writes, total) == known.get(size, (writes, total))
    charged = struct.unpack("i", calls.ioctl(one, linux.SIOCOUTQ, b"\0" * 4))[0]
    assert charged >= 212992
    got = 0
    while got < total:
        got += len(receive(calls, other))
    assert calls.ioctl(one, linux.SIOCOUTQ, b"\0" * 4) == struct.pack("i", 0)


@pytest.mark.parametrize(
    ("size", "cost"),
    [
        (1, 768),
        (192, 768),
        (193, 1280),
        (704, 1280),
        (705, 2304),
        (3776, 4352),
        (3777, 4864),
        (5000, 6400),
        (8000, 8960),
    ],
)
def test_what_a_write_is_charged(calls, size, cost):
    one, _ = pair(calls)
    send(calls, one, b"x" * size)
    assert struct.unpack("i", calls.ioctl(one, linux.SIOCOUTQ, b"\0" * 4))[0] == cost


def test_small_send_buffer(calls):
    one, _ = pair(calls)
    calls.setsockopt(one, linux.SOL_SOCKET, linux.SO_SNDBUF, struct.pack("i", 1))
    assert send(calls, one, b"x" * 10_000) == 2 * 2240
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.EAGAIN


def test_writable_means_a_quarter_used_at_most(calls):
    one, other = pair(calls)
    calls.setsockopt(one, linux.SOL_SOCKET, linux.SO_SNDBUF, struct.pack("i", 10_000))
    send(calls, one, b"x" * 1000)
    send(calls, one, b"x" * 1000)
    assert ready(calls, one) == OUT
    send(calls, one, b"x" * 1000)
    assert ready(calls, one) == 0
    assert send(calls, one, b"x" * 1000) == 1000
    receive(calls, other)
    assert ready(calls, one) == OUT


def test_end_comes_after_the_bytes(calls):
    one, other = pair(calls)
    send(calls, one, b"last words")
    calls.close(one)
    assert ready(calls, other) == IN | OUT | HUP | RDHUP
    assert receive(calls, other) == b"last words"
    assert receive(calls, other) == b""
    assert receive(calls, other) == b""


def test_write_to_a_closed_peer_is_a_broken_pipe(calls):
    one, other = pair(calls)
    calls.close(other)
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.EPIPE
    assert errno_of(calls.write, one, b"x") == errno.EPIPE
    assert receive(calls, one) == b""


def test_closing_with_unread_bytes_resets(calls):
    one, other = pair(calls)
    send(calls, one, b"never read")
    send(calls, other, b"hello")
    calls.close(other)
    assert ready(calls, one) == IN | OUT | HUP | RDHUP | linux.POLLERR
    assert receive(calls, one) == b"hello"
    assert errno_of(calls.recvfrom, one, 10, 0) == errno.ECONNRESET
    assert receive(calls, one) == b""
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.EPIPE


def test_pending_error_is_read_by_so_error(calls):
    one, other = pair(calls)
    send(calls, one, b"never read")
    calls.close(other)
    assert calls.getsockopt(one, linux.SOL_SOCKET, linux.SO_ERROR, 4) == struct.pack("i", errno.ECONNRESET)
    assert calls.getsockopt(one, linux.SOL_SOCKET, linux.SO_ERROR, 4) == struct.pack("i", 0)
    assert receive(calls, one) == b""


def test_half_close_for_writing(calls):
    one, other = pair(calls)
    send(calls, one, b"all")
    calls.shutdown(one, linux.SHUT_WR)
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.EPIPE
    assert ready(calls, other) == IN | OUT | RDHUP
    assert receive(calls, other) == b"all"
    assert receive(calls, other) == b""
    assert send(calls, other, b"answer") == 6
    assert receive(calls, one) == b"answer"
    assert ready(calls, one) == OUT


def test_half_close_for_reading(calls):
    one, other = pair(calls)
    send(calls, other, b"before")
    calls.shutdown(one, linux.SHUT_RD)
    assert receive(calls, one) == b"before"
    assert receive(calls, one) == b""
    assert errno_of(calls.sendto, other, b"x", 0, None) == errno.EPIPE
    assert send(calls, one, b"still") == 5
    assert errno_of(calls.shutdown, one, 3) == errno.EINVAL


def test_unconnected_socket(calls):
    fd = stream(calls)
    assert ready(calls, fd) == OUT | HUP
    assert errno_of(calls.recvfrom, fd, 10, 0) == errno.EINVAL
    assert errno_of(calls.sendto, fd, b"x", 0, None) == errno.ENOTCONN
    assert errno_of(calls.getpeername, fd) == errno.ENOTCONN
    assert errno_of(calls.accept4, fd, 0) == errno.EINVAL
    assert errno_of(calls.listen, fd, 5) == errno.EINVAL
    assert errno_of(calls.sendto, fd, b"x", 0, SockaddrUn(b"\0x")) == errno.EOPNOTSUPP
    calls.shutdown(fd, linux.SHUT_RDWR)
    assert errno_of(calls.connect, fd, UNNAMED) == errno.EINVAL
    assert errno_of(calls.connect, fd, SockaddrOther(linux.AF_UNSPEC)) == errno.EINVAL


def test_names_of_both_sides(calls):
    server, name = listener(calls)
    client = stream(calls)
    calls.connect(client, name)
    accepted, peer = calls.accept4(server, linux.SOCK_NONBLOCK)
    assert peer == UNNAMED
    assert calls.getsockname(client) == UNNAMED
    assert calls.getpeername(client) == name
    assert calls.getsockname(accepted) == name
    assert calls.getpeername(accepted) == UNNAMED
    calls.close(accepted)
    assert calls.getpeername(client) == name


def test_bound_client_is_known_by_name(calls):
    server, name = listener(calls)
    client = stream(calls)
    calls.bind(client, UNNAMED)
    calls.connect(client, name)
    _, peer = calls.accept4(server, 0)
    assert peer == calls.getsockname(client) != UNNAMED


def test_data_may_be_sent_before_accept(calls):
    server, name = listener(calls)
    client = stream(calls)
    calls.connect(client, name)
    assert ready(calls, client) == OUT
    assert ready(calls, server) == IN
    send(calls, client, b"early")
    accepted, _ = calls.accept4(server, linux.SOCK_NONBLOCK)
    assert receive(calls, accepted) == b"early"
    assert ready(calls, server) == 0


@pytest.mark.parametrize("backlog", [0, 1, 3])
def test_queue_takes_one_more_than_the_backlog(calls, backlog):
    server, name = listener(calls, backlog)
    results = []
    clients = [stream(calls) for _ in range(backlog + 3)]
    for client in clients:
        results.append(errno_of(calls.connect, client, name))
    assert results == [0] * (backlog + 1) + [errno.EAGAIN] * 2
    calls.accept4(server, 0)
    assert errno_of(calls.connect, clients[-1], name) == 0


def test_accept_is_first_come_first_served(calls):
    server, name = listener(calls)
    for word in (b"first", b"second"):
        client = stream(calls)
        calls.connect(client, name)
        send(calls, client, word)
    words = [receive(calls, calls.accept4(server, linux.SOCK_NONBLOCK)[0]) for _ in range(2)]
    assert words == [b"first", b"second"]
    assert errno_of(calls.accept4, server, 0) == errno.EAGAIN


def test_closing_the_listener_resets_those_not_accepted(calls):
    server, name = listener(calls)
    first, second = stream(calls), stream(calls)
    calls.connect(first, name)
    calls.connect(second, name)
    accepted, _ = calls.accept4(server, linux.SOCK_NONBLOCK)
    calls.close(server)
    assert errno_of(calls.recvfrom, second, 10, 0) == errno.ECONNRESET
    send(calls, first, b"lives on")
    assert receive(calls, accepted) == b"lives on"
    assert errno_of(calls.connect, stream(calls), name) == errno.ECONNREFUSED


def test_listener_is_no_connection(calls):
    server, name = listener(calls)
    assert errno_of(calls.sendto, server, b"x", 0, None) == errno.ENOTCONN
    assert errno_of(calls.recvfrom, server, 10, 0) == errno.EINVAL
    assert errno_of(calls.write, server, b"x") == errno.ENOTCONN
    assert errno_of(calls.connect, server, name) == errno.EINVAL
    calls.listen(server, 1)
    calls.shutdown(server, linux.SHUT_RD)
    assert errno_of(calls.connect, stream(calls), name) == errno.ECONNREFUSED
    assert errno_of(calls.accept4, server, 0) == errno.EAGAIN
    calls.fcntl(server, linux.F_SETFL, 0)
    assert errno_of(calls.accept4, server, 0) == errno.EINVAL


def test_connecting_twice(calls):
    _, name = listener(calls)
    client = stream(calls)
    calls.connect(client, name)
    assert errno_of(calls.connect, client, name) == errno.EISCONN
    assert errno_of(calls.sendto, client, b"x", 0, name) == errno.EISCONN
    assert errno_of(calls.listen, client, 1) == errno.EINVAL


def test_types_do_not_mix(calls):
    _, name = listener(calls)
    path = SockaddrUn(calls.directory + b"/stream")
    calls.bind(stream(calls), path)
    for kind in (linux.SOCK_SEQPACKET, linux.SOCK_DGRAM):
        other = calls.socket(linux.AF_UNIX, kind, 0)
        assert errno_of(calls.connect, other, path) == errno.EPROTOTYPE
        assert errno_of(calls.connect, other, name) == errno.ECONNREFUSED
        calls.bind(other, name)


def test_chunks_are_one_send(calls):
    one, other = pair(calls)
    assert calls.sendmsg(one, (b"ab", b"", b"cd"), None, (), 0) == 4
    assert calls.recvmsg(other, 10, 0, 0).data == b"abcd"


def test_waitall_takes_what_comes_before_the_end(calls):
    one, other = pair(calls)
    send(calls, one, b"abc")
    calls.close(one)
    assert receive(calls, other, 10, linux.MSG_WAITALL) == b"abc"


def test_waitall_waits_for_everything(far):
    one, other = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    send(far, one, b"abc")
    waiting = far.start("recvfrom", other, 6, linux.MSG_WAITALL)
    send(far, one, b"d")
    assert waiting.retry() is waiting
    send(far, one, b"efg")
    assert waiting.retry().data == b"abcdef"
    waiting = far.start("recvfrom", other, 6, linux.MSG_WAITALL)
    assert waiting.end().data == b"g"


def test_blocking_receive_and_its_time_limit(far):
    one, other = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    waiting = far.start("recvfrom", other, 6, 0)
    assert waiting.blocked.deadline_ns is None
    assert errno_of(waiting.end) == errno.EINTR
    assert errno_of(far.recvfrom, other, 6, linux.MSG_DONTWAIT) == errno.EAGAIN
    far.setsockopt(other, linux.SOL_SOCKET, linux.SO_RCVTIMEO, struct.pack("qq", 1, 500_000))
    waiting = far.start("recvfrom", other, 6, 0)
    assert waiting.blocked.deadline_ns == far.kernel.now_ns() + 1_500_000_000
    assert errno_of(waiting.end, GiveUp.TIMED_OUT) == errno.EAGAIN
    waiting = far.start("recvfrom", other, 6, 0)
    send(far, one, b"there")
    assert waiting.woken
    assert waiting.retry().data == b"there"


def test_blocking_send_says_how_far_it_came(far):
    one, other = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    waiting = far.start("sendto", one, b"x" * 300_000, 0, None)
    assert waiting.end(GiveUp.TIMED_OUT) == 219264
    far.recvfrom(other, 300_000, 0)
    waiting = far.start("sendto", one, b"x" * 300_000, 0, None)
    far.recvfrom(other, 300_000, 0)
    assert waiting.woken
    assert waiting.retry() == 300_000


def test_blocking_send_finds_the_peer_closed(far):
    one, other = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    waiting = far.start("sendto", one, b"x" * 300_000, 0, None)
    far.close(other)
    assert waiting.woken
    assert waiting.retry() == 219264
    assert errno_of(far.sendto, one, b"x", linux.MSG_NOSIGNAL, None) == errno.EPIPE
    assert far.sigpipes == 0
    assert errno_of(far.sendto, one, b"x", 0, None) == errno.EPIPE
    assert far.sigpipes == 1


def test_blocking_connect_waits_for_room(far):
    server, name = listener(far, 0)
    far.connect(stream(far), name)
    client = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    waiting = far.start("connect", client, name)
    assert not waiting.woken
    far.accept4(server, 0)
    assert waiting.woken
    assert waiting.retry() is None
    third = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    waiting = far.start("connect", third, name)
    far.close(server)
    assert waiting.woken
    assert errno_of(waiting.retry) == errno.ECONNREFUSED


def test_shutdown_of_a_listener_leaves_those_who_wait_to_connect(far):
    """As Linux: they find out when somebody accepts."""
    server, name = listener(far, 0)
    far.connect(stream(far), name)
    waiting = far.start("connect", far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0), name)
    far.shutdown(server, linux.SHUT_RD)
    assert not waiting.woken
    far.accept4(server, 0)
    assert waiting.woken
    assert errno_of(waiting.retry) == errno.ECONNREFUSED


def test_error_is_taken_by_a_receive_that_has_something(calls):
    one, other = pair(calls)
    send(calls, one, b"unread")
    send(calls, other, b"abc")
    calls.close(other)
    assert receive(calls, one, 10, linux.MSG_WAITALL) == b"abc"
    assert receive(calls, one) == b""


def test_blocking_accept_waits_for_a_client(far):
    server = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    far.bind(server, SockaddrUn(b"\0name"))
    far.listen(server, 1)
    waiting = far.start("accept4", server, 0)
    far.connect(stream(far), SockaddrUn(b"\0name"))
    assert waiting.woken
    accepted, peer = waiting.retry()
    assert peer == UNNAMED
    assert far.getsockname(accepted) == SockaddrUn(b"\0name")


def test_file_under_a_waiting_call_outlives_its_descriptor(far):
    """As Linux: closing a socket under another thread's recv neither wakes it nor tells the peer."""
    one, other = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    waiting = far.start("recvfrom", other, 6, 0)
    far.close(other)
    assert not waiting.woken
    assert send(far, one, b"x") == 1
    assert waiting.retry().data == b"x"
    assert errno_of(far.sendto, one, b"x", 0, None) == errno.EPIPE
