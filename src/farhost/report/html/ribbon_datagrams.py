"""The ribbon of a socket's datagrams: each is one block, as it was written, sent, came and was read.

Every datagram has a place of its own, so that one that was lost leaves a gap below it. What was overtaken is under
another's place, and what came twice shares one.
"""

from collections.abc import Sequence

from farhost.report.columns import format_time
from farhost.report.html.ribbon_blocks import BUFFER, READ, SEGMENT, WRITE, Block, Mark, Part, Ribbon
from farhost.report.html.ribbon_pieces import Pieces, size_text
from farhost.report.story.cuts import Cause
from farhost.report.story.datagrams import DatagramRead, DatagramSocket


def pieces_of_datagrams(socket: DatagramSocket) -> Pieces:
    """The pieces of its rows, by their places."""
    sizes = [datagram.size for datagram in socket.datagrams]
    reads = [(read.number, read.size) for read in socket.reads if not read.peeked]
    packets = [] if socket.is_unix else list(enumerate(sizes))
    return Pieces((("datagram", list(enumerate(sizes))), ("packet", packets), ("read", reads)))


def ribbon_of_datagrams(socket: DatagramSocket, low: int | None = None, high: int | None = None) -> Ribbon:
    """The ribbon of a socket, or of its datagrams from one to another."""
    begin = low or 0
    end = len(socket.datagrams) if high is None else high
    blocks = _sent(socket, begin, end)
    arrivals = [arrival.number for arrival in socket.arrivals]
    for arrival, (left, right) in zip(socket.arrivals, _places(arrivals)):
        if left < end and right > begin:
            datagram = socket.datagrams[arrival.number]
            title = f"datagram {arrival.number + 1} arrived at {arrival.host} at {_when(arrival.time_ns)}"
            row = BUFFER, left, right, arrival.number
            blocks.append(_block(*row, datagram.start, datagram.size, arrival.time_ns, title))
    marks = []
    reads = [read for read in socket.reads if not read.peeked]
    for read, (left, right) in zip(reads, _places([read.number for read in reads])):
        if left < end and right > begin:
            blocks.append(_read(socket, read, left, right))
            marks += _thrown_away(socket, read, right)
    return Ribbon(blocks, marks, begin, end, "Datagrams")


def _read(socket: DatagramSocket, read: DatagramRead, left: float, right: float) -> Block:
    datagram = socket.datagrams[read.number]
    what = f"{size_text(read.size)} of {datagram.size}" if read.size < datagram.size else size_text(read.size)
    title = f"read: {what} of datagram {read.number + 1}, {read.call} of {read.process} at {_when(read.time_ns)}"
    return _block(READ, left, right, read.number, datagram.start, read.size, read.time_ns, title)


def _thrown_away(socket: DatagramSocket, read: DatagramRead, right: float) -> list[Mark]:
    """A read without room for a whole datagram (recv(2))."""
    cut = socket.datagrams[read.number].size - read.size
    if not cut:
        return []
    told = f"the read had room for {size_text(read.asked)}: the other {cut} are thrown away (MSG_TRUNC)"
    return [Mark(READ, right, f"✂ {Cause.ASKED_FEWER.value}", told)]


def _sent(socket: DatagramSocket, low: int, high: int) -> list[Block]:
    blocks = []
    for number in range(low, high):
        datagram = socket.datagrams[number]
        size, time_ns = datagram.size, datagram.time_ns
        how = f", {datagram.call} of {datagram.process}" if datagram.call else ""
        title = f"write: datagram {number + 1}, {size_text(size)}{how} at {_when(time_ns)}"
        blocks.append(_block(WRITE, number, number + 1, number, datagram.start, size, time_ns, title))
        if socket.is_unix:
            continue
        fate = " ".join(dict.fromkeys(datagram.fates))
        told = f", in {datagram.fragments} fragments" if datagram.fragments > 1 else ""
        told += f", {fate}" if fate else ""
        title = f"packet: datagram {number + 1}, {size_text(size)}{told}, sent at {_when(time_ns)}"
        kind = "lost" if "✗" in fate else ""
        blocks.append(_block(SEGMENT, number, number + 1, number, datagram.start, size, time_ns, title, kind, fate))
    return blocks


def _block(
    row: int,
    low: float,
    high: float,
    number: int,
    start: int,
    size: int,
    time_ns: int,
    title: str,
    kind: str = "",
    mark: str = "",
) -> Block:
    return Block(row, low, high, start, size, time_ns, (Part(low, high, number + 1),), kind, mark, title)


def _places(numbers: Sequence[int]) -> list[tuple[float, float]]:
    """Where each of a row's blocks is, in its order: the kth of them where the kth of their datagrams is.

    >>> _places([0, 2, 1, 1])
    [(0.0, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 3.0)]
    """
    counts: dict[int, int] = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    places = []
    for number in sorted(counts):
        share = 1 / counts[number]
        places += [(number + share * index, number + share * (index + 1)) for index in range(counts[number])]
    return places


def _when(time_ns: int) -> str:
    return f"{format_time(time_ns).strip()} s"
