"""The way to a destination, as a socket keeps it: interface, next hop, own address, and how much fits.

Linux's `dst_entry` in small. Paths are computed by `Internet.path` and kept by whoever sends often;
`Internet.generation` says when those kept are out of date.
"""

from farhost.kernel.inet.interface import Interface
from farhost.wire.packet import IpAddress


class Path:
    """One way out of the host."""

    __slots__ = ("broadcast", "interface", "local", "mtu", "multicast", "next_hop", "source")

    def __init__(
        self,
        interface: Interface,
        next_hop: IpAddress,
        source: IpAddress,
        mtu: int,
        local: bool = False,
        broadcast: bool = False,
        multicast: bool = False,
    ) -> None:
        self.interface = interface
        self.next_hop = next_hop
        self.source = source
        """The address that packets leave with if their socket is bound to none."""
        self.mtu = mtu
        """The interface's, or less where an ICMP message said so."""
        self.local = local
        """The destination is this very host."""
        self.broadcast = broadcast
        self.multicast = multicast

    def with_mtu(self, mtu: int) -> "Path":
        """The same way for smaller or larger packets."""
        return Path(self.interface, self.next_hop, self.source, mtu, self.local, self.broadcast, self.multicast)
