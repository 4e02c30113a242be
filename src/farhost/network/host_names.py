"""Where a host's names come from: its /etc/hosts and /etc/resolv.conf, as they follow from the network's description.

Without a name server every host has the network's hosts table. A host that asks name servers has in its own table
itself, localhost and what was put there for it; all else it has to ask for.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from farhost.network.dns.settings import ResolverSettings
from farhost.network.dns.words import split_words
from farhost.network.hosts_table import HostsTable, check_further_name
from farhost.network.resolver import NameSources
from farhost.wire import linux
from farhost.wire.addresses import AddressError, parse_address
from farhost.wire.packet import IpAddress

if TYPE_CHECKING:
    from farhost.network.host import Host


class HostNames:
    """What one host knows of names."""

    def __init__(self, host: "Host", resolver: str, entries: Mapping[str, str]) -> None:
        """`resolver`: `ResolverSettings` in words. `entries`: further names in its hosts table, with their addresses.
        UnitError, ValueError, AddressError."""
        self._host = host
        self._own = split_words(resolver)
        ResolverSettings.of(self._own)
        self._entries: list[tuple[str, IpAddress]] = []
        for name, addresses in entries.items():
            check_further_name(name)
            self._entries += [(name, parse_address(address.strip())) for address in addresses.split(",")]

    @property
    def settings(self) -> ResolverSettings:
        """What its /etc/resolv.conf says: the network's words, and its own before them."""
        return ResolverSettings.of({**self._host.network.resolver_words, **self._own})

    def tell(self, resolver: str) -> None:
        """Say more of its resolver, in words. UnitError."""
        words = {**self._own, **split_words(resolver)}
        ResolverSettings.of(words)
        self._own = words

    def sources(self) -> NameSources:
        """As they are now."""
        network = self._host.network
        settings = self.settings
        nameservers = settings.nameservers
        named = tuple(network.name_servers) if nameservers is None else nameservers
        if not named:
            return NameSources(self._with_entries(network.names), None)
        search = settings.search
        if search is None:
            domains = (network.name_servers[name].domain for name in named if name in network.name_servers)
            search = tuple(domain for domain in dict.fromkeys(domains) if domain)
        table = HostsTable()
        host = self._host
        table.claim(host.name, host.aliases)
        for address in host.addresses():
            table.add_host_address(host.name, host.aliases, address)
        servers = tuple(map(self._address, named))
        return NameSources(self._with_entries(table), settings._replace(search=search), servers)

    def check(self) -> None:
        """ValueError where it asks a host that there is not."""
        for name in self.settings.nameservers or ():
            self._address(name)

    def _address(self, nameserver: str) -> IpAddress:
        """The address of a name server: as it stands there, or a host's first."""
        try:
            return parse_address(nameserver)
        except AddressError:
            pass
        host = self._host.network.hosts.get(nameserver)
        if host is None:
            known = ", ".join(self._host.network.hosts)
            raise ValueError(f"{self._host.name}: no name server {nameserver!r}: it is an address or a host: {known}")
        found = host.addresses(linux.AF_INET) or host.addresses()
        if not found:
            raise ValueError(f"{self._host.name}: the name server {nameserver!r} has no address")
        return found[0]

    def _with_entries(self, table: HostsTable) -> HostsTable:
        """Entries stand before what else the table says of their names."""
        if not self._entries:
            return table
        own = table.copy()
        for name in dict.fromkeys(name for name, _ in self._entries):
            own.remove(name)
        for name, address in self._entries:
            own.add(name, address)
        return own
