"""What a time-sequence graph shows: one direction of a TCP connection, as tcptrace(1) would see it at the sender.

A graph holds what its sender sent, each segment with its time, and what came back: acknowledgements, windows, SACK
blocks. Marks say what is not ordinary, by `TcpAnalysis`; two of them only the network or the receiver know: that a
segment was lost, and that it arrived out of order. Numbers are relative to the SYN's, which is 0; times are ns.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from farhost.report.recording.facts import HostFacts
from farhost.report.tcp_analysis import DUPLICATE_ACKS, TcpAnalysis, TcpMarks
from farhost.trace.events import Event, PacketEvent
from farhost.wire.addresses import parse_address
from farhost.wire.packet import ACK, FIN, PSH, RST, SYN, IpAddress, Packet, TcpSegment

LOST = "lost"
LOST_ACK = "lost-ack"
LOSSES = ("dropped", "corrupted")
"""What becomes of a packet that does not arrive: a checksum keeps out one that was corrupted."""
TROUBLES = frozenset({"R", "3", "Z", LOST, LOST_ACK, "RST_IN", "RST_OUT"})
"""Marks that make a connection worth looking at."""
_WRAP = 1 << 32
_NO_SCALE = -1
_Key = tuple[str, IpAddress, int, IpAddress, int]


class Sent(NamedTuple):
    """A segment with data, or a super-segment."""

    time_ns: int
    low: int
    high: int
    """Behind its last byte."""
    pushed: bool
    again: bool
    """It is a retransmission."""


class Mark(NamedTuple):
    """A letter of the graph."""

    time_ns: int
    sequence: int
    letter: str
    """tcptrace's: R, S (SYN), F (FIN), RST_OUT, RST_IN, 3 (the third duplicate acknowledgement), O, Z, P; and K for a
    keep-alive, `LOST` and `LOST_ACK`."""
    words: str


class TcpGraph:
    """One direction of one connection."""

    __slots__ = ("acks", "end_ns", "host", "marks", "name", "origin", "sacks", "sent", "start_ns", "ticks", "windows")

    def __init__(self, name: str, host: str, origin: int, start_ns: int) -> None:
        self.name = name
        """`client:49152>server:5000`: the sender first."""
        self.host = host
        self.origin = origin
        """The sequence number of its SYN."""
        self.start_ns = self.end_ns = start_ns
        self.sent: list[Sent] = []
        self.acks: list[tuple[int, int]] = []
        """(when, which) wherever it moved on."""
        self.windows: list[tuple[int, int]] = []
        """(when, acknowledgement + window) wherever it changed; empty where a SYN was not seen, as the window's scale
        is not known then."""
        self.ticks: list[tuple[int, int]] = []
        """Duplicate acknowledgements."""
        self.sacks: list[tuple[int, int, int]] = []
        """(when, from, to) of each SACK block."""
        self.marks: list[Mark] = []

    def relative(self, number: int) -> int:
        """A sequence number, from the SYN's."""
        return (number - self.origin) % _WRAP

    def top(self) -> int:
        """The highest number in it, but for the windows."""
        sent = max((segment.high for segment in self.sent), default=0)
        return max(sent, max((mark.sequence for mark in self.marks), default=0), 1)

    def payload(self) -> int:
        """How many bytes it sent, but for retransmissions."""
        return max((segment.high for segment in self.sent), default=1) - 1

    def troubles(self, start_ns: int, end_ns: int) -> int:
        """How many marks of trouble it has in this time."""
        return sum(mark.letter in TROUBLES and start_ns <= mark.time_ns <= end_ns for mark in self.marks)


def part(graph: TcpGraph, start_ns: int, end_ns: int) -> TcpGraph:
    """What a graph has between two moments, lines with what they came from."""
    piece = TcpGraph(graph.name, graph.host, graph.origin, max(start_ns, graph.start_ns))
    piece.end_ns = max(piece.start_ns, min(end_ns, graph.end_ns))
    piece.sent = [sent for sent in graph.sent if start_ns <= sent.time_ns <= end_ns]
    piece.marks = [mark for mark in graph.marks if start_ns <= mark.time_ns <= end_ns]
    piece.ticks = [tick for tick in graph.ticks if start_ns <= tick[0] <= end_ns]
    piece.sacks = [sack for sack in graph.sacks if start_ns <= sack[0] <= end_ns]
    piece.acks = _part_of_line(graph.acks, piece.start_ns, end_ns)
    piece.windows = _part_of_line(graph.windows, piece.start_ns, end_ns)
    return piece


def _part_of_line(points: Sequence[tuple[int, int]], start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    before = [(start_ns, value) for time_ns, value in points if time_ns <= start_ns][-1:]
    return before + [point for point in points if start_ns < point[0] <= end_ns]


class _End:
    """One end of a connection: its graph, and what it was told."""

    __slots__ = ("ack", "edge", "graph", "scale", "their_scale")

    def __init__(self) -> None:
        self.graph: TcpGraph | None = None
        self.ack = -1
        self.edge = -1
        self.scale: int | None = None
        """Of its windows, as its SYN had it, `_NO_SCALE` without; None: its SYN was not seen."""
        self.their_scale: int | None = None


def tcp_graphs(events: Iterable[Event], hosts: Sequence[HostFacts] = ()) -> list[TcpGraph]:
    """The graphs of all connections, in the order in which they began; `hosts`: whose addresses are whose, so that
    routers are not taken for ends."""
    collector = _Collector(hosts)
    for event in events:
        if type(event) is PacketEvent and type(event.packet) is Packet and type(event.packet.body) is TcpSegment:
            collector.take(event, event.packet, event.packet.body)
    return collector.graphs


class _Collector:
    """Reads packet events in their order."""

    def __init__(self, hosts: Sequence[HostFacts]) -> None:
        self.graphs: list[TcpGraph] = []
        self._analysis = TcpAnalysis()
        self._ends: dict[_Key, _End] = {}
        self._flows: dict[tuple[IpAddress, int, IpAddress, int], TcpGraph] = {}
        """By addresses and ports, from the sender's."""
        self._addresses: Mapping[str, frozenset[IpAddress]] = {
            host.name: frozenset(
                parse_address(address) for interface in host.interfaces for address, _ in interface.addresses
            )
            for host in hosts
        }

    def take(self, event: PacketEvent, packet: Packet, segment: TcpSegment) -> None:
        """One packet event of TCP's."""
        action = event.action
        if action == "sent":
            if self._is_end(event, packet.source):
                self._take_sent(event, packet, segment)
        elif action == "received":
            if self._is_end(event, packet.destination):
                self._take_received(event, packet, segment)
        elif action in LOSSES:
            self._take_lost(event, packet, segment)

    def _is_end(self, event: PacketEvent, address: IpAddress) -> bool:
        known = self._addresses.get(event.host)
        return not known or address in known or event.interface == "lo"

    def _take_sent(self, event: PacketEvent, packet: Packet, segment: TcpSegment) -> None:
        time_ns, flags = event.time_ns, segment.flags
        flow = (packet.source, segment.source_port, packet.destination, segment.destination_port)
        end = self._end((event.host, *flow))
        marks = self._analysis.marks(event)
        graph = end.graph
        if graph is None or (flags & SYN and segment.sequence != graph.origin):
            graph = self._begin(end, event, packet, segment)
        graph.end_ns = time_ns
        low = graph.relative(segment.sequence)
        size = len(segment.payload)
        if size:
            graph.sent.append(Sent(time_ns, low, low + size, bool(flags & PSH), marks.retransmission))
        if flags & SYN:
            offered = segment.options.window_scale
            end.scale = _NO_SCALE if offered is None else offered
        _mark_sent(graph, time_ns, low, segment, marks, packet.ordinal)

    def _take_received(self, event: PacketEvent, packet: Packet, segment: TcpSegment) -> None:
        time_ns, flags = event.time_ns, segment.flags
        end = self._end(
            (event.host, packet.destination, segment.destination_port, packet.source, segment.source_port)
        )
        marks = self._analysis.marks(event)
        if flags & SYN:
            offered = segment.options.window_scale
            end.their_scale = _NO_SCALE if offered is None else offered
        if marks.out_of_order and packet.ordinal <= 1:
            # A retransmission comes late too, but its sender knows, and has marked it.
            self._mark_out_of_order(event, packet, segment)
        graph = end.graph
        if graph is None:
            return
        graph.end_ns = time_ns
        if flags & RST:
            graph.marks.append(Mark(time_ns, max(end.ack, 0), "RST_IN", "a reset arrived"))
        elif flags & ACK:
            _take_acknowledgement(graph, end, time_ns, segment, marks)

    def _take_lost(self, event: PacketEvent, packet: Packet, segment: TcpSegment) -> None:
        flow = (packet.source, segment.source_port, packet.destination, segment.destination_port)
        size = len(segment.payload)
        why = f"lost: {event.reason or event.action}, at {event.host}"
        if size or segment.flags & (SYN | FIN | RST):
            graph = self._flows.get(flow)
            if graph is not None:
                middle = graph.relative(segment.sequence) + size // 2
                graph.marks.append(Mark(event.time_ns, middle, LOST, f"{why}, {size} bytes"))
        elif segment.flags & ACK:
            graph = self._flows.get((*flow[2:], *flow[:2]))
            if graph is not None:
                acknowledgement = graph.relative(segment.acknowledgement)
                graph.marks.append(Mark(event.time_ns, acknowledgement, LOST_ACK, f"its acknowledgement {why}"))

    def _mark_out_of_order(self, event: PacketEvent, packet: Packet, segment: TcpSegment) -> None:
        flow = (packet.source, segment.source_port, packet.destination, segment.destination_port)
        graph = self._flows.get(flow)
        if graph is not None:
            low = graph.relative(segment.sequence)
            graph.marks.append(Mark(event.time_ns, low, "O", f"arrived at {event.host} out of order"))

    def _end(self, key: _Key) -> _End:
        end = self._ends.get(key)
        if end is None:
            end = self._ends[key] = _End()
        return end

    def _begin(self, end: _End, event: PacketEvent, packet: Packet, segment: TcpSegment) -> TcpGraph:
        flow = packet.flow
        origin = segment.sequence if segment.flags & SYN or not flow.origin else flow.origin
        name = flow.name or f"{event.host}:{segment.source_port}>port {segment.destination_port}"
        graph = end.graph = TcpGraph(name, event.host, origin, event.time_ns)
        end.ack = end.edge = -1
        key = (packet.source, segment.source_port, packet.destination, segment.destination_port)
        self._flows[key] = graph
        self.graphs.append(graph)
        return graph


def _mark_sent(graph: TcpGraph, time_ns: int, low: int, segment: TcpSegment, marks: TcpMarks, ordinal: int) -> None:
    flags = segment.flags
    size = len(segment.payload)
    if flags & SYN:
        graph.marks.append(Mark(time_ns, low, "S", "SYN"))
    if flags & FIN:
        graph.marks.append(Mark(time_ns, low + size, "F", "FIN"))
    if flags & RST:
        graph.marks.append(Mark(time_ns, low, "RST_OUT", "a reset was sent"))
    if marks.retransmission:
        how = "fast retransmission" if marks.fast_retransmission else "retransmission"
        graph.marks.append(Mark(time_ns, low + size, "R", f"{how}, {size} bytes, transmission {ordinal}"))
    if marks.window_probe:
        graph.marks.append(Mark(time_ns, low, "P", "window probe"))
    if marks.keep_alive:
        graph.marks.append(Mark(time_ns, low, "K", "keep-alive"))


def _take_acknowledgement(graph: TcpGraph, end: _End, time_ns: int, segment: TcpSegment, marks: TcpMarks) -> None:
    acknowledgement = graph.relative(segment.acknowledgement)
    if acknowledgement >= end.ack:
        if acknowledgement > end.ack:
            end.ack = acknowledgement
            graph.acks.append((time_ns, acknowledgement))
        window = _window(segment, end)
        if window is not None and acknowledgement + window != end.edge:
            end.edge = acknowledgement + window
            graph.windows.append((time_ns, end.edge))
    if marks.duplicate_ack:
        graph.ticks.append((time_ns, acknowledgement))
        if marks.duplicate_ack == DUPLICATE_ACKS:
            graph.marks.append(Mark(time_ns, acknowledgement, "3", "third duplicate acknowledgement"))
    for left, right in segment.options.sack_blocks:
        graph.sacks.append((time_ns, graph.relative(left), graph.relative(right)))
    if marks.zero_window:
        graph.marks.append(Mark(time_ns, acknowledgement, "Z", "zero window"))


def _window(segment: TcpSegment, end: _End) -> int | None:
    """In bytes: scaled if both SYNs offered that, and never in a SYN (RFC 7323 §2.2); None: not known."""
    if segment.flags & SYN:
        return segment.window
    if end.scale is None or end.their_scale is None:
        return None
    if _NO_SCALE in (end.scale, end.their_scale):
        return segment.window
    return segment.window << end.their_scale
