"""Descriptions that are refused: what is said, and that nothing of them stays behind."""

import pytest

from farhost.network.network import Network
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop, parse_address


def all_of(network: Network) -> tuple[object, ...]:
    """Everything that a description makes."""
    return (
        list(network.hosts),
        list(network.segments),
        [(port.host, port.interface.addresses) for segment in network.segments.values() for port in segment.ports],
        [channel.name for channel in network.channels()],
        [name for name in ("a", "b", "c", "www", "new") if name in network.names],
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"segments": ["net", "tiny"]}, r"tiny has no address left: 10\.9\.9\.0/30 and .* have room for 2 hosts"),
        ({"segments": ["net", "moon"]}, "no segment 'moon': there are net, tiny"),
        ({"segments": ["net", "net"]}, "'net' is named twice"),
        ({"segments": "net"}, "write segments="),
        ({"segments": [3]}, "named by a string, not 3"),
        ({"aliases": ["www", "b"]}, "the alias 'b' is the name of a host"),
        ({"aliases": "www"}, "write aliases="),
        ({"aliases": ["127.1"]}, "read as the address"),
        ({"aliases": ["localhost"]}, "every host itself"),
        ({"sysctls": {"net.ipv4.ip_default_ttl": 99999}}, "ip_default_ttl takes 1 to 255, not 99999"),
        ({"sysctls": {"net.ipv4.nothing": 1}}, "there is no setting 'net.ipv4.nothing'"),
        ({"user": "bob"}, "no user 'bob'"),
    ],
)
def test_of_a_host_that_is_refused_nothing_stays(words, why):
    network = Network()
    network.segment("tiny", "10.9.9.0/30")
    network.host("a", segments=["tiny"])
    network.host("b", segments=["tiny"])
    before = all_of(network)
    for _ in range(2):
        with pytest.raises(ValueError, match=why):
            network.host("new", **words)
        assert all_of(network) == before
    assert inet_ntop(network.host("new").address(linux.AF_INET)) == "10.0.0.1"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("localhost", "every host itself"),
        ("LOCALHOST", "every host itself"),
        ("10.0.0.1", "read as the address 10.0.0.1"),
        ("7", r"read as the address 0\.0\.0\.7"),
        ("fe80::1", "no host name"),
        ("A", "a host 'a' already; names compare without regard to case"),
        ("www", "an alias of the host 'a'"),
        ("far", r"stands for 10\.9\.9\.9 already"),
        (3, "3 is no host name"),
    ],
)
def test_a_name_that_is_taken_or_has_a_meaning_is_no_hosts(name, why):
    network = Network()
    network.host("a", aliases=["www"])
    network.name("far", ["10.9.9.9"])
    with pytest.raises(ValueError, match=why):
        network.host(name)
    assert list(network.hosts) == ["a"]


def test_an_alias_may_be_several_hosts():
    network = Network()
    hosts = [network.host(name, aliases=["www"]) for name in "ab"]
    assert network.names.addresses("www") == [address for host in hosts for address in host.addresses()]
    assert network.names.canonical("www") == "a"


@pytest.mark.parametrize(
    ("name", "targets", "why"),
    [
        ("a", ["b"], "'a' is the name of a host"),
        ("www", ["a", "nobody"], "no host 'nobody': the hosts are a, b, alone"),
        ("www", ["alone"], "'alone' has no address"),
        ("www", [], "stands for nothing"),
        ("w w", ["a"], "no host name"),
        ("localhost", ["a"], "every host itself"),
        ("10.0.0.9", ["a"], "read as the address"),
    ],
)
def test_a_further_name_that_is_refused_stands_for_nothing(name, targets, why):
    network = Network()
    network.host("a")
    network.host("b")
    network.host("alone", segments=())
    before = network.names.addresses(name)
    with pytest.raises(ValueError, match=why):
        network.name(name, targets)
    assert network.names.addresses(name) == before


@pytest.mark.parametrize(
    ("name", "networks", "why"),
    [
        (
            "lan",
            ("10.0.0.128/25", "fd09::/64"),
            r"10\.0\.0\.128/25 of the segment 'lan' overlaps 10\.0\.0\.0/24 of 'net'",
        ),
        ("lan", ("10.0.0.0/8", None), "overlaps"),
        ("lan", (None, "fd00::/16"), r"fd00::/16 of the segment 'lan' overlaps fd00::/64 of 'net'"),
        ("lan", ("", None), "not an IP address: ''"),
        ("lan", ("10.1.0.0/31", None), "no room for two hosts"),
        ("", (None, None), "no name of a segment"),
        ("two words", (None, None), "no name of a segment"),
    ],
)
def test_of_a_segment_that_is_refused_nothing_stays(name, networks, why):
    network = Network()
    with pytest.raises(ValueError, match=why):
        network.segment(name, *networks)
    assert list(network.segments) == ["net"]


def test_the_ipv6_network_bounds_the_hosts_too():
    network = Network(v6="fd00::/126")
    for name in "abc":
        network.host(name)
    with pytest.raises(ValueError, match="have room for 3 hosts"):
        network.host("d")


@pytest.mark.parametrize(
    ("addresses", "why"),
    [
        ({"v4": "10.7.0.1"}, r"10\.7\.0\.1 is not in net's network 10\.0\.0\.0/24"),
        ({"v4": "fd00::7"}, "fd00::7 is no IPv4 address"),
        ({"v6": "10.0.0.7"}, "10.0.0.7 is no IPv6 address"),
        ({"v4": "10.0.0.255"}, "the broadcast address"),
        ({"v4": "10.0.0.0"}, "the network address"),
        ({"v4": "10.0.0.1"}, "a's already"),
        ({"v4": "10.0.0.9", "v6": "fd00::1"}, "a's already"),
        ({"number": 255}, "no number 255"),
    ],
)
def test_of_an_interface_that_is_refused_nothing_stays(addresses, why):
    network = Network()
    network.host("a")
    host = network.host("b", segments=())
    before = all_of(network)
    with pytest.raises(ValueError, match=why):
        network.attach(host, "net", **addresses)
    assert all_of(network) == before
    assert list(host.kernel.internet.interfaces) == ["lo"]
    host.attach("net")
    assert host.addresses() == [parse_address("10.0.0.2"), parse_address("fd00::2")]


@pytest.mark.parametrize(
    ("ends", "segment", "why"),
    [
        (("a", "b"), 3, "named by a string, not 3"),
        (("a", "b"), "moon", "no segment 'moon'"),
        (("a", "b"), "far", "no link on 'far': they share net"),
        (("a", "a"), None, "two ends, not 'a' twice"),
        (("a", "alone"), None, "no segment in common"),
    ],
)
def test_a_link_that_there_is_not_is_told_why(ends, segment, why):
    network = Network()
    network.segment("far")
    for name in "ab":
        network.host(name)
    network.host("alone", segments=())
    with pytest.raises(ValueError, match=why):
        network.link(*ends, segment=segment, delay="1ms")
