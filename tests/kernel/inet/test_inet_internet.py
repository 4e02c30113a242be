"""The IP layer: forwarding, hop limits, path MTU, fragments, ICMP, what is dropped and counted."""

import pytest
from inet_calls import address
from virtual_programs import SECOND_NS, Program, run, two_hosts

from farhost.kernel.inet.netstat import read_counters
from farhost.network.network import Network
from farhost.protocols import icmp
from farhost.trace.tracer import Tracer
from farhost.wire import linux
from farhost.wire.packet import IcmpMessage, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

DGRAM, STREAM = linux.SOCK_DGRAM, linux.SOCK_STREAM
MILLISECOND_NS = 1_000_000


class Packets:
    """The packets of a run, as (host, interface, action, reason, packet)."""

    def __init__(self):
        self.seen = []

    def take(self, event):
        if type(event).__name__ == "PacketEvent":
            self.seen.append((event.host, event.interface, event.action, event.reason, event.packet))

    def of(self, host, action):
        return [packet for where, _, what, _, packet in self.seen if (where, what) == (host, action)]

    def reasons(self, host):
        return [reason for where, _, what, reason, _ in self.seen if (where, what) == (host, "dropped")]


def routed(conditions="delay=1ms", far_conditions="delay=1ms"):
    """client - net - router - far - server; and the packets that are seen."""
    packets = Packets()
    network = Network(3, Tracer(packets))
    network.segment("far", conditions=far_conditions)
    client = network.host("client")
    network.router("router", ("net", "far"))
    server = network.host("server", segments=("far",))
    network.link(client, "router", conditions)
    return network, client, network.hosts["router"], server, packets


def destination(server, domain, port):
    far = server.address(domain)
    return SockaddrIn(port, far) if domain == linux.AF_INET else SockaddrIn6(port, far)


def echo_once(program, domain, port=6000):
    """A UDP server for one datagram."""
    fd = program.socket(domain, DGRAM, 0)
    program.bind(fd, address("::" if domain == linux.AF_INET6 else "0.0.0.0", port))
    got = program.recvfrom(fd, 65535, 0)
    program.sendto(fd, got.data, 0, got.address)
    return len(got.data)


def ask_once(program, to, size, options=()):
    """Send a datagram, wait for the answer; its size, or the errno."""
    fd = program.socket(linux.AF_INET6 if isinstance(to, SockaddrIn6) else linux.AF_INET, DGRAM, 0)
    for level, name, number in options:
        program.setsockopt(fd, level, name, number.to_bytes(4, "little"))
    program.connect(fd, to)
    try:
        program.sendto(fd, bytes(size), 0, None)
        return len(program.recvfrom(fd, 65535, 0).data)
    except OSError as error:
        return error.errno


@pytest.mark.parametrize("domain", [linux.AF_INET, linux.AF_INET6])
@pytest.mark.parametrize("size", [10, 4000])
def test_a_router_passes_datagrams_on_whole_and_in_fragments(domain, size):
    network, client, router, server, _ = routed()
    there = Program(network, server).start(echo_once, domain)
    here = Program(network, client).start(ask_once, destination(server, domain, 6000), size)
    assert run(network, there, here) == [size, size]
    assert router.kernel.internet.counters["IpForwDatagrams"] >= 2


@pytest.mark.parametrize("domain", [linux.AF_INET, linux.AF_INET6])
def test_a_host_that_is_no_router_drops_what_is_not_for_it(domain):
    network, client, server = two_hosts("delay=1ms")
    prefix = b"\x0a\x63\0\0" if domain == linux.AF_INET else b"\xfd\x63" + bytes(14)
    client.kernel.internet.routes.add(prefix, 16, "eth0", server.address(domain))
    client.kernel.internet.refresh()
    to = SockaddrIn(9, b"\x0a\x63\0\1") if domain == linux.AF_INET else SockaddrIn6(9, prefix[:15] + b"\1")

    def send(program):
        fd = program.socket(domain, DGRAM, 0)
        return program.sendto(fd, b"x", 0, to)

    run(network, Program(network, client).start(send))
    assert server.kernel.internet.counters["IpInAddrErrors"] == 1


def test_a_hop_limit_that_runs_out_is_reported_by_the_router():
    network, client, router, server, packets = routed()

    def trace_route(program):
        fd = program.socket(linux.AF_INET, DGRAM, 0)
        for name, number in ((linux.IP_RECVERR, 1), (linux.IP_TTL, 1)):
            program.setsockopt(fd, linux.SOL_IP, name, number.to_bytes(4, "little"))
        program.sendto(fd, b"who?", 0, destination(server, linux.AF_INET, 33434))
        program.sleep(SECOND_NS)
        queued = program.recvmsg(fd, 100, 512, linux.MSG_ERRQUEUE)
        data = queued.control[0][2]
        return data[:8], data[20:24]

    extended, offender = run(network, Program(network, client).start(trace_route))[0]
    assert extended == bytes([linux.EHOSTUNREACH, 0, 0, 0, linux.SO_EE_ORIGIN_ICMP, icmp.TIME_EXCEEDED, 0, 0])
    assert offender == router.kernel.internet.interfaces["eth0"].addresses[0][0]
    assert packets.reasons("router") == ["hop-limit"]


@pytest.mark.parametrize("domain", [linux.AF_INET, linux.AF_INET6])
def test_tcp_learns_the_path_mtu(domain):
    network, client, _, server, packets = routed("delay=1ms", "delay=1ms mtu=1300")

    def serve(program):
        listening = program.socket(domain, STREAM, 0)
        program.bind(listening, address("::" if domain == linux.AF_INET6 else "0.0.0.0", 5000))
        program.listen(listening, 1)
        fd, _ = program.accept4(listening, 0)
        total = 0
        while data := program.recvfrom(fd, 65536, 0).data:
            total += len(data)
        return total

    def send(program):
        fd = program.socket(domain, STREAM, 0)
        program.connect(fd, destination(server, domain, 5000))
        program.sendto(fd, bytes(100_000), 0, None)
        program.close(fd)

    assert run(network, Program(network, server).start(serve), Program(network, client).start(send))[0] == 100_000
    header = 40 if domain == linux.AF_INET else 60
    arrived = [packet.body for packet in packets.of("server", "received") if isinstance(packet.body, TcpSegment)]
    assert all((body.segment_size or len(body.payload)) <= 1300 - header for body in arrived)


def test_a_datagram_with_df_that_is_too_big_for_the_path_fails_on_a_later_call():
    network, client, router, server, _ = routed("delay=1ms", "delay=1ms mtu=1000")
    here = Program(network, client).start(ask_once, destination(server, linux.AF_INET, 6000), 1400)
    assert run(network, here) == [linux.EMSGSIZE]
    assert client.kernel.internet.path(server.address(linux.AF_INET)).mtu == 1000
    assert router.kernel.internet.counters["IpFragFails"] == 1


def test_a_router_cuts_what_may_be_cut():
    network, client, router, server, packets = routed("delay=1ms", "delay=1ms mtu=1000")
    there = Program(network, server).start(echo_once, linux.AF_INET)
    options = ((linux.SOL_IP, linux.IP_MTU_DISCOVER, linux.IP_PMTUDISC_DONT),)
    here = Program(network, client).start(ask_once, destination(server, linux.AF_INET, 6000), 1400, options)
    run(network, there, here)
    assert there.result == 1400
    assert router.kernel.internet.counters["IpFragOKs"] == 1
    sizes = [len(p.body.data) for p in packets.of("server", "received") if isinstance(p.body, RawBody)]
    assert sizes == [976, 432]


def test_a_missing_fragment_times_out_and_the_sender_is_told():
    network, client, server = two_hosts("delay=1ms")
    internet = client.kernel.internet
    path = internet.path(server.address(linux.AF_INET))
    whole = Packet(path.source, server.address(linux.AF_INET), 17, UdpDatagram(1, 2, bytes(3000)), 64, 77, False)
    from farhost.protocols.ip.fragment import fragment

    first = fragment(whole, 1500)[0]
    network.scheduler.call_at(0, internet.transmit, first, path.interface, path.next_hop)
    network.scheduler.run()
    counters = server.kernel.internet.counters
    assert (counters["IpReasmFails"], counters["IpReasmTimeout"], counters["IcmpOutTimeExcds"]) == (1, 1, 1)
    assert network.scheduler.now_ns == 30 * SECOND_NS + 2 * MILLISECOND_NS


@pytest.mark.parametrize("domain", [linux.AF_INET, linux.AF_INET6])
def test_the_kernel_answers_pings(domain):
    packets = Packets()
    network = Network(3, Tracer(packets))
    client, server = network.host("client"), network.host("server")
    internet = client.kernel.internet
    far = server.address(domain)
    path = internet.path(far)
    network.scheduler.call_at(0, internet.output, icmp.echo_request(path.source, far, 7, 1, b"data"), path)
    network.scheduler.run()
    (reply,) = packets.of("client", "received")
    assert isinstance(reply.body, IcmpMessage)
    assert (reply.body.rest, reply.body.payload, reply.source) == (7 << 16 | 1, b"data", far)


def test_an_unknown_protocol_is_reported():
    network, client, server = two_hosts("delay=1ms")
    internet = client.kernel.internet
    path = internet.path(server.address(linux.AF_INET))
    packet = Packet(path.source, server.address(linux.AF_INET), 99, RawBody(b"what is this"))
    network.scheduler.call_at(0, internet.output, packet, path)
    network.scheduler.run()
    assert server.kernel.internet.counters["IpInUnknownProtos"] == 1
    assert client.kernel.internet.counters["IcmpInDestUnreachs"] == 1


def test_loopback_addresses_on_a_wire_are_martians():
    _, _, server = two_hosts("delay=1ms")
    interface = server.kernel.internet.interfaces["eth0"]
    packet = Packet(b"\x7f\0\0\1", server.address(linux.AF_INET), 17, UdpDatagram(1, 2, b"x"))
    server.kernel.internet.receive(interface, [packet])
    assert server.kernel.internet.counters["IpInAddrErrors"] == 1


def test_an_interface_that_is_down_takes_nothing():
    network, client, server = two_hosts("delay=1ms")
    server.kernel.internet.interfaces["eth0"].up = False
    here = Program(network, client).start(ask_once, destination(server, linux.AF_INET, 6000), 5)
    run(network, here, until_ns=SECOND_NS)
    assert here.result is None
    assert not read_counters(server.kernel.internet)["IpInReceives"]


def test_packets_to_an_own_address_go_through_lo():
    packets = Packets()
    network = Network(3, Tracer(packets))
    host = network.host("host")
    there = Program(network, host).start(echo_once, linux.AF_INET)
    here = Program(network, host).start(ask_once, destination(host, linux.AF_INET, 6000), 5)
    assert run(network, there, here) == [5, 5]
    assert {interface for _, interface, _, _, _ in packets.seen} == {"lo"}
    assert network.scheduler.now_ns == 0


def test_broadcast_needs_so_broadcast_and_reaches_everybody():
    network = Network(3)
    hosts = [network.host(name) for name in ("a", "b", "c")]

    def hear(program):
        fd = program.socket(linux.AF_INET, DGRAM, 0)
        program.bind(fd, address("0.0.0.0", 7000))
        return program.recvfrom(fd, 10, 0).data

    def shout(program):
        fd = program.socket(linux.AF_INET, DGRAM, 0)
        to = address("10.0.0.255", 7000)
        try:
            program.sendto(fd, b"x", 0, to)
        except OSError as error:
            first = error.errno
        program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_BROADCAST, b"\1\0\0\0")
        return first, program.sendto(fd, b"x", 0, to)

    programs = [Program(network, host).start(hear) for host in hosts[1:]]
    assert run(network, *programs, Program(network, hosts[0]).start(shout)) == [b"x", b"x", (linux.EACCES, 1)]


def test_icmp_errors_to_one_peer_are_limited():
    network, client, server = two_hosts("delay=1ms")

    def send(program):
        fd = program.socket(linux.AF_INET, DGRAM, 0)
        for _ in range(20):
            program.sendto(fd, b"x", 0, destination(server, linux.AF_INET, 9))

    run(network, Program(network, client).start(send))
    counters = server.kernel.internet.counters
    assert (counters["UdpNoPorts"], counters["IcmpOutDestUnreachs"]) == (20, 6)


def test_sockets_that_have_a_port_are_listed():
    network, client, _ = two_hosts()

    def some(program):
        listening = program.socket(linux.AF_INET, STREAM, 0)
        program.bind(listening, SockaddrIn(5000, b"\x7f\0\0\1"))
        program.listen(listening, 1)
        datagram = program.socket(linux.AF_INET, DGRAM, 0)
        program.bind(datagram, SockaddrIn(53, bytes(4)))
        program.socket(linux.AF_INET, STREAM, 0)
        internet = client.kernel.internet
        before = [(socket.type, socket.local_port) for socket in internet.sockets()]
        program.close(listening)
        program.close(datagram)
        return before, list(internet.sockets())

    assert run(network, Program(network, client).start(some)) == [([(STREAM, 5000), (DGRAM, 53)], [])]
