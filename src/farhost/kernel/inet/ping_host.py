"""Ping sockets on one host: identifiers, and which socket a reply or an error is for (net/ipv4/ping.c)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from farhost.kernel.inet.icmp_host import meaning
from farhost.kernel.inet.ping import REQUESTS, PingSocket
from farhost.protocols.icmp_quote import Trouble
from farhost.wire import linux
from farhost.wire.packet import Flow, IcmpMessage, IpAddress, Packet

if TYPE_CHECKING:
    from farhost.kernel.inet.error_queue import Report
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet

_IDENTIFIERS = 1 << 16


class PingHost:
    """The ping sockets of one host, of both families in one table."""

    __slots__ = ("_internet", "_last", "_sockets", "_uses")

    def __init__(self, internet: "Internet") -> None:
        self._internet = internet
        self._sockets: dict[int, list[PingSocket]] = {}
        self._uses: dict[int, int] = {}
        self._last = 0
        """The identifier that was chosen last: the search for the next starts behind it, the first one by chance."""

    def find_free(self, socket: PingSocket, identifier: int) -> int:
        """The identifier, or for 0 one that nobody has; 0 when it is in use or all are (ping_get_port)."""
        if identifier:
            shares = socket.options.reuse_address
            others = self._sockets.get(identifier, ())
            return identifier if all(shares and other.options.reuse_address for other in others) else 0
        if not self._last:
            self._last = self._internet.tcp.draw_port("ping id", _IDENTIFIERS)
        for step in range(1, _IDENTIFIERS + 1):
            found = (self._last + step) % _IDENTIFIERS
            if found and found not in self._sockets:
                self._last = found
                return found
        return 0

    def add(self, socket: PingSocket) -> Flow:
        """Let replies find a socket that has an identifier now; the flow that its requests belong to."""
        identifier = socket.local_port
        self._sockets.setdefault(identifier, []).append(socket)
        use = self._uses[identifier] = self._uses.get(identifier, 0) + 1
        name = f"{self._internet.kernel.place} ping:{identifier}"
        return Flow(name if use == 1 else f"{name}/{use}")

    def remove(self, socket: PingSocket) -> None:
        """The socket gives its identifier back."""
        sockets = self._sockets[socket.local_port]
        sockets.remove(socket)
        if not sockets:
            del self._sockets[socket.local_port]

    def receive(self, interface: "Interface", packet: Packet) -> None:
        """An echo reply for this host (ping_rcv)."""
        body = packet.body
        assert isinstance(body, IcmpMessage)
        socket = self._find(body.rest >> 16, packet.destination, interface)
        if socket is not None:
            socket.take(packet, interface)

    def _find(self, identifier: int, address: IpAddress, interface: "Interface") -> PingSocket | None:
        """The newest of those with an identifier that fit (ping_lookup): who the peer is does not matter."""
        for socket in reversed(self._sockets.get(identifier, ())):
            own = socket.local_address
            device = socket.device()
            if len(own) == len(address) and (not any(own) or own == address) and device in ("", interface.name):
                return socket
        return None

    def hear(self, report: "Report") -> None:
        """An ICMP message quotes an ICMP message of this host's (ping_err)."""
        error = report.error
        quote = error.quote
        v4 = len(quote.source) == 4
        kinds = REQUESTS[linux.AF_INET if v4 else linux.AF_INET6]
        if quote.data[0] not in kinds or quote.data[1]:
            return
        socket = self._find(quote.source_port, quote.source, report.interface)
        if socket is None:
            return
        said = meaning(error)
        if error.trouble is Trouble.PACKET_TOO_BIG and v4:
            if socket.inet.mtu_discover == linux.IP_PMTUDISC_DONT:
                return
            said = said._replace(hard=True)
        socket.hear(report, said)

    def sockets(self) -> Iterator[PingSocket]:
        """Those that have an identifier."""
        for sockets in tuple(self._sockets.values()):
            yield from tuple(sockets)

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        for identifier, sockets in self._sockets.items():
            assert sockets
            for socket in sockets:
                assert socket.local_port == identifier
                assert socket.charged == sum(arrived.cost for arrived in socket.queued)
