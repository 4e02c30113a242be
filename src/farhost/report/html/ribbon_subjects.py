"""What the byte ribbon may be drawn of: the streams and the datagram sockets of a run, the most interesting first."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from farhost.report.html.ribbon_blocks import Ribbon, pieces_of, ribbon_of
from farhost.report.html.ribbon_datagrams import pieces_of_datagrams, ribbon_of_datagrams
from farhost.report.html.ribbon_pieces import Pieces, count_text, size_text
from farhost.report.story.byte_streams import ByteStream, ByteStreams, read_in_order
from farhost.report.story.datagrams import Datagrams, DatagramSocket
from farhost.report.story.story import Story

_NEVER_NS = 1 << 62


class Subject(NamedTuple):
    """One stream, or one sending socket."""

    name: str
    title: str
    interest: tuple[int, int]
    """The least is the most interesting."""
    known: int
    """How many bytes are known."""
    place: int
    """Where it is most interesting, in its ribbon's measure."""
    pieces: Callable[[], Pieces]
    ribbon: Callable[[int, int | None], Ribbon]
    """Of the part from a place to another."""
    data: Callable[[int, int], bytes]
    """The bytes from an offset to another."""


class Subjects(NamedTuple):
    """All of a run's."""

    found: list[Subject]
    notes: list[str]
    """What is not followed, in sentences."""


def subjects_of(story: Story) -> Subjects:
    """What there is, in the order in which it is shown."""
    streams, datagrams = ByteStreams(), Datagrams()
    read_in_order(story.events, story.samples, streams.handlers(), datagrams.handlers())
    found = [_of_stream(stream, story) for stream in streams.result()]
    found += [_of_socket(socket, story) for socket in datagrams.result()]
    notes = []
    if streams.unknown:
        calls = "1 call" if streams.unknown == 1 else f"{streams.unknown} calls"
        notes.append(f"{calls} with bytes on sockets that are not followed: the trace does not tell whose they are.")
    if any(stream.urgent for stream in streams.streams.values()):
        notes.append("Urgent bytes (MSG_OOB) are read out of order, which shifts the reads behind them.")
    return Subjects(sorted(found, key=lambda subject: subject.interest), notes)


def _of_stream(stream: ByteStream, story: Story) -> Subject:
    times = [use.time_ns for use in stream.reads] + [use.time_ns for use in stream.writes]
    times += [loss.time_ns for loss in stream.losses]
    troubled = bool(stream.losses or stream.short or stream.splits)
    before = bisect_right(stream.reads, story.moment_ns, key=lambda use: use.time_ns)
    return Subject(
        stream.name,
        _stream_title(stream),
        _interest(times, troubled, story),
        stream.bytes_known,
        stream.reads[before - 1].start if before else 0,
        partial(pieces_of, stream),
        partial(ribbon_of, stream),
        stream.data,
    )


def _of_socket(socket: DatagramSocket, story: Story) -> Subject:
    times = [read.time_ns for read in socket.reads] + [datagram.time_ns for datagram in socket.datagrams]
    troubled = any(datagram.fates for datagram in socket.datagrams)
    before = bisect_right(socket.datagrams, story.moment_ns, key=lambda datagram: datagram.time_ns)
    return Subject(
        socket.name,
        _socket_title(socket),
        _interest(times, troubled, story),
        socket.end,
        max(0, before - 1),
        partial(pieces_of_datagrams, socket),
        partial(ribbon_of_datagrams, socket),
        socket.data,
    )


def _interest(times: Iterable[int], troubled: bool, story: Story) -> tuple[int, int]:
    """After a failure what is near it, else what had trouble."""
    moment_ns = story.moment_ns
    distance = min((abs(time_ns - moment_ns) for time_ns in times), default=_NEVER_NS)
    return (0 if troubled or not story.facts.ok else 1, distance)


def _stream_title(stream: ByteStream) -> str:
    counts = [count_text(len(stream.writes), "write"), count_text(len(stream.reads), "read")]
    if not stream.is_unix:
        again = sum(segment.ordinal > 1 for segment in stream.segments)
        sent = count_text(len(stream.segments) - again, "segment")
        counts.insert(1, f"{sent} and {again} sent again" if again else sent)
    unread = max(0, stream.end - stream.read)
    left = f"; {size_text(unread)} never read" if unread else ""
    return f"{stream.name.replace('>', ' → ')}: {size_text(stream.end)}, {', '.join(counts)}{left}"


def _socket_title(socket: DatagramSocket) -> str:
    lost = sum(any(fate.startswith("✗") for fate in datagram.fates) for datagram in socket.datagrams)
    reads = sum(not read.peeked for read in socket.reads)
    counts = f"{count_text(len(socket.datagrams), 'datagram')}, {lost} dropped, {count_text(reads, 'read')}"
    return f"{socket.name} → : {counts}"
