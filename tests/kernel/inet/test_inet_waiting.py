"""Calls that wait: partial progress, time limits, lingering closes, what ends a wait."""

import struct

import pytest
from inet_calls import address
from virtual_programs import SECOND_NS, Program, run, two_hosts

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn

LOCAL = b"\x7f\0\0\1"
SOCKET = linux.SOL_SOCKET
MILLISECOND_NS = 1_000_000


def timeval(time_ns):
    return struct.pack("<qq", time_ns // SECOND_NS, time_ns % SECOND_NS // 1000)


def local_pair(program):
    """A connected pair through `lo`."""
    listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.bind(listening, SockaddrIn(0, LOCAL))
    program.listen(listening, 1)
    client = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.connect(client, program.getsockname(listening))
    server, _ = program.accept4(listening, 0)
    return client, server, listening


def alone(body):
    """Run a program on one host; its result."""
    network, client, _ = two_hosts()
    return run(network, Program(network, client).start(body))[0]


def errno_of(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return 0


def test_a_blocking_connect_and_accept_through_lo():
    def body(program):
        client, server, _ = local_pair(program)
        program.sendto(client, b"hello", 0, None)
        return program.recvfrom(server, 10, 0).data

    assert alone(body) == b"hello"


def test_a_blocking_connect_that_is_refused():
    def body(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        before = errno_of(program.connect, fd, SockaddrIn(1, LOCAL))
        return before, program.getsockopt(fd, SOCKET, linux.SO_ERROR, 4)

    assert alone(body) == (linux.ECONNREFUSED, bytes(4))


def test_rcvtimeo_ends_a_receive_with_eagain():
    def body(program):
        client, _, listening = local_pair(program)
        program.setsockopt(client, SOCKET, linux.SO_RCVTIMEO, timeval(2 * SECOND_NS))
        program.setsockopt(listening, SOCKET, linux.SO_RCVTIMEO, timeval(SECOND_NS))
        found = [errno_of(program.recvfrom, client, 10, 0), program.scheduler.now_ns]
        return [*found, errno_of(program.accept4, listening, 0), program.scheduler.now_ns]

    assert alone(body) == [linux.EAGAIN, 2 * SECOND_NS, linux.EAGAIN, 3 * SECOND_NS]


def test_waitall_with_a_time_limit_returns_what_came():
    def body(program):
        client, server, _ = local_pair(program)
        program.setsockopt(server, SOCKET, linux.SO_RCVTIMEO, timeval(SECOND_NS))
        program.sendto(client, b"abc", 0, None)
        return program.recvfrom(server, 10, linux.MSG_WAITALL).data, program.scheduler.now_ns

    assert alone(body) == (b"abc", SECOND_NS)


def test_waitall_waits_for_all_and_ends_with_the_stream():
    network, client, server = two_hosts("delay=10ms")

    def serve(program):
        listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.bind(listening, address("0.0.0.0", 5000))
        program.listen(listening, 1)
        fd, _ = program.accept4(listening, 0)
        first = program.recvfrom(fd, 6, linux.MSG_WAITALL | linux.MSG_PEEK).data
        second = program.recvfrom(fd, 6, linux.MSG_WAITALL).data
        return first, second, program.recvfrom(fd, 100, linux.MSG_WAITALL).data

    def send(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        for data in (b"abc", b"def", b"gh"):
            program.sendto(fd, data, 0, None)
            program.sleep(100 * MILLISECOND_NS)
        program.close(fd)

    found = run(network, Program(network, server).start(serve), Program(network, client).start(send))
    assert found[0] == (b"abcdef", b"abcdef", b"gh")


def test_a_blocking_send_takes_everything():
    def writer(program, fds):
        client, server, _ = local_pair(program)
        fds.append(server)
        sent = program.sendto(client, bytes(20_000_000), 0, None)
        program.close(client)
        program.sleep(SECOND_NS)
        return sent

    network, client, _ = two_hosts()
    fds = []
    one = Program(network, client).start(writer, fds)

    def reader(program):
        program.thread = one.thread.process.add_thread()
        while not fds:
            program.sleep(MILLISECOND_NS)
        total = 0
        while data := program.recvfrom(fds[0], 1 << 20, 0).data:
            total += len(data)
        return total

    assert run(network, one, Program(network, client).start(reader)) == [20_000_000, 20_000_000]


def test_sndtimeo_returns_the_partial_count():
    def body(program):
        client, _, _ = local_pair(program)
        program.setsockopt(client, SOCKET, linux.SO_SNDTIMEO, timeval(SECOND_NS))
        first = program.sendto(client, bytes(50_000_000), 0, None)
        when = program.scheduler.now_ns
        while not (error := errno_of(program.sendto, client, bytes(10_000), 0, None)):
            pass
        return first, when, error

    first, when, second = alone(body)
    assert 0 < first < 50_000_000
    assert when == SECOND_NS
    assert second == linux.EAGAIN


def test_a_reset_ends_a_blocked_send_with_the_partial_count_and_then_the_error():
    network, client, server = two_hosts("delay=1ms")

    def serve(program):
        listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.bind(listening, address("0.0.0.0", 5000))
        program.listen(listening, 1)
        fd, _ = program.accept4(listening, 0)
        program.sleep(SECOND_NS)
        program.close(fd)

    def send(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        taken = program.sendto(fd, bytes(50_000_000), 0, None)
        first = errno_of(program.sendto, fd, b"x", 0, None)
        return taken, first, errno_of(program.sendto, fd, b"x", 0, None), program.sigpipes

    _, (taken, first, second, signals) = run(
        network, Program(network, server).start(serve), Program(network, client).start(send)
    )
    assert 0 < taken < 50_000_000
    assert (first, second, signals) == (linux.ECONNRESET, linux.EPIPE, 1)


@pytest.mark.parametrize("flags, signals", [(0, 1), (linux.MSG_NOSIGNAL, 0)])
def test_epipe_brings_sigpipe_unless_nosignal(flags, signals):
    def body(program):
        client, _, listening = local_pair(program)
        program.shutdown(client, linux.SHUT_WR)
        first = errno_of(program.sendto, client, b"x", flags, None)
        return first, program.sigpipes, errno_of(program.sendto, listening, b"x", flags, None), program.sigpipes

    assert alone(body) == (linux.EPIPE, signals, linux.EPIPE, 2 * signals)


def linger(on, seconds):
    return struct.pack("<ii", on, seconds)


def close_times(options, conditions="delay=100ms"):
    """How long close(2) takes with 1000 bytes under way."""
    network, client, server = two_hosts(conditions)

    def serve(program):
        listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.bind(listening, address("0.0.0.0", 5000))
        program.listen(listening, 1)
        fd, _ = program.accept4(listening, 0)
        total = 0
        try:
            while data := program.recvfrom(fd, 4096, 0).data:
                total += len(data)
        except OSError as error:
            return total, error.errno
        return total, 0

    def send(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        if options:
            program.setsockopt(fd, SOCKET, linux.SO_LINGER, options)
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        program.sendto(fd, bytes(1000), 0, None)
        began_ns = network.scheduler.now_ns
        program.close(fd)
        return (network.scheduler.now_ns - began_ns) // MILLISECOND_NS

    got, took = run(network, Program(network, server).start(serve), Program(network, client).start(send))
    return took, got


def test_close_without_linger_goes_on_in_the_background():
    assert close_times(b"") == (0, (1000, 0))


def test_close_with_linger_waits_for_the_last_acknowledgement():
    assert close_times(linger(1, 5)) == (200, (1000, 0))


def test_close_with_linger_0_resets():
    assert close_times(linger(1, 0)) == (0, (1000, linux.ECONNRESET))


def test_close_with_linger_gives_up_in_time():
    network, client, server = two_hosts("delay=1ms")

    def serve(program):
        listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.bind(listening, address("0.0.0.0", 5000))
        program.listen(listening, 1)
        program.accept4(listening, 0)
        network.link(client, server, "loss=100%")
        program.sleep(2000 * SECOND_NS)

    def send(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.setsockopt(fd, SOCKET, linux.SO_LINGER, linger(1, 3))
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        program.sleep(SECOND_NS)
        program.sendto(fd, b"x", 0, None)
        began_ns = network.scheduler.now_ns
        program.close(fd)
        return network.scheduler.now_ns - began_ns

    assert (
        run(network, Program(network, server).start(serve), Program(network, client).start(send))[1] == 3 * SECOND_NS
    )


def test_shutdown_of_a_listener_ends_a_waiting_accept():
    network, client, _ = two_hosts()

    def accept(program, fds):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.listen(fd, 1)
        fds.append(fd)
        return errno_of(program.accept4, fd, 0)

    fds = []
    one = Program(network, client).start(accept, fds)

    def end(program):
        program.thread = one.thread.process.add_thread()
        program.sleep(SECOND_NS)
        program.shutdown(fds[0], linux.SHUT_RDWR)

    assert run(network, one, Program(network, client).start(end))[0] == linux.EINVAL


def test_shutdown_for_reading_ends_a_waiting_receive():
    for kind in (linux.SOCK_STREAM, linux.SOCK_DGRAM):
        network, client, _ = two_hosts()

        def receive(program, fds, kind=kind):
            if kind == linux.SOCK_STREAM:
                fd = local_pair(program)[0]
            else:
                fd = program.socket(linux.AF_INET, kind, 0)
                program.connect(fd, SockaddrIn(9, LOCAL))
            fds.append(fd)
            return program.recvfrom(fd, 10, 0).data

        fds = []
        one = Program(network, client).start(receive, fds)

        def end(program, one=one, fds=fds):
            program.thread = one.thread.process.add_thread()
            program.sleep(SECOND_NS)
            program.shutdown(fds[0], linux.SHUT_RD)

        assert run(network, one, Program(network, client).start(end))[0] == b""


def test_a_datagram_wakes_a_waiting_receive_and_an_error_does():
    network, client, server = two_hosts("delay=5ms")

    def receive(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, 0)
        program.connect(fd, SockaddrIn(6000, server.address(linux.AF_INET)))
        program.sendto(fd, b"x", 0, None)
        return errno_of(program.recvfrom, fd, 10, 0), network.scheduler.now_ns

    assert run(network, Program(network, client).start(receive)) == [(linux.ECONNREFUSED, 10 * MILLISECOND_NS)]
