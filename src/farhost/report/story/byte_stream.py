"""One direction of a connection: what was written, sent, lost, arrived and read of it, where, and which bytes.

Offsets count the stream's bytes from 0. A stream of Unix sockets has no segments. Whoever reads a run
(`farhost.report.story.byte_streams`) tells a stream what happened, then `finish`es it.
"""

from typing import NamedTuple

from farhost.report.story.arrivals import Arrivals
from farhost.report.story.descriptors import host_of
from farhost.report.story.transfers import got, written
from farhost.trace.events import PacketEvent, SystemCall, TcpSample
from farhost.wire.packet import TcpSegment


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
    """One direction of a connection, while a run is read and afterwards."""

    def __init__(self, name: str, from_client: bool, begun: bool = True) -> None:
        self.name = name
        self.from_client = from_client
        """Whether it begins at the end that connected."""
        self.begun = begun
        """Its beginning is in the trace; where it is not, offsets of calls are not known, and they are left out."""
        self.writer, self.reader = map(host_of, name.split(">"))
        """The hosts."""
        self.is_unix = name.startswith("unix ")
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
        self.first = 0
        """The first byte that is known."""
        self.writes_unknown = False
        """Other calls than those that the trace tells wrote it: it has no writes here."""
        self.reads_unknown = False
        """The like of reads."""
        self._bytes = b""
        self._written: list[bytes] = []
        self._read: list[bytes | None] = []
        self._wire: list[tuple[int, bytes | memoryview]] = []
        self._sent_end = 0
        self._largest = 0

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
    def unread(self) -> tuple[int, int]:
        """From where to where nobody read it; nothing where reads are not known."""
        return (self.read, self.end) if self.begun and not self.reads_unknown else (0, 0)

    @property
    def known(self) -> tuple[int, int]:
        """From where to where its bytes are known."""
        return self.first, self.first + len(self._bytes)

    def data(self, start: int, end: int) -> bytes:
        """The bytes from an offset to another, as far as they are known."""
        return self._bytes[max(0, start - self.first) : max(0, end - self.first)]

    def wrote(self, call: SystemCall) -> None:
        """A write returned."""
        transfer = written(call)
        start, size = self.written, len(transfer.data)
        if size and self.begun:
            self.writes.append(Use(call.time_ns, call.took_ns, start, size, transfer.asked, call.name, call.process))
            self._written.append(transfer.data)

    def received(self, call: SystemCall) -> None:
        """A read returned."""
        transfer = got(call)
        size = len(transfer.data)
        if not size or transfer.urgent or not self.begun:
            return
        use = Use(call.time_ns, call.took_ns, self.read, size, transfer.asked, call.name, call.process)
        if transfer.peeked:
            self.peeks.append(use)
        else:
            self.reads.append(use)
            self._read.append(None if transfer.discarded else transfer.data)

    def sent(self, time_ns: int, start: int, segment: TcpSegment, ordinal: int) -> None:
        """Its sender sent a packet, or several alike."""
        payload = segment.payload
        size = len(payload)
        piece = segment.segment_size or size
        if segment.segment_size or piece > self._largest:
            self._largest = piece
        for offset in range(0, size, piece):
            one = min(piece, size - offset)
            self.segments.append(Segment(time_ns, start + offset, one, ordinal, one >= self._largest))
        if start + size > self._sent_end:
            self._sent_end = start + size
            self._wire.append((start, payload))

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

    def arrived(self, time_ns: int, start: int, size: int, ordinal: int) -> None:
        """A packet came to its reader's host."""
        if not self.begun and not self.arrivals.end:
            self.arrivals.next = start
        self.arrivals.arrive(time_ns, start, size, ordinal)

    def dropped(self, event: PacketEvent, start: int, size: int, ordinal: int) -> None:
        """A packet of it was dropped, at a link or where it arrived."""
        if event.host == self.reader:
            self.arrivals.refuse(start, size)
        self.losses.append(Loss(event.time_ns, start, size, ordinal, event.reason))

    def finish(self, reader_known: bool) -> None:
        """Nothing more happens: put its bytes together, and leave out calls that do not agree with them.

        `reader_known`: it is known who held the end that reads, if anybody did."""
        self.arrivals.finish()
        self.reads_unknown = not reader_known and not self.reads
        self.first = self._wire[0][0] if self._wire and not self.begun else 0
        wire, calls = self._on_wire(), b"".join(self._written)
        common = min(len(wire), len(calls))
        if wire[:common] != calls[:common] or (self.segments and not calls):
            self.writes_unknown = True
            self.writes = []
            calls = b""
        self._bytes = calls + wire[len(calls) :]
        if not self._bytes:
            self._bytes = b"".join(data or b"" for data in self._read)
        for use, data in zip(self.reads, self._read):
            known = self.data(use.start, use.start + use.size)
            if data is not None and data[: len(known)] != known:
                self.reads_unknown = True
                self.reads, self.peeks = [], []
                break
        self._written, self._read, self._wire = [], [], []

    def _on_wire(self) -> bytes:
        """What was sent, as far as it has no holes."""
        parts: list[bytes | memoryview] = []
        end = self.first
        for start, payload in self._wire:
            if start > end:
                break
            parts.append(payload[end - start :])
            end = start + len(payload)
        return b"".join(parts)
