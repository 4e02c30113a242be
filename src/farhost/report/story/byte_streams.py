"""What became of the bytes of each stream: written, cut into segments, arrived, read; from events and samples.

One stream is one direction of a TCP connection (or of a pair of Unix sockets, which has no segments). Offsets count
its bytes from 0. Writes and reads are known where the descriptor is (`farhost.report.story.descriptors`); segments
and arrivals are known from packets. Why each cut is where it is: `farhost.report.story.cuts`. Datagrams:
`farhost.report.story.datagrams`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from farhost.report.story.arrivals import Arrivals
from farhost.report.story.descriptors import OPENING, Descriptors, host_of, reverse
from farhost.report.story.transfers import READS, WRITES, got, written
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
from farhost.wire.packet import SYN, Packet, TcpSegment

_SPLIT_PLACE = re.compile(r"(?:.* )?(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) (?:data|fin) ([0-9]+)\+[0-9]+ #[0-9]+")
_NEVER_NS = 1 << 62

Handlers = dict[type, Callable[[Any], None]]
"""By class of event or sample, what a reader does with it."""
_READ_PLACE = re.compile(r"(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) at ([0-9]+)")


class Use(NamedTuple):
    """One write or read that carried something."""

    time_ns: int
    """When the call returned."""
    took_ns: int
    start: int
    size: int
    asked: int
    """How many bytes it was given, or had room for."""
    call: str
    process: str


class Segment(NamedTuple):
    """What one packet carried when it was sent; a super-segment's packets are apart."""

    time_ns: int
    start: int
    size: int
    ordinal: int
    """1: the first time that these bytes were sent."""
    largest: bool
    """It is as long as a packet of this connection may be."""


class Limits(NamedTuple):
    """What held a sender back after a segment (from a sample)."""

    unsent: int
    """Bytes in the send buffer that were not sent yet."""
    receive_room: int
    """What the peer's window had left."""
    congestion_room: int


class Loss(NamedTuple):
    """A packet that was lost, or taken twice (`reason` is then duplicated), on its way."""

    time_ns: int
    start: int
    size: int
    ordinal: int
    reason: str


class ByteStream:
    """One direction of a connection, while it is read and afterwards."""

    def __init__(self, name: str, from_client: bool) -> None:
        self.name = name
        self.from_client = from_client
        """Whether it begins at the end that connected."""
        self.writes: list[Use] = []
        self.reads: list[Use] = []
        self.peeks: list[Use] = []
        self.segments: list[Segment] = []
        """In the order in which they were sent, the first and further times."""
        self.limits: dict[int, Limits] = {}
        """By the end of a segment that was sent for the first time."""
        self.losses: list[Loss] = []
        self.arrivals = Arrivals()
        self.splits: dict[int, None] = {}
        """Where a link cut a packet in two."""
        self.short: dict[int, str] = {}
        """By offset, the call faults: short-read of a read, short-write of a write that begin there."""
        self.urgent = False
        """Bytes were sent out of order (MSG_OOB): offsets of reads are not known behind them."""
        self._data: list[bytes] = []
        self._sent_end = 0
        self._largest = 0

    @property
    def writer(self) -> str:
        """The host that writes."""
        return host_of(self.name.partition(">")[0])

    @property
    def reader(self) -> str:
        """The host that reads."""
        return host_of(self.name.partition(">")[2])

    @property
    def is_unix(self) -> bool:
        """Whether it is of Unix sockets, which have no packets."""
        return self.name.startswith("unix ")

    @property
    def written(self) -> int:
        """How many bytes were written, as far as calls tell."""
        return self.writes[-1].start + self.writes[-1].size if self.writes else 0

    @property
    def read(self) -> int:
        """How many bytes were read."""
        return self.reads[-1].start + self.reads[-1].size if self.reads else 0

    @property
    def end(self) -> int:
        """How long the stream is, by all that is known of it."""
        return max(self.written, self._sent_end, self.read, self.arrivals.end)

    @property
    def bytes_known(self) -> int:
        """How many bytes are known, from the beginning."""
        return sum(map(len, self._data))

    def data(self, start: int, end: int) -> bytes:
        """The bytes from an offset to another, as far as they are known."""
        parts = []
        at = 0
        for chunk in self._data:
            if at < end and at + len(chunk) > start:
                parts.append(bytes(chunk[max(0, start - at) : end - at]))
            at += len(chunk)
            if at >= end:
                break
        return b"".join(parts)

    def wrote(self, call: SystemCall) -> None:
        """A write returned."""
        transfer = written(call)
        if transfer.urgent:
            self.urgent = True
        start, size = self.written, len(transfer.data)
        if size:
            self.writes.append(Use(call.time_ns, call.took_ns, start, size, transfer.asked, call.name, call.process))
            self._data.append(transfer.data)

    def received(self, call: SystemCall) -> None:
        """A read returned."""
        transfer = got(call)
        size = len(transfer.data)
        if not size or transfer.urgent:
            return
        uses = self.peeks if transfer.peeked else self.reads
        uses.append(Use(call.time_ns, call.took_ns, self.read, size, transfer.asked, call.name, call.process))

    def sent(self, time_ns: int, start: int, segment: TcpSegment, ordinal: int) -> None:
        """Its sender sent a packet, or several alike."""
        size = len(segment.payload)
        piece = segment.segment_size or size
        if segment.segment_size or piece > self._largest:
            self._largest = piece
        for offset in range(0, size, piece):
            one = min(piece, size - offset)
            self.segments.append(Segment(time_ns, start + offset, one, ordinal, one >= self._largest))
        self._sent_end = max(self._sent_end, start + size)

    def sampled(self, sample: TcpSample) -> None:
        """What its sender has come to after the event before."""
        last = self.segments[-1]
        if last.time_ns == sample.time_ns and last.ordinal == 1:
            under_way = sample.in_flight
            self.limits[last.start + last.size] = Limits(
                sample.send_queue - under_way,
                sample.send_window - under_way,
                sample.congestion_window - under_way,
            )

    def dropped(self, event: PacketEvent, start: int, size: int, ordinal: int) -> None:
        """A packet of it was dropped, at a link or where it arrived."""
        if event.host == self.reader:
            self.arrivals.refuse(start, size)
        self.losses.append(Loss(event.time_ns, start, size, ordinal, event.reason))


class ByteStreams:
    """Reads a run's events and samples, each in its own order, and makes its streams."""

    def __init__(self) -> None:
        self.streams: dict[str, ByteStream] = {}
        """By name, in the order in which their connections were begun; the client's direction first."""
        self.unknown = 0
        """Calls with bytes on sockets of which it is not known whose they are."""
        self._descriptors = Descriptors()

    def handlers(self) -> "Handlers":
        """What it does with each kind of event and sample."""
        return {
            PacketEvent: self._packet,
            SystemCall: self._call,
            StateChange: self._change,
            SocketChange: self._descriptors.told,
            TcpSample: self._sampled,
            FaultEvent: self._fault,
            ProcessStarted: self._descriptors.started,
        }

    def result(self) -> list[ByteStream]:
        """The streams that carried something."""
        found = []
        for stream in self.streams.values():
            stream.arrivals.finish()
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

    def _begin(self, name: str, from_client: bool) -> None:
        for stream, begins in ((name, from_client), (reverse(name), not from_client)):
            if stream not in self.streams:
                self.streams[stream] = ByteStream(stream, begins)

    def _call(self, call: SystemCall) -> None:
        name = call.name
        reads = name in READS
        if not reads and name not in WRITES:
            if name in OPENING:
                self._descriptors.called(call)
            return
        if call.error:
            return
        end = self._descriptors.find(call)
        if end is None:
            return
        if end not in self.streams:
            self._begin(end, True)
        if reads:
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
            return
        name, origin = packet.flow
        stream = self.streams.get(name)
        if stream is None:
            return
        start = (segment.sequence - origin - 1) % (1 << 32)
        if action == "received":
            if event.host == stream.reader:
                stream.arrivals.arrive(event.time_ns, start, size, packet.ordinal)
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
