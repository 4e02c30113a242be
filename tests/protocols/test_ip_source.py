"""Source address selection."""

import pytest

from farhost.protocols.ip.source import Candidate, policy, scope, select_source
from farhost.wire.addresses import parse_address


def v(text: str) -> bytes:
    return parse_address(text)


HOST = [
    Candidate(v("127.0.0.1"), 8, "lo"),
    Candidate(v("::1"), 128, "lo"),
    Candidate(v("10.0.0.5"), 24, "eth0"),
    Candidate(v("10.0.9.5"), 24, "eth0"),
    Candidate(v("fd00::5"), 64, "eth0"),
    Candidate(v("fe80::5"), 64, "eth0"),
    Candidate(v("10.0.1.5"), 24, "eth1"),
    Candidate(v("2001:db8::5"), 64, "eth1"),
    Candidate(v("fe80::6"), 64, "eth1"),
]


@pytest.mark.parametrize(
    ("destination", "interface", "next_hop", "expected"),
    [
        ("10.0.0.9", "eth0", None, "10.0.0.5"),
        ("10.0.9.9", "eth0", None, "10.0.9.5"),
        ("8.8.8.8", "eth0", "10.0.9.254", "10.0.9.5"),
        ("8.8.8.8", "eth0", "10.0.0.254", "10.0.0.5"),
        ("8.8.8.8", "eth1", None, "10.0.1.5"),
        ("8.8.8.8", "tun0", None, "10.0.0.5"),
    ],
)
def test_ipv4_takes_the_address_in_the_next_hops_network(
    destination: str, interface: str, next_hop: str | None, expected: str
) -> None:
    hop = v(next_hop) if next_hop else None
    assert select_source(v(destination), HOST, interface, hop) == v(expected)


@pytest.mark.parametrize(
    ("destination", "interface", "expected"),
    [
        ("fd00::9", "eth0", "fd00::5"),
        ("fe80::9", "eth0", "fe80::5"),
        ("fe80::9", "eth1", "fe80::6"),
        ("ff02::1", "eth1", "fe80::6"),
        ("2001:db8::9", "eth1", "2001:db8::5"),
        ("2001:db8::5", "eth0", "2001:db8::5"),
        ("::1", "lo", "::1"),
    ],
)
def test_ipv6_goes_by_the_rules_of_rfc_6724(destination: str, interface: str, expected: str) -> None:
    assert select_source(v(destination), HOST, interface) == v(expected)


def test_a_longer_match_decides_between_equals() -> None:
    candidates = [Candidate(v("2001:db8:1::1"), 64, "eth0"), Candidate(v("2001:db8:2::1"), 64, "eth0")]
    assert select_source(v("2001:db8:2::9"), candidates, "eth0") == v("2001:db8:2::1")
    assert select_source(v("2001:db8:1::9"), candidates, "eth0") == v("2001:db8:1::1")


def test_a_label_that_matches_goes_before_a_longer_prefix() -> None:
    candidates = [Candidate(v("fd00::1"), 64, "eth0"), Candidate(v("2001:db8::1"), 64, "eth0")]
    assert select_source(v("2400::1"), candidates, "eth0") == v("2001:db8::1")
    assert select_source(v("fd99::1"), candidates, "eth0") == v("fd00::1")


def test_without_an_address_of_the_family_there_is_none() -> None:
    assert select_source(v("fd00::1"), [Candidate(v("10.0.0.1"), 24, "eth0")], "eth0") is None
    assert select_source(v("10.0.0.1"), [], "eth0") is None


def test_scopes_and_policy() -> None:
    assert [scope(v(text)) for text in ("fec0::1", "ff05::1", "fe80::1", "::1", "fd00::1", "169.254.1.1")] == [
        5,
        5,
        2,
        2,
        14,
        2,
    ]
    assert policy(v("2002::1")).label == 2
    assert policy(v("fd00::1")).label == 6
    assert policy(v("2001:db8::1")) == (40, 1)
