"""Packets as tcpdump(8) writes them with `-i any`: interface, direction, and the packet's own line.

The packet's line is `TracedPacket.summary()` (`farhost.wire.packet`); what a link did to it stands behind it.
"""

from farhost.trace.events import PacketEvent

DIRECTIONS = {"sent": "Out", "received": "In", "dropped": "Drop", "duplicated": "Dup", "corrupted": "Corr"}
"""tcpdump knows Out and In; the rest is what happens to a packet between the two."""
DIRECTIONS["reordered"] = "Late"


def format_packet(event: PacketEvent) -> str:
    """One line, without the time: `eth0 Out IP 10.0.0.2.49152 > 10.0.0.1.5000: Flags [S], ...`."""
    line = f"{event.interface} {DIRECTIONS.get(event.action, event.action)} {event.packet.summary()}"
    if event.pieces > 1:
        line += f" [{event.pieces} packets]"
    if event.reason:
        line += f" [{event.reason}]"
    return line
