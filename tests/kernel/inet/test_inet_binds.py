"""Which binds conflict, on Linux and here: the matrix of addresses, SO_REUSEADDR and SO_REUSEPORT."""

import pytest
from inet_calls import DGRAM, STREAM, address

from farhost.wire import linux

ADDRESSES = ("0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0")

CONFLICTS = {
    "0.0.0.0": "xxxx.xx",
    "127.0.0.1": "xx.x.xx",
    "127.0.0.2": "x.xx..x",
    "::": "xxxxxxx",
    "::1": "...xx..",
    "::ffff:127.0.0.1": "xx.x.xx",
    "::ffff:0.0.0.0": "xxxx.xx",
}


def family(text):
    return linux.AF_INET6 if ":" in text else linux.AF_INET


def bound(sockets, text, port, kind, options=()):
    fd = sockets.socket(family(text), kind, 0)
    for name in options:
        sockets.set_int(fd, linux.SOL_SOCKET, name, 1)
    return fd, sockets.tried("bind", fd, address(text, port))


def meeting(sockets, first, second, kind):
    """``x`` where the second bind conflicts at each of four ports: at one of them it may be somebody else's."""
    for _ in range(4):
        one, result = bound(sockets, first, 0, kind)
        assert result == "ok"
        other, result = bound(sockets, second, sockets.port(one), kind)
        sockets.close(one)
        sockets.close(other)
        if result == "ok":
            return "."
        assert result == "EADDRINUSE"
    return "x"


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
@pytest.mark.parametrize("first", ADDRESSES)
def test_two_binds_to_one_port_conflict_where_their_addresses_meet(sockets, first, kind):
    found = "".join(meeting(sockets, first, second, kind) for second in ADDRESSES)
    assert found == CONFLICTS[first]


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_v6only_leaves_ipv4_alone(sockets, kind):
    for _ in range(9):  # On the system somebody else may have the IPv4 port of that number.
        one = sockets.socket(linux.AF_INET6, kind, 0)
        sockets.set_int(one, linux.SOL_IPV6, linux.IPV6_V6ONLY, 1)
        sockets.bind(one, address("::", 0))
        _, result = bound(sockets, "0.0.0.0", sockets.port(one), kind)
        if result == "ok":
            break
    assert result == "ok"
    assert bound(sockets, "::1", sockets.port(one), kind)[1] == "EADDRINUSE"


ADDR, PORT = linux.SO_REUSEADDR, linux.SO_REUSEPORT


@pytest.mark.parametrize(
    "kind, first, second, expected",
    [
        (STREAM, (ADDR,), (ADDR,), "ok"),
        (STREAM, (ADDR,), (), "EADDRINUSE"),
        (STREAM, (), (ADDR,), "EADDRINUSE"),
        (STREAM, (PORT,), (PORT,), "ok"),
        (STREAM, (PORT,), (), "EADDRINUSE"),
        (STREAM, (ADDR, PORT), (ADDR,), "ok"),
        (STREAM, (ADDR, PORT), (PORT,), "ok"),
        (STREAM, (ADDR,), (PORT,), "EADDRINUSE"),
        (DGRAM, (ADDR,), (ADDR,), "ok"),
        (DGRAM, (ADDR,), (), "EADDRINUSE"),
        (DGRAM, (PORT,), (PORT,), "ok"),
        (DGRAM, (PORT,), (ADDR,), "EADDRINUSE"),
    ],
)
def test_reuse_options_allow_what_both_sides_allow(sockets, kind, first, second, expected):
    one, _ = bound(sockets, "127.0.0.1", 0, kind, first)
    assert bound(sockets, "127.0.0.1", sockets.port(one), kind, second)[1] == expected


@pytest.mark.parametrize(
    "first, second, expected",
    [
        ((ADDR,), (ADDR,), "EADDRINUSE"),
        ((PORT,), (PORT,), "ok"),
        ((ADDR, PORT), (ADDR, PORT), "ok"),
        ((ADDR, PORT), (ADDR,), "EADDRINUSE"),
    ],
)
def test_a_listener_shares_its_port_only_with_reuseport(sockets, first, second, expected):
    one, _ = bound(sockets, "127.0.0.1", 0, STREAM, first)
    sockets.listen(one, 1)
    assert bound(sockets, "127.0.0.1", sockets.port(one), STREAM, second)[1] == expected


@pytest.mark.parametrize("options, expected", [((ADDR,), "EADDRINUSE"), ((PORT,), "ok")])
def test_the_second_listen_on_a_shared_bind(sockets, options, expected):
    one, _ = bound(sockets, "127.0.0.1", 0, STREAM, options)
    other, result = bound(sockets, "127.0.0.1", sockets.port(one), STREAM, options)
    assert result == "ok"
    sockets.listen(one, 1)
    assert sockets.tried("listen", other, 1) == expected


def test_an_accepted_connection_keeps_the_port_of_its_listener(sockets):
    for options, expected in (((), "EADDRINUSE"), ((ADDR,), "ok")):
        listening, _ = bound(sockets, "127.0.0.1", 0, STREAM, options)
        sockets.listen(listening, 4)
        client = sockets.stream()
        sockets.tried("connect", client, sockets.getsockname(listening))
        sockets.accept4(listening, 0)
        port = sockets.port(listening)
        sockets.close(listening)
        assert bound(sockets, "127.0.0.1", port, STREAM, options)[1] == expected


def test_time_wait_keeps_the_port_without_reuseaddr(sockets):
    for options, expected in (((), "EADDRINUSE"), ((ADDR,), "ok")):
        listening, _ = bound(sockets, "127.0.0.1", 0, STREAM, options)
        sockets.listen(listening, 4)
        client = sockets.stream()
        sockets.tried("connect", client, sockets.getsockname(listening))
        server, _ = sockets.accept4(listening, 0)
        port = sockets.port(listening)
        sockets.close(listening)
        sockets.close(server)
        sockets.close(client)
        assert bound(sockets, "127.0.0.1", port, STREAM, options)[1] == expected


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_what_bind_refuses(sockets, kind):
    fd = sockets.socket(linux.AF_INET, kind, 0)
    assert sockets.tried("bind", fd, address("203.0.113.7", 0)) == "EADDRNOTAVAIL"
    sockets.bind(fd, address("127.0.0.1", 0))
    assert sockets.tried("bind", fd, address("127.0.0.1", 0)) == "EINVAL"
    fd = sockets.socket(linux.AF_INET6, kind, 0)
    assert sockets.tried("bind", fd, address("2001:db8::1", 0)) == "EADDRNOTAVAIL"
    sockets.set_int(fd, linux.SOL_IPV6, linux.IPV6_V6ONLY, 1)
    assert sockets.tried("bind", fd, address("::ffff:127.0.0.1", 0)) == "EINVAL"


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_bind_to_port_0_takes_one_from_the_ephemeral_range(sockets, kind):
    fd = sockets.socket(linux.AF_INET, kind, 0)
    sockets.bind(fd, address("127.0.0.1", 0))
    assert 32768 <= sockets.port(fd) <= 60999


def test_ports_run_out(far):
    far.kernel.sysctls.set("net.ipv4.ip_local_port_range", (40000, 40009))
    taken = {far.port(far.datagram(bound="127.0.0.1")) for _ in range(10)}
    assert taken == set(range(40000, 40010))
    fd = far.datagram()
    assert far.tried("bind", fd, address("127.0.0.1", 0)) == "EADDRINUSE"
    assert far.tried("sendto", fd, b"x", 0, address("127.0.0.1", 9)) == "EAGAIN"


def test_ports_below_1024_are_free_to_all_unless_the_sysctl_says_otherwise(far):
    assert far.kernel.sysctls["net.ipv4.ip_unprivileged_port_start"] == 0
    assert far.tried("bind", far.stream(), address("127.0.0.1", 80)) == "ok"
    far.kernel.sysctls.set("net.ipv4.ip_unprivileged_port_start", 1024)
    assert far.tried("bind", far.stream(), address("127.0.0.1", 81)) == "EACCES"
    far.calls.thread.process.uid = 0
    assert far.tried("bind", far.stream(), address("127.0.0.1", 81)) == "ok"


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_binding_a_specific_ipv6_address_makes_a_socket_v6only(sockets, kind):
    fd = sockets.socket(linux.AF_INET6, kind, 0)
    sockets.bind(fd, address("::1", 0))
    assert sockets.get_int(fd, linux.SOL_IPV6, linux.IPV6_V6ONLY) == 1
    fd = sockets.socket(linux.AF_INET6, kind, 0)
    sockets.bind(fd, address("::", 0))
    assert sockets.get_int(fd, linux.SOL_IPV6, linux.IPV6_V6ONLY) == 0
