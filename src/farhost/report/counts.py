"""Packets of a run, counted: what the links did with them (the network's ledger), and what the hosts did (the trace).

A packet is one on the wire: a super-segment counts as the packets that it stands for. What goes through `lo` is on no
link and is not counted. On the links, sent + duplicated + split = delivered + dropped + in flight.
"""

from farhost.network.ledger import Account, Ledger
from farhost.trace.events import Event, PacketEvent
from farhost.wire.packet import FIN, SYN, Packet, TcpSegment

_FAULTS = {"corrupt": "corrupted", "reorder": "reordered", "split": "split", "spike": "delayed"}


class PacketCounts:
    """Reads a trace and counts what only the hosts know."""

    def __init__(self) -> None:
        self.retransmitted = 0
        """TCP segments with data, SYN or FIN that were sent before."""
        self._dropped: dict[str, int] = {}

    def take(self, event: Event) -> None:
        """Count a packet event; pass over every other."""
        if type(event) is not PacketEvent:
            return
        if event.action == "sent":
            packet = event.packet
            if type(packet) is Packet and packet.ordinal > 1 and type(packet.body) is TcpSegment:
                body = packet.body
                if body.payload or body.flags & (SYN | FIN):
                    self.retransmitted += event.pieces
        elif event.action == "dropped":
            self._dropped[event.reason] = self._dropped.get(event.reason, 0) + event.pieces

    def refused(self, ledger: Ledger) -> dict[str, int]:
        """Packets that arrived and that a host dropped, by reason: a bad checksum, no route, ..."""
        on_links = ledger.total.dropped
        found = {reason: count - on_links.get(reason, 0) for reason, count in sorted(self._dropped.items())}
        return {reason: count for reason, count in found.items() if count > 0}


def counts_as_json(ledger: Ledger, counts: PacketCounts) -> dict[str, object]:
    """The counts, as `farhost run --format json` has them."""
    total = ledger.total
    return {
        "sent": total.sent,
        "delivered": total.delivered,
        "duplicated": total.duplicated,
        "dropped": dict(sorted(total.dropped.items())),
        "in_flight": total.in_flight,
        **{word: total.struck.get(kind, 0) for kind, word in _FAULTS.items()},
        "retransmitted": counts.retransmitted,
        "refused_by_hosts": counts.refused(ledger),
        "links": [_link_as_json(account) for account in ledger.channels],
    }


def _link_as_json(account: Account) -> dict[str, object]:
    """One direction of one link."""
    return {
        "link": account.name,
        "sent": account.sent,
        "duplicated": account.duplicated,
        "split": account.split,
        "delivered": account.delivered,
        "dropped": dict(sorted(account.dropped.items())),
        "in_flight": account.in_flight,
        "faults": dict(sorted(account.struck.items())),
    }


def counts_line(ledger: Ledger, counts: PacketCounts) -> str:
    """One line for people; what did not happen is left out."""
    total = ledger.total
    if not total.sent:
        return "packets: none on a link"
    parts = [f"{total.sent} sent", f"{total.delivered} delivered"]
    if total.dropped:
        parts.append(f"{sum(total.dropped.values())} dropped ({_by_reason(total.dropped)})")
    if total.duplicated:
        parts.append(f"{total.duplicated} duplicated")
    parts += [f"{total.struck[kind]} {word}" for kind, word in _FAULTS.items() if total.struck.get(kind)]
    if total.in_flight:
        parts.append(f"{total.in_flight} in flight")
    if counts.retransmitted:
        parts.append(f"{counts.retransmitted} retransmitted")
    if refused := counts.refused(ledger):
        parts.append(f"{sum(refused.values())} refused by hosts ({_by_reason(refused)})")
    return "packets: " + ", ".join(parts)


def _by_reason(dropped: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(dropped.items()))
