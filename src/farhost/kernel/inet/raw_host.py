"""Raw sockets on one host: who gets a copy of a packet, and who hears of an ICMP error (net/ipv4/raw.c, ipv6/raw.c).

Every socket of the packet's protocol whose addresses and interface fit gets one, before the protocol itself is
served; the newest first. Here packets become bytes (DESIGN 8): of IPv4 the whole packet, of IPv6 what its header
carries. A super-segment shows as the packets that it stands for, as with generic receive offload turned off.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from farhost.kernel.inet.icmp_host import Meaning, meaning
from farhost.kernel.inet.message_size import discovery
from farhost.protocols.icmp_quote import IcmpError, Trouble
from farhost.wire import linux
from farhost.wire.codec import encode, encode_body
from farhost.wire.packet import Flow, IpAddress, Packet
from farhost.wire.segmentation import split

if TYPE_CHECKING:
    from farhost.kernel.inet.error_queue import Report
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet
    from farhost.kernel.inet.raw import RawSocket


class RawHost:
    """The raw sockets of one host."""

    __slots__ = ("_internet", "_sockets", "_uses", "open")

    def __init__(self, internet: "Internet") -> None:
        self._internet = internet
        self._sockets: dict[tuple[int, int], list[RawSocket]] = {}
        """By domain and protocol, in the order in which they were made."""
        self._uses: dict[int, int] = {}
        self.open = False
        """Whether there is any raw socket: nobody else has to be asked."""

    def add(self, socket: "RawSocket") -> Flow:
        """Show packets to a new socket from now on; the flow that its own packets belong to."""
        protocol = socket.protocol
        self._sockets.setdefault((socket.domain, protocol), []).append(socket)
        self._look()
        use = self._uses[protocol] = self._uses.get(protocol, 0) + 1
        name = f"{self._internet.kernel.place} raw:{protocol}"
        return Flow(name if use == 1 else f"{name}/{use}")

    def remove(self, socket: "RawSocket") -> None:
        """No longer; one that is not there is no error."""
        key = (socket.domain, socket.protocol)
        sockets = self._sockets.get(key, [])
        if socket in sockets:
            sockets.remove(socket)
            if not sockets:
                del self._sockets[key]
            self._look()

    def _look(self) -> None:
        """Segments take the long way while somebody wants to see them."""
        internet = self._internet
        self.open = bool(self._sockets)
        wanted = any(protocol == linux.IPPROTO_TCP for _, protocol in self._sockets)
        internet.plain_connections = {} if wanted else internet.tcp.connections

    def receive(self, interface: "Interface", packet: Packet) -> bool:
        """Give a whole packet for this host to those that want it; whether any has taken it."""
        v4 = len(packet.source) == 4
        sockets = self._sockets.get((linux.AF_INET if v4 else linux.AF_INET6, packet.protocol))
        if sockets is None:
            return False
        taken = False
        pieces: list[tuple[Packet, bytes]] | None = None
        for socket in sockets[::-1]:
            if not fits(socket, packet.destination, packet.source, interface):
                continue
            if pieces is None:
                pieces = [(piece, encode(piece)[0] if v4 else encode_body(piece)) for piece in split(packet)]
            for piece, data in pieces:
                taken = socket.take(piece, interface, data) or taken
        return taken

    def hear(self, report: "Report") -> None:
        """An ICMP message quotes a packet that this host sent (raw_icmp_error, raw6_icmp_error)."""
        quote = report.error.quote
        domain = linux.AF_INET if len(quote.source) == 4 else linux.AF_INET6
        for socket in self._sockets.get((domain, quote.protocol), [])[::-1]:
            if fits(socket, quote.source, quote.destination, report.interface):
                socket.hear(report, _meaning(socket, report.error))

    def sockets(self) -> Iterator["RawSocket"]:
        """All of them."""
        for sockets in tuple(self._sockets.values()):
            yield from tuple(sockets)

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        assert self.open == bool(self._sockets)
        for (domain, protocol), sockets in self._sockets.items():
            assert sockets
            for socket in sockets:
                assert (socket.domain, socket.protocol) == (domain, protocol)
                assert socket.charged == sum(arrived.cost for arrived in socket.queued)


def fits(socket: "RawSocket", local: IpAddress, remote: IpAddress, interface: "Interface") -> bool:
    """Whether a socket's addresses and interface are a packet's (raw_v4_match, raw_v6_match).

    On AF_INET6 a group fits any bound address: IPV6_MULTICAST_ALL is on, as Linux has it.
    """
    if socket.remote_address not in (None, remote):
        return False
    own = socket.local_address
    if any(own) and own != local and not (len(local) == 16 and local[0] == 0xFF):
        return False
    device = socket.device()
    return not device or device == interface.name


def _meaning(socket: "RawSocket", error: IcmpError) -> Meaning:
    """What an error means to a raw socket: a packet that was too big is a hard one as far as the socket discovers
    path MTUs."""
    said = meaning(error)
    if error.trouble is not Trouble.PACKET_TOO_BIG:
        return said
    discover = discovery(socket, error.quote.destination)
    if len(error.quote.source) == 4:
        return said._replace(hard=discover != linux.IP_PMTUDISC_DONT)
    return said._replace(hard=discover == linux.IP_PMTUDISC_DO)
