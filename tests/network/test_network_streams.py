"""TCP between real kernels across a network that misbehaves: intact, in order, and the same with bursts off."""

import hashlib

import pytest
from network_programs import Program, address

from farhost.kernel.files import Received
from farhost.network.network import Network
from farhost.wire import linux
from farhost.wire.addresses import parse_address
from farhost.wire.sockaddr import SockaddrIn

MS = 1_000_000
STEP_NS = 5 * MS
DATA = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(8192))


def transfer(network: Network, family: int, data: bytes = DATA, limit_s: int = 300) -> bytes:
    """Send `data` from client to server over one connection; what the server read until the end of the stream."""
    client, server = (Program(network.hosts[name].kernel) for name in ("client", "server"))
    kind = linux.SOCK_STREAM | linux.SOCK_NONBLOCK
    listener = server.call("socket", family, kind, 0)
    server.call("bind", listener, address(bytes(4 if family == linux.AF_INET else 16), 5000))
    server.call("listen", listener, 5)
    fd = client.call("socket", family, kind, 0)
    client.call("connect", fd, address(network.hosts["server"].address(family), 5000))
    connection: object = None
    sent = 0
    received = bytearray()
    while network.scheduler.now_ns < limit_s * 1000 * MS:
        network.run(until_ns=network.scheduler.now_ns + STEP_NS)
        if connection is None:
            accepted = server.call("accept4", listener, linux.SOCK_NONBLOCK)
            connection = accepted[0] if isinstance(accepted, tuple) else None
        while sent < len(data):
            count = client.call("sendto", fd, data[sent : sent + 65536], linux.MSG_NOSIGNAL, None)
            if not isinstance(count, int):
                break
            sent += count
            if sent == len(data):
                client.call("shutdown", fd, linux.SHUT_WR)
        while connection is not None:
            got = server.call("recvfrom", connection, 65536, 0)
            if not isinstance(got, Received):
                break
            if not got.data:
                return bytes(received)
            received += got.data
        network.check_invariants()
    raise AssertionError(f"{len(received)} of {len(data)} bytes after {limit_s} s")


def make_network(text: str, seed: int = 1) -> Network:
    network = Network(seed)
    network.link_all(text)
    network.host("client")
    network.host("server")
    return network


@pytest.mark.parametrize("family", [linux.AF_INET, linux.AF_INET6])
@pytest.mark.parametrize(
    "text",
    [
        "delay=10ms",
        "delay=40ms loss=5%",
        "delay=10ms reorder=20% duplicate=5% jitter=3ms",
        "delay=10ms corrupt=3%",
        "delay=5ms rate=20mbit limit=20",
        "delay=5ms mtu=576",
        "delay=20ms loss=3% reorder=10% duplicate=3% corrupt=1% rate=50mbit",
        "delay=10ms split=20% spike=2%:200ms gemodel=1%:50% drop=DATA#3,5-6+FIN#1",
    ],
)
def test_a_stream_arrives_intact_and_in_order(text: str, family: int) -> None:
    network = make_network(text)
    assert transfer(network, family) == DATA
    network.run()
    ledger = network.ledger()
    ledger.check()
    assert ledger.total.in_flight == 0
    for host in network.hosts.values():
        host.kernel.internet.check_invariants()


@pytest.mark.parametrize(
    "text",
    [
        "delay=10ms",
        "delay=10ms loss=3%",
        "delay=5ms rate=20mbit limit=20 reorder=5%",
        "delay=5ms split=10% spike=2%:9ms",
    ],
)
def test_bursts_off_changes_no_time_no_fate_and_no_byte(text: str) -> None:
    seen = []
    for switch in ("on", "off"):
        network = make_network(f"{text} bursts={switch}")
        assert transfer(network, linux.AF_INET) == DATA
        network.run()
        seen.append((network.scheduler.now_ns, network.ledger(), network.choices.taken))
    assert seen[0] == seen[1]


def test_a_stream_finds_the_way_through_a_narrow_link_behind_a_router() -> None:
    network = Network()
    network.segment("west", conditions="delay=2ms")
    network.segment("east", conditions="delay=2ms mtu=1000")
    network.host("client", segments=["west"])
    network.host("server", segments=["east"])
    router = network.router("router", ["west", "east"])
    assert transfer(network, linux.AF_INET) == DATA
    assert router.kernel.internet.counters["IpForwDatagrams"] > 0


def test_connecting_to_an_address_that_nobody_has_fails_with_ehostunreach_after_three_seconds() -> None:
    network = make_network("")
    client = Program(network.hosts["client"].kernel)
    fd = client.call("socket", linux.AF_INET, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)
    assert client.call("connect", fd, SockaddrIn(9, parse_address("10.0.0.99"))) is None
    network.run(until_ns=3100 * MS)
    error = client.call("getsockopt", fd, linux.SOL_SOCKET, linux.SO_ERROR, 4)
    assert error == linux.EHOSTUNREACH.to_bytes(4, "little")


def test_connecting_to_a_closed_port_is_refused_after_a_round_trip() -> None:
    network = make_network("delay=40ms")
    client = Program(network.hosts["client"].kernel)
    fd = client.call("socket", linux.AF_INET, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)
    client.call("connect", fd, SockaddrIn(9, network.hosts["server"].address(linux.AF_INET)))
    network.run()
    assert network.scheduler.now_ns == 80 * MS
    error = client.call("getsockopt", fd, linux.SOL_SOCKET, linux.SO_ERROR, 4)
    assert error == linux.ECONNREFUSED.to_bytes(4, "little")
