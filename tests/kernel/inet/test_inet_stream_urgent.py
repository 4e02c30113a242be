"""Urgent data on TCP sockets, on the operating system's loopback and through `lo` of a farhost kernel (tcp(7))."""

import errno
import struct
import time

import pytest
from inet_calls import address
from virtual_programs import SECOND_NS, Program, run, two_hosts

from farhost.kernel.signals import HANDLED
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn

OOB, PEEK = linux.MSG_OOB, linux.MSG_PEEK
LOCAL = b"\x7f\0\0\1"


def settled(sockets, fd, mask=linux.POLLPRI):
    """On the operating system loopback may take a moment."""
    for _ in range(500):
        if not sockets.on_system or sockets.calls.poll(((fd, mask),), 0):
            return
        time.sleep(0.001)


def urgent(sockets, one, other, data):
    """Send urgent data, and see it there."""
    assert sockets.sent(one, data, OOB) == len(data)
    settled(sockets, other)


def at_mark(sockets, fd):
    return struct.unpack("i", sockets.ioctl(fd, linux.SIOCATMARK, bytes(4)))[0]


def queued(sockets, fd):
    return struct.unpack("i", sockets.ioctl(fd, linux.FIONREAD, bytes(4)))[0]


def test_the_last_byte_is_urgent_and_comes_out_of_band(sockets):
    client, server, _ = sockets.pair()
    urgent(sockets, client, server, b"abX")
    assert sockets.ready(server) == "IN OUT PRI"
    assert (queued(sockets, server), at_mark(sockets, server)) == (2, 0)
    assert sockets.received(server, 10, OOB | PEEK) == b"X"
    assert sockets.calls.recvfrom(server, 10, OOB).flags == OOB
    assert sockets.ready(server) == "IN OUT"
    assert sockets.received(server, 10, OOB) == "EINVAL"
    assert sockets.received(server) == b"ab"
    assert (queued(sockets, server), at_mark(sockets, server)) == (0, 1)
    assert sockets.ready(server) == "OUT"
    assert sockets.received(server) == "EAGAIN"
    assert at_mark(sockets, server) == 0


@pytest.mark.parametrize("text", ["127.0.0.1", "::1"])
def test_a_receive_stops_at_the_mark_and_the_next_begins_behind_it(sockets, text):
    client, server, _ = sockets.pair(text)
    urgent(sockets, client, server, b"abX")
    sockets.sent(client, b"cd")
    settled(sockets, server, linux.POLLIN)
    assert sockets.received(server, 1) == b"a"
    assert sockets.received(server) == b"b"
    settled(sockets, server, linux.POLLIN)
    assert sockets.received(server, 10, PEEK) == b"cd"
    assert sockets.received(server, 1, OOB) == b"X"
    assert sockets.received(server) == b"cd"


def test_in_line_it_is_read_in_its_place(sockets):
    client, server, _ = sockets.pair()
    sockets.set_int(server, linux.SOL_SOCKET, linux.SO_OOBINLINE, 1)
    urgent(sockets, client, server, b"abX")
    assert sockets.received(server, 1, OOB) == "EINVAL"
    assert queued(sockets, server) == 3
    assert sockets.received(server) == b"ab"
    assert (at_mark(sockets, server), sockets.ready(server)) == (1, "IN OUT PRI")
    assert sockets.received(server) == b"X"
    assert sockets.ready(server) == "OUT"


def test_an_accepted_socket_inherits_in_line(sockets):
    listening = sockets.listener()
    sockets.set_int(listening, linux.SOL_SOCKET, linux.SO_OOBINLINE, 1)
    client = sockets.stream()
    sockets.tried("connect", client, sockets.getsockname(listening))
    settled(sockets, listening, linux.POLLIN)
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert sockets.get_int(server, linux.SOL_SOCKET, linux.SO_OOBINLINE) == 1
    sockets.sent(client, b"X", OOB)
    settled(sockets, server)
    assert sockets.received(server) == b"X"


def test_without_connection(sockets):
    fd = sockets.stream()
    assert sockets.received(fd, 1, OOB) == "EINVAL"
    assert sockets.received(sockets.listener(), 1, OOB) == "ENOTCONN"
    assert at_mark(sockets, fd) == 0


def test_urgent_data_that_came_before_accept_is_there_after_it(sockets):
    listening = sockets.listener()
    client = sockets.stream()
    sockets.tried("connect", client, sockets.getsockname(listening))
    settled(sockets, listening, linux.POLLIN)
    sockets.sent(client, b"abX", OOB)
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    settled(sockets, server)
    assert sockets.received(server) == b"ab"
    assert sockets.received(server, 1, OOB) == b"X"


def test_without_room_and_with_trunc(sockets):
    client, server, _ = sockets.pair()
    urgent(sockets, client, server, b"X")
    received = sockets.calls.recvmsg(server, 0, 0, OOB)
    assert (received.data, received.flags) == (b"", OOB | linux.MSG_TRUNC)
    assert sockets.received(server, 1, OOB) == "EINVAL"
    urgent(sockets, client, server, b"Y")
    assert len(sockets.calls.recvmsg(server, 1, 0, OOB | linux.MSG_TRUNC).data) == 1


def test_after_the_end_the_byte_is_still_there(sockets):
    client, server, _ = sockets.pair()
    urgent(sockets, client, server, b"abX")
    sockets.close(client)
    settled(sockets, server, linux.POLLRDHUP)
    assert sockets.received(server) == b"ab"
    assert sockets.received(server, 1, OOB) == b"X"
    assert sockets.received(server) == b""
    assert sockets.received(server, 1, OOB) == "EINVAL"


def test_after_a_reset_it_is_not(sockets):
    client, server, _ = sockets.pair()
    urgent(sockets, client, server, b"X")
    sockets.linger(client, 1, 0)
    sockets.close(client)
    settled(sockets, server, linux.POLLERR)
    assert sockets.received(server, 1, OOB) == "ENOTCONN"
    assert sockets.received(server) == "ECONNRESET"


def test_the_low_water_mark_does_not_count_the_urgent_byte(sockets):
    client, server, _ = sockets.pair()
    urgent(sockets, client, server, b"aX")
    sockets.set_int(server, linux.SOL_SOCKET, linux.SO_RCVLOWAT, 2)
    assert sockets.ready(server) == "IN OUT PRI"
    assert sockets.received(server) == b"a"
    assert sockets.ready(server) == "OUT PRI"
    sockets.sent(client, b"bc")
    settled(sockets, server, linux.POLLIN)
    assert sockets.ready(server) == "IN OUT PRI"


def test_an_announced_byte_that_has_not_come():
    """The window is shut in front of it: a receive out of band says EAGAIN and does not wait, a plain one goes on."""
    network, client, server = two_hosts("delay=10ms")
    seen = []

    def serve(program):
        listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.setsockopt(listening, linux.SOL_SOCKET, linux.SO_RCVBUF, struct.pack("i", 2304))
        program.bind(listening, address("0.0.0.0", 5000))
        program.listen(listening, 1)
        fd, _ = program.accept4(listening, 0)
        program.sleep(20 * SECOND_NS)
        try:
            program.recvfrom(fd, 10, OOB)
        except OSError as error:
            seen.append(errno.errorcode[error.errno])
        seen.append(program.poll(((fd, linux.POLLPRI | linux.POLLIN),), 0)[0][1])
        size = 0
        while size < 100_000:
            size += len(program.recvfrom(fd, 1 << 20, 0).data)
        seen.append(size)
        seen.append(program.poll(((fd, linux.POLLPRI),), None)[0][1])
        seen.append(program.recvfrom(fd, 1, OOB).data)

    def send(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        program.sendto(fd, bytes(100_000) + b"!", OOB, None)

    run(network, Program(network, server).start(serve), Program(network, client).start(send))
    assert seen == ["EAGAIN", linux.POLLIN, 100_000, linux.POLLPRI, b"!"]


def local_pair(program):
    """A connected pair through `lo` whose calls wait."""
    listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.bind(listening, SockaddrIn(0, LOCAL))
    program.listen(listening, 1)
    client = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.connect(client, program.getsockname(listening))
    server, _ = program.accept4(listening, 0)
    return client, server


def alone(body):
    """Run a program on one host; its result."""
    network, client, _ = two_hosts()
    return run(network, Program(network, client).start(body))[0]


def test_waitall_ends_at_the_mark_and_waits_from_it_on():
    def body(program):
        client, server = local_pair(program)
        program.sendto(client, b"abX", OOB, None)
        program.sendto(client, b"cd", 0, None)
        first = program.recvfrom(server, 4, linux.MSG_WAITALL).data
        return first, program.recvfrom(server, 2, linux.MSG_WAITALL).data

    assert alone(body) == (b"ab", b"cd")


def test_the_owner_is_signalled_and_poll_wakes(far):
    client, server, _ = far.pair()
    process = far.thread.process
    told = []
    process.signals.set_disposition(linux.SIGURG, HANDLED)
    process.on_signal = told.append
    waiting = far.start("poll", ((server, linux.POLLPRI),), None)
    far.sent(client, b"X", OOB)
    assert told == [] and waiting.woken
    far.fcntl(server, linux.F_SETOWN, far.getpid())
    far.sent(client, b"Y", OOB)
    far.sent(client, b"plain")
    assert told == [linux.SIGURG]


def test_after_the_mark_receives_are_simple_again(far):
    client, server, _ = far.pair()
    sock = far.thread.files[server]
    assert sock.simple_reads
    far.sent(client, b"abX", OOB)
    assert not sock.simple_reads
    far.received(server)
    far.received(server, 1, OOB)
    far.sent(client, b"c")
    assert far.received(server) == b"c"
    assert sock.simple_reads
