"""A minimal list of faults as one line for people: `2 faults: the reply was read as 5 + 7 bytes; the second piece
came 300 ms later`.

What befell data of a TCP stream is said of the write that it came from, and of the reads that it came out in; those
are known from the smallest run's calls (`farhost.report.story.streams`). What befell anything else is said in the
fault's own words, and so is everything where nobody watched the calls.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from farhost.explore.fault_words import describe_fault, size_words, unit_ns
from farhost.report.story.streams import Piece, Stream
from farhost.sim.choices import Choice

_CARRIED = re.compile(r"(?:.* )?(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) (?:data|fin) ([0-9]+)\+([0-9]+) #([0-9]+)")
_AT = re.compile(r"(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) at ([0-9]+)")
SPLIT = "split"
CUTTING = (SPLIT, "short-read", "short-write")
"""Kinds that show in how a write was read."""
LATE = ("spike", "reorder")
_HAPPENED = {"duplicate": "arrived twice", "corrupt": "arrived damaged"}
_MOST_PIECES = 5
_AFTER = ("the first piece", "the second piece", "the third piece", "the fourth piece", "the fifth piece", "the rest")
_NUMBERS = ("first", "second", "third", "fourth", "fifth")

FaultSize = tuple[Choice, int]


class _Touched(NamedTuple):
    """What a fault befell: a part of a write."""

    stream: Stream
    number: int
    """Which of the stream's writes."""
    start: int
    """In the stream."""

    @property
    def write(self) -> Piece:
        return self.stream.writes[self.number]


def headline(faults: Sequence[FaultSize], streams: Sequence[Stream] = ()) -> str:
    """How many faults, and what they did, in their order.

    >>> reply = Stream("s:5000>c:49152", False, (Piece(40, 0, 12, 12),), (Piece(50, 0, 5, 64), Piece(350, 5, 7, 64)))
    >>> request = Stream("c:49152>s:5000", True, (Piece(10, 0, 3, 3),), (Piece(30, 0, 3, 64),))
    >>> short = Choice("short-read", "s:5000>c:49152 at 0"), 5
    >>> headline([short], [request, reply]).partition(":")[2]
    ' the reply was read as 5 + 7 bytes'
    """
    if not faults:
        return "it fails without any fault"
    told = _Told(streams)
    for choice, size in faults:
        told.add(choice, size)
    phrases = "; ".join(dict.fromkeys(told.phrases))
    return f"{len(faults)} fault{'s' if len(faults) > 1 else ''}: {phrases}"


class _Told:
    """What has been said of a list of faults so far."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.phrases: list[str] = []
        self._streams = streams
        self._edges: dict[tuple[str, int], list[int]] = {}
        """Of each write whose pieces were spoken of, where in the stream they begin, the last one spoken of last."""

    def add(self, choice: Choice, size: int) -> None:
        """One more fault."""
        touched = _touched(choice, self._streams)
        if touched is None:
            self.phrases.append(describe_fault(choice, size))
            return
        message = message_words(touched.stream, touched.number, self._streams)
        reads = _reads_of(touched)
        place = touched.stream.name, touched.number
        begins = [read.offset for read in reads]
        if place not in self._edges and (choice.kind in CUTTING or touched.start in begins[1:]):
            seen = _cut_words(message, touched.write, reads)
            if seen:
                self._tell(place, begins, seen)
        if choice.kind == SPLIT and place not in self._edges:
            self._tell(place, *_split_words(message, choice, size, touched))
        if choice.kind not in CUTTING:
            self.phrases.append(_befell(choice, size, self._subject(touched, message, place, reads)))
        elif place not in self._edges:
            self.phrases.append(describe_fault(choice, size))

    def _tell(self, place: tuple[str, int], edges: list[int], phrase: str) -> None:
        self._edges[place] = edges
        self.phrases.append(phrase)

    def _subject(self, touched: _Touched, message: str, place: tuple[str, int], reads: Sequence[Piece]) -> str:
        """The write, or the piece of it that a fault begins with."""
        edges = self._edges.get(place, [])
        of = "" if list(self._edges)[-1:] == [place] else f" of {message}"
        if touched.start in edges and len(edges) > 1 and edges.index(touched.start) < len(_NUMBERS):
            return f"the {_NUMBERS[edges.index(touched.start)]} piece{of}"
        if edges and reads and reads[-1].offset + reads[-1].size == touched.start:
            return f"the rest{of}"
        if touched.start > touched.write.offset:
            return f"{message}, from byte {touched.start - touched.write.offset} on,"
        return message


def message_words(stream: Stream, number: int, streams: Sequence[Stream]) -> str:
    """What to call one of a stream's writes: the request, the reply, or which of several it is."""
    connections = [other for other in streams if other.from_client and _same_server(other, stream)]
    where = ""
    if len(connections) > 1:
        names = [frozenset(other.name.partition("/")[0].split(">")) for other in connections]
        own = frozenset(stream.name.partition("/")[0].split(">"))
        where = f" on connection {names.index(own) + 1}" if own in names else ""
    if len(stream.writes) > 1:
        return f"write {number + 1} of {stream.writer}{where}"
    first = min((write.time_ns for other in streams if other.from_client for write in other.writes), default=None)
    if stream.from_client:
        return f"the request{where}"
    answers = first is not None and first < stream.writes[number].time_ns
    return f"the reply{where}" if answers else f"what {stream.writer} sent{where}"


def _same_server(one: Stream, other: Stream) -> bool:
    """Whether they are of connections to one port of one host."""
    server = one.name.partition("/")[0].partition(">")[2]
    return server in other.name.partition("/")[0].split(">")


def _touched(choice: Choice, streams: Sequence[Stream]) -> _Touched | None:
    """The write that a fault befell, if it befell data of a stream that was watched."""
    found = _CARRIED.fullmatch(choice.place)
    if found is not None and int(found[3]):
        name, start = found[1], int(found[2])
    else:
        at = _AT.fullmatch(choice.place)
        if at is None:
            return None
        name, start = at[1], int(at[2])
    for stream in streams:
        if stream.name == name:
            for number, write in enumerate(stream.writes):
                if write.offset <= start < write.offset + write.size:
                    return _Touched(stream, number, start)
    return None


def _reads_of(touched: _Touched) -> list[Piece]:
    """The reads that got something of the write."""
    write = touched.write
    end = write.offset + write.size
    return [read for read in touched.stream.reads if read.offset < end and read.offset + read.size > write.offset]


def _cut_words(message: str, write: Piece, reads: Sequence[Piece]) -> str:
    """How a write was taken and read; empty if nothing of a cut is to be seen there."""
    if write.size < write.asked and len(reads) < 2:
        return f"{message} went out as {write.size} of {write.asked} bytes"
    if not reads:
        return f"{message} was not read"
    end = write.offset + write.size
    sizes = [min(read.offset + read.size, end) - max(read.offset, write.offset) for read in reads]
    rest = f" of its {write.size}" if sum(sizes) < write.size else ""
    if len(sizes) == 1 and not rest:
        return ""
    if len(sizes) > _MOST_PIECES:
        unit = "bytes" if rest or sizes[0] > 1 else "byte"
        return f"{message} was read in {len(sizes)} pieces, the first of {sizes[0]}{rest} {unit}"
    return f"{message} was read as {' + '.join(map(str, sizes))}{rest} bytes"


def _split_words(message: str, choice: Choice, size: int, touched: _Touched) -> tuple[list[int], str]:
    """How a write went over the network, where it was read as if it had not been cut: where its pieces begin, and the
    words."""
    found = _CARRIED.fullmatch(choice.place)
    assert found is not None, choice
    start, length = int(found[2]), int(found[3])
    whole = message if (start, length) == (touched.write.offset, touched.write.size) else f"a part of {message}"
    return [start, start + size], f"{whole} was sent as {size} + {length - size} bytes"


def _befell(choice: Choice, size: int, subject: str) -> str:
    if choice.kind in LATE and unit_ns(choice.kind) is not None:
        return f"{subject} came {size_words(choice.kind, size)} {'later' if subject.startswith(_AFTER) else 'late'}"
    if choice.kind == "loss":
        ordinal = int(choice.place.rpartition("#")[2])
        return f"{subject} was lost" + (f" when it was sent for the {_nth(ordinal)} time" if ordinal > 1 else "")
    if choice.kind in _HAPPENED:
        return f"{subject} {_HAPPENED[choice.kind]}"
    return describe_fault(choice, size)


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"
