"""What a host does as a router: packets for others, with net.ipv4.ip_forward or net.ipv6.conf.all.forwarding set.

RFC 1812 §5.2 and §5.3, RFC 8200: the hop limit counts down; a packet that has none left, has no way or is too big for
the next link is dropped, and its sender is told. IPv4 packets without DF are cut on the way; IPv6 ones never are.
"""

from typing import TYPE_CHECKING

from farhost.kernel.inet.output import pieces_that_fit
from farhost.kernel.waiting import KernelError
from farhost.wire.addresses import is_link_local
from farhost.wire.packet import Packet

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet


def is_forwarding(internet: "Internet", packet: Packet) -> bool:
    """Whether the host passes on packets of this packet's family."""
    name = "net.ipv4.ip_forward" if len(packet.destination) == 4 else "net.ipv6.conf.all.forwarding"
    return bool(internet.kernel.sysctls[name])


def forward(internet: "Internet", interface: "Interface", packet: Packet) -> None:
    """Pass a packet on that came in by `interface`, or drop it and tell its sender."""
    if packet.hop_limit <= 1:
        internet.drop(interface, packet, "hop-limit", "IpInHdrErrors")
        internet.icmp.time_exceeded(packet, interface)
        return
    if is_link_local(packet.source) or is_link_local(packet.destination):
        internet.drop(interface, packet, "link-local", "IpInAddrErrors")
        return
    try:
        path = internet.path(packet.destination, packet.source)
    except KernelError:
        internet.drop(interface, packet, "no-route", "IpOutNoRoutes")
        internet.icmp.net_unreachable(packet, interface)
        return
    out = path.interface
    pieces = pieces_that_fit(internet, packet._replace(hop_limit=packet.hop_limit - 1), out.mtu, routing=True)
    if pieces is None:
        internet.drop(interface, packet, "too-big", "IpFragFails")
        internet.icmp.packet_too_big(packet, interface, out.mtu)
        return
    internet.counters["IpForwDatagrams"] += 1
    for piece in pieces:
        internet.transmit(piece, out, path.next_hop)
