"""Unix domain SOCK_SEQPACKET, on the operating system and on farhost (unix(7))."""

import errno
import struct

from kernel_calls import errno_of

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrUn

SEQPACKET = linux.SOCK_SEQPACKET | linux.SOCK_NONBLOCK
UNNAMED = SockaddrUn(b"")


def pair(calls):
    return calls.socketpair(linux.AF_UNIX, SEQPACKET, 0)


def test_messages_keep_their_boundaries(calls):
    one, other = pair(calls)
    calls.sendto(one, b"first", 0, None)
    calls.write(one, b"second")
    assert calls.recvfrom(other, 100, 0)[:3] == (b"first", None, 0)
    received = calls.recvfrom(other, 3, 0)
    assert (received.data, received.flags) == (b"sec", linux.MSG_TRUNC)
    assert errno_of(calls.recvfrom, other, 3, 0) == errno.EAGAIN


def test_unconnected(calls):
    fd = calls.socket(linux.AF_UNIX, SEQPACKET, 0)
    assert errno_of(calls.sendto, fd, b"x", 0, None) == errno.ENOTCONN
    assert errno_of(calls.recvfrom, fd, 10, 0) == errno.ENOTCONN
    assert calls.poll(((fd, linux.POLLIN | linux.POLLOUT),), 0) == ((fd, linux.POLLOUT | linux.POLLHUP),)


def test_connections_through_a_listener(calls):
    server = calls.socket(linux.AF_UNIX, SEQPACKET, 0)
    calls.bind(server, UNNAMED)
    calls.listen(server, 0)
    name = calls.getsockname(server)
    client, second = (calls.socket(linux.AF_UNIX, SEQPACKET, 0) for _ in range(2))
    calls.connect(client, name)
    assert errno_of(calls.connect, second, name) == errno.EAGAIN
    accepted, peer = calls.accept4(server, linux.SOCK_NONBLOCK)
    assert peer == UNNAMED
    calls.sendto(client, b"one", 0, None)
    calls.sendto(client, b"two", 0, SockaddrUn(b"\0anybody"))
    assert calls.recvfrom(accepted, 10, 0).data == b"one"
    assert calls.recvfrom(accepted, 10, 0).data == b"two"
    assert calls.getpeername(client) == name


def test_end_and_broken_pipe(calls):
    one, other = pair(calls)
    calls.sendto(one, b"last", 0, None)
    calls.close(one)
    assert calls.recvfrom(other, 10, 0).data == b"last"
    assert calls.recvfrom(other, 10, 0).data == b""
    assert errno_of(calls.sendto, other, b"x", 0, None) == errno.EPIPE


def test_closing_with_unread_messages_resets(calls):
    one, other = pair(calls)
    calls.sendto(one, b"unread", 0, None)
    calls.close(other)
    assert errno_of(calls.recvfrom, one, 10, 0) == errno.ECONNRESET
    assert calls.recvfrom(one, 10, 0).data == b""


def test_shutdown_reaches_the_peer(calls):
    one, other = pair(calls)
    calls.shutdown(one, linux.SHUT_WR)
    assert calls.recvfrom(other, 10, 0).data == b""
    assert errno_of(calls.sendto, one, b"x", 0, None) == errno.EPIPE
    assert calls.sendto(other, b"still", 0, None) == 5


def test_buffer_alone_limits(calls):
    one, _ = pair(calls)
    sent = 0
    while not errno_of(calls.sendto, one, b"x", 0, None):
        sent += 1
    assert sent == 278


def test_broken_seqpacket_sends_no_signal(far):
    one, other = pair(far)
    far.close(other)
    assert errno_of(far.sendto, one, b"x", 0, None) == errno.EPIPE
    assert far.sigpipes == 0


def test_type(calls):
    one, _ = pair(calls)
    assert calls.getsockopt(one, linux.SOL_SOCKET, linux.SO_TYPE, 4) == struct.pack("i", linux.SOCK_SEQPACKET)
