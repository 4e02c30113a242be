"""What became of the bytes of each stream: written, cut into segments, arrived, read; from events and samples.

One stream is one direction of a TCP connection (or of a pair of Unix sockets, which has no segments). Offsets count
its bytes from 0. Writes and reads are known where the descriptor is (`farhost.report.story.descriptors`); segments
and arrivals are known from packets. Why each cut is where it is: `farhost.report.story.cuts`. Datagrams:
`farhost.report.story.datagrams`.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from farhost.report.story.byte_stream import ByteStream, Loss
from farhost.report.story.descriptors import CONNECTION, OPENING, Descriptors, reverse
from farhost.report.story.transfers import READS, WRITES
from farhost.trace.events import (
    Event,
    FaultEvent,
    PacketEvent,
    ProcessStarted,
    Sample,
    SocketChange,
    StateChange,
    SystemCall,
    TcpSample,
)
from farhost.wire.addresses import inet_ntop
from farhost.wire.packet import ACK, RST, SYN, Packet, TcpSegment

_SPLIT_PLACE = re.compile(r"(?:.* )?(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) (?:data|fin) ([0-9]+)\+[0-9]+ #[0-9]+")
_NEVER_NS = 1 << 62
_MOST_UNPLACED = 256

Handlers = dict[type, Callable[[Any], None]]
"""By class of event or sample, what a reader does with it."""
_READ_PLACE = re.compile(r"(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) at ([0-9]+)")


class ByteStreams:
    """Reads a run's events and samples, each in its own order, and makes its streams."""

    def __init__(self) -> None:
        self.streams: dict[str, ByteStream] = {}
        """By name, in the order in which their connections were begun; the client's direction first."""
        self._descriptors = Descriptors()
        self._unplaced: dict[tuple[str, str, object], deque[SystemCall]] = {}
        """By host, process and descriptor, calls on what may turn out to be a stream: socket tables come later."""

    def handlers(self) -> "Handlers":
        """What it does with each kind of event and sample."""
        return {
            PacketEvent: self._packet,
            SystemCall: self._call,
            StateChange: self._change,
            SocketChange: self._told,
            TcpSample: self._sampled,
            FaultEvent: self._fault,
            ProcessStarted: self._descriptors.started,
        }

    def result(self) -> list[ByteStream]:
        """The streams that carried something."""
        found = []
        for stream in self.streams.values():
            stream.finish(reverse(stream.name) in self._descriptors.seen)
            if stream.writes or stream.reads or stream.segments:
                found.append(stream)
        return found

    def _change(self, event: StateChange) -> None:
        name = self._descriptors.changed(event)
        if name is not None:
            self._begin(name, event.new == "SYN_SENT")

    def _sampled(self, sample: TcpSample) -> None:
        stream = self.streams.get(sample.connection)
        if stream is not None and stream.segments:
            stream.sampled(sample)

    def _begin(self, name: str, from_client: bool, begun: bool = True) -> None:
        for stream, begins in ((name, from_client), (reverse(name), not from_client)):
            if stream not in self.streams:
                self.streams[stream] = ByteStream(stream, begins, begun)

    def _call(self, call: SystemCall) -> None:
        name = call.name
        reads = name in READS
        if not reads and name not in WRITES:
            if name in OPENING:
                self._descriptors.called(call)
                if name == "close":
                    self._unplaced.pop((call.host, call.process, call.arguments[0]), None)
            return
        if call.error:
            return
        end = self._descriptors.find(call)
        if end is not None:
            self._place(call, end)
            return
        key = call.host, call.process, call.arguments[0]
        self._unplaced.setdefault(key, deque(maxlen=_MOST_UNPLACED)).append(call)

    def _told(self, change: SocketChange) -> None:
        for process, fd, end in self._descriptors.told(change):
            for call in self._unplaced.pop((change.host, process, fd), ()):
                self._place(call, end)

    def _place(self, call: SystemCall, end: str) -> None:
        """A call on the end of a stream."""
        if end not in self.streams:
            self._begin(end, True)
        if call.name in READS:
            self.streams[reverse(end)].received(call)
        else:
            self.streams[end].wrote(call)

    def _packet(self, event: PacketEvent) -> None:
        packet = event.packet
        if type(packet) is not Packet or type(packet.body) is not TcpSegment:
            return
        segment = packet.body
        size = len(segment.payload)
        action = event.action
        if not size:
            if segment.flags & SYN and action == "sent":
                self._descriptors.connection(
                    event.host,
                    _end_text(packet.source, segment.source_port),
                    _end_text(packet.destination, segment.destination_port),
                    packet.flow.name,
                )
            elif segment.flags & (RST | ACK) == RST and action == "sent" and packet.flow.name:
                # RFC 9293 3.10.7.1: in answer to a segment with ACK; one that ends a connection has ACK itself.
                answered = self.streams.get(reverse(packet.flow.name))
                if answered is not None and answered.reader == event.host:
                    answered.arrivals.reset(event.time_ns)
            return
        name, origin = packet.flow
        stream = self.streams.get(name)
        if stream is None:
            if CONNECTION.fullmatch(f"tcp {name}") is None:
                return
            self._begin(name, True, begun=False)
            stream = self.streams[name]
        start = (segment.sequence - origin - 1) % (1 << 32)
        if action == "received":
            if event.host == stream.reader:
                stream.arrived(event.time_ns, start, size, packet.ordinal)
        elif action == "sent":
            if event.host == stream.writer:
                stream.sent(event.time_ns, start, segment, packet.ordinal)
        elif action == "dropped":
            stream.dropped(event, start, size, packet.ordinal)
        elif action in ("duplicated", "reordered", "corrupted", "delayed"):
            stream.losses.append(Loss(event.time_ns, start, size, packet.ordinal, action))

    def _fault(self, event: FaultEvent) -> None:
        if event.kind == "split":
            found = _SPLIT_PLACE.fullmatch(event.place)
            if found is not None and found[1] in self.streams:
                self.streams[found[1]].splits[int(found[2]) + event.amount] = None
        elif event.kind in ("short-read", "short-write"):
            found = _READ_PLACE.fullmatch(event.place)
            if found is not None and found[1] in self.streams:
                self.streams[found[1]].short[int(found[2])] = event.kind


def byte_streams(events: Iterable[Event], samples: Iterable[Sample]) -> list[ByteStream]:
    """The streams of a run that carried something, in the order in which their connections were begun."""
    reader = ByteStreams()
    read_in_order(events, samples, reader.handlers())
    return reader.result()


def read_in_order(events: Iterable[Event], samples: Iterable[Sample], *readers: Handlers) -> None:
    """Let readers have events, and behind those of each moment its samples."""
    table: dict[type, tuple[Callable[[Any], None], ...]] = {}
    for handlers in readers:
        for kind, handler in handlers.items():
            table[kind] = (*table.get(kind, ()), handler)
    waiting = (sample for sample in samples if type(sample) in table)
    sample = next(waiting, None)
    sample_ns = sample.time_ns if sample is not None else _NEVER_NS
    for event in events:
        while sample is not None and sample_ns < event.time_ns:
            for handler in table[type(sample)]:
                handler(sample)
            sample = next(waiting, None)
            sample_ns = sample.time_ns if sample is not None else _NEVER_NS
        for handler in table.get(type(event), ()):
            handler(event)
    while sample is not None:
        for handler in table[type(sample)]:
            handler(sample)
        sample = next(waiting, None)


def _end_text(address: bytes, port: int) -> str:
    """As socket tables have it."""
    return f"{inet_ntop(address)}:{port}" if len(address) == 4 else f"[{inet_ntop(address)}]:{port}"
