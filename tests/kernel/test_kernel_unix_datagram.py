"""Unix domain datagrams, on the operating system and on farhost (unix(7))."""

import errno
import struct

import pytest
from kernel_calls import errno_of

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrOther, SockaddrUn

DGRAM = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK
IN, OUT, HUP, RDHUP = linux.POLLIN, linux.POLLOUT, linux.POLLHUP, linux.POLLRDHUP
UNNAMED = SockaddrUn(b"")


def pair(calls):
    return calls.socketpair(linux.AF_UNIX, DGRAM, 0)


def named(calls):
    fd = calls.socket(linux.AF_UNIX, DGRAM, 0)
    calls.bind(fd, UNNAMED)
    return fd, calls.getsockname(fd)


def send(calls, fd, data, name=None):
    return calls.sendto(fd, data, 0, name)


def ready(calls, fd, events=IN | OUT | RDHUP):
    found = calls.poll(((fd, events),), 0)
    return found[0][1] if found else 0


def test_one_send_is_one_receive(calls):
    one, other = pair(calls)
    send(calls, one, b"first")
    send(calls, one, b"")
    send(calls, one, b"third")
    assert [calls.recvfrom(other, 100, 0).data for _ in range(3)] == [b"first", b"", b"third"]
    assert errno_of(calls.recvfrom, other, 100, 0) == errno.EAGAIN


def test_what_does_not_fit_is_lost(calls):
    one, other = pair(calls)
    send(calls, one, b"long datagram")
    send(calls, one, b"next")
    received = calls.recvfrom(other, 4, 0)
    assert (received.data, received.flags) == (b"long", linux.MSG_TRUNC)
    assert calls.recvfrom(other, 4, 0)[:3] == (b"next", None, 0)


def test_whole_length_is_told_when_asked(far):
    one, other = pair(far)
    send(far, one, b"long datagram")
    received = far.recvfrom(other, 4, linux.MSG_TRUNC | linux.MSG_PEEK)
    assert (received.data, received.flags, received.length) == (b"long", linux.MSG_TRUNC, 13)


def test_peek_leaves_the_datagram(calls):
    one, other = pair(calls)
    send(calls, one, b"stays")
    assert calls.recvfrom(other, 2, linux.MSG_PEEK).data == b"st"
    assert calls.recvfrom(other, 10, 0).data == b"stays"


def test_sender_is_known_by_its_name(calls):
    server, name = named(calls)
    client, client_name = named(calls)
    send(calls, client, b"hello", name)
    received = calls.recvfrom(server, 100, 0)
    assert received.address == client_name
    send(calls, server, b"answer", received.address)
    assert calls.recvfrom(client, 100, 0).address == name
    unnamed = calls.socket(linux.AF_UNIX, DGRAM, 0)
    send(calls, unnamed, b"who", name)
    assert calls.recvfrom(server, 100, 0).address is None


def test_unconnected_socket(calls):
    fd = calls.socket(linux.AF_UNIX, DGRAM, 0)
    assert ready(calls, fd) == OUT
    assert errno_of(calls.sendto, fd, b"x", 0, None) == errno.ENOTCONN
    assert errno_of(calls.getpeername, fd) == errno.ENOTCONN
    assert errno_of(calls.listen, fd, 1) == errno.EOPNOTSUPP
    assert errno_of(calls.accept4, fd, 0) == errno.EOPNOTSUPP
    assert errno_of(calls.recvfrom, fd, 1, 0) == errno.EAGAIN
    assert errno_of(calls.sendto, fd, b"x", 0, SockaddrUn(b"\0nobody")) == errno.ECONNREFUSED
    assert errno_of(calls.sendto, fd, b"x", 0, SockaddrUn(calls.directory + b"/none")) == errno.ENOENT
    calls.shutdown(fd, linux.SHUT_WR)


def test_largest_datagram(calls):
    one, other = pair(calls)
    assert errno_of(calls.sendto, one, b"x" * 212961, 0, None) == errno.EMSGSIZE
    assert send(calls, one, b"x" * 212960) == 212960
    assert len(calls.recvfrom(other, 300_000, 0).data) == 212960
    calls.setsockopt(one, linux.SOL_SOCKET, linux.SO_SNDBUF, struct.pack("i", 1))
    assert errno_of(calls.sendto, one, b"x" * 4577, 0, None) == errno.EMSGSIZE
    assert send(calls, one, b"x" * 4576) == 4576


@pytest.mark.parametrize(
    ("size", "cost"),
    [
        (0, 768),
        (192, 768),
        (193, 1280),
        (3777, 8448),
        (16065, 20736),
        (36545, 41216),
        (100_000, 102656),
        (212960, 332032),
    ],
)
def test_what_a_datagram_is_charged(calls, size, cost):
    one, _ = pair(calls)
    send(calls, one, b"x" * size)
    assert struct.unpack("i", calls.ioctl(one, linux.SIOCOUTQ, b"\0" * 4))[0] == cost


@pytest.mark.parametrize(("size", "count"), [(1, 278), (1000, 93), (4096, 26), (65536, 4)])
def test_between_connected_sockets_only_the_buffer_limits(calls, size, count):
    one, _ = pair(calls)
    sent = 0
    with pytest.raises(BlockingIOError):
        while True:
            send(calls, one, b"x" * size)
            sent += 1
    assert sent == count


def test_queue_takes_eleven_from_strangers(calls):
    server, name = named(calls)
    client = calls.socket(linux.AF_UNIX, DGRAM, 0)
    calls.connect(client, name)
    stranger = calls.socket(linux.AF_UNIX, DGRAM, 0)
    for _ in range(11):
        assert ready(calls, client) == OUT
        send(calls, client, b"x")
    assert ready(calls, client) == 0
    assert ready(calls, stranger) == OUT
    assert errno_of(calls.sendto, client, b"x", 0, None) == errno.EAGAIN
    assert errno_of(calls.sendto, stranger, b"x", 0, name) == errno.EAGAIN
    calls.recvfrom(server, 10, 0)
    assert ready(calls, client) == OUT
    send(calls, stranger, b"y", name)
    assert ready(calls, client) == 0


def test_own_queue_is_not_limited_for_oneself(calls):
    fd, name = named(calls)
    for _ in range(20):
        send(calls, fd, b"x", name)
    assert calls.ioctl(fd, linux.FIONREAD, b"\0" * 4) == struct.pack("i", 1)


def test_closed_receiver_refuses_then_is_forgotten(calls):
    one, other = pair(calls)
    calls.close(other)
    assert ready(calls, one) == OUT
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.ECONNREFUSED
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.ENOTCONN
    assert errno_of(calls.recvfrom, one, 10, 0) == errno.EAGAIN


def test_connected_receiver_takes_from_its_peer_alone(calls):
    server, name = named(calls)
    client, client_name = named(calls)
    calls.connect(server, client_name)
    stranger = calls.socket(linux.AF_UNIX, DGRAM, 0)
    assert errno_of(calls.sendto, stranger, b"x", 0, name) == errno.EPERM
    assert errno_of(calls.connect, stranger, name) == errno.EPERM
    assert send(calls, client, b"x", name) == 1
    assert calls.getpeername(server) == client_name


def test_disconnecting(calls):
    server, name = named(calls)
    client, _ = named(calls)
    calls.connect(client, name)
    send(calls, client, b"connected")
    calls.connect(client, SockaddrOther(linux.AF_UNSPEC))
    assert errno_of(calls.sendto, client, b"x", 0, None) == errno.ENOTCONN
    assert calls.recvfrom(server, 100, 0).data == b"connected"


def test_peer_that_turns_away_is_a_reset(calls):
    one, other = pair(calls)
    _, name = named(calls)
    third, fourth = pair(calls)
    calls.connect(third, name)
    assert not ready(calls, fourth) & linux.POLLERR
    send(calls, other, b"lost by turning away")
    calls.connect(one, name)
    assert ready(calls, other) & linux.POLLERR
    assert calls.getsockopt(other, linux.SOL_SOCKET, linux.SO_ERROR, 4) == struct.pack("i", errno.ECONNRESET)


def test_shutdown(calls):
    one, other = pair(calls)
    send(calls, one, b"before")
    calls.shutdown(one, linux.SHUT_WR)
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.EPIPE
    assert calls.recvfrom(other, 10, 0).data == b"before"
    assert errno_of(calls.recvfrom, other, 10, 0) == errno.EAGAIN
    assert ready(calls, other) == OUT
    calls.shutdown(other, linux.SHUT_RD)
    assert errno_of(calls.recvfrom, other, 10, 0) == errno.EAGAIN
    calls.fcntl(other, linux.F_SETFL, 0)
    assert calls.recvfrom(other, 10, 0).data == b""
    assert ready(calls, other) == IN | OUT | RDHUP
    calls.shutdown(other, linux.SHUT_WR)
    assert ready(calls, other) & HUP


def test_receiver_that_was_shut_is_a_broken_pipe(calls):
    one, other = pair(calls)
    calls.shutdown(other, linux.SHUT_RD)
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.EPIPE


def test_broken_datagram_sockets_send_no_signal(far):
    one, other = pair(far)
    far.shutdown(other, linux.SHUT_RD)
    assert errno_of(far.sendto, one, b"x", 0, None) == errno.EPIPE
    assert far.sigpipes == 0


def test_raw_means_datagram(calls):
    fd = calls.socket(linux.AF_UNIX, linux.SOCK_RAW, 0)
    assert calls.getsockopt(fd, linux.SOL_SOCKET, linux.SO_TYPE, 4) == struct.pack("i", linux.SOCK_DGRAM)


def test_blocking_send_waits_for_the_receiver(far):
    server, name = named(far)
    client = far.socket(linux.AF_UNIX, linux.SOCK_DGRAM, 0)
    for _ in range(11):
        send(far, client, b"x", name)
    waiting = far.start("sendto", client, b"late", 0, name)
    far.recvfrom(server, 10, 0)
    assert waiting.woken
    assert waiting.retry() == 4
    waiting = far.start("sendto", client, b"late", 0, name)
    far.close(server)
    assert waiting.woken
    assert errno_of(waiting.retry) == errno.ECONNREFUSED


def test_queue_length_is_a_setting(far):
    far.kernel.sysctls.set("net.unix.max_dgram_qlen", 2)
    _, name = named(far)
    client = far.socket(linux.AF_UNIX, DGRAM, 0)
    results = [errno_of(far.sendto, client, b"x", 0, name) for _ in range(4)]
    assert results == [0, 0, 0, errno.EAGAIN]


def test_arrival_times_are_told(far):
    one, other = pair(far)
    far.setsockopt(other, linux.SOL_SOCKET, linux.SO_TIMESTAMPNS, struct.pack("i", 1))
    send(far, one, b"x")
    received = far.recvmsg(other, 10, 100, 0)
    seconds, rest = divmod(far.kernel.realtime_ns(), 10**9)
    assert received.control == ((linux.SOL_SOCKET, linux.SCM_TIMESTAMPNS, struct.pack("qq", seconds, rest)),)
    send(far, one, b"x")
    received = far.recvmsg(other, 10, 20, 0)
    cut_short = ((linux.SOL_SOCKET, linux.SCM_TIMESTAMPNS, struct.pack("qq", seconds, rest)[:4]),)
    assert (received.control, received.flags) == (cut_short, linux.MSG_CTRUNC)


def test_edges_of_a_sender_whose_receiver_was_full_of_others_messages(calls):
    server, name = named(calls)
    client, stranger = (calls.socket(linux.AF_UNIX, DGRAM, 0) for _ in range(2))
    calls.connect(client, name)
    epoll = calls.epoll_create1(0)
    calls.epoll_ctl(epoll, linux.EPOLL_CTL_ADD, client, linux.EPOLLOUT | linux.EPOLLET, 1)
    assert calls.epoll_wait(epoll, 5, 0) == ((1, linux.EPOLLOUT),)
    for _ in range(11):
        send(calls, stranger, b"x", name)
    assert ready(calls, client) == 0
    calls.recvfrom(server, 10, 0)
    assert calls.epoll_wait(epoll, 5, 0) == ((1, linux.EPOLLOUT),)
    send(calls, stranger, b"x", name)
    assert errno_of(calls.sendto, client, b"x", 0, None) == errno.EAGAIN
    calls.close(server)
    assert calls.epoll_wait(epoll, 5, 0) == ((1, linux.EPOLLOUT),)
    assert errno_of(calls.sendto, client, b"x", 0, None) == errno.ECONNREFUSED
