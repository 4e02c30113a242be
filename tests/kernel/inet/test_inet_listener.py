"""The queues of a listening socket, on the system's loopback and on farhost's."""

import pytest
from inet_calls import address

from farhost.wire import linux

LOCAL = "127.0.0.1"


def connected(sockets, fd):
    """Whether connect has succeeded."""
    return sockets.ready(fd) == "OUT" and sockets.tried("getpeername", fd) == "ok"


def clients(sockets, listening, count):
    """That many nonblocking connects to a listener."""
    fds = []
    for _ in range(count):
        fd = sockets.stream()
        sockets.tried("connect", fd, sockets.getsockname(listening))
        fds.append(fd)
    return fds


@pytest.mark.parametrize("backlog, expected", [(0, 1), (1, 2), (3, 4), (8, 9)])
def test_the_accept_queue_holds_one_more_than_the_backlog(sockets, backlog, expected):
    listening = sockets.listener(backlog=backlog)
    found = [connected(sockets, fd) for fd in clients(sockets, listening, expected + 4)]
    assert found == [True] * expected + [False] * 4
    accepted = 0
    while sockets.tried("accept4", listening, 0) == "ok":
        accepted += 1
    assert accepted == expected


def test_a_client_that_found_no_room_keeps_trying(sockets):
    listening = sockets.listener(backlog=0)
    _, late = clients(sockets, listening, 2)
    assert not connected(sockets, late)
    assert sockets.ready(late) == ""
    assert sockets.tried("connect", late, sockets.getsockname(listening)) == "EALREADY"


def test_readable_while_a_connection_waits(sockets):
    listening = sockets.listener()
    assert sockets.ready(listening) == ""
    clients(sockets, listening, 1)
    assert sockets.ready(listening) == "IN"
    sockets.accept4(listening, 0)
    assert sockets.ready(listening) == ""


def test_connections_are_accepted_in_order(sockets):
    listening = sockets.listener()
    fds = clients(sockets, listening, 3)
    peers = [sockets.accept4(listening, 0)[1].port for _ in fds]
    assert peers == [sockets.port(fd) for fd in fds]


def test_a_connection_that_was_closed_before_accept_is_accepted(sockets):
    listening = sockets.listener()
    (fd,) = clients(sockets, listening, 1)
    sockets.sent(fd, b"bye")
    sockets.close(fd)
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert sockets.ready(server) == "IN OUT RDHUP"
    assert [sockets.received(server) for _ in range(2)] == [b"bye", b""]


def test_a_connection_that_was_reset_before_accept_is_accepted_and_then_fails(sockets):
    listening = sockets.listener()
    (fd,) = clients(sockets, listening, 1)
    port = sockets.port(fd)
    sockets.linger(fd, 1, 0)
    sockets.close(fd)
    assert sockets.ready(listening) == "IN"
    server, peer = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert peer == address(LOCAL, port)
    assert sockets.ready(server) == "IN OUT ERR HUP RDHUP"
    assert [sockets.received(server) for _ in range(2)] == ["ECONNRESET", b""]


def test_closing_the_listener_resets_those_who_wait_and_leaves_those_accepted(sockets):
    listening = sockets.listener()
    first, second = clients(sockets, listening, 2)
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    to = sockets.getsockname(listening)
    sockets.close(listening)
    assert sockets.received(second) == "ECONNRESET"
    sockets.sent(server, b"still here")
    assert sockets.received(first) == b"still here"
    late = sockets.stream()
    sockets.tried("connect", late, to)
    assert sockets.get_int(late, linux.SOL_SOCKET, linux.SO_ERROR) == linux.ECONNREFUSED


def test_listen_again_changes_the_backlog(sockets):
    listening = sockets.listener(backlog=0)
    sockets.listen(listening, 2)
    found = [connected(sockets, fd) for fd in clients(sockets, listening, 5)]
    assert found == [True] * 3 + [False] * 2


def test_a_negative_backlog_is_the_most_there_is(sockets):
    listening = sockets.listener(backlog=-1)
    assert all(connected(sockets, fd) for fd in clients(sockets, listening, 20))


def test_data_waits_with_a_connection_that_nobody_accepted(sockets):
    listening = sockets.listener()
    (fd,) = clients(sockets, listening, 1)
    assert sockets.sent(fd, b"early") == 5
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert sockets.received(server) == b"early"


def test_somaxconn_limits_the_backlog(far):
    far.kernel.sysctls.set("net.core.somaxconn", 2)
    listening = far.listener(backlog=100)
    found = [connected(far, fd) for fd in clients(far, listening, 5)]
    assert found == [True] * 3 + [False] * 2
    counters = far.kernel.internet.counters
    assert counters["TcpExtListenOverflows"] == counters["TcpExtListenDrops"] == 2


def test_reuseport_listeners_share_their_clients(sockets):
    group = []
    for _ in range(3):
        fd = sockets.stream()
        sockets.set_int(fd, linux.SOL_SOCKET, linux.SO_REUSEPORT, 1)
        sockets.bind(fd, sockets.getsockname(group[0]) if group else address(LOCAL, 0))
        sockets.listen(fd, 64)
        group.append(fd)
    clients(sockets, group[0], 40)
    counts = []
    for fd in group:
        count = 0
        while sockets.tried("accept4", fd, 0) == "ok":
            count += 1
        counts.append(count)
    assert sum(counts) == 40
    assert sum(1 for count in counts if count) > 1
