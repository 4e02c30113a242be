"""Which of a host's addresses a packet leaves with, where its socket is bound to none.

IPv6 follows RFC 6724 §5 as far as its rules apply to addresses that are never deprecated, temporary or mobile: same
address, scope, outgoing interface, label, longest match. IPv4 follows Linux (`inet_select_addr`): an address of the
outgoing interface in the next hop's network, else the interface's first of a scope that reaches, else any other's.
The labels and precedences of RFC 6724 §2.1 are also what getaddrinfo(3) sorts by.
"""

from collections.abc import Sequence
from typing import NamedTuple

from farhost.protocols.ip.routing import common_prefix
from farhost.wire.packet import IpAddress

LINK_LOCAL, SITE_LOCAL, GLOBAL = 2, 5, 14
"""Scopes, RFC 6724 §3.1 (those that unicast addresses have)."""

_MAPPED = bytes(10) + b"\xff\xff"

_POLICY: tuple[tuple[bytes, int, int, int], ...] = (
    # prefix, length, precedence, label: glibc's default table, which is RFC 3484's with the newer prefixes.
    (bytes(15) + b"\x01", 128, 50, 0),
    (_MAPPED + bytes(4), 96, 10, 4),
    (bytes(16), 96, 20, 3),
    (bytes.fromhex("20010000") + bytes(12), 32, 40, 7),
    (bytes.fromhex("2002") + bytes(14), 16, 30, 2),
    (bytes.fromhex("fec0") + bytes(14), 10, 40, 5),
    (bytes.fromhex("fc00") + bytes(14), 7, 40, 6),
    (bytes(16), 0, 40, 1),
)


class Candidate(NamedTuple):
    """An address that a host has."""

    address: IpAddress
    prefix_length: int
    interface: str


class Preference(NamedTuple):
    """A row of the policy table: how much an address is wanted, and what it goes well with."""

    precedence: int
    label: int


def as_v6(address: IpAddress) -> IpAddress:
    """An address as 16 bytes, IPv4 mapped (RFC 4291 §2.5.5.2)."""
    return address if len(address) == 16 else _MAPPED + address


def policy(address: IpAddress) -> Preference:
    """The policy table's row for an address of either family (RFC 6724 §2.1, glibc's gai.conf(5) defaults).

    >>> policy(bytes(15) + bytes([1])), policy(bytes([10, 0, 0, 1]))
    (Preference(precedence=50, label=0), Preference(precedence=10, label=4))
    """
    whole = as_v6(address)
    for prefix, length, precedence, label in _POLICY:
        if common_prefix(prefix, whole) >= length:
            return Preference(precedence, label)
    raise AssertionError("the last row matches everything")


def scope(address: IpAddress) -> int:
    """An address's scope (RFC 6724 §3.1, §3.2); IPv4 loopback and 169.254/16 are link-local, all other global.

    >>> scope(bytes([127, 0, 0, 1])), scope(bytes([10, 0, 0, 1])), scope(bytes.fromhex("fe80") + bytes(14))
    (2, 14, 2)
    """
    if len(address) == 4:
        return LINK_LOCAL if address[0] == 127 or address[:2] == b"\xa9\xfe" else GLOBAL
    if address[0] == 0xFF:
        return address[1] & 15
    top = address[0] << 8 | address[1]
    if top & 0xFFC0 == 0xFE80 or address == bytes(15) + b"\x01":
        return LINK_LOCAL
    if top & 0xFFC0 == 0xFEC0:
        return SITE_LOCAL
    return GLOBAL


def select_source(
    destination: IpAddress, candidates: Sequence[Candidate], interface: str, next_hop: IpAddress | None = None
) -> IpAddress | None:
    """The address that a packet to `destination` leaves with by `interface`; None when no candidate will do.

    `candidates` are the host's addresses, in the order in which it got them (others than of the destination's family
    are passed over); `next_hop` is the gateway's address where the route has one.
    """
    family = [candidate for candidate in candidates if len(candidate.address) == len(destination)]
    if not family:
        return None
    if len(destination) == 4:
        return _select_v4(next_hop or destination, family, interface)
    return _select_v6(destination, family, interface)


def _select_v4(next_hop: IpAddress, candidates: Sequence[Candidate], interface: str) -> IpAddress | None:
    own = [candidate for candidate in candidates if candidate.interface == interface]
    for candidate in own:
        if common_prefix(candidate.address, next_hop) >= candidate.prefix_length:
            return candidate.address
    if own:
        return own[0].address
    for candidate in candidates:
        if scope(candidate.address) == GLOBAL:
            return candidate.address
    return None


def _select_v6(destination: IpAddress, candidates: Sequence[Candidate], interface: str) -> IpAddress | None:
    """The best by RFC 6724 §5; among equals the host's first. Link-local and multicast stay on the interface."""
    wanted = scope(destination)
    label = policy(destination).label
    if wanted == LINK_LOCAL or destination[0] == 0xFF:
        own = [candidate for candidate in candidates if candidate.interface == interface]
        candidates = own or candidates

    def rank(candidate: Candidate) -> tuple[bool, bool, int, bool, bool, int]:
        address = candidate.address
        reach = scope(address)
        return (
            address == destination,
            reach >= wanted,
            -reach if reach >= wanted else reach,
            candidate.interface == interface,
            policy(address).label == label,
            min(common_prefix(address, destination), candidate.prefix_length),
        )

    return max(candidates, key=rank).address
