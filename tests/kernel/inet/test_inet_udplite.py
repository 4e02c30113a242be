"""UDP-Lite (udplite(7), RFC 3828): what it has of UDP, and the coverage of its checksum. On the operating system's
loopback and through `lo` of farhost; what a link damages, on farhost alone."""

from pathlib import Path

import pytest
from inet_calls import DGRAM, InetSystemCalls, address, errno_name
from virtual_programs import Program, run, two_hosts

from farhost.kernel.inet.udp_host import UDP, UDPLITE
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn

LITE = linux.IPPROTO_UDPLITE
LOCAL = "127.0.0.1"
BOTH = pytest.mark.parametrize("local", [LOCAL, "::1"])
SEND, RECEIVE = linux.UDPLITE_SEND_CSCOV, linux.UDPLITE_RECV_CSCOV


def counters(sockets):
    """UDP-Lite's, as /proc/net/snmp names them."""
    if not isinstance(sockets.calls, InetSystemCalls):
        found = dict(sockets.calls.kernel.internet.counters)
        return {name.removeprefix("UdpLite"): count for name, count in found.items() if name.startswith("UdpLite")}
    lines = [line.split() for line in Path("/proc/thread-self/net/snmp").read_text().splitlines()]
    names, counts = (line for line in lines if line[0] == "UdpLite:")
    return dict(zip(names[1:], map(int, counts[1:])))


def lite(sockets, local=LOCAL, bound=False):
    fd = sockets.socket(linux.AF_INET6 if ":" in local else linux.AF_INET, DGRAM, LITE)
    if bound:
        sockets.bind(fd, address(local, 0))
    return fd


@BOTH
def test_what_a_socket_says_of_itself(sockets, local):
    fd = lite(sockets, local)
    assert sockets.get_int(fd, linux.SOL_SOCKET, linux.SO_PROTOCOL) == LITE
    assert sockets.get_int(fd, linux.SOL_SOCKET, linux.SO_TYPE) == linux.SOCK_DGRAM
    domain = sockets.get_int(fd, linux.SOL_SOCKET, linux.SO_DOMAIN)
    assert sockets.tried("socket", domain, linux.SOCK_STREAM, LITE) == "EPROTONOSUPPORT"


@BOTH
def test_its_ports_are_not_udps(sockets, local):
    plain = sockets.datagram(linux.AF_INET6 if ":" in local else linux.AF_INET, bound=local)
    port = sockets.port(plain)
    one, other, sender = lite(sockets, local), lite(sockets, local), lite(sockets, local)
    sockets.bind(one, address(local, port))
    assert sockets.tried("bind", other, address(local, port)) == "EADDRINUSE"
    sockets.sent(sender, b"lite", 0, address(local, port))
    assert (sockets.received(plain), sockets.received(one)) == ("EAGAIN", b"lite")


@BOTH
def test_a_closed_port_refuses_a_connected_socket(sockets, local):
    closed = lite(sockets, local, bound=True)
    to = sockets.getsockname(closed)
    sockets.close(closed)
    fd = lite(sockets, local)
    sockets.connect(fd, to)
    assert sockets.sent(fd, b"x") == 1
    assert sockets.received(fd) == "ECONNREFUSED"
    assert sockets.received(fd) == "EAGAIN"


def test_the_error_queue_has_what_came_back(sockets):
    closed = lite(sockets, bound=True)
    to = sockets.getsockname(closed)
    sockets.close(closed)
    fd = lite(sockets)
    sockets.set_int(fd, linux.SOL_IP, linux.IP_RECVERR, 1)
    sockets.sent(fd, b"payload", 0, to)
    assert sockets.received(fd) == "ECONNREFUSED"
    got = sockets.recvmsg(fd, 100, 512, linux.MSG_ERRQUEUE)
    assert (got.data, got.address.port) == (b"payload", to.port)
    assert [message[:2] for message in got.control] == [(linux.SOL_IP, linux.IP_RECVERR)]


@pytest.mark.parametrize(("local", "largest"), [(LOCAL, 65507), ("::1", 65527)])
def test_the_largest_datagram(sockets, local, largest):
    one, other = lite(sockets, local), lite(sockets, local, bound=True)
    to = sockets.getsockname(other)
    assert sockets.sent(one, bytes(largest), 0, to) == largest
    assert len(sockets.received(other, 70000)) == largest
    assert sockets.sent(one, bytes(largest + 1), 0, to) == "EMSGSIZE"


@pytest.mark.parametrize("name", [SEND, RECEIVE])
@pytest.mark.parametrize("level", [linux.SOL_UDPLITE, linux.SOL_UDP])
def test_values_of_the_two_coverages(sockets, level, name):
    """Linux has one handler for both levels, of UDP's sockets too: they say 0, and cannot set it."""
    fd, plain, stream = lite(sockets), sockets.datagram(), sockets.stream()
    assert sockets.get_int(fd, level, name) == 0
    said = {}
    for value in (1, 7, 8, 9, -1, 0xFFFF, 0x10000, 0):
        sockets.set_int(fd, level, name, value)
        said[value] = sockets.get_int(fd, level, name)
    assert said == {1: 8, 7: 8, 8: 8, 9: 9, -1: 8, 0xFFFF: 0xFFFF, 0x10000: 0xFFFF, 0: 0}
    assert sockets.tried("setsockopt", fd, level, name, b"\x08\0") == "EINVAL"
    assert sockets.get_int(plain, level, name) == 0
    assert sockets.tried("setsockopt", plain, level, name, bytes(4)) == "ENOPROTOOPT"
    assert sockets.tried("getsockopt", stream, level, name, 4) == errno_name(linux.EOPNOTSUPP)
    assert sockets.tried("setsockopt", stream, level, name, bytes(4)) == "ENOPROTOOPT"


def test_corking_works_at_both_levels(sockets):
    one, other = lite(sockets), lite(sockets, bound=True)
    sockets.connect(one, sockets.getsockname(other))
    for level in (linux.SOL_UDP, linux.SOL_UDPLITE):
        sockets.set_int(one, level, linux.UDP_CORK, 1)
        sockets.sent(one, b"ab")
        sockets.sent(one, b"cd")
        assert sockets.received(other) == "EAGAIN"
        sockets.set_int(one, level, linux.UDP_CORK, 0)
        assert sockets.received(other) == b"abcd"


@BOTH
def test_a_receiver_gets_what_is_covered_as_it_asks(sockets, local):
    """20 bytes and a header of 8. Full coverage is enough for whoever asks for more than there is; who asks for all
    of it (0) gets nothing that is covered partly."""
    arrived = {}
    for sent in (None, 0, 8, 20, 28, 100):
        for asked in (None, 0, 8, 20, 21, 28, 100):
            one, other = lite(sockets, local), lite(sockets, local, bound=True)
            if sent is not None:
                sockets.set_int(one, linux.SOL_UDPLITE, SEND, sent)
            if asked is not None:
                sockets.set_int(other, linux.SOL_UDPLITE, RECEIVE, asked)
            sockets.sent(one, bytes(20), 0, sockets.getsockname(other))
            arrived.setdefault(sent, []).append(sockets.received(other) != "EAGAIN")
            sockets.close(one)
            sockets.close(other)
    whole = [True] * 7
    partly = {8: [True, False, True, *[False] * 4], 20: [True, False, True, True, *[False] * 3]}
    assert arrived == {None: whole, 0: whole, **partly, 28: whole, 100: whole}


def test_what_the_host_counts(raws):
    """Beside datagrams: nobody at the port, a checksum that is wrong or absent, a coverage that is none, and one that
    the receiver does not want."""
    before = counters(raws)
    fd, sender = lite(raws, bound=True), lite(raws)
    to = raws.getsockname(fd)
    raw = raws.calls.socket(linux.AF_INET, linux.SOCK_RAW | linux.SOCK_NONBLOCK, LITE)
    closed = lite(raws, bound=True)
    nobody = raws.getsockname(closed)
    raws.close(closed)
    raws.sent(sender, b"good", 0, to)
    assert raws.received(fd) == b"good"
    raws.sent(sender, b"x", 0, nobody)
    for field, checksum in ((12, 1), (12, 0), (0, 1), (1, 0x1234), (7, 0x1234), (13, 0x1234)):
        header = b"".join(n.to_bytes(2, "big") for n in (raws.port(sender), to.port, field, checksum))
        raws.sent(raw, header + b"data", 0, SockaddrIn(0, to.address))
        assert raws.received(fd) == "EAGAIN"
    raws.set_int(fd, linux.SOL_UDPLITE, RECEIVE, 10)
    raws.set_int(sender, linux.SOL_UDPLITE, SEND, 9)
    raws.sent(sender, b"covered too little", 0, to)
    assert raws.received(fd) == "EAGAIN"
    now = counters(raws)
    names = ("InDatagrams", "NoPorts", "InErrors", "OutDatagrams", "InCsumErrors")
    assert [now.get(name, 0) - before.get(name, 0) for name in names] == [1, 1, 7, 3, 5]


def receive_all(program, network, client, server, protocol, asked):
    fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, protocol)
    program.bind(fd, SockaddrIn(5000, bytes(4)))
    if asked is not None:
        program.setsockopt(fd, linux.SOL_UDPLITE, RECEIVE, asked.to_bytes(4, "little"))
    program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RCVTIMEO, (5).to_bytes(8, "little") + bytes(8))
    found = []
    while True:
        try:
            found.append(program.recvfrom(fd, 2000, 0).data)
        except OSError:
            return found


def send_many(program, network, client, server, protocol, coverage):
    fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, protocol)
    if coverage is not None:
        program.setsockopt(fd, linux.SOL_UDPLITE, SEND, coverage.to_bytes(4, "little"))
    for _ in range(200):
        program.sendto(fd, bytes(100), 0, SockaddrIn(5000, server.address(linux.AF_INET)))


def over_a_corrupting_link(protocol, coverage=None, asked=None):
    """What arrives of 200 datagrams of 100 zero bytes, each with a bit wrong somewhere; and what was counted."""
    network, client, server = two_hosts("delay=1ms corrupt=100%")
    there = Program(network, server, "server").start(receive_all, network, client, server, protocol, asked)
    here = Program(network, client, "client").start(send_many, network, client, server, protocol, coverage)
    return run(network, there, here)[0], server.kernel.internet.counters


def test_wrong_bytes_behind_the_coverage_get_through():
    """This is what UDP-Lite is for. A packet has 20 bytes of IP header, 8 of UDP-Lite's and 100 of payload."""
    for protocol, coverage in ((linux.IPPROTO_UDP, None), (LITE, None), (LITE, 0), (LITE, 108)):
        assert over_a_corrupting_link(protocol, coverage)[0] == []
    found, counted = over_a_corrupting_link(LITE, 8)
    assert 120 < len(found) < 180
    assert {sum(byte.bit_count() for byte in data) for data in found} == {1}
    assert len(found) + counted["UdpLiteInCsumErrors"] + counted["IpInHdrErrors"] <= 200
    assert counted["UdpLiteInDatagrams"] == len(found)
    found, _ = over_a_corrupting_link(LITE, 8 + 50)
    assert 50 < len(found) < 110
    assert all(not any(data[:50]) and any(data[50:]) for data in found)


def test_a_receiver_that_wants_all_covered_gets_none_of_it():
    found, counted = over_a_corrupting_link(LITE, 8, asked=0)
    assert found == []
    assert counted["UdpLiteInDatagrams"] == 0
    assert counted["UdpLiteInErrors"] > counted["UdpLiteInCsumErrors"] > 0


def test_the_two_protocols_differ_in_name_and_number_alone():
    assert (UDP.protocol, UDPLITE.protocol) == (17, 136)
    assert [name.replace("UdpLite", "Udp") for name in UDPLITE.counters] == list(UDP.counters)
