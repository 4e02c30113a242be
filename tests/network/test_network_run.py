"""Whole networks with real kernels: packets across links and routers, both families."""

import pytest
from network_programs import Program, address

from farhost.kernel.waiting import KernelError
from farhost.network.conditions import Conditions
from farhost.network.host import Host
from farhost.network.network import Network
from farhost.protocols.icmp import echo_request
from farhost.trace.events import Event, FaultEvent, PacketEvent
from farhost.trace.tracer import Tracer
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop, parse_address
from farhost.wire.packet import Packet
from farhost.wire.sockaddr import SockaddrIn

MS = 1_000_000
FAMILIES = [linux.AF_INET, linux.AF_INET6]


class Events:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self, event: Event) -> None:
        self.events.append(event)

    def packets(self) -> list[tuple[int, str, str, str]]:
        """(when, host, what happened, why) of every packet event."""
        return [
            (event.time_ns, event.host, event.action, event.reason)
            for event in self.events
            if isinstance(event, PacketEvent)
        ]


class Ends:
    """Two datagram sockets, by the kernel's own calls."""

    def __init__(self, client: Host, server: Host, family: int = linux.AF_INET) -> None:
        self.client, self.server = client, server
        self.family = family
        self.client_socket = self._open(client)
        self.server_socket = self._open(server, 5000)

    def _open(self, host: Host, port: int = 0) -> Program:
        program = Program(host.kernel).open(self.family)
        if port:
            program.call("bind", program.fd, address(bytes(4 if self.family == linux.AF_INET else 16), port))
        return program

    def send(self, data: bytes) -> None:
        target = address(self.server.address(self.family), 5000)
        self.client_socket.call("sendto", self.client_socket.fd, data, 0, target)

    def received(self) -> list[bytes]:
        found = []
        while True:
            data = self.server_socket.receive()
            if data is None:
                return found
            found.append(data)


def make_network(**words: str) -> tuple[Network, Events]:
    sink = Events()
    network = Network(seed=1, tracer=Tracer(sink))
    network.link_all(**words)
    return network, sink


def test_hosts_get_predictable_addresses_on_the_default_segment() -> None:
    network, _ = make_network()
    hosts = [network.host(name) for name in ("server", "client")]
    texts = [[inet_ntop(packed) for packed in host.addresses(every=True)] for host in hosts]
    assert texts == [
        ["127.0.0.1", "::1", "10.0.0.1", "fd00::1", "fe80::1"],
        ["127.0.0.1", "::1", "10.0.0.2", "fd00::2", "fe80::2"],
    ]
    assert [inet_ntop(packed) for packed in hosts[1].addresses()] == ["10.0.0.2", "fd00::2"]
    assert network.names.addresses("client") == hosts[1].addresses()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_datagram_crosses_the_link_in_its_delay(family: int) -> None:
    network, sink = make_network(delay="40ms")
    ends = Ends(network.host("client"), network.host("server"), family)
    ends.send(b"hello")
    network.run()
    assert ends.received() == [b"hello"]
    assert sink.packets() == [(0, "client", "sent", ""), (40 * MS, "server", "received", "")]
    network.ledger().check()
    assert network.ledger().total.delivered == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_datagram_over_a_small_mtu_is_fragmented_and_whole_again(family: int) -> None:
    network, _ = make_network(mtu="576", delay="1ms")
    ends = Ends(network.host("client"), network.host("server"), family)
    data = bytes(number % 251 for number in range(5000))
    ends.send(data)
    network.run()
    assert ends.received() == [data]
    assert network.ledger().total.delivered == 10


def test_a_link_that_loses_a_fragment_loses_the_datagram() -> None:
    network, _ = make_network(mtu="576", loss="30%")
    ends = Ends(network.host("client"), network.host("server"))
    for _ in range(20):
        ends.send(bytes(3000))
    network.run()
    lost = network.ledger().total.dropped["loss"]
    assert lost >= 1
    assert 20 - lost <= len(ends.received()) < 20
    counters = network.hosts["server"].kernel.internet.counters
    assert counters["IpReasmTimeout"] >= 1


def test_a_corrupted_datagram_is_dropped_by_its_receiver_and_counted() -> None:
    network, sink = make_network(corrupt="100%")
    ends = Ends(network.host("client"), network.host("server"))
    for _ in range(20):
        ends.send(b"data" * 20)
    network.run()
    assert ends.received() == []
    drops = [row for row in sink.packets() if row[2] == "dropped"]
    assert len(drops) == 20 and {row[1] for row in drops} == {"server"}
    network.ledger().check()
    assert network.ledger().total.delivered == 20


@pytest.mark.parametrize("family", FAMILIES)
def test_a_router_joins_two_segments(family: int) -> None:
    network = Network()
    network.segment("west", conditions="delay=5ms")
    network.segment("east", conditions="delay=7ms")
    client = network.host("client", segments=["west"])
    server = network.host("server", segments=["east"])
    network.router("router", ["west", "east"])
    ends = Ends(client, server, family)
    ends.send(b"far")
    network.run()
    assert network.scheduler.now_ns == 12 * MS
    assert ends.received() == [b"far"]


def test_the_way_leads_over_two_routers_and_back() -> None:
    network = Network()
    for name in ("a", "b", "c"):
        network.segment(name, conditions="delay=1ms")
    client = network.host("client", segments=["a"])
    network.router("first", ["a", "b"])
    network.router("second", ["b", "c"])
    server = network.host("server", segments=["c"])
    request = echo_request(client.address(linux.AF_INET), server.address(linux.AF_INET), 7, 1, b"ping")
    send(client, request)
    network.run()
    assert network.scheduler.now_ns == 6 * MS
    assert client.kernel.internet.counters["IcmpInMsgs"] == 1
    assert server.kernel.internet.counters["IcmpOutEchoReps"] == 1


def send(host: Host, packet: Packet) -> None:
    internet = host.kernel.internet
    internet.output(packet, internet.path(packet.destination))


def test_a_router_tells_the_sender_when_the_hop_limit_runs_out() -> None:
    network = Network()
    network.segment("west")
    network.segment("east")
    client = network.host("client", segments=["west"])
    server = network.host("server", segments=["east"])
    network.router("router", ["west", "east"])
    ends = Ends(client, server)
    one = (1).to_bytes(4, "little")
    ends.client_socket.call("setsockopt", ends.client_socket.fd, linux.IPPROTO_IP, linux.IP_TTL, one)
    ends.send(b"short")
    network.run()
    assert ends.received() == []
    assert client.kernel.internet.counters["IcmpInTimeExcds"] == 1


def test_without_forwarding_a_host_between_two_segments_is_no_router() -> None:
    network = Network()
    network.segment("west")
    network.segment("east")
    client = network.host("client", segments=["west"])
    server = network.host("server", segments=["east"])
    network.host("between", segments=["west", "east"])
    with pytest.raises(KernelError) as caught:
        Ends(client, server).send(b"x")
    assert caught.value.errno == linux.ENETUNREACH


def test_a_closed_port_is_told_to_a_connected_socket_by_its_next_call() -> None:
    network, _ = make_network(delay="1ms")
    client, server = network.host("client"), network.host("server")
    program = Program(client.kernel).open(linux.AF_INET)
    program.call("connect", program.fd, SockaddrIn(9, server.address(linux.AF_INET)))
    program.call("sendto", program.fd, b"anybody?", 0, None)
    network.run()
    with pytest.raises(KernelError) as caught:
        program.receive()
    assert caught.value.errno == linux.ECONNREFUSED


def test_an_address_that_nobody_has_fails_after_three_seconds_and_a_datagram_socket_is_not_told() -> None:
    network, sink = make_network()
    client = network.host("client")
    program = Program(client.kernel).open(linux.AF_INET)
    program.call("connect", program.fd, SockaddrIn(9, parse_address("10.0.0.99")))
    program.call("sendto", program.fd, b"anybody?", 0, None)
    network.run()
    assert sink.packets()[:2] == [(0, "client", "sent", ""), (3060 * MS, "client", "dropped", "no-neighbour")]
    assert program.receive() is None
    assert client.kernel.internet.counters["IcmpInDestUnreachs"] == 1


def test_a_host_that_comes_in_time_gets_what_waited_for_it() -> None:
    network = Network()
    client = network.host("client")
    program = Program(client.kernel).open(linux.AF_INET)
    program.call("sendto", program.fd, b"early", 0, SockaddrIn(5000, parse_address("10.0.0.2")))
    network.run(until_ns=1000 * MS)
    server = network.host("server")
    late = Program(server.kernel).open(linux.AF_INET)
    late.call("bind", late.fd, SockaddrIn(5000, bytes(4)))
    network.run()
    assert late.receive() == b"early"


def test_a_broadcast_reaches_every_other_host_of_the_segment() -> None:
    network = Network()
    hosts = [network.host(name) for name in ("one", "two", "three")]
    programs = [Program(host.kernel).open(linux.AF_INET) for host in hosts]
    for program in programs:
        program.call("bind", program.fd, SockaddrIn(5000, bytes(4)))
    sender = programs[0]
    on = (1).to_bytes(4, "little")
    sender.call("setsockopt", sender.fd, linux.SOL_SOCKET, linux.SO_BROADCAST, on)
    sender.call("sendto", sender.fd, b"all", 0, SockaddrIn(5000, parse_address("10.0.0.255")))
    network.run()
    assert [program.receive() for program in programs[1:]] == [b"all", b"all"]


def test_one_direction_of_a_link_can_differ_and_change_during_the_run() -> None:
    network, _ = make_network(delay="10ms")
    client, server = network.host("client"), network.host("server")
    network.link("client", "server", direction="client>server", loss="100%")
    there, back = Ends(client, server), Ends(server, client)
    there.send(b"lost")
    back.send(b"found")
    network.run()
    assert (there.received(), back.received()) == ([], [b"found"])
    network.link(client, server, delay="1ms")
    there.send(b"now")
    begin_ns = network.scheduler.now_ns
    network.run()
    assert there.received() == [b"now"]
    assert network.scheduler.now_ns == begin_ns + 1 * MS


def test_a_partition_cuts_and_heals() -> None:
    network, _ = make_network()
    ends = Ends(network.host("client"), network.host("server"))
    ends.send(b"one")
    network.partition("client", "server")
    ends.send(b"two")
    network.run()
    network.heal("client", "server")
    ends.send(b"three")
    network.run()
    assert ends.received() == [b"one", b"three"]
    assert network.ledger().total.dropped == {"down": 1}


def test_a_partition_and_its_healing_are_in_the_trace() -> None:
    network, sink = make_network()
    for name in ("client", "server"):
        network.host(name)
    network.partition("client", "server")
    network.partition("client", "server")
    network.heal("client", "server", direction="server>client")
    faults = [(event.kind, event.host, event.place) for event in sink.events if isinstance(event, FaultEvent)]
    assert faults == [
        ("cut", "client", "client>server"),
        ("cut", "server", "server>client"),
        ("mend", "server", "server>client"),
    ]


def test_what_waits_for_an_answer_when_a_partition_heals_is_sent_then() -> None:
    network, _ = make_network()
    ends = Ends(network.host("client"), network.host("server"))
    network.partition("client", "server")
    ends.send(b"one")
    network.run(until_ns=1500 * MS)
    network.heal("client", "server")
    ends.send(b"two")
    network.run()
    assert ends.received() == [b"one", b"two"]
    assert network.scheduler.now_ns == 2040 * MS, "the second question is answered"
    assert network.ledger().total.dropped == {}


def test_a_narrow_link_between_wide_interfaces_is_found_out() -> None:
    network, _ = make_network(delay="1ms")
    client, server = network.host("client"), network.host("server")
    network.link(client, server, mtu="1000")
    ends = Ends(client, server)
    ends.send(bytes(1400))
    network.run()
    assert ends.received() == []
    ends.send(bytes(1400))
    network.run()
    assert ends.received() == [bytes(1400)]


def test_a_rate_bounds_the_bursts_of_the_interface() -> None:
    network, _ = make_network(rate="100mbit")
    client, server = network.host("client"), network.host("server")
    interface = client.kernel.internet.interfaces["eth0"]
    assert (interface.rate_bps, interface.burst_bytes) == (100_000_000, 12_500)
    network.link(client, server, rate="1mbit", direction="client>server")
    assert (interface.rate_bps, interface.burst_bytes) == (1_000_000, 2920)
    assert server.kernel.internet.interfaces["eth0"].burst_bytes == 12_500


def test_conditions_reach_hosts_that_come_later() -> None:
    network, _ = make_network(delay="9ms", mtu="1400")
    client, server = network.host("client"), network.host("server")
    assert client.kernel.internet.interfaces["eth0"].mtu == 1400
    Ends(client, server).send(b"x")
    network.run()
    assert network.scheduler.now_ns == 9 * MS


def test_a_host_may_be_given_addresses_and_several_interfaces() -> None:
    network = Network()
    network.segment("lab", "192.168.7.0/24", "fd77::/64")
    host = network.host("server")
    port = host.attach("lab", v4="192.168.7.42")
    assert port.interface.name == "eth1"
    assert [inet_ntop(packed) for packed in host.addresses(linux.AF_INET)] == ["10.0.0.1", "192.168.7.42"]
    with pytest.raises(ValueError, match=r"192\.168\.7\.42 on lab is server's"):
        network.host("other", segments=()).attach("lab", v4="192.168.7.42")
    names = [host.kernel.internet.name_of(packed) for packed in host.addresses()]
    assert names == ["server", "server.v6", "server.eth1", "server.eth1.v6"]


def test_what_is_not_there_is_named() -> None:
    network = Network()
    network.host("client")
    for wrong, word in (
        (lambda: network.host("client"), "client"),
        (lambda: network.host("x", segments=["moon"]), "moon"),
        (lambda: network.link("client", "nobody"), "nobody"),
        (lambda: network.segment("net"), "net"),
        (lambda: network.link("client", "lonely"), "segment in common"),
        (lambda: network.link("client", "peer", delay="1ms", direction="peer>moon"), "peer>moon"),
    ):
        if word == "segment in common":
            network.host("lonely", segments=())
            network.host("peer")
        with pytest.raises(ValueError, match=word):
            wrong()


def test_a_link_says_what_it_is_like() -> None:
    network, _ = make_network(delay="1ms")
    network.host("client")
    network.host("server")
    link = network.link("client", "server", "loss=5%", jitter="2ms")
    expected = Conditions.of(delay="1ms", loss="5%", jitter="2ms")
    assert link.forward.conditions == link.backward.conditions == expected
    assert [channel.name for channel in network.channels()] == ["client>server", "server>client"]
