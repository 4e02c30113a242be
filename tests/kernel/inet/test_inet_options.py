"""The options below SOL_SOCKET: each supported row has a test named after it, which fails without its handler.

Where the system has the same effect to show, the test runs on both. Here are the rows, all values and ranges, and the
effects at the IP layer; those of UDP's and TCP's are in test_inet_options_of_transport.py.
"""

import struct
from pathlib import Path

import pytest
from inet_calls import DGRAM, STREAM, address
from option_calls import last_packet, nothing, over_link, value

from farhost.kernel.inet.options import DATAGRAM_OPTIONS, STREAM_OPTIONS
from farhost.kernel.inet.raw_options import PING_OPTIONS, RAW_OPTIONS
from farhost.kernel.options import Standing
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn

IP, IPV6, TCP, UDP = linux.SOL_IP, linux.SOL_IPV6, linux.SOL_TCP, linux.SOL_UDP
LOCAL = "127.0.0.1"
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("table", [STREAM_OPTIONS, DATAGRAM_OPTIONS, RAW_OPTIONS, PING_OPTIONS])
def test_every_supported_row_names_its_test_and_every_other_its_reason(table):
    for row in table:
        assert row.reason
        if row.standing is Standing.SUPPORTED:
            path, _, name = row.test.partition("::")
            assert f"def {name}(" in (ROOT / path).read_text(), f"{row.label} names a test that is not there: {name}"


def outcomes(sockets, fd, level, name, *values, size=4):
    """What each value brings: the errno's name, or what getsockopt says then."""
    found = []
    for given in values:
        data = given if isinstance(given, bytes) else value(given)
        result = sockets.tried("setsockopt", fd, level, name, data)
        found.append(sockets.get_int(fd, level, name) if result == "ok" else result)
    return found


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_values_and_ranges_of_ip_options(sockets, kind):
    fd = sockets.socket(linux.AF_INET, kind, 0)
    assert sockets.get_int(fd, IP, linux.IP_TTL) == 64
    assert outcomes(sockets, fd, IP, linux.IP_TTL, 0, 1, 255, 256, -1, b"\7", b"") == [
        *("EINVAL", 1, 255, "EINVAL", 64, 7, "EINVAL")
    ]
    stream = kind == STREAM
    assert outcomes(sockets, fd, IP, linux.IP_TOS, 0x10, 0xFF, b"\x08", 256) == [16, 252 if stream else 255, 8, 0]
    assert sockets.get_int(fd, IP, linux.IP_MTU_DISCOVER) == 1
    assert outcomes(sockets, fd, IP, linux.IP_MTU_DISCOVER, -1, 0, 5, 6) == ["EINVAL", 0, 5, "EINVAL"]
    for name in (linux.IP_RECVERR, linux.IP_RECVTTL, linux.IP_RECVTOS, linux.IP_PKTINFO):
        assert outcomes(sockets, fd, IP, name, 7, b"\0") == [1, 0]
    assert sockets.tried("getsockopt", fd, IP, linux.IP_MTU, 4) == "ENOTCONN"
    expected = ["EINVAL"] * 3 if stream else [5, "EINVAL", 1]
    assert outcomes(sockets, fd, IP, linux.IP_MULTICAST_TTL, 5, 256, -1) == expected
    assert outcomes(sockets, fd, IP, linux.IP_MULTICAST_LOOP, 0, 2) == [0, 1]


@pytest.mark.parametrize("kind", [STREAM, DGRAM])
def test_values_and_ranges_of_ipv6_options(sockets, kind):
    fd = sockets.socket(linux.AF_INET6, kind, 0)
    stream = kind == STREAM
    assert outcomes(sockets, fd, IPV6, linux.IPV6_V6ONLY, 1, 0, 2) == [1, 0, 1]
    assert outcomes(sockets, fd, IPV6, linux.IPV6_UNICAST_HOPS, 0, -1, 255, 256) == [0, 64, 255, "EINVAL"]
    assert outcomes(sockets, fd, IPV6, linux.IPV6_TCLASS, 16, 255, 256, -1) == [
        16,
        252 if stream else 255,
        "EINVAL",
        0,
    ]
    assert outcomes(sockets, fd, IPV6, linux.IPV6_MTU_DISCOVER, 0, 5, 6) == [0, 5, "EINVAL"]
    assert sockets.tried("getsockopt", fd, IPV6, linux.IPV6_MTU, 4) == "ENOTCONN"
    expected = ["ENOPROTOOPT"] * 3 if stream else [5, "EINVAL", 1]
    assert outcomes(sockets, fd, IPV6, linux.IPV6_MULTICAST_HOPS, 5, 256, -1) == expected
    assert outcomes(sockets, fd, IPV6, linux.IPV6_MULTICAST_LOOP, 0, 2) == [0, "EINVAL"]
    expected = ["ENOPROTOOPT"] * 2 if stream else [1, "ENODEV"]
    assert outcomes(sockets, fd, IPV6, linux.IPV6_MULTICAST_IF, 1, 99) == expected


def test_values_and_ranges_of_tcp_options(sockets):
    fd = sockets.stream()
    for name, given, expected in (
        (linux.TCP_NODELAY, (5, 0), [1, 0]),
        (linux.TCP_MAXSEG, (87, 88, 1000, 32768), ["EINVAL", 88, 1000, "EINVAL"]),
        (linux.TCP_CORK, (1, 0), [1, 0]),
        (linux.TCP_KEEPIDLE, (0, 1, 32768, 100), ["EINVAL", 1, "EINVAL", 100]),
        (linux.TCP_KEEPINTVL, (0, 9), ["EINVAL", 9]),
        (linux.TCP_KEEPCNT, (0, 127, 128), ["EINVAL", 127, "EINVAL"]),
        (linux.TCP_SYNCNT, (0, 3, 128), ["EINVAL", 3, "EINVAL"]),
        (linux.TCP_LINGER2, (-5, 30, 300, 0), [-1, 30, 120, 60]),
        (linux.TCP_DEFER_ACCEPT, (1, 2, 10, 0, -1), [1, 3, 15, 0, 0]),
        (linux.TCP_QUICKACK, (0, 1), [0, 1]),
        (linux.TCP_USER_TIMEOUT, (-1, 5000), ["EINVAL", 5000]),
        (linux.TCP_NOTSENT_LOWAT, (100,), [100]),
        (linux.TCP_WINDOW_CLAMP, (5000,), [5000]),
    ):
        assert outcomes(sockets, fd, TCP, name, *given) == expected
    assert sockets.tried("setsockopt", fd, TCP, linux.TCP_CONGESTION, b"nosuch") == "ENOENT"
    sockets.setsockopt(fd, TCP, linux.TCP_CONGESTION, b"reno")
    assert sockets.getsockopt(fd, TCP, linux.TCP_CONGESTION, 16) == b"reno".ljust(16, b"\0")


def test_defaults_of_tcp_options(sockets):
    fd = sockets.stream()
    names = (linux.TCP_KEEPIDLE, linux.TCP_KEEPINTVL, linux.TCP_KEEPCNT, linux.TCP_SYNCNT, linux.TCP_LINGER2)
    assert [sockets.get_int(fd, TCP, name) for name in names] == [7200, 75, 9, 6, 60]
    assert sockets.get_int(fd, TCP, linux.TCP_MAXSEG) == 536
    assert sockets.get_int(fd, TCP, linux.TCP_QUICKACK) == 1


def test_levels_that_are_another_sockets(sockets):
    four, datagram = sockets.stream(), sockets.datagram()
    assert sockets.tried("setsockopt", four, IPV6, linux.IPV6_V6ONLY, value(1)) == "ENOPROTOOPT"
    assert sockets.tried("getsockopt", four, IPV6, linux.IPV6_V6ONLY, 4) == "ENOTSUP"
    assert sockets.tried("setsockopt", datagram, TCP, linux.TCP_NODELAY, value(1)) == "ENOPROTOOPT"
    assert sockets.tried("getsockopt", datagram, TCP, linux.TCP_NODELAY, 4) == "ENOTSUP"
    assert sockets.tried("getsockopt", four, 99, 1, 4) == "ENOTSUP"


# Effects. SOL_IP and SOL_IPV6.


def datagram_with(far, level, name, number, text=LOCAL):
    domain = linux.AF_INET6 if ":" in text else linux.AF_INET
    one, other = far.datagram(domain), far.datagram(domain, text)
    far.set_int(one, level, name, number)
    return last_packet(far, lambda: far.sent(one, b"x", 0, far.getsockname(other)))


def test_ip_ttl(far):
    assert datagram_with(far, IP, linux.IP_TTL, 9).hop_limit == 9


def test_ip_tos(far):
    assert datagram_with(far, IP, linux.IP_TOS, 0x10).traffic_class == 0x10


def test_ipv6_unicast_hops(far):
    assert datagram_with(far, IPV6, linux.IPV6_UNICAST_HOPS, 9, "::1").hop_limit == 9


def test_ipv6_tclass(far):
    assert datagram_with(far, IPV6, linux.IPV6_TCLASS, 0x20, "::1").traffic_class == 0x20


def test_a_connection_takes_up_ip_options_at_once(far):
    client, _, _ = far.pair()
    far.set_int(client, IP, linux.IP_TTL, 7)
    seen = []
    wire = far.kernel.internet.lo.wire

    class Tap:
        def transmit(self, packet, next_hop):
            seen.append(packet.hop_limit)
            wire.transmit(packet, next_hop)

    far.kernel.internet.lo.wire = Tap()
    far.sent(client, b"x")
    assert seen[0] == 7


def test_ip_mtu_discover():
    def send(program, network, client, server):
        fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, 0)
        to = SockaddrIn(9, server.address(linux.AF_INET))
        found = []
        for mode in (linux.IP_PMTUDISC_WANT, linux.IP_PMTUDISC_DO, linux.IP_PMTUDISC_DONT):
            program.setsockopt(fd, IP, linux.IP_MTU_DISCOVER, value(mode))
            try:
                found.append(program.sendto(fd, bytes(3000), 0, to))
            except OSError as error:
                found.append(error.errno)
        return found

    assert over_link("delay=1ms", send, nothing)[1] == [3000, linux.EMSGSIZE, 3000]


def test_ipv6_mtu_discover():
    from farhost.wire.sockaddr import SockaddrIn6

    def send(program, network, client, server):
        fd = program.socket(linux.AF_INET6, linux.SOCK_DGRAM, 0)
        program.setsockopt(fd, IPV6, linux.IPV6_MTU_DISCOVER, value(linux.IPV6_PMTUDISC_DO))
        try:
            program.sendto(fd, bytes(3000), 0, SockaddrIn6(9, server.address(linux.AF_INET6)))
        except OSError as error:
            return error.errno

    assert over_link("delay=1ms", send, nothing)[1] == linux.EMSGSIZE


def test_ip_mtu(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    sockets.connect(one, sockets.getsockname(other))
    assert sockets.get_int(one, IP, linux.IP_MTU) == 65535


def test_ipv6_mtu(sockets):
    one, other = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, "::1")
    sockets.connect(one, sockets.getsockname(other))
    assert outcomes(sockets, one, IPV6, linux.IPV6_MTU, 0, 1279, -1, 1280) == [65536, "EINVAL", "EINVAL", 65536]
    sockets.set_int(one, IPV6, linux.IPV6_MTU_DISCOVER, linux.IPV6_PMTUDISC_DO)
    assert [sockets.sent(one, bytes(size)) for size in (1232, 1233)] == [1232, "EMSGSIZE"]


def test_ipv6_dontfrag(sockets):
    one, other = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, "::1")
    sockets.connect(one, sockets.getsockname(other))
    sockets.set_int(one, IPV6, linux.IPV6_MTU, 1280)
    assert [sockets.sent(one, bytes(size)) for size in (1232, 1233)] == [1232, 1233]
    sockets.set_int(one, IPV6, linux.IPV6_DONTFRAG, 1)
    assert [sockets.sent(one, bytes(size)) for size in (1232, 1233)] == [1232, "EMSGSIZE"]


def test_ipv6_recvpathmtu(sockets):
    one, other = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, "::1")
    for name, number in ((linux.IPV6_MTU, 1280), (linux.IPV6_DONTFRAG, 1), (linux.IPV6_RECVPATHMTU, 1)):
        sockets.set_int(one, IPV6, name, number)
    for size in (1300, 1400):
        assert sockets.sent(one, bytes(size), 0, sockets.getsockname(other)) == "EMSGSIZE"
    assert sockets.ready(one) == "OUT"
    news = sockets.recvmsg(one, 10, 256, 0)
    assert (news.data, news.flags, news.address.port, news.address.address[-1]) == (b"", 0, 0, 1)
    info = struct.pack("<HHI16sII", linux.AF_INET6, 0, 0, bytes(15) + b"\1", 0, 1280)
    assert news.control == ((IPV6, linux.IPV6_PATHMTU, info),)
    assert sockets.received(one) == "EAGAIN"


def test_ipv6_pathmtu(far):
    one, other = far.datagram(linux.AF_INET6), far.datagram(linux.AF_INET6, "::1")
    far.connect(one, far.getsockname(other))
    assert far.getsockopt(one, IPV6, linux.IPV6_PATHMTU, 32)[28:] == struct.pack("<I", 65536)


def control_of(sockets, level, name, text=LOCAL):
    domain = linux.AF_INET6 if ":" in text else linux.AF_INET
    one, other = sockets.datagram(domain), sockets.datagram(domain, text)
    sockets.set_int(other, level, name, 1)
    sockets.sent(one, b"x", 0, sockets.getsockname(other))
    return sockets.recvmsg(other, 10, 256, 0).control


def test_ip_recvttl(sockets):
    assert control_of(sockets, IP, linux.IP_RECVTTL) == ((IP, linux.IP_TTL, value(64)),)


def test_ip_recvtos(sockets):
    assert control_of(sockets, IP, linux.IP_RECVTOS) == ((IP, linux.IP_TOS, b"\0"),)


def test_ip_pktinfo(sockets):
    expected = struct.pack("<i", 1) + b"\x7f\0\0\1" * 2
    assert control_of(sockets, IP, linux.IP_PKTINFO) == ((IP, linux.IP_PKTINFO, expected),)


def test_ipv6_recvpktinfo(sockets):
    expected = bytes(15) + b"\1" + value(1)
    assert control_of(sockets, IPV6, linux.IPV6_RECVPKTINFO, "::1") == ((IPV6, linux.IPV6_PKTINFO, expected),)


def test_ipv6_recvhoplimit(sockets):
    assert control_of(sockets, IPV6, linux.IPV6_RECVHOPLIMIT, "::1") == ((IPV6, linux.IPV6_HOPLIMIT, value(64)),)


def test_ipv6_recvtclass(sockets):
    assert control_of(sockets, IPV6, linux.IPV6_RECVTCLASS, "::1") == ((IPV6, linux.IPV6_TCLASS, value(0)),)


def test_control_that_does_not_fit_is_cut(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    for name in (linux.IP_PKTINFO, linux.IP_RECVTTL):
        sockets.set_int(other, IP, name, 1)
    sockets.sent(one, b"x", 0, sockets.getsockname(other))
    got = sockets.recvmsg(other, 10, 28, 0)
    assert got.flags & linux.MSG_CTRUNC
    assert got.control == ((IP, linux.IP_PKTINFO, value(1) + b"\x7f\0\0\1" * 2),)


def test_control_goes_with_a_datagram(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    sockets.set_int(other, IP, linux.IP_RECVTTL, 1)
    sockets.sendmsg(one, (b"x",), sockets.getsockname(other), ((IP, linux.IP_TTL, value(5)),), 0)
    assert sockets.recvmsg(other, 10, 256, 0).control == ((IP, linux.IP_TTL, value(5)),)
    info = value(0) + b"\x7f\0\0\7" + bytes(4)
    sockets.sendmsg(one, (b"x",), sockets.getsockname(other), ((IP, linux.IP_PKTINFO, info),), 0)
    assert sockets.recvfrom(other, 10, 0).address.address == b"\x7f\0\0\7"


def test_ip_recverr(sockets):
    fd, gone = sockets.datagram(), sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(gone)
    sockets.close(gone)
    sockets.set_int(fd, IP, linux.IP_RECVERR, 1)
    sockets.sent(fd, b"x", 0, to)
    assert sockets.received(fd) == "ECONNREFUSED"


def test_ipv6_recverr(sockets):
    fd, gone = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, "::1")
    to = sockets.getsockname(gone)
    sockets.close(gone)
    sockets.set_int(fd, IPV6, linux.IPV6_RECVERR, 1)
    sockets.sent(fd, b"x", 0, to)
    queued = sockets.recvmsg(fd, 10, 256, linux.MSG_ERRQUEUE)
    assert (queued.data, queued.control[0][:2]) == (b"x", (IPV6, linux.IPV6_RECVERR))
    assert queued.control[0][2][:8] == bytes([linux.ECONNREFUSED, 0, 0, 0, linux.SO_EE_ORIGIN_ICMP6, 1, 4, 0])


def test_ip_bind_address_no_port(sockets):
    listening = sockets.listener()
    fd = sockets.stream()
    sockets.set_int(fd, IP, linux.IP_BIND_ADDRESS_NO_PORT, 1)
    sockets.bind(fd, address("127.0.0.9", 0))
    assert sockets.getsockname(fd) == address("127.0.0.9", 0)
    sockets.tried("connect", fd, sockets.getsockname(listening))
    assert sockets.getsockname(fd) == address("127.0.0.9", sockets.port(fd))
    assert sockets.port(fd) > 0


def test_ip_local_port_range(sockets):
    fd = sockets.datagram()
    sockets.setsockopt(fd, IP, linux.IP_LOCAL_PORT_RANGE, struct.pack("<HH", 45000, 45010))
    sockets.bind(fd, address(LOCAL, 0))
    assert 45000 <= sockets.port(fd) <= 45010
    bad = struct.pack("<HH", 45010, 45000)
    assert sockets.tried("setsockopt", fd, IP, linux.IP_LOCAL_PORT_RANGE, bad) == "EINVAL"


def test_ipv6_v6only(sockets):
    six = sockets.stream(linux.AF_INET6)
    sockets.set_int(six, IPV6, linux.IPV6_V6ONLY, 1)
    sockets.bind(six, address("::", 0))
    assert sockets.tried("setsockopt", six, IPV6, linux.IPV6_V6ONLY, value(0)) == "EINVAL"
    sockets.listen(six, 1)
    client = sockets.stream()
    sockets.tried("connect", client, address(LOCAL, sockets.port(six)))
    assert sockets.get_int(client, linux.SOL_SOCKET, linux.SO_ERROR) == linux.ECONNREFUSED


GROUP, GROUP6 = "239.1.2.3", "ff05::77"


def hear_group(program, network, client, server):
    fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, 0)
    program.bind(fd, address("0.0.0.0", 7000))
    program.setsockopt(fd, IP, linux.IP_ADD_MEMBERSHIP, address(GROUP, 0).address + server.address(linux.AF_INET))
    program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RCVTIMEO, struct.pack("<qq", 1, 0))
    try:
        got = program.recvmsg(fd, 100, 0, 0)
    except OSError as error:
        return error.errno
    return got.data


def to_group(program, network, client, server, hops=1):
    fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, 0)
    program.setsockopt(fd, IP, linux.IP_MULTICAST_TTL, value(hops))
    return program.sendto(fd, b"to all", 0, address(GROUP, 7000))


def test_ip_add_membership():
    heard, _ = over_link("delay=1ms", to_group, hear_group)
    assert heard == b"to all"

    def leave(program, network, client, server):
        fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, 0)
        request = address(GROUP, 0).address + server.address(linux.AF_INET)
        found = []
        for name in (linux.IP_ADD_MEMBERSHIP,) * 2 + (linux.IP_DROP_MEMBERSHIP,) * 2:
            try:
                found.append(program.setsockopt(fd, IP, name, request))
            except OSError as error:
                found.append(error.errno)
        return found

    assert over_link("delay=1ms", nothing, leave)[0] == [None, linux.EADDRINUSE, None, linux.EADDRNOTAVAIL]


def test_ipv6_join_group():
    group = address(GROUP6, 7000)

    def hear(program, network, client, server):
        fd = program.socket(linux.AF_INET6, linux.SOCK_DGRAM, 0)
        program.bind(fd, address("::", 7000))
        index = server.kernel.internet.interfaces["eth0"].index
        program.setsockopt(fd, IPV6, linux.IPV6_JOIN_GROUP, group.address + struct.pack("<I", index))
        program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RCVTIMEO, struct.pack("<qq", 1, 0))
        return program.recvfrom(fd, 100, 0).data

    def send(program, network, client, server):
        fd = program.socket(linux.AF_INET6, linux.SOCK_DGRAM, 0)
        program.sendto(fd, b"six", 0, group)

    assert over_link("delay=1ms", send, hear)[0] == b"six"


def test_ipv6_leave_group(far):
    fd = far.calls.socket(linux.AF_INET6, linux.SOCK_DGRAM, 0)
    membership = address(GROUP6, 7000).address + struct.pack("<I", 1)
    assert far.tried("setsockopt", fd, IPV6, linux.IPV6_LEAVE_GROUP, membership) == "EADDRNOTAVAIL"
    far.calls.setsockopt(fd, IPV6, linux.IPV6_JOIN_GROUP, membership)
    assert far.tried("setsockopt", fd, IPV6, linux.IPV6_JOIN_GROUP, membership) == "EADDRINUSE"
    far.calls.setsockopt(fd, IPV6, linux.IPV6_LEAVE_GROUP, membership)
    assert far.tried("setsockopt", fd, IPV6, linux.IPV6_LEAVE_GROUP, membership) == "EADDRNOTAVAIL"


def hops_of(level, name, number, domain, group):
    seen = []

    def send(program, network, client, server):
        fd = program.socket(domain, linux.SOCK_DGRAM, 0)
        program.setsockopt(fd, level, name, value(number))
        interface = client.kernel.internet.interfaces["eth0"]
        wire = interface.wire

        class Tap:
            def transmit(self, packet, next_hop):
                seen.append(packet.hop_limit)
                wire.transmit(packet, next_hop)

        interface.wire = Tap()
        program.sendto(fd, b"x", 0, address(group, 7000))

    over_link("delay=1ms", send, nothing)
    return seen


def test_ip_multicast_ttl():
    assert hops_of(IP, linux.IP_MULTICAST_TTL, 5, linux.AF_INET, GROUP) == [5]


def test_ipv6_multicast_hops():
    assert hops_of(IPV6, linux.IPV6_MULTICAST_HOPS, 5, linux.AF_INET6, GROUP6) == [5]


def loops(loop, domain, level, names, group):
    """Whether a member on the sending host itself hears the group."""

    def both(program, network, client, server):
        hearing = program.socket(domain, DGRAM, 0)
        program.bind(hearing, address("::" if domain == linux.AF_INET6 else "0.0.0.0", 7000))
        index = client.kernel.internet.interfaces["eth0"].index
        packed = address(group, 0).address
        request = packed + (struct.pack("<I", index) if domain == linux.AF_INET6 else client.address(domain))
        program.setsockopt(hearing, level, names[0], request)
        fd = program.socket(domain, linux.SOCK_DGRAM, 0)
        program.setsockopt(fd, level, names[1], value(loop))
        program.sendto(fd, b"x", 0, address(group, 7000))
        try:
            return program.recvfrom(hearing, 10, 0).data
        except BlockingIOError:
            return None

    return over_link("delay=1ms", both, nothing)[1]


def test_ip_multicast_loop():
    names = (linux.IP_ADD_MEMBERSHIP, linux.IP_MULTICAST_LOOP)
    assert loops(1, linux.AF_INET, IP, names, GROUP) == b"x"
    assert loops(0, linux.AF_INET, IP, names, GROUP) is None


def test_ipv6_multicast_loop():
    names = (linux.IPV6_JOIN_GROUP, linux.IPV6_MULTICAST_LOOP)
    assert loops(1, linux.AF_INET6, IPV6, names, GROUP6) == b"x"
    assert loops(0, linux.AF_INET6, IPV6, names, GROUP6) is None


def test_ip_multicast_if(far):
    fd = far.datagram()
    assert far.getsockopt(fd, IP, linux.IP_MULTICAST_IF, 4) == bytes(4)
    far.setsockopt(fd, IP, linux.IP_MULTICAST_IF, b"\x7f\0\0\1")
    assert far.getsockopt(fd, IP, linux.IP_MULTICAST_IF, 4) == b"\x7f\0\0\1"
    assert far.sent(fd, b"x", 0, address(GROUP, 7000)) == 1
    assert far.tried("setsockopt", fd, IP, linux.IP_MULTICAST_IF, b"\1\2\3\4") == "EADDRNOTAVAIL"


def test_ipv6_multicast_if(far):
    fd = far.datagram(linux.AF_INET6)
    far.set_int(fd, IPV6, linux.IPV6_MULTICAST_IF, 1)
    assert far.get_int(fd, IPV6, linux.IPV6_MULTICAST_IF) == 1
    assert far.sent(fd, b"x", 0, address(GROUP6, 7000)) == 1
