"""In which order getaddrinfo(3) returns several addresses: RFC 3484 §6 (RFC 6724) as glibc's rfc3484_sort has it.

The rules compare two destinations and the source addresses that the host would use for them. Where RFC 6724 and glibc
differ (rule 9 for IPv4 only within a subnet, and by 32-bit words for IPv6) it is as glibc does.
"""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import NamedTuple

from farhost.protocols.ip.routing import common_prefix, mask_address
from farhost.protocols.ip.source import policy, scope
from farhost.wire.packet import IpAddress


class Source(NamedTuple):
    """The address that a host would send from, and the length of its network's prefix."""

    address: IpAddress
    prefix_length: int


class _Row(NamedTuple):
    address: IpAddress
    source: Source | None
    position: int


def destination_order(
    destinations: Sequence[IpAddress], source_for: Callable[[IpAddress], Source | None]
) -> list[int]:
    """The indices of the destinations, best first. `source_for` answers None where one is unreachable."""
    rows = [_Row(address, source_for(address), index) for index, address in enumerate(destinations)]
    if len(rows) > 1:
        rows.sort(key=cmp_to_key(_compare))
    return [row.position for row in rows]


def _compare(one: _Row, other: _Row) -> int:
    """Negative when `one` comes first."""
    if (one.source is None) != (other.source is None):
        return -1 if one.source is not None else 1
    verdict = 0
    if one.source is not None and other.source is not None:
        verdict = _prefer(_scope_matches(one), _scope_matches(other)) or _prefer(
            _label_matches(one), _label_matches(other)
        )
    verdict = verdict or policy(other.address).precedence - policy(one.address).precedence
    verdict = verdict or scope(one.address) - scope(other.address)
    if not verdict and one.source is not None and len(one.address) == len(other.address):
        bits_one, bits_other = _matching_bits(one, other)
        verdict = bits_other - bits_one
    return verdict or one.position - other.position


def _prefer(one: bool, other: bool) -> int:
    return int(other) - int(one)


def _scope_matches(row: _Row) -> bool:
    assert row.source is not None
    return scope(row.address) == scope(row.source.address)


def _label_matches(row: _Row) -> bool:
    assert row.source is not None
    return policy(row.address).label == policy(row.source.address).label


def _matching_bits(one: _Row, other: _Row) -> tuple[int, int]:
    """Rule 9: how many leading bits each destination shares with its source."""
    assert one.source is not None and other.source is not None
    if len(one.address) == 4:
        return _bits_in_subnet(one.address, one.source), _bits_in_subnet(other.address, other.source)
    for start in range(0, 16, 4):
        word = slice(start, start + 4)
        if one.address[word] != one.source.address[word] or other.address[word] != other.source.address[word]:
            return (
                common_prefix(one.address[word], one.source.address[word]),
                common_prefix(other.address[word], other.source.address[word]),
            )
    return 0, 0


def _bits_in_subnet(address: IpAddress, source: Source) -> int:
    length = source.prefix_length
    if mask_address(address, length) != mask_address(source.address, length):
        return 0
    return common_prefix(address, source.address)
