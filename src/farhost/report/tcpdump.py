"""Packets as tcpdump(8) writes them with `-i any`: interface, direction, and the packet's own line.

The packet's line is `Packet.summary()`; what a link did to it stands behind it. As in tcpdump, a connection's numbers
are relative to those of its SYNs, which are written whole.
"""

from farhost.trace.events import PacketEvent, TracedPacket
from farhost.wire.packet import SYN, Packet, TcpSegment

DIRECTIONS = {
    "sent": "Out",
    "received": "In",
    "dropped": "Drop",
    "duplicated": "Dup",
    "corrupted": "Corrupt",
    "reordered": "Late",
    "delayed": "Late",
    "split": "Split",
}
"""tcpdump knows Out and In; the rest is what happens to a packet between the two."""


class PacketFormatter:
    """Writes packets, and remembers where each connection's numbers start."""

    def __init__(self) -> None:
        self._origins: dict[tuple[bytes, int, bytes, int], int] = {}

    def line(self, event: PacketEvent) -> str:
        """One line, without the time: `eth0 Out IP 10.0.0.2.49152 > 10.0.0.1.5000: Flags [S], ...`."""
        text = f"{event.interface} {DIRECTIONS.get(event.action, event.action)} {self._summary(event.packet)}"
        if event.pieces > 1:
            text += f" [{event.pieces} packets]"
        if event.reason:
            text += f" [{event.reason}]"
        return text

    def _summary(self, packet: TracedPacket) -> str:
        if not isinstance(packet, Packet) or not isinstance(packet.body, TcpSegment):
            return packet.summary()
        body = packet.body
        here = (packet.source, body.source_port, packet.destination, body.destination_port)
        there = (*here[2:], *here[:2])
        if body.flags & SYN:
            self._origins[here] = body.sequence
            return packet.summary()
        return packet.summary(self._origins.get(here, 0), self._origins.get(there, 0))
