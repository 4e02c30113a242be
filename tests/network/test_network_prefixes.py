"""The networks that a segment may have."""

import pytest

from farhost.network.prefixes import overlap, parse_prefix
from farhost.wire.addresses import AddressError, parse_address, parse_network


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("127.0.0.0/24", "loopback addresses"),
        ("126.0.0.0/7", "loopback addresses"),
        ("0.0.0.0/0", "loopback addresses"),
        ("224.0.0.0/24", "multicast addresses"),
        ("10.0.0.0/31", "no room for two hosts: take a larger network, /30"),
        ("10.0.0.1/32", "no room for two hosts"),
        ("fd00::/64", "no IPv4 network"),
        ("10.0.0.0", "not a network"),
        ("", "not an IP address: ''"),
        (3, "3 is no IPv4 network"),
    ],
)
def test_an_ipv4_network_that_cannot_be_is_refused(text, why):
    with pytest.raises(AddressError, match=why):
        parse_prefix(text, 4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("::/64", "the loopback address"),
        ("fe80::/64", "link-local addresses"),
        ("ff02::/64", "multicast addresses"),
        ("::ffff:0:0/96", "IPv4 addresses"),
        ("fd00::/127", "no room for two hosts: take a larger network, /126"),
        ("10.0.0.0/8", "no IPv6 network"),
    ],
)
def test_an_ipv6_network_that_cannot_be_is_refused(text, why):
    with pytest.raises(AddressError, match=why):
        parse_prefix(text, 16)


@pytest.mark.parametrize("text", ["10.0.0.0/30", "169.254.0.0/16", "0.0.0.0/8", "240.0.0.0/4"])
def test_what_linux_takes_is_a_network(text):
    assert parse_prefix(text, 4) == parse_network(text)
    assert parse_prefix("2001:db8::/126", 16) == (parse_address("2001:db8::"), 126)


def test_networks_overlap_where_one_has_the_prefix_of_the_other():
    wide, narrow, beside = (parse_network(text) for text in ("10.0.0.0/8", "10.7.0.0/24", "11.0.0.0/8"))
    assert overlap(wide, narrow) and overlap(narrow, wide) and overlap(wide, wide)
    assert not overlap(wide, beside)
    assert not overlap(parse_network("0.0.0.0/0"), parse_network("::/0"))
