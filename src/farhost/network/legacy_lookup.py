"""gethostbyname(3) and gethostbyaddr(3) over a hosts table: struct hostent as a value."""

from typing import NamedTuple

from farhost.network.gai_error import HOST_NOT_FOUND, HostError
from farhost.network.hosts_table import HostsTable
from farhost.wire import linux
from farhost.wire.addresses import AddressError, family_of, inet_aton_exact, inet_pton
from farhost.wire.packet import IpAddress


class HostEntry(NamedTuple):
    """struct hostent."""

    name: str
    aliases: tuple[str, ...]
    addresses: tuple[IpAddress, ...]


def gethostbyname(table: HostsTable, name: str, family: int = linux.AF_INET) -> HostEntry:
    """A host's entry by name, in one family; a numeric address is its own name. HostError HOST_NOT_FOUND."""
    numeric = _numeric(name, family)
    if numeric is not None:
        return HostEntry(name, (), (numeric,))
    addresses = table.addresses(name, family)
    if not addresses:
        raise HostError(HOST_NOT_FOUND)
    return HostEntry(table.canonical(name), tuple(table.aliases(name)), tuple(addresses))


def gethostbyaddr(table: HostsTable, address: IpAddress) -> HostEntry:
    """A host's entry by one of its addresses. HostError HOST_NOT_FOUND."""
    names = table.names(address)
    if not names:
        raise HostError(HOST_NOT_FOUND)
    canonical = table.canonical(names[0])
    return HostEntry(canonical, tuple(name for name in names if name != canonical), (address,))


def _numeric(name: str, family: int) -> IpAddress | None:
    try:
        address = inet_aton_exact(name) if family == linux.AF_INET else inet_pton(family, name)
    except AddressError:
        return None
    return address if family_of(address) == family else None
