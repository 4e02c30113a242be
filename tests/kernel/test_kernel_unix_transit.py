"""Files under way whose receivers nobody can reach are collected, on the operating system and on farhost (unix_gc).

Each test has the write end of a pipe in a message: the reader finds the end when the message is thrown away. Linux
collects when some Unix domain socket is closed, and in the background; so the tests close one, and wait for the end.
"""

import errno

import pytest
from kernel_calls import errno_of
from unix_messages import KINDS, connected, end_of_pipe, listener, pair, receive, rights, send, waiting_pair

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrUn

PATIENCE_MS = 10_000


@pytest.fixture(autouse=True)
def nothing_was_miscounted(request):
    machines = [request.getfixturevalue(name) for name in ("calls", "far") if name in request.fixturenames]
    yield
    for machine in machines:
        if not machine.on_system:
            machine.kernel.transit.check_invariants()


def close(calls, *numbers):
    for number in numbers:
        calls.close(number)


def collected(calls, reader, kind=linux.SOCK_STREAM):
    """Whether the pipe's end comes, after a close that makes the system look."""
    close(calls, *pair(calls, kind))
    return end_of_pipe(calls, reader, PATIENCE_MS if calls.on_system else 0)


def alive(calls, reader):
    close(calls, *pair(calls))
    return not end_of_pipe(calls, reader)


@pytest.mark.parametrize("kind", KINDS)
def test_a_socket_that_holds_itself(calls, kind):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(other, writer))
    close(calls, writer, one)
    assert alive(calls, reader)
    close(calls, other)
    assert collected(calls, reader)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pair_that_holds_both_its_ends(calls, kind):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(one, other, writer))
    send(calls, other, b"y", rights(other, one))
    close(calls, writer, one, other)
    assert collected(calls, reader)


def test_farhost_collects_at_the_close_that_makes_them_unreachable(far):
    one, other = pair(far)
    reader, writer = far.pipe2(0)
    send(far, one, b"x", rights(one, other, writer))
    close(far, writer, one)
    assert not end_of_pipe(far, reader)
    close(far, other)
    assert end_of_pipe(far, reader)


def test_a_ring_of_several(calls):
    ends = [pair(calls) for _ in range(5)]
    reader, writer = calls.pipe2(0)
    for (into, _), (_, gift) in zip(ends, ends[1:] + ends[:1], strict=True):
        send(calls, into, b"x", rights(gift))
    send(calls, ends[2][0], b"y", rights(writer))
    close(calls, writer)
    for into, held in ends:
        assert alive(calls, reader)
        close(calls, into, held)
    assert collected(calls, reader)


def test_what_a_descriptor_leads_to_lives(calls):
    """A chain of messages that hold each other's receivers, in a ring that can still be reached."""
    outer, door = pair(calls)
    one, other = pair(calls)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(one, other, writer))
    send(calls, outer, b"ring", rights(other))
    close(calls, writer, one, other)
    assert alive(calls, reader)
    _, (other,) = receive(calls, door)
    data, (one, again, writer) = receive(calls, other)
    assert data == b"x"
    close(calls, writer, one, again, other)
    assert end_of_pipe(calls, reader)


def test_what_a_ring_holds_goes_with_it(calls):
    one, other = pair(calls)
    near, leaf = pair(calls)
    reader, writer = calls.pipe2(0)
    send(calls, near, b"in the leaf", rights(writer))
    send(calls, one, b"x", rights(one, other, leaf))
    close(calls, writer, one, leaf, other)
    assert collected(calls, reader)
    assert errno_of(calls.recvfrom, near, 10, 0) == errno.ECONNRESET


def test_the_peer_of_a_collected_socket_finds_the_end_and_no_reset(calls):
    """Its queue is emptied before it is closed."""
    near, held = pair(calls)
    into, door = pair(calls)
    reader, writer = calls.pipe2(0)
    send(calls, near, b"x", rights(door, writer))
    send(calls, near, b"plain")
    send(calls, into, b"x", rights(held))
    close(calls, writer, held, door)
    assert collected(calls, reader)
    for end in (near, into):
        assert calls.recvfrom(end, 10, 0).data == b""
        assert errno_of(calls.sendto, end, b"x", 0, None) == errno.EPIPE


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_SEQPACKET])
def test_a_listener_that_a_waiting_connection_holds(calls, kind):
    listening, name = listener(calls, kind)
    client = connected(calls, name, kind)
    reader, writer = calls.pipe2(0)
    send(calls, client, b"x", rights(listening, writer))
    close(calls, writer)
    assert alive(calls, reader)
    close(calls, listening)
    assert collected(calls, reader)
    assert errno_of(calls.recvfrom, client, 10, 0) == errno.ECONNRESET
    calls.bind(calls.socket(linux.AF_UNIX, kind, 0), name)


def test_a_listener_keeps_what_waits_to_be_accepted(calls):
    listening, name = listener(calls)
    client = connected(calls, name)
    reader, writer = calls.pipe2(0)
    send(calls, client, b"x", rights(client, writer))
    close(calls, writer, client)
    assert alive(calls, reader)
    accepted, _ = calls.accept4(listening, 0)
    _, given = receive(calls, accepted)
    close(calls, *given)
    assert end_of_pipe(calls, reader)


def test_a_datagram_socket_sent_to_itself(calls):
    fd = calls.socket(linux.AF_UNIX, linux.SOCK_DGRAM, 0)
    calls.bind(fd, SockaddrUn(b""))
    calls.connect(fd, calls.getsockname(fd))
    reader, writer = calls.pipe2(0)
    send(calls, fd, b"x", rights(fd, writer))
    close(calls, writer, fd)
    assert collected(calls, reader)


def test_an_epoll_instance_that_watches_its_carrier_keeps_nothing_alive(calls):
    one, other = pair(calls)
    epoll = calls.epoll_create1(0)
    reader, writer = calls.pipe2(0)
    calls.epoll_ctl(epoll, linux.EPOLL_CTL_ADD, other, linux.EPOLLIN, 7)
    send(calls, one, b"x", rights(one, other, epoll, writer))
    close(calls, writer, one, other)
    assert collected(calls, reader)
    assert calls.epoll_wait(epoll, 5, 0) == ()


def test_a_chain_without_a_ring_goes_link_by_link_however_long_it_is(calls):
    """RLIMIT_NOFILE bounds it, for a user without privilege."""
    reader, last = calls.pipe2(0)
    for _ in range(500):
        one, other = pair(calls)
        send(calls, one, b"x", rights(last))
        close(calls, last, one)
        last = other
    assert not end_of_pipe(calls, reader)
    close(calls, last)
    assert end_of_pipe(calls, reader, PATIENCE_MS if calls.on_system else 0)


def test_what_is_passed_deep_comes_out_again(calls):
    """How deep has not been limited since Linux 4.14."""
    reader, last = calls.pipe2(0)
    for _ in range(50):
        one, other = pair(calls)
        send(calls, one, b"x", rights(last))
        close(calls, last, one)
        last = other
    for _ in range(50):
        _, (inner,) = receive(calls, last)
        close(calls, last)
        last = inner
    calls.write(last, b"out")
    assert calls.read(reader, 10) == b"out"


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_waits_on_a_socket_keeps_it_and_the_next_close_of_any_socket_finds_it(kind):
    far, one, other = waiting_pair()
    reader, writer = far.pipe2(0)
    process = far.other()
    held = process.thread.process.descriptors.add(far.thread.process.descriptors.get(other))
    waiting = process.start("recvfrom", held, 10, 0)
    process.close(held)
    send(far, one, b"x", rights(one, other, writer))
    close(far, writer, one, other)
    assert alive(far, reader)
    assert errno_of(waiting.end) == errno.EINTR
    assert not end_of_pipe(far, reader)
    assert collected(far, reader, kind)
