"""Routes that follow from the topology."""

from farhost.network.network import Network
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop, parse_address


def way(network: Network, name: str, destination: str) -> tuple[str, str]:
    """(interface, next hop) from a host to an address."""
    path = network.hosts[name].kernel.internet.path(parse_address(destination))
    return path.interface.name, inet_ntop(path.next_hop)


def make_ring() -> Network:
    """a - r1 - b - r2 - c - r3 - d, and r4 from d back to a; a host on each segment."""
    network = Network()
    for name in "abcd":
        network.segment(name)
    for name in "abcd":
        network.host(f"h{name}", segments=[name])
    for number, (one, other) in enumerate(("ab", "bc", "cd", "da"), 1):
        network.router(f"r{number}", [one, other])
    return network


def test_the_fewest_routers_decide_and_among_equals_the_first_made() -> None:
    network = make_ring()
    assert way(network, "ha", "10.0.2.1") == ("eth0", "10.0.1.2")
    assert way(network, "ha", "10.0.4.1") == ("eth0", "10.0.1.3")
    assert way(network, "ha", "10.0.3.1") == ("eth0", "10.0.1.2")
    assert way(network, "ha", "fd00:0:0:4::1") == ("eth0", "fd00:0:0:1::3")
    assert way(network, "r1", "10.0.3.1") == ("eth1", "10.0.2.3")


def test_the_own_segment_needs_no_router() -> None:
    network = make_ring()
    assert way(network, "ha", "10.0.1.77") == ("eth0", "10.0.1.77")


def test_a_shorter_way_that_comes_later_is_taken() -> None:
    network = make_ring()
    network.router("bridge", ["a", "c"])
    assert way(network, "ha", "10.0.3.1") == ("eth0", "10.0.1.4")


def test_a_route_added_by_hand_stays_when_the_topology_changes() -> None:
    network = make_ring()
    internet = network.hosts["ha"].kernel.internet
    internet.routes.add(parse_address("10.0.3.0"), 25, "eth0", parse_address("10.0.1.3"))
    internet.refresh()
    network.router("bridge", ["a", "c"])
    assert way(network, "ha", "10.0.3.1") == ("eth0", "10.0.1.3")
    assert len(network.hosts["ha"].addresses(linux.AF_INET)) == 1
