"""TCP sockets, on the system's loopback and on farhost's: connecting, errors, readiness, shutting, closing."""

import pytest
from inet_calls import UNSPEC, address, shown

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

LOCAL = "127.0.0.1"
SOCKET = linux.SOL_SOCKET


def closed_port(sockets):
    """An address where nobody listens."""
    fd = sockets.stream()
    sockets.bind(fd, address(LOCAL, 0))
    found = sockets.getsockname(fd)
    sockets.close(fd)
    return found


def test_a_fresh_socket(sockets):
    fd = sockets.stream()
    assert sockets.ready(fd) == "OUT HUP"
    assert sockets.sent(fd, b"x") == "EPIPE"
    assert sockets.received(fd) == "ENOTCONN"
    assert sockets.tried("getpeername", fd) == "ENOTCONN"
    assert sockets.getsockname(fd) == SockaddrIn(0, bytes(4))
    assert sockets.tried("accept4", fd, 0) == "EINVAL"
    assert sockets.tried("shutdown", fd, linux.SHUT_RDWR) == "ENOTCONN"
    assert sockets.ready(fd) == "IN OUT HUP RDHUP"


@pytest.mark.parametrize("text", [LOCAL, "::1"])
def test_a_connection_carries_bytes_both_ways(sockets, text):
    client, server, listening = sockets.pair(text)
    assert sockets.getpeername(client) == sockets.getsockname(listening) == sockets.getsockname(server)
    assert sockets.getpeername(server) == sockets.getsockname(client)
    assert sockets.sent(client, b"ping") == 4
    assert sockets.received(server) == b"ping"
    assert sockets.sent(server, b"pong") == 4
    assert sockets.received(client) == b"pong"
    assert sockets.received(client) == "EAGAIN"


def test_connect_without_waiting(sockets):
    listening = sockets.listener()
    fd = sockets.stream()
    to = sockets.getsockname(listening)
    assert [sockets.tried("connect", fd, to) for _ in range(3)] == ["EINPROGRESS", "ok", "EISCONN"]
    assert sockets.ready(fd) == "OUT"


def test_a_refused_connect_without_waiting(sockets):
    listening = sockets.listener()
    fd = sockets.stream()
    assert sockets.tried("connect", fd, closed_port(sockets)) == "EINPROGRESS"
    assert sockets.ready(fd) == "IN OUT ERR HUP RDHUP"
    assert sockets.get_int(fd, SOCKET, linux.SO_ERROR) == linux.ECONNREFUSED
    assert sockets.ready(fd) == "IN OUT HUP RDHUP"
    to = sockets.getsockname(listening)
    found = [sockets.tried("connect", fd, to) for _ in range(3)]
    assert found == ["ECONNABORTED", "EINPROGRESS", "ok"]


def test_the_error_of_a_refused_connect_comes_from_whichever_call_is_first(sockets):
    for call, expected in (
        (lambda fd: sockets.tried("connect", fd, closed_port(sockets)), "ECONNREFUSED"),
        (lambda fd: sockets.sent(fd, b"x"), "ECONNREFUSED"),
        (lambda fd: sockets.received(fd), "ECONNREFUSED"),
    ):
        fd = sockets.stream()
        sockets.tried("connect", fd, closed_port(sockets))
        assert call(fd) == expected
        assert sockets.get_int(fd, SOCKET, linux.SO_ERROR) == 0


def test_a_refused_connect_leaves_a_socket_that_can_connect(sockets):
    listening = sockets.listener()
    fd = sockets.stream()
    sockets.tried("connect", fd, closed_port(sockets))
    assert sockets.tried("connect", fd, closed_port(sockets)) == "ECONNREFUSED"
    assert sockets.tried("connect", fd, sockets.getsockname(listening)) == "EINPROGRESS"
    assert sockets.tried("connect", fd, sockets.getsockname(listening)) == "ok"


def test_where_connect_cannot_go(sockets):
    fd = sockets.stream()
    assert sockets.tried("connect", fd, address("224.0.0.1", 1)) == "ENETUNREACH"
    assert sockets.tried("connect", fd, address("255.255.255.255", 1)) == "ENETUNREACH"
    bound = sockets.stream()
    sockets.bind(bound, address(LOCAL, 0))
    assert sockets.tried("connect", bound, address("8.8.8.8", 1)) in ("EINVAL", "ENETUNREACH")
    six = sockets.stream(linux.AF_INET6)
    sockets.bind(six, address("::1", 0))
    assert sockets.tried("connect", six, address("::ffff:127.0.0.1", 1)) == "ENETUNREACH"
    mapped = sockets.stream(linux.AF_INET6)
    sockets.bind(mapped, address("::ffff:127.0.0.1", 0))
    assert sockets.tried("connect", mapped, address("::1", 1)) == "EAFNOSUPPORT"
    assert sockets.tried("connect", sockets.stream(linux.AF_INET6), address("fe80::1", 1)) == "EINVAL"


def test_the_wildcard_as_destination_is_this_host(sockets):
    for text, wild in ((LOCAL, "0.0.0.0"), ("::1", "::")):
        listening = sockets.listener(text)
        fd = sockets.stream(linux.AF_INET6 if ":" in text else linux.AF_INET)
        sockets.tried("connect", fd, address(wild, sockets.port(listening)))
        assert shown(sockets.getpeername(fd)) == text


def test_a_dual_stack_listener_shows_mapped_addresses(sockets):
    listening = sockets.listener("::")
    client = sockets.stream()
    sockets.tried("connect", client, address(LOCAL, sockets.port(listening)))
    server, peer = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert peer == SockaddrIn6(sockets.port(client), bytes(10) + b"\xff\xff\x7f\0\0\1")
    assert shown(sockets.getsockname(server)) == "::ffff:127.0.0.1"


def test_an_ipv4_listener_is_preferred_to_a_dual_stack_one(sockets):
    six = sockets.stream(linux.AF_INET6)
    sockets.set_int(six, SOCKET, linux.SO_REUSEPORT, 1)
    sockets.bind(six, address("::", 0))
    sockets.listen(six, 4)
    four = sockets.stream()
    sockets.set_int(four, SOCKET, linux.SO_REUSEPORT, 1)
    sockets.bind(four, address("0.0.0.0", sockets.port(six)))
    sockets.listen(four, 4)
    client = sockets.stream()
    sockets.tried("connect", client, address(LOCAL, sockets.port(six)))
    assert (sockets.ready(six), sockets.ready(four)) == ("", "IN")


def test_a_socket_can_connect_to_itself(sockets):
    fd = sockets.stream()
    sockets.bind(fd, address(LOCAL, 0))
    own = sockets.getsockname(fd)
    assert sockets.tried("connect", fd, own) == "EINPROGRESS"
    assert sockets.tried("connect", fd, own) == "ok"
    assert sockets.getpeername(fd) == own
    assert sockets.sent(fd, b"echo") == 4
    assert sockets.received(fd) == b"echo"


def test_unspec_ends_a_connection_by_a_reset(sockets):
    client, server, _ = sockets.pair()
    sockets.connect(client, UNSPEC)
    assert sockets.tried("getpeername", client) == "ENOTCONN"
    assert sockets.received(server) == "ECONNRESET"
    assert sockets.received(server) == b""
    fresh = sockets.stream()
    assert sockets.tried("connect", fresh, UNSPEC) == "ok"


def test_the_end_of_the_stream(sockets):
    client, server, _ = sockets.pair()
    sockets.sent(client, b"last")
    sockets.close(client)
    assert sockets.ready(server) == "IN OUT RDHUP"
    assert [sockets.received(server) for _ in range(3)] == [b"last", b"", b""]


def test_writing_to_a_closed_peer(sockets):
    client, server, _ = sockets.pair()
    sockets.close(client)
    assert sockets.received(server) == b""
    assert sockets.sent(server, b"x") == 1
    assert sockets.ready(server) == "IN OUT ERR HUP RDHUP"
    assert sockets.sent(server, b"x") == "EPIPE"
    assert sockets.ready(server) == "IN OUT HUP RDHUP"
    assert sockets.sent(server, b"x") == "EPIPE"
    assert sockets.received(server) == b""
    assert sockets.tried("getpeername", server) == "ENOTCONN"


def test_closing_with_unread_data_resets(sockets):
    client, server, _ = sockets.pair()
    sockets.sent(client, b"nobody reads this")
    sockets.close(server)
    assert sockets.ready(client) == "IN OUT ERR HUP RDHUP"
    assert [sockets.received(client) for _ in range(3)] == ["ECONNRESET", b"", b""]
    assert sockets.sent(client, b"x") == "EPIPE"


def test_a_reset_keeps_what_was_received(sockets):
    client, server, _ = sockets.pair()
    sockets.sent(server, b"before")
    sockets.linger(server, 1, 0)
    sockets.close(server)
    assert [sockets.received(client) for _ in range(3)] == [b"before", "ECONNRESET", b""]


def test_so_error_takes_the_error_of_a_reset(sockets):
    client, server, _ = sockets.pair()
    sockets.linger(server, 1, 0)
    sockets.close(server)
    assert sockets.get_int(client, SOCKET, linux.SO_ERROR) == linux.ECONNRESET
    assert sockets.get_int(client, SOCKET, linux.SO_ERROR) == 0
    assert sockets.received(client) == b""
    assert sockets.sent(client, b"x") == "EPIPE"


@pytest.mark.parametrize(
    "how, own, peer",
    [
        (linux.SHUT_RD, "IN OUT RDHUP", "OUT"),
        (linux.SHUT_WR, "OUT", "IN OUT RDHUP"),
        (linux.SHUT_RDWR, "IN OUT HUP RDHUP", "IN OUT RDHUP"),
    ],
)
def test_readiness_after_shutdown(sockets, how, own, peer):
    client, server, _ = sockets.pair()
    sockets.shutdown(client, how)
    assert (sockets.ready(client), sockets.ready(server)) == (own, peer)


def test_readiness_when_both_sides_have_shut_writing(sockets):
    client, server, _ = sockets.pair()
    sockets.shutdown(client, linux.SHUT_WR)
    sockets.shutdown(server, linux.SHUT_WR)
    assert sockets.ready(client) == "IN OUT HUP RDHUP"
    assert sockets.ready(server) == "IN OUT HUP RDHUP"
    assert (sockets.received(client), sockets.received(server)) == (b"", b"")


def test_half_close_leaves_the_other_direction(sockets):
    client, server, _ = sockets.pair()
    sockets.shutdown(client, linux.SHUT_WR)
    assert sockets.sent(client, b"x") == "EPIPE"
    assert sockets.received(server) == b""
    assert sockets.sent(server, b"reply") == 5
    assert sockets.received(client) == b"reply"
    sockets.close(server)
    assert sockets.received(client) == b""


def test_after_shut_rd_data_still_comes(sockets):
    client, server, _ = sockets.pair()
    sockets.shutdown(client, linux.SHUT_RD)
    assert sockets.received(client) == b""
    assert sockets.sent(server, b"late") == 4
    assert sockets.received(client) == b"late"
    assert sockets.received(client) == b""


def test_what_shutdown_refuses(sockets):
    client, _, listening = sockets.pair()
    assert sockets.tried("shutdown", client, 3) == "EINVAL"
    assert sockets.tried("shutdown", client, linux.SHUT_WR) == "ok"
    assert sockets.tried("shutdown", client, linux.SHUT_WR) == "ok"
    assert sockets.tried("shutdown", listening, linux.SHUT_WR) == "ok"
    assert sockets.ready(listening) == ""


def test_shutting_a_listener_for_reading_ends_it(sockets):
    listening = sockets.listener()
    to = sockets.getsockname(listening)
    waiting = sockets.stream()
    sockets.tried("connect", waiting, to)
    assert sockets.tried("shutdown", listening, linux.SHUT_RD) == "ok"
    assert sockets.ready(waiting) == "IN OUT ERR HUP RDHUP"
    assert sockets.tried("accept4", listening, 0) == "EINVAL"
    late = sockets.stream()
    sockets.tried("connect", late, to)
    assert sockets.get_int(late, SOCKET, linux.SO_ERROR) == linux.ECONNREFUSED
    assert sockets.tried("listen", listening, 1) == "ok"


def test_peeking_leaves_the_data(sockets):
    client, server, _ = sockets.pair()
    sockets.sent(client, b"abcdef")
    assert [sockets.received(server, 3, linux.MSG_PEEK) for _ in range(2)] == [b"abc", b"abc"]
    assert sockets.received(server, 10) == b"abcdef"


def test_msg_trunc_throws_away(sockets):
    client, server, _ = sockets.pair()
    sockets.sent(client, b"abcdef")
    assert len(sockets.received(server, 4, linux.MSG_TRUNC)) == 4
    assert sockets.received(server, 10) == b"ef"


def test_writes_merge_and_reads_split(sockets):
    client, server, _ = sockets.pair()
    for data in (b"one", b"two"):
        sockets.sent(client, data)
    assert [sockets.received(server, size) for size in (2, 2, 9)] == [b"on", b"et", b"wo"]


def test_waitall_without_waiting_takes_what_is_there(sockets):
    client, server, _ = sockets.pair()
    sockets.sent(client, b"abc")
    assert sockets.received(server, 10, linux.MSG_WAITALL) == b"abc"


def test_rcvlowat_decides_readiness_not_what_a_receive_takes(sockets):
    client, server, _ = sockets.pair()
    sockets.set_int(server, SOCKET, linux.SO_RCVLOWAT, 4)
    sockets.sent(client, b"abc")
    assert sockets.ready(server) == "OUT"
    assert sockets.received(server) == b"abc"
    sockets.sent(client, b"abcd")
    assert sockets.ready(server) == "IN OUT"


def test_a_full_send_buffer(sockets):
    client, server, _ = sockets.pair()
    total = 0
    while (count := sockets.sent(client, bytes(65536))) != "EAGAIN":
        total += count
    assert total > 100_000
    assert sockets.ready(client) == ""
    got = 0
    while got < total:
        got += len(sockets.received(server, 1 << 20))
    assert sockets.ready(client) == "OUT"
    assert sockets.received(server) == "EAGAIN"


def test_how_much_is_queued(sockets):
    client, server, listening = sockets.pair()
    sockets.sent(client, b"hello")
    ask = bytes(4)
    assert sockets.ioctl(server, linux.FIONREAD, ask) == b"\5\0\0\0"
    assert sockets.ioctl(client, linux.SIOCOUTQ, ask) == bytes(4)
    assert sockets.tried("ioctl", listening, linux.FIONREAD, ask) == "EINVAL"


def test_out_of_band_without_any(sockets):
    client, _, _ = sockets.pair()
    assert sockets.received(client, 1, linux.MSG_OOB) == "EINVAL"


def test_listen_on_a_connected_socket(sockets):
    client, server, _ = sockets.pair()
    assert sockets.tried("listen", client, 1) == "EINVAL"
    assert sockets.tried("listen", server, 1) == "EINVAL"
    assert sockets.tried("bind", client, address(LOCAL, 0)) == "EINVAL"


def test_a_listening_socket_is_no_stream(sockets):
    listening = sockets.listener()
    assert sockets.sent(listening, b"x") == "EPIPE"
    assert sockets.received(listening) == "ENOTCONN"
    assert sockets.tried("connect", listening, sockets.getsockname(listening)) == "EISCONN"
    assert sockets.tried("getpeername", listening) == "ENOTCONN"
    assert sockets.tried("accept4", listening, 0) == "EAGAIN"
    assert sockets.ready(listening) == ""


def test_listen_without_bind_takes_a_port(sockets):
    fd = sockets.stream()
    sockets.listen(fd, 1)
    assert shown(sockets.getsockname(fd)) == "0.0.0.0"
    assert sockets.port(fd) > 0


def test_an_explicit_bind_before_connect_stays(sockets):
    listening = sockets.listener()
    fd = sockets.stream()
    sockets.bind(fd, address("127.0.0.3", 0))
    own = sockets.getsockname(fd)
    sockets.tried("connect", fd, sockets.getsockname(listening))
    assert sockets.getsockname(fd) == own
    _, peer = sockets.accept4(listening, 0)
    assert peer == own


def test_the_same_four_numbers_cannot_be_used_twice(sockets):
    listening = sockets.listener()
    to = sockets.getsockname(listening)
    fds = []
    for _ in range(2):
        fd = sockets.stream()
        sockets.set_int(fd, SOCKET, linux.SO_REUSEADDR, 1)
        sockets.bind(fd, sockets.getsockname(fds[0]) if fds else address(LOCAL, 0))
        fds.append(fd)
    assert sockets.tried("connect", fds[0], to) == "EINPROGRESS"
    assert sockets.tried("connect", fds[1], to) == "EADDRNOTAVAIL"


def test_an_accepted_socket_takes_over_options(sockets):
    listening = sockets.listener()
    sockets.set_int(listening, linux.SOL_TCP, linux.TCP_NODELAY, 1)
    sockets.set_int(listening, SOCKET, linux.SO_KEEPALIVE, 1)
    client = sockets.stream()
    sockets.tried("connect", client, sockets.getsockname(listening))
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert sockets.get_int(server, linux.SOL_TCP, linux.TCP_NODELAY) == 1
    assert sockets.get_int(server, SOCKET, linux.SO_KEEPALIVE) == 1
    assert sockets.get_int(server, SOCKET, linux.SO_ACCEPTCONN) == 0
    assert sockets.get_int(listening, SOCKET, linux.SO_ACCEPTCONN) == 1
    assert sockets.fcntl(server, linux.F_GETFL, 0) & linux.O_NONBLOCK


def test_unspec_leaves_econnreset_to_the_next_call_and_connect_forgets_it(sockets):
    client, _, listening = sockets.pair()
    sockets.connect(client, UNSPEC)
    assert sockets.ready(client) == "OUT ERR HUP"
    sockets.tried("connect", client, sockets.getsockname(listening))
    assert sockets.ready(client) == "OUT"


def test_a_port_that_connect_chose_is_free_again_after_the_connection(sockets):
    fd = sockets.stream()
    sockets.tried("connect", fd, closed_port(sockets))
    assert sockets.port(fd) > 0
    assert sockets.tried("bind", fd, address(LOCAL, 0)) == "ok"
    assert sockets.tried("bind", fd, address(LOCAL, 0)) == "EINVAL"


def test_unspec_on_a_bound_socket_keeps_the_port(sockets):
    fd = sockets.stream()
    sockets.bind(fd, address(LOCAL, 0))
    sockets.connect(fd, UNSPEC)
    assert sockets.tried("bind", fd, address(LOCAL, 0)) == "EINVAL"


def test_data_for_a_socket_that_shut_both_ways_resets(sockets):
    client, server, _ = sockets.pair()
    sockets.shutdown(client, linux.SHUT_RDWR)
    assert sockets.sent(server, b"too late") == 8
    assert sockets.ready(client) == "IN OUT ERR HUP RDHUP"
    assert sockets.ready(server) == "IN OUT ERR HUP RDHUP"
    assert sockets.sent(server, b"x") == "EPIPE"


def test_what_was_shut_before_connect_stays_shut(sockets):
    listening = sockets.listener()
    fd = sockets.stream()
    assert sockets.tried("shutdown", fd, linux.SHUT_RD) == "ENOTCONN"
    sockets.tried("connect", fd, sockets.getsockname(listening))
    assert sockets.ready(fd) == "IN OUT RDHUP"


def test_connections_of_a_listener_that_shut_writing_begin_half_closed(sockets):
    listening = sockets.stream()
    assert sockets.tried("shutdown", listening, linux.SHUT_WR) == "ENOTCONN"
    sockets.listen(listening, 1)
    fd = sockets.stream()
    sockets.tried("connect", fd, address(LOCAL, sockets.port(listening)))
    assert sockets.ready(fd) == "IN OUT RDHUP"
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert sockets.sent(server, b"x") == "EPIPE"
