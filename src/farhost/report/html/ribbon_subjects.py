"""What the byte ribbon may be drawn of: the streams and the datagram sockets of a run, the most interesting first."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from farhost.report.html.ribbon_blocks import Ribbon, pieces_of, ribbon_of
from farhost.report.html.ribbon_datagrams import pieces_of_datagrams, ribbon_of_datagrams
from farhost.report.html.ribbon_pieces import Pieces, count_text, size_text
from farhost.report.story.byte_stream import ByteStream
from farhost.report.story.byte_streams import ByteStreams, read_in_order
from farhost.report.story.datagrams import Datagrams, DatagramSocket
from farhost.report.story.story import Story
from farhost.report.story.unix_messages import UnixMessages

_NEVER_NS = 1 << 62


class Subject(NamedTuple):
    """One stream, or one sending socket."""

    name: str
    title: str
    known: tuple[int, int]
    """From where to where its bytes are known."""
    place: int
    """Where it is most interesting, in its ribbon's measure."""
    pieces: Callable[[], Pieces]
    ribbon: Callable[[int | None, int | None], Ribbon]
    """Of the part from a place to another."""
    data: Callable[[int, int], bytes]
    """The bytes from an offset to another."""


class Subjects(NamedTuple):
    """The most interesting of a run's."""

    found: list[Subject]
    left_out: int
    notes: list[str]
    """What is not known, in sentences."""


def subjects_of(story: Story, most: int) -> Subjects:
    """At most so many, in the order in which they are shown."""
    streams, datagrams, messages = ByteStreams(), Datagrams(), UnixMessages()
    handlers = streams.handlers(), datagrams.handlers(), messages.handlers()
    read_in_order(story.events, story.samples, *handlers)
    carried = streams.result()
    everything: list[tuple[int, int, ByteStream | DatagramSocket]] = []
    everything += [(*_interest(stream, story), stream) for stream in carried]
    everything += [(*_socket_interest(socket, story), socket) for socket in datagrams.result() + messages.result()]
    everything.sort(key=lambda one: one[:2])
    found = [
        _of_stream(one, story) if isinstance(one, ByteStream) else _of_socket(one, story)
        for _, _, one in everything[:most]
    ]
    return Subjects(found, len(everything) - len(found), _notes(carried))


def _notes(streams: list[ByteStream]) -> list[str]:
    """What the trace does not tell of some."""
    told = (
        (
            [not stream.begun for stream in streams],
            "began before the events that were kept: writes and reads are not known",
        ),
        (
            [stream.begun and stream.writes_unknown for stream in streams],
            "written by calls that the trace does not tell, on descriptors from elsewhere: without writes here",
        ),
        (
            [stream.reads_unknown for stream in streams],
            "read by calls that the trace does not tell, or with urgent bytes out of order: without reads here",
        ),
    )
    return [f"{count_text(sum(which), 'stream')} {words}." for which, words in told if any(which)]


def _of_stream(stream: ByteStream, story: Story) -> Subject:
    before = bisect_right(stream.reads, story.moment_ns, key=lambda use: use.time_ns)
    return Subject(
        stream.name,
        _stream_title(stream),
        stream.known,
        stream.reads[before - 1].start if before else 0,
        partial(pieces_of, stream),
        partial(ribbon_of, stream),
        stream.data,
    )


def _of_socket(socket: DatagramSocket, story: Story) -> Subject:
    before = bisect_right(socket.datagrams, story.moment_ns, key=lambda datagram: datagram.time_ns)
    return Subject(
        socket.name,
        _socket_title(socket),
        (0, socket.end),
        max(0, before - 1),
        partial(pieces_of_datagrams, socket),
        partial(ribbon_of_datagrams, socket),
        socket.data,
    )


def _interest(stream: ByteStream, story: Story) -> tuple[int, int]:
    """The least is the most interesting: after a failure what is near it, else what had trouble, then is near."""
    distance = min(
        _distance(stream.writes, story.moment_ns),
        _distance(stream.reads, story.moment_ns),
        _distance(stream.segments, story.moment_ns),
        _distance(stream.losses, story.moment_ns),
    )
    troubled = bool(stream.losses or stream.short or stream.splits)
    return (0 if troubled or not story.facts.ok else 1, distance)


def _socket_interest(socket: DatagramSocket, story: Story) -> tuple[int, int]:
    distance = min(_distance(socket.datagrams, story.moment_ns), _distance(socket.reads, story.moment_ns))
    troubled = any(datagram.fates for datagram in socket.datagrams)
    return (0 if troubled or not story.facts.ok else 1, distance)


def _distance(timed: Sequence[Any], moment_ns: int) -> int:
    """How far the nearest of what happened one after another is from a moment."""
    index = bisect_right(timed, moment_ns, key=lambda one: one.time_ns)
    return min((abs(one.time_ns - moment_ns) for one in timed[max(0, index - 1) : index + 1]), default=_NEVER_NS)


def _stream_title(stream: ByteStream) -> str:
    counts = [count_text(len(stream.writes), "write"), count_text(len(stream.reads), "read")]
    if not stream.is_unix:
        again = sum(segment.ordinal > 1 for segment in stream.segments)
        sent = count_text(len(stream.segments) - again, "segment")
        counts.insert(1, f"{sent} and {again} sent again" if again else sent)
    unread = stream.unread[1] - stream.unread[0]
    left = f"; {size_text(unread)} never read" if unread else ""
    return f"{stream.name.replace('>', ' → ')}: {size_text(stream.end)}, {', '.join(counts)}{left}"


def _socket_title(socket: DatagramSocket) -> str:
    lost = sum(any(fate.startswith("✗") for fate in datagram.fates) for datagram in socket.datagrams)
    reads = sum(not read.peeked for read in socket.reads)
    counts = f"{count_text(len(socket.datagrams), 'datagram')}, {lost} dropped, {count_text(reads, 'read')}"
    return f"{socket.name}: {counts}"
