"""The ribbon of a socket's datagrams: each is one block, as it was written, sent, came and was read.

Every datagram has a place of its own, so that one that was lost leaves a gap below it. What was overtaken is under
another's place, and what came twice shares one.
"""

from collections.abc import Sequence

from farhost.report.columns import format_time
from farhost.report.html.ribbon_blocks import BUFFER, READ, SEGMENT, WRITE, Block, Mark, Part, Ribbon, size_text
from farhost.report.story.datagrams import DatagramSocket


def ribbon_of_datagrams(socket: DatagramSocket) -> Ribbon:
    """The ribbon."""
    blocks = _sent(socket)
    arrivals = [arrival.number for arrival in socket.arrivals]
    for arrival, (low, high) in zip(socket.arrivals, _places(arrivals)):
        datagram = socket.datagrams[arrival.number]
        title = f"datagram {arrival.number + 1} arrived at {arrival.host} at {_when(arrival.time_ns)}"
        blocks.append(
            _block(BUFFER, low, high, arrival.number, datagram.start, datagram.size, arrival.time_ns, title)
        )
    marks = []
    reads = [read for read in socket.reads if not read.peeked]
    for read, (low, high) in zip(reads, _places([read.number for read in reads])):
        datagram = socket.datagrams[read.number]
        cut = datagram.size - read.size
        what = f"{size_text(read.size)} of {datagram.size}" if cut else size_text(read.size)
        title = f"read: {what} of datagram {read.number + 1}, {read.call} of {read.process} at {_when(read.time_ns)}"
        blocks.append(_block(READ, low, high, read.number, datagram.start, read.size, read.time_ns, title))
        if cut:
            lost = f"the read had room for {read.asked} bytes: the other {cut} are thrown away (MSG_TRUNC)"
            marks.append(Mark(READ, high, "✂ asked for fewer", lost))
    return Ribbon(blocks, marks, "Datagrams")


def _sent(socket: DatagramSocket) -> list[Block]:
    blocks = []
    for number, datagram in enumerate(socket.datagrams):
        low, high = number, number + 1
        size, time_ns = datagram.size, datagram.time_ns
        how = f", {datagram.call} of {datagram.process}" if datagram.call else ""
        title = f"datagram {number + 1}: {size_text(size)}{how} at {_when(time_ns)}"
        blocks.append(_block(WRITE, low, high, number, datagram.start, size, time_ns, title))
        fate = " ".join(dict.fromkeys(datagram.fates))
        told = f", in {datagram.fragments} fragments" if datagram.fragments > 1 else ""
        told += f", {fate}" if fate else ""
        title = f"packet of datagram {number + 1}: {size_text(size)}{told}, sent at {_when(time_ns)}"
        lost = "lost" if "✗" in fate else ""
        blocks.append(_block(SEGMENT, low, high, number, datagram.start, size, time_ns, title, lost, fate))
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
