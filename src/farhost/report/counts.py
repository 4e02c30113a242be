"""Packets of a run, counted: sent, delivered, dropped by reason, duplicated, retransmitted. Conserved:

    sent + duplicated = delivered + dropped + in flight

A packet is one on the wire: a super-segment counts as the packets that it stands for. What goes through `lo` counts
too. Retransmitted: TCP segments with data, SYN or FIN that were sent before.
"""

from farhost.trace.events import Event, PacketEvent
from farhost.wire.packet import FIN, SYN, Packet, TcpSegment


class PacketCounts:
    """Reads a trace and counts."""

    def __init__(self) -> None:
        self.sent = 0
        self.delivered = 0
        self.duplicated = 0
        self.corrupted = 0
        self.reordered = 0
        self.retransmitted = 0
        self.dropped: dict[str, int] = {}
        """By reason."""

    def take(self, event: Event) -> None:
        """Count a packet event; pass over every other."""
        if type(event) is not PacketEvent:
            return
        action, pieces = event.action, event.pieces
        if action == "sent":
            self.sent += pieces
            packet = event.packet
            if isinstance(packet, Packet) and packet.ordinal > 1 and isinstance(packet.body, TcpSegment):
                body = packet.body
                if body.payload or body.flags & (SYN | FIN):
                    self.retransmitted += pieces
        elif action == "received":
            self.delivered += pieces
        elif action == "dropped":
            self.dropped[event.reason] = self.dropped.get(event.reason, 0) + pieces
        elif action == "duplicated":
            self.duplicated += pieces
        elif action == "corrupted":
            self.corrupted += pieces
        elif action == "reordered":
            self.reordered += pieces

    @property
    def in_flight(self) -> int:
        """Packets that were still on their way when the run ended."""
        return self.sent + self.duplicated - self.delivered - sum(self.dropped.values())

    def as_json(self) -> dict[str, object]:
        """The counts, as `farhost run --format json` has them."""
        return {
            "sent": self.sent,
            "delivered": self.delivered,
            "duplicated": self.duplicated,
            "corrupted": self.corrupted,
            "reordered": self.reordered,
            "retransmitted": self.retransmitted,
            "dropped": dict(sorted(self.dropped.items())),
            "in_flight": self.in_flight,
        }

    def line(self) -> str:
        """One line for people; what did not happen is left out.

        >>> PacketCounts().line()
        'no packets'
        """
        if not self.sent:
            return "no packets"
        parts = [f"{self.sent} sent", f"{self.delivered} delivered"]
        if self.dropped:
            reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(self.dropped.items()))
            parts.append(f"{sum(self.dropped.values())} dropped ({reasons})")
        for name in ("duplicated", "corrupted", "reordered", "retransmitted"):
            if getattr(self, name):
                parts.append(f"{getattr(self, name)} {name}")
        if self.in_flight:
            parts.append(f"{self.in_flight} in flight")
        return "packets: " + ", ".join(parts)
