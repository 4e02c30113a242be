"""Packets and calls in a few words, for pictures: what tcpdump and strace say at length."""

from collections.abc import Callable, Iterable

from farhost.network.faults.fault_words import duration_words
from farhost.report import values
from farhost.report.story.journeys import Journey
from farhost.report.strace import format_call
from farhost.report.tcp_analysis import NO_MARKS
from farhost.trace.events import SystemCall
from farhost.wire.packet import ACK, FIN, RST, SYN, Packet, TcpSegment, UdpDatagram
from farhost.wire.sequence import distance

CALL_NS = 10_000
"""A call that took longer has waited."""
_SHORT = {"sendto": "send", "recvfrom": "recv", "accept4": "accept", "epoll_wait": "epoll", "wait4": "wait"}
_WITH_FD = frozenset(
    ("connect", "accept4", "close", "shutdown", "bind", "listen")
    + ("sendto", "recvfrom", "sendmsg", "recvmsg", "read", "write", "readv", "writev")
)
_Ends = tuple[bytes, int, bytes, int]


class PacketWords:
    """Says what packets are; remembers where each connection's numbers start, as tcpdump does."""

    def __init__(self, journeys: Iterable[Journey]) -> None:
        """`journeys`: those of the run; of hosts with several connections each packet's tells its port."""
        self._origins: dict[_Ends, list[tuple[int, int]]] = {}
        """Since when, and which: the same ports may be used again."""
        ports: dict[frozenset[bytes], set[tuple[int, ...]]] = {}
        for journey in journeys:
            packet, body = journey.packet, journey.packet.body
            if type(body) is TcpSegment:
                if body.flags & SYN:
                    known = self._origins.setdefault(_ends(packet, body), [])
                    if not known or known[-1][1] != body.sequence:
                        known.append((journey.sent_ns, body.sequence))
                if body.payload:
                    pair = tuple(sorted((body.source_port, body.destination_port)))
                    ports.setdefault(frozenset((packet.source, packet.destination)), set()).add(pair)
        self._several = {pair for pair, found in ports.items() if len(found) > 1}

    def short(self, journey: Journey) -> str:
        """`SYN`, `data 1:1449`, `ACK 5067`, `FIN`, `RST`, `UDP 12 B`, and what is to be told of it.

        Numbers are relative to the SYNs, as far as the trace has these.
        """
        packet = journey.packet
        body = packet.body
        if type(body) is TcpSegment:
            text = self._tcp(packet, body, journey.sent_ns)
        elif type(body) is UdpDatagram:
            text = f"UDP {len(body.payload)} B"
        else:
            text = packet.summary().partition(": ")[2].partition(", length")[0]
        return text + told(journey)

    def kind(self, packet: Packet) -> str:
        """In one word: syn, data, ack, fin, rst, udp, icmp or ip."""
        body = packet.body
        if type(body) is TcpSegment:
            flags = body.flags
            if flags & (SYN | FIN | RST):
                return "rst" if flags & RST else "syn" if flags & SYN else "data" if body.payload else "fin"
            return "data" if body.payload else "ack"
        if type(body) is UdpDatagram:
            return "udp"
        return "icmp" if packet.protocol in (1, 58) else "ip"

    def full(self, journey: Journey) -> str:
        """tcpdump's line."""
        packet, body = journey.packet, journey.packet.body
        if type(body) is not TcpSegment or body.flags & SYN:
            return packet.summary()
        ends, time_ns = _ends(packet, body), journey.sent_ns
        return packet.summary(self._origin(ends, time_ns), self._origin((*ends[2:], *ends[:2]), time_ns))

    def _origin(self, ends: _Ends, time_ns: int) -> int:
        """Where the numbers of a direction start; 0 if nobody knows."""
        known = self._origins.get(ends)
        if known is None:
            return 0
        if len(known) == 1:
            return known[0][1]
        return next((origin for since_ns, origin in reversed(known) if since_ns <= time_ns), 0)

    def _tcp(self, packet: Packet, body: TcpSegment, time_ns: int) -> str:
        flags = body.flags
        ends = _ends(packet, body)
        if flags & SYN:
            text = "SYN ACK" if flags & ACK else "SYN"
        elif body.payload:
            start = distance(self._origin(ends, time_ns), body.sequence)
            text = f"data {start}:{start + len(body.payload)}"
        elif flags & (FIN | RST):
            text = ""
        else:
            text = f"ACK {distance(self._origin((*ends[2:], *ends[:2]), time_ns), body.acknowledgement)}"
        if flags & (FIN | RST):
            text += (" " if text else "") + ("RST" if flags & RST else "FIN")
        if self._several and frozenset((packet.source, packet.destination)) in self._several:
            text = f"{max(body.source_port, body.destination_port)} {text}"
        return text


def told(journey: Journey) -> str:
    """What is special about a packet, behind its name: ` R` for a retransmission, ` dup`, ` ×3`, ` late 5 ms`."""
    words = ""
    if journey.pieces > 1:
        words += f" ×{journey.pieces}"
    if journey.retransmission:
        words += " R"
    marks = journey.marks
    if marks is not NO_MARKS:
        if marks.duplicate_ack:
            words += f" dupack {marks.duplicate_ack}"
        if marks.zero_window:
            words += " win 0"
        if marks.window_probe:
            words += " probe"
        if marks.keep_alive:
            words += " keepalive"
    if journey.copy:
        words += " dup"
    for kind, size in journey.befell:
        words += _BEFELL.get(kind, _nothing)(size)
    if journey.late:
        words += " late"
    return words


def fate_words(journey: Journey) -> str:
    """What became of it, in words."""
    marks = ", ".join(journey.marks.words())
    text = f"{marks}; " if marks else ""
    match journey.fate:
        case "arrived":
            text += "arrived"
        case "refused":
            text += f"refused by {journey.target}: {journey.reason}"
        case "lost":
            text += f"lost: {journey.reason}"
        case "unsent":
            text += f"never left: {journey.reason}"
        case "in flight":
            text += "in flight"
    if journey.arrived_ns is not None and journey.arrived_ns > journey.sent_ns:
        text += f" after {duration_words(journey.arrived_ns - journey.sent_ns)}"
    return text


def short_call(call: SystemCall) -> str:
    """`recv(4) = 1448`, `connect(3) = ECONNREFUSED`, `send(4, 1000) = 500`, and how long it waited."""
    name = call.name
    head = _SHORT.get(name, name)
    if name in _WITH_FD:
        arguments = call.arguments
        head += f"({arguments[0]}"
        if name in ("sendto", "write"):
            head += f", {len(arguments[1])} B"  # type: ignore[arg-type]
        head += ")"
    text = f"{head} = {values.error_name(call.error)}" if call.error else f"{head} = {_result(call)}"
    if call.took_ns > CALL_NS:
        text += f" in {duration_words(call.took_ns)}"
    return text


def _result(call: SystemCall) -> str:
    result = call.result
    if type(result) is int:
        return str(result)
    if result is None:
        return "0"
    data = getattr(result, "data", None)
    if type(data) is bytes:
        return str(len(data))
    if call.name == "accept4":
        return str(result[0])  # type: ignore[index]
    return format_call(call).rpartition(" = ")[2]


def _ends(packet: Packet, body: TcpSegment) -> _Ends:
    return packet.source, body.source_port, packet.destination, body.destination_port


def _nothing(size: int) -> str:
    return ""


_BEFELL: dict[str, Callable[[int], str]] = {
    "reorder": lambda size: f" held {duration_words(size)}" if size else " held",
    "spike": lambda size: f" delayed {duration_words(size)}" if size else " delayed",
    "corrupt": lambda size: " corrupt",
    "duplicate": lambda size: " doubled",
    "split": lambda size: " split",
}
