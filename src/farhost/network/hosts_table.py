"""The hosts table of a network: names to addresses and back, the same on every host (hosts(5)).

Several names may have one address, and one name several addresses. Names compare without regard to case (RFC 4343),
and are told with the case in which they were added. `localhost` is there from the start, with both its addresses.
"""

import re

from farhost.wire.addresses import LOOPBACK_V4, LOOPBACK_V6, family_of, parse_address
from farhost.wire.packet import IpAddress

_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", re.ASCII)
_LONGEST_NAME = 63


def check_host_name(name: str) -> None:
    """ValueError for what cannot be the name of a host."""
    if not _HOST_NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(f"{name!r} is no host name: letters, digits, - _ and . inside, at most {_LONGEST_NAME}")


class HostsTable:
    """Lines as in /etc/hosts: an address and its names, the first of which is the canonical one."""

    def __init__(self) -> None:
        self._addresses: dict[str, list[IpAddress]] = {}
        self._names: dict[IpAddress, list[str]] = {}
        self._canonical: dict[str, str] = {}
        """Folded name -> the canonical one, as it was written."""
        self.add("localhost", LOOPBACK_V4)
        self.add("localhost", LOOPBACK_V6)
        self.add("ip6-localhost", LOOPBACK_V6, canonical="localhost")
        self.add("ip6-loopback", LOOPBACK_V6, canonical="localhost")

    def add(self, name: str, address: IpAddress | str, canonical: str | None = None) -> None:
        """Let `name` have `address` (too; packed, or as text). `canonical`: it is an alias of that name. Adding a
        pair again does nothing.

        ValueError for what is no host name (empty, with spaces, or longer than 253 characters) or no address.
        """
        if isinstance(address, str):
            address = parse_address(address)
        if not name or len(name) > 253 or any(character.isspace() for character in name):
            raise ValueError(f"{name!r} is no host name")
        addresses = self._addresses.setdefault(name.lower(), [])
        if address not in addresses:
            addresses.append(address)
        names = self._names.setdefault(address, [])
        if name not in names:
            names.append(name)
        self._canonical.setdefault(name.lower(), canonical or name)

    def remove(self, name: str) -> None:
        """Forget a name with all its addresses; one that is not there is no error."""
        for address in self._addresses.pop(name.lower(), ()):
            self._names[address] = [other for other in self._names[address] if other.lower() != name.lower()]
        self._canonical.pop(name.lower(), None)

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._addresses

    def addresses(self, name: str, family: int | None = None) -> list[IpAddress]:
        """The addresses of a name, in the order in which they were added; `family` is AF_INET or AF_INET6."""
        found = self._addresses.get(_folded(name), [])
        return [address for address in found if family is None or family_of(address) == family]

    def names(self, address: IpAddress) -> list[str]:
        """The names of an address, the canonical one first."""
        return list(self._names.get(address, ()))

    def canonical(self, name: str) -> str:
        """The canonical name of a name that is in the table."""
        return self._canonical[_folded(name)]

    def aliases(self, name: str) -> list[str]:
        """The other names of the canonical name of `name`."""
        canonical = self.canonical(name)
        found: list[str] = []
        for address in self._addresses[_folded(name)]:
            found += [other for other in self._names[address] if other != canonical and other not in found]
        return found


def _folded(name: str) -> str:
    return name.lower().removesuffix(".")
