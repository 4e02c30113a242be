"""Why each cut of a stream is where it is: each end of a read inside a write, and each write's end inside a read.

A stream has no packet boundaries (RFC 9293 §3.7): what was written at once may be read in parts, and what was written
apart may be read at once. Every such place has one cause in the trace, the first in this order that holds.
"""

from bisect import bisect_right
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from farhost.report.story.byte_stream import ByteStream, Segment, Use


class Cause(Enum):
    """The value is the word of a picture's mark."""

    SHORT_READ = "short read"
    ASKED_FEWER = "asked for fewer"
    SENT_AGAIN = "sent again"
    SPLIT = "split"
    RECEIVE_WINDOW = "window full"
    CONGESTION_WINDOW = "congestion"
    SEND_BUFFER_FULL = "send buffer full"
    MSS = "MSS"
    ARRIVED_LATER = "arrived later"
    SHORT_WRITE = "short write"
    ONE_SEGMENT = "one segment"
    BOTH_THERE = "both there"
    NOT_READ = "not read"


EXPLANATIONS: dict[Cause, str] = {
    Cause.SHORT_READ: "a fault let this read have fewer bytes than were there",
    Cause.ASKED_FEWER: "the read asked for no more",
    Cause.SENT_AGAIN: "the bytes from here on had to be sent again",
    Cause.SPLIT: "the link cut the packet in two here",
    Cause.RECEIVE_WINDOW: "the receiver's window was full: the rest had to wait for room",
    Cause.CONGESTION_WINDOW: "the congestion window was full: the rest had to wait for acknowledgements",
    Cause.SEND_BUFFER_FULL: "the send buffer was full: it took no more of the write then",
    Cause.MSS: "a packet ends here: it carried as many bytes as fit (the maximum segment size)",
    Cause.ARRIVED_LATER: "the bytes from here on had not arrived yet",
    Cause.SHORT_WRITE: "a fault let this write take only a part",
    Cause.ONE_SEGMENT: "one packet carried the end of one write and the beginning of the next",
    Cause.BOTH_THERE: "both had arrived when the read was made",
    Cause.NOT_READ: "these bytes were never read",
}


class Cut(NamedTuple):
    """One place with its cause."""

    row: str
    """write: a call took a part of what it was given. segment: a packet ends inside a write. read: a read ends inside
    a write. merge: a write ends inside a read, or in what was never read."""
    offset: int
    cause: Cause


def cuts(stream: ByteStream, low: int = 0, high: int | None = None) -> list[Cut]:
    """All of a stream's, by row and offset; or those behind an offset up to another."""
    last = stream.end if high is None else high
    ends = {write.start + write.size: None for write in stream.writes}
    wire = dict(_wire_cuts(stream, ends, low, last))
    found = [
        Cut("write", write.start + write.size, _write_cause(stream, write))
        for write in stream.writes
        if write.size < write.asked and low < write.start + write.size <= last
    ]
    found += [Cut("segment", offset, cause) for offset, cause in wire.items()]
    for read in stream.reads:
        offset = read.start + read.size
        if low < offset <= last and offset not in ends:
            found.append(Cut("read", offset, _read_cause(stream, read, wire)))
    found += _merges(stream, [offset for offset in ends if low < offset <= last])
    return found


def _write_cause(stream: ByteStream, write: Use) -> Cause:
    return Cause.SHORT_WRITE if stream.short.get(write.start) == "short-write" else Cause.SEND_BUFFER_FULL


def _wire_cuts(stream: ByteStream, ends: dict[int, None], low: int, high: int) -> Iterable[tuple[int, Cause]]:
    """Where packets that were sent for the first time end inside a write."""
    if not ends:
        return
    firsts = [segment for segment in stream.segments if segment.ordinal == 1]
    for number, segment in enumerate(firsts):
        offset = segment.start + segment.size
        if low < offset <= high and offset not in ends and offset < stream.written:
            following = firsts[number + 1] if number + 1 < len(firsts) else None
            yield offset, _wire_cause(stream, segment, following)


def _wire_cause(stream: ByteStream, segment: Segment, following: Segment | None) -> Cause:
    """A packet is short where there was no more to send; behind a full one the next may have been held back."""
    limits = stream.limits.get(segment.start + segment.size)
    if not segment.largest and (limits is None or limits.unsent <= 0):
        return Cause.SEND_BUFFER_FULL
    waited = following is None or following.time_ns > segment.time_ns
    if limits is not None and waited and limits.unsent > 0:
        needed = min(limits.unsent, segment.size)
        if limits.receive_room < needed:
            return Cause.RECEIVE_WINDOW
        if limits.congestion_room < needed:
            return Cause.CONGESTION_WINDOW
    return Cause.MSS


def _read_cause(stream: ByteStream, read: Use, wire: dict[int, Cause]) -> Cause:
    """Why a read got no more."""
    offset = read.start + read.size
    if stream.short.get(read.start) == "short-read":
        return Cause.SHORT_READ
    if read.size >= read.asked:
        return Cause.ASKED_FEWER
    arrival = stream.arrivals.find(offset)
    if arrival is not None:
        if arrival.ordinal > 1:
            return Cause.SENT_AGAIN
        if arrival.filled:
            return Cause.ARRIVED_LATER
    if offset in stream.splits:
        return Cause.SPLIT
    return wire.get(offset, Cause.ARRIVED_LATER)


def _merges(stream: ByteStream, ends: list[int]) -> Iterable[Cut]:
    """Ends of writes that are no ends of reads."""
    reads = stream.reads
    last = stream.read
    index = bisect_right(reads, ends[0], key=lambda read: read.start) - 1 if ends and reads else 0
    index = max(0, index - 1)
    for offset in ends:
        if offset > last:
            yield Cut("merge", offset, Cause.NOT_READ)
            continue
        while index < len(reads) and reads[index].start + reads[index].size < offset:
            index += 1
        if reads[index].start + reads[index].size == offset:
            continue
        arrival = stream.arrivals.find(offset)
        inside = arrival is not None and arrival.start < offset
        yield Cut("merge", offset, Cause.ONE_SEGMENT if inside else Cause.BOTH_THERE)
