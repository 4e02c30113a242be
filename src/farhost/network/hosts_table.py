"""The hosts table of a network: names to addresses and back, the same on every host (hosts(5)).

Several names may have one address, and one name several addresses; but a host's own name is its alone. Names compare
without regard to case (RFC 4343), and are told with the case in which they were added. `localhost` is there from the
start, with both its addresses.
"""

import re
from collections.abc import Sequence

from farhost.wire.addresses import (
    LOOPBACK_V4,
    LOOPBACK_V6,
    AddressError,
    family_of,
    inet_aton_exact,
    inet_ntop,
    is_loopback,
    parse_address,
)
from farhost.wire.packet import IpAddress

_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", re.ASCII)
_LONGEST_HOST_NAME = 63
_LONGEST_NAME = 253
_LOCAL = ("localhost", "ip6-localhost", "ip6-loopback")


def check_host_name(name: object) -> None:
    """ValueError for what cannot be the name of a host."""
    _check_name(name, _LONGEST_HOST_NAME)


def check_further_name(name: object) -> None:
    """ValueError for what cannot be a name beside those of the hosts; it may be as long as one in the DNS."""
    _check_name(name, _LONGEST_NAME)


def _check_name(name: object, longest: int) -> None:
    if not isinstance(name, str) or not _HOST_NAME.fullmatch(name) or len(name) > longest:
        raise ValueError(f"{name!r} is no host name: letters, digits, - _ and . inside, at most {longest}")
    _check_meaning(name)
    if _folded(name) in _LOCAL:
        raise ValueError(f"{name!r} is every host itself (127.0.0.1 and ::1, RFC 6761 §6.3): take another name")


def _check_meaning(name: str) -> None:
    """ValueError for a name that getaddrinfo(3) reads as an address, and so never looks up."""
    for read in (parse_address, inet_aton_exact):
        try:
            address = read(name)
        except AddressError:
            continue
        raise ValueError(f"{name!r} is read as the address {inet_ntop(address)}: take a name with letters")


class HostsTable:
    """Lines as in /etc/hosts: an address and its names, the first of which is the canonical one."""

    def __init__(self) -> None:
        self._addresses: dict[str, list[IpAddress]] = {}
        self._names: dict[IpAddress, list[str]] = {}
        self._canonical: dict[str, str] = {}
        """Folded name -> the canonical one, as it was written."""
        self._hosts: dict[str, str] = {}
        """Folded names of hosts -> the names."""
        self._aliases: dict[str, str] = {}
        """Folded aliases -> the first host that has it."""
        self.add("localhost", LOOPBACK_V4)
        self.add("localhost", LOOPBACK_V6)
        self.add("ip6-localhost", LOOPBACK_V6, canonical="localhost")
        self.add("ip6-loopback", LOOPBACK_V6, canonical="localhost")

    def add(self, name: str, address: IpAddress | str, canonical: str | None = None) -> None:
        """Let `name` have `address` (too; packed, or as text). `canonical`: it is an alias of that name. Adding a
        pair again does nothing.

        ValueError for what is no host name (empty, with spaces, longer than 253 characters, or read as an address),
        for no address, for a host's own name, and for `localhost` with an address that is no loopback.
        """
        if isinstance(address, str):
            address = parse_address(address)
        if not name or len(name) > _LONGEST_NAME or any(character.isspace() for character in name):
            raise ValueError(f"{name!r} is no host name")
        _check_meaning(name)
        folded = _folded(name)
        if address in self._addresses.get(folded, ()):
            return
        if folded in self._hosts:
            raise ValueError(f"{name!r} is the name of a host: it stands for that host alone; take another name")
        if folded in _LOCAL and not is_loopback(address):
            raise ValueError(f"{name!r} is every host itself (RFC 6761 §6.3): take another name")
        self._put(name, address, canonical or name)

    def claim(self, host: str, aliases: Sequence[str]) -> None:
        """A host comes, with its name and its aliases: from now on the name is nobody else's; aliases may be several
        hosts'. ValueError where the name is taken, or an alias is another host's name; then nothing has changed."""
        folded = _folded(host)
        if folded in self._hosts:
            same = "" if self._hosts[folded] == host else "; names compare without regard to case"
            raise ValueError(f"there is a host {self._hosts[folded]!r} already{same}")
        if folded in self._aliases:
            raise ValueError(f"{host!r} is an alias of the host {self._aliases[folded]!r} already: take another name")
        if folded in self._addresses:
            stands_for = ", ".join(inet_ntop(address) for address in self._addresses[folded])
            raise ValueError(f"the name {host!r} stands for {stands_for} already: take another name")
        for alias in aliases:
            if _folded(alias) in self._hosts:
                raise ValueError(f"the alias {alias!r} is the name of a host: take another alias")
        self._hosts[folded] = host
        for alias in aliases:
            self._aliases.setdefault(_folded(alias), host)

    def add_host_address(self, host: str, aliases: Sequence[str], address: IpAddress) -> None:
        """One more address of a host that has claimed its names: the line `address host aliases...`."""
        for name in (host, *aliases):
            self._put(name, address, host)

    def _put(self, name: str, address: IpAddress, canonical: str) -> None:
        addresses = self._addresses.setdefault(_folded(name), [])
        if address not in addresses:
            addresses.append(address)
        names = self._names.setdefault(address, [])
        if name not in names:
            names.append(name)
        self._canonical.setdefault(_folded(name), canonical)

    def remove(self, name: str) -> None:
        """Forget a name with all its addresses, also that of a host, which may then be added anew; one that is not
        there is no error."""
        folded = _folded(name)
        for address in self._addresses.pop(folded, ()):
            self._names[address] = [other for other in self._names[address] if _folded(other) != folded]
        for known in (self._canonical, self._hosts, self._aliases):
            known.pop(folded, None)

    def every_name(self) -> list[str]:
        """All names, in the order in which they came, but for those of every host itself."""
        return [name for name in self._addresses if name not in _LOCAL]

    def copy(self) -> "HostsTable":
        """A table of its own with the same lines."""
        other = HostsTable()
        other._addresses = {name: list(addresses) for name, addresses in self._addresses.items()}
        other._names = {address: list(names) for address, names in self._names.items()}
        other._canonical, other._hosts, other._aliases = dict(self._canonical), dict(self._hosts), dict(self._aliases)
        return other

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
