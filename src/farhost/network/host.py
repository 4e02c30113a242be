"""A host of a network: its kernel, its interfaces, and the segments that they are on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from farhost.kernel.kernel import Kernel
from farhost.network.host_names import HostNames
from farhost.network.port import Port
from farhost.network.resolver import Resolver
from farhost.network.segment import Segment
from farhost.wire.addresses import family_of, is_link_local, is_loopback
from farhost.wire.packet import IpAddress

if TYPE_CHECKING:
    from farhost.network.network import Network


class Host:
    """One host. Make it with `Network.host`."""

    def __init__(
        self,
        network: "Network",
        kernel: Kernel,
        aliases: tuple[str, ...],
        forwarding: bool,
        resolver: str = "",
        entries: Mapping[str, str] | None = None,
    ) -> None:
        self.network = network
        self.kernel = kernel
        """The one that it runs on now: each boot makes another (`farhost.network.power`)."""
        self.name = kernel.name
        self.up = True
        """Whether it runs: a host that is off takes no packet and sends none."""
        self.boots = 1
        """How often it has booted."""
        self.aliases = aliases
        self.forwarding = forwarding
        """Whether it is a router between its segments."""
        self.ports: list[tuple[Segment, Port]] = []
        """In order of attachment; the first one's interface is eth0."""
        self.names = HostNames(self, resolver, entries or {})
        """Its /etc/hosts and /etc/resolv.conf."""
        self.resolver = Resolver(self.names.sources, kernel)
        """getaddrinfo(3) and friends as this host's programs see them."""

    def attach(self, segment: Segment | str, v4: str | None = None, v6: str | None = None) -> Port:
        """One more interface, on a segment (by name, or itself), with the given addresses or the next free ones."""
        return self.network.attach(self, segment, v4, v6)

    def addresses(self, family: int | None = None, every: bool = False) -> list[IpAddress]:
        """Its addresses in order of its interfaces; `every`: also loopback and link-local ones."""
        return [
            address
            for interface in self.kernel.internet.interfaces.values()
            for address, _ in interface.addresses
            if (family is None or family_of(address) == family)
            and (every or not (is_loopback(address) or (len(address) == 16 and is_link_local(address))))
        ]

    def address(self, family: int) -> IpAddress:
        """Its first address of a family (AF_INET, AF_INET6). ValueError if it is on no segment."""
        found = self.addresses(family)
        if not found:
            raise ValueError(f"the host {self.name!r} has no address: attach it to a segment")
        return found[0]
