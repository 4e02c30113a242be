"""What dig(1) says about a name: the hosts table as if it were a name server's zone.

An alias answers with a CNAME record and those of its canonical name; an address is asked for in reverse (`PTR`).
"""

from typing import NamedTuple

from farhost.network.hosts_table import HostsTable
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop
from farhost.wire.packet import IpAddress


class DnsAnswer(NamedTuple):
    """The answer to one question."""

    status: str
    """NOERROR, or NXDOMAIN for a name that nobody has."""
    lines: tuple[str, ...]
    """The answer section, each `name. TTL IN type data` with tabs as dig has them; empty where there is nothing of
    that type."""


_TYPES = {"A": (linux.AF_INET,), "AAAA": (linux.AF_INET6,), "ANY": (linux.AF_INET, linux.AF_INET6), "CNAME": ()}


def answer(table: HostsTable, name: str, type: str = "A") -> DnsAnswer:
    """The records of a name: type A, AAAA, CNAME or ANY. ValueError for another type.

    >>> table = HostsTable()
    >>> answer(table, "localhost").lines
    ('localhost.\\t0\\tIN\\tA\\t127.0.0.1',)
    """
    wanted = type.upper()
    if wanted not in _TYPES:
        raise ValueError(f"no record type {type!r} here: it is one of {', '.join(_TYPES)}, or PTR for an address")
    if name not in table:
        return DnsAnswer("NXDOMAIN", ())
    name = name.removesuffix(".")
    canonical = table.canonical(name)
    lines = []
    if canonical.lower() != name.lower():
        lines.append(f"{name}.\t0\tIN\tCNAME\t{canonical}.")
    for family in _TYPES[wanted]:
        record = "A" if family == linux.AF_INET else "AAAA"
        for address in table.addresses(name, family):
            lines.append(f"{canonical}.\t0\tIN\t{record}\t{inet_ntop(address)}")
    return DnsAnswer("NOERROR", tuple(lines))


def reverse_name(address: IpAddress) -> str:
    """Under which name an address's PTR record is kept (RFC 1035 §3.5, RFC 3596 §2.5), with its final dot.

    >>> reverse_name(bytes([10, 0, 0, 1]))
    '1.0.0.10.in-addr.arpa.'
    """
    if len(address) == 4:
        return ".".join(str(byte) for byte in reversed(address)) + ".in-addr.arpa."
    return ".".join(reversed(address.hex())) + ".ip6.arpa."


def reverse_answer(table: HostsTable, address: IpAddress) -> DnsAnswer:
    """The PTR records of an address: all its names."""
    names = table.names(address)
    where = reverse_name(address)
    return DnsAnswer("NOERROR" if names else "NXDOMAIN", tuple(f"{where}\t0\tIN\tPTR\t{name}." for name in names))
