"""Whom a filter's words can name: the hosts of a run, their further names, and their addresses."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from farhost.network.network import Network
from farhost.wire.packet import IpAddress


class Names(NamedTuple):
    """Who there is."""

    hosts: Mapping[str, Sequence[IpAddress]]
    """Each host with its addresses."""
    others: Mapping[str, Sequence[IpAddress]] = {}
    """Further names, folded to lower case, with all that they stand for."""

    def addresses(self, name: str) -> Sequence[IpAddress] | None:
        """Of a host or another name; None if there is none of that name. Names compare without regard to case."""
        if name in self.hosts:
            return self.hosts[name]
        folded = name.lower().removesuffix(".")
        for host, addresses in self.hosts.items():
            if host.lower() == folded:
                return addresses
        return self.others.get(folded)

    def owners(self, addresses: Sequence[IpAddress]) -> frozenset[str]:
        """The hosts that have one of these."""
        asked = frozenset(addresses)
        return frozenset(host for host, own in self.hosts.items() if asked.intersection(own))

    def known(self) -> list[str]:
        """All names, the hosts' first."""
        return [*self.hosts, *(name for name in self.others if name not in self.hosts)]


def names_of(network: Network) -> Names:
    """The names of a network's hosts, as its table of hosts has them."""
    hosts = {host.name: host.addresses() for host in network.hosts.values()}
    table = network.names
    return Names(hosts, {name: table.addresses(name) for name in table.every_name()})
