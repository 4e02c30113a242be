"""Raw and ping sockets between hosts: routes, fragments, routers' errors, groups, what a link does to them."""

import random
import struct

import pytest
from inet_calls import UNSPEC, address
from raw_calls import LOCAL, LOCAL6, SPARE, described, header, header6, message
from virtual_programs import SECOND_NS, Program, run, two_hosts

from farhost.network.network import Network
from farhost.protocols import icmp
from farhost.trace.events import PacketEvent
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop
from farhost.wire.packet import IcmpMessage, RawBody, TcpSegment, UdpDatagram
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

INET, INET6 = linux.AF_INET, linux.AF_INET6
RAW, DGRAM = linux.SOCK_RAW, linux.SOCK_DGRAM
DONTWAIT = linux.MSG_DONTWAIT


def number(value):
    return value.to_bytes(4, "little", signed=True)


def place(host, domain, port=0):
    own = host.address(domain)
    return SockaddrIn(port, own) if domain == INET else SockaddrIn6(port, own)


def tried(call, *arguments):
    """A call's result, or its errno."""
    try:
        return call(*arguments)
    except OSError as error:
        return error.errno


def sniff(program, domain, protocol=SPARE, count=1):
    """Receive so many packets."""
    fd = program.socket(domain, RAW, protocol)
    return [program.recvfrom(fd, 70000, 0) for _ in range(count)]


def both(conditions, server_body, client_body, **settings):
    """Run one body on each of two hosts of root; the network, and what the bodies gave."""
    network, client, server = two_hosts(conditions, user="root", **settings)
    there = Program(network, server, "server").start(server_body, server)
    here = Program(network, client, "client").start(client_body, client, server)
    return network, run(network, there, here)


@pytest.mark.parametrize("domain", [INET, INET6])
def test_what_is_larger_than_the_mtu_is_fragmented(domain):
    def send(program, client, server):
        fd = program.socket(domain, RAW, SPARE)
        return program.sendto(fd, bytes(4000), 0, place(server, domain))

    network, (got, sent) = both("delay=1ms", lambda program, _: sniff(program, domain), send)
    assert sent == 4000
    assert len(got[0].data) == (4020 if domain == INET else 4000)
    assert network.hosts["client"].kernel.internet.counters["IpFragCreates"] == 3


def test_with_a_header_included_it_is_too_long():
    def send(program, client, server):
        fd = program.socket(INET, RAW, linux.IPPROTO_RAW)
        program.setsockopt(fd, linux.SOL_IP, linux.IP_RECVERR, number(1))
        to = place(server, INET)
        text = inet_ntop(to.address)
        found = [
            tried(program.sendto, fd, header(SPARE, bytes(size), destination=text), 0, to) for size in (1480, 1481)
        ]
        (_, _, extended), *_ = program.recvmsg(fd, 100, 500, linux.MSG_ERRQUEUE).control
        return found, struct.unpack_from("<IBBBBI", extended)

    _, (got, (found, extended)) = both("delay=1ms", lambda program, _: sniff(program, INET), send)
    assert found == [1500, linux.EMSGSIZE]
    assert extended == (linux.EMSGSIZE, linux.SO_EE_ORIGIN_LOCAL, 0, 0, 0, 1500)
    assert len(got[0].data) == 1500


@pytest.mark.parametrize("domain", [INET, INET6])
def test_a_socket_that_discovers_path_mtus_does_not_fragment(domain):
    level, name = (linux.SOL_IP, linux.IP_MTU_DISCOVER) if domain == INET else (linux.SOL_IPV6, 23)

    def send(program, client, server):
        raw = program.socket(domain, RAW, SPARE)
        ping = program.socket(domain, DGRAM, 1 if domain == INET else 58)
        found = []
        for fd in (raw, ping):
            program.setsockopt(fd, level, name, number(linux.IP_PMTUDISC_DO))
            for size in (1500 - (20 if domain == INET else 40), 1500):
                data = bytes([8 if domain == INET else 128, *bytes(size - 1)])
                found.append(tried(program.sendto, fd, data, 0, place(server, domain)))
        return found

    _, (_, found) = both("delay=1ms", lambda program, _: sniff(program, domain), send)
    fits = 1480 if domain == INET else 1460
    assert found == [fits, linux.EMSGSIZE] * 2


def test_protocol_unreachable_comes_only_where_no_raw_socket_takes_the_packet():
    def serve(program, server):
        fd = program.socket(INET, RAW, SPARE)
        program.recvfrom(fd, 100, 0)
        program.close(fd)

    def send(program, client, server):
        fd = program.socket(INET, RAW, SPARE)
        program.connect(fd, place(server, INET))
        found = []
        for _ in range(2):
            program.sendto(fd, b"is anybody there?", 0, None)
            program.sleep(SECOND_NS)
            found.append(tried(program.recvfrom, fd, 100, DONTWAIT))
        return found

    _, (_, found) = both("delay=1ms", serve, send)
    assert found == [linux.EAGAIN, linux.ENOPROTOOPT]


def test_a_source_may_be_made_up():
    def send(program, client, server):
        fd = program.socket(INET, RAW, linux.IPPROTO_RAW)
        to = place(server, INET)
        data = header(SPARE, b"boo", source="203.0.113.9", destination=inet_ntop(to.address))
        return program.sendto(fd, data, 0, to)

    _, (got, _) = both("delay=1ms", lambda program, _: sniff(program, INET), send)
    assert got[0].address == address("203.0.113.9", 0)


def test_an_ipv6_header_goes_where_the_call_says_and_is_whose_it_says():
    def send(program, client, server):
        fd = program.socket(INET6, RAW, linux.IPPROTO_RAW)
        to = place(server, INET6)
        data = header6(SPARE, b"boo", source="2001:db8::9", destination=inet_ntop(to.address), hops=3)
        return program.sendto(fd, data, 0, to)

    _, (got, _) = both("delay=1ms", lambda program, _: sniff(program, INET6), send)
    assert got[0] == got[0]._replace(data=b"boo", address=address("2001:db8::9", 0))


def test_a_header_whose_version_is_another_leaves_no_host():
    sink = ListSink()
    network = Network(1, Tracer(sink))
    client, server = network.host("client", user="root"), network.host("server", user="root")

    def send(program):
        fd = program.socket(INET, RAW, linux.IPPROTO_RAW)
        return program.sendto(fd, header(SPARE, b"abc", first=0x65), 0, place(server, INET))

    assert run(network, Program(network, client).start(send)) == [23]
    packets = [event for event in sink.events if isinstance(event, PacketEvent)]
    assert [(event.action, event.reason) for event in packets] == [("dropped", "ip-version")]


def test_broadcasts_need_permission_and_reach_every_host():
    network = Network(1)
    sender, *others = (network.host(name, user="root") for name in ("sender", "one", "two"))

    def send(program):
        found = []
        for target in ("10.0.0.255", "255.255.255.255"):
            fd = program.socket(INET, RAW, SPARE)
            found.append(tried(program.sendto, fd, b"x", 0, address(target, 0)))
            found.append(tried(program.connect, fd, address("10.0.0.255", 0)))
            program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_BROADCAST, number(1))
            found.append(tried(program.sendto, fd, target.encode(), 0, address(target, 0)))
        return found

    hearers = [Program(network, host).start(sniff, INET, SPARE, 2) for host in others]
    *heard, sent = run(network, *hearers, Program(network, sender).start(send))
    assert sent == [linux.EACCES, linux.EACCES, 10, linux.EACCES, linux.EACCES, 15]
    for got in heard:
        assert [packet.data[20:] for packet in got] == [b"10.0.0.255", b"255.255.255.255"]


def test_groups_reach_members_and_loop_back():
    group = "224.0.0.77"

    def join(program, host):
        fd = program.socket(INET, RAW, SPARE)
        request = address(group, 0).address + host.address(INET)
        program.setsockopt(fd, linux.SOL_IP, linux.IP_ADD_MEMBERSHIP, request)
        return fd

    def serve(program, server):
        return described(program.recvfrom(join(program, server), 100, 0).data)

    def send(program, client, server):
        fd = join(program, client)
        program.sendto(fd, b"x", 0, address(group, 0))
        return described(program.recvfrom(fd, 100, 0).data)

    _, (there, here) = both("delay=1ms", serve, send)
    assert there == here
    assert there[3] == 1, "IP_MULTICAST_TTL"


def test_so_bindtodevice_chooses_the_interface_of_what_comes_and_goes():
    network = Network(1)
    network.segment("far")
    near, middle, far = (
        network.host(name, segments=where, user="root")
        for name, where in (("near", ("net",)), ("middle", ("net", "far")), ("far", ("far",)))
    )

    def listen(program):
        fds = []
        for device in (b"eth0\0", b"eth1\0"):
            fd = program.socket(INET, RAW, SPARE)
            program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_BINDTODEVICE, device)
            fds.append(fd)
        away = tried(program.sendto, fds[0], b"x", 0, place(far, INET))
        program.sleep(SECOND_NS)
        return away, [tried(program.recvfrom, fd, 100, DONTWAIT) for fd in fds]

    def send(program, target):
        fd = program.socket(INET, RAW, SPARE)
        return program.sendto(fd, b"x", 0, SockaddrIn(0, target))

    listener = Program(network, middle).start(listen)
    one = Program(network, near).start(send, middle.addresses(INET)[0])
    away, (by_eth0, by_eth1) = run(network, listener, one)[0]
    assert away == 1, "what is bound to an interface is sent there, route or not"
    assert by_eth0.address == SockaddrIn(0, near.address(INET))
    assert by_eth1 == linux.EAGAIN


# Routers.


def routed(user="root"):
    """client - net - router - far - server."""
    network = Network(3)
    network.segment("far", conditions="delay=5ms")
    network.link_all("delay=5ms")
    client = network.host("client", user=user)
    router = network.router("router", ("net", "far"))
    return network, client, router, network.host("server", segments=("far",), user="root")


@pytest.mark.parametrize("domain", [INET, INET6])
def test_a_raw_socket_traces_the_route(domain):
    """As traceroute -I does it: requests with growing hop limits, and whoever answers is on the way."""
    network, client, router, server = routed()
    kinds = (icmp.ECHO, icmp.ECHO_REPLY, icmp.TIME_EXCEEDED) if domain == INET else (128, 129, 3)
    level, name = (linux.SOL_IP, linux.IP_TTL) if domain == INET else (linux.SOL_IPV6, linux.IPV6_UNICAST_HOPS)

    def trace(program):
        fd = program.socket(domain, RAW, 1 if domain == INET else 58)
        hops = []
        for limit in range(1, 9):
            program.setsockopt(fd, level, name, number(limit))
            program.sendto(fd, message(kinds[0], 7, limit), 0, place(server, domain))
            got = program.recvfrom(fd, 2000, 0)
            kind = got.data[20 if domain == INET else 0]
            hops.append((kind, got.address.address))
            if kind == kinds[1]:
                return hops
        return hops

    hops = run(network, Program(network, client).start(trace))[0]
    assert hops == [(kinds[2], router.address(domain)), (kinds[1], server.address(domain))]


@pytest.mark.parametrize("domain", [INET, INET6])
def test_a_ping_socket_traces_the_route_by_its_error_queue(domain):
    network, client, router, server = routed(user="user")
    level, ttl, errors = (linux.SOL_IP, 2, 11) if domain == INET else (linux.SOL_IPV6, 16, 25)

    def trace(program):
        fd = program.socket(domain, DGRAM, 1 if domain == INET else 58)
        program.setsockopt(fd, level, errors, number(1))
        program.setsockopt(fd, level, ttl, number(1))
        request = bytes([8 if domain == INET else 128, *bytes(5), 0, 9, *b"data"])
        program.sendto(fd, request, 0, place(server, domain))
        first = tried(program.recvfrom, fd, 100, 0)
        queued = program.recvmsg(fd, 100, 500, linux.MSG_ERRQUEUE)
        extended = queued.control[0][2]
        offender = extended[20:24] if domain == INET else extended[24:40]
        program.setsockopt(fd, level, ttl, number(2))
        program.sendto(fd, request, 0, place(server, domain))
        return first, queued.data[6:], offender, program.recvfrom(fd, 100, 0).address

    first, quoted, offender, answered = run(network, Program(network, client).start(trace))[0]
    assert (first, quoted) == (linux.EHOSTUNREACH, b"\0\x09data")
    assert offender == router.address(domain)
    assert answered == place(server, domain)


def test_a_connected_ping_socket_hears_that_a_link_is_too_narrow():
    network, client, router, server = routed(user="user")
    network.link(router, server, "delay=5ms mtu=600")

    def ping(program):
        fd = program.socket(INET, DGRAM, 1)
        program.connect(fd, place(server, INET))
        request = bytes([8, *bytes(7), *bytes(1000)])
        program.sendto(fd, request, 0, None)
        first = tried(program.recvfrom, fd, 2000, 0)
        program.sendto(fd, request, 0, None)
        return first, len(program.recvfrom(fd, 2000, 0).data)

    assert run(network, Program(network, client).start(ping)) == [(linux.EMSGSIZE, 1008)]


def test_a_neighbour_that_does_not_answer_is_an_error_of_a_connected_raw_socket_with_recverr():
    network, client, _ = two_hosts("delay=1ms", user="root")

    def ask(program):
        fd = program.socket(INET, RAW, SPARE)
        program.setsockopt(fd, linux.SOL_IP, linux.IP_RECVERR, number(1))
        program.sendto(fd, b"long enough", 0, address("10.0.0.99", 0))
        return tried(program.recvfrom, fd, 100, 0)

    assert run(network, Program(network, client).start(ask)) == [linux.EHOSTUNREACH]


# Groups that answer, and packets as values.


def test_a_ping_of_all_nodes_is_answered_by_every_neighbour():
    """RFC 4443 §4.2: from an own address. An IPv4 broadcast is not (icmp_echo_ignore_broadcasts)."""
    network = Network(1)
    pinger, *others = (network.host(name) for name in ("pinger", "one", "two"))

    def ask(program):
        six, four = program.socket(INET6, DGRAM, 58), program.socket(INET, DGRAM, 1)
        to = SockaddrIn6(0, address("ff02::1", 0).address, 0, 2)
        program.sendto(six, bytes([128, *bytes(7)]), 0, to)
        program.setsockopt(four, linux.SOL_SOCKET, linux.SO_BROADCAST, number(1))
        program.sendto(four, bytes([8, *bytes(7)]), 0, address("10.0.0.255", 0))
        program.sleep(SECOND_NS)
        senders = []
        while not isinstance(got := tried(program.recvfrom, six, 100, DONTWAIT), int):
            senders.append(got.address.address)
        return senders, tried(program.recvfrom, four, 100, DONTWAIT)

    senders, by_four = run(network, Program(network, pinger).start(ask))[0]
    own = {address for host in others for address in host.addresses(INET6, every=True)}
    assert len(own & set(senders)) == 2 and by_four == linux.EAGAIN


def test_packets_are_values_where_their_bytes_are_a_values():
    """So that the trace can tell what they are, and a link can judge them by their place."""
    sink = ListSink()
    network = Network(1, Tracer(sink))
    client, server = network.host("client", user="root"), network.host("server", user="root")
    segment = bytes.fromhex("04d2 0016 00000001 00000000 5002 2000 0000 0000")

    def send(program):
        to = place(server, INET)
        for protocol, data in ((1, message(8, 7, 1)), (1, b"\x08\0\xba\xad1234"), (6, segment), (17, b"too short")):
            fd = program.socket(INET, RAW, protocol)
            program.sendto(fd, data, 0, to)
        include = program.socket(INET, RAW, linux.IPPROTO_RAW)
        whole = header(1, message(8, 7, 2), destination=inet_ntop(to.address))
        program.sendto(include, whole, 0, to)
        with_options = header(1, b"\1\1\1\0" + message(8, 7, 3), destination=inet_ntop(to.address), first=0x46)
        program.sendto(include, with_options, 0, to)
        six = program.socket(INET6, RAW, 17)
        program.setsockopt(six, linux.SOL_IPV6, linux.IPV6_CHECKSUM, number(6))
        program.sendto(six, b"\x04\xd2\0\x09\0\x0a\0\0hi", 0, place(server, INET6))

    run(network, Program(network, client).start(send))
    packets = [event.packet for event in sink.events if isinstance(event, PacketEvent) and event.action == "sent"]
    mine = [packet for packet in packets if packet.flow.name.startswith("client raw:")]
    assert [type(packet.body) for packet in mine] == [
        *(IcmpMessage, RawBody, RawBody, RawBody, IcmpMessage, RawBody, UdpDatagram)
    ], "a TCP checksum of zero is wrong here, so that it stays bytes"
    assert mine[4].body.rest == 7 << 16 | 2
    assert not any(isinstance(packet.body, TcpSegment) for packet in mine)
    answered = [packet.body.rest & 0xFFFF for packet in packets if icmp.is_echo_reply(packet)]
    assert answered == [1, 2, 3]


def test_a_dissolved_raw_socket_still_sends():
    def send(program, client, server):
        fd = program.socket(INET, RAW, SPARE)
        program.connect(fd, place(server, INET))
        program.connect(fd, UNSPEC)
        return tried(program.sendto, fd, b"x", 0, None), program.sendto(fd, b"x", 0, place(server, INET))

    _, (got, sent) = both("delay=1ms", lambda program, _: sniff(program, INET), send)
    assert sent == (linux.EDESTADDRREQ, 1) and got[0].data[20:] == b"x"


def test_no_bytes_that_a_raw_socket_sends_break_a_host(far_raw):
    """Headers and messages of all sorts, with bytes changed at random: what makes no sense is dropped and counted."""
    chance = random.Random(5)
    four = [far_raw.raw(protocol) for protocol in (1, 6, 17, SPARE)]
    six = [far_raw.raw(protocol, INET6) for protocol in (43, 44, 58, 60, 6, 17, SPARE)]
    included, included6 = far_raw.raw(linux.IPPROTO_RAW), far_raw.raw(linux.IPPROTO_RAW, INET6)
    received = 0
    for _ in range(4000):
        data = chance.randbytes(chance.choice((0, 1, 2, 4, 7, 8, 12, 20, 21, 40, 60)))
        fragment = chance.choice((0, 0x2000, 1, 0x4000, 0x3FFF))
        first = chance.choice((0x45, 0x46, 0x47, 0x4F))
        made = bytearray(header(chance.choice((1, 6, 17, SPARE)), data, first=first, fragment=fragment))
        made6 = bytearray(header6(chance.choice((0, 6, 17, 43, 44, 58, 60)), data))
        for each in (made, made6):
            each[chance.randrange(len(each))] = chance.randrange(256)
        for fd, whole, to in (
            (chance.choice(four), data, LOCAL),
            (chance.choice(six), data, LOCAL6),
            (included, bytes(made), LOCAL),
            (included6, bytes(made6), LOCAL6),
        ):
            far_raw.sent(fd, whole, 0, to)
        received += sum(len(far_raw.drain(fd)) for fd in (*four, *six))
        far_raw.calls.kernel.internet.check_invariants()
    counters = far_raw.calls.kernel.internet.counters
    assert received > 4000
    assert all(counters[name] > 50 for name in ("IcmpInErrors", "TcpInErrs", "UdpInErrors", "IpReasmFails"))
