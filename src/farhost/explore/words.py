"""A minimal list of faults as one line for people: `2 faults: the reply was read as 5 + 7 bytes; the second piece
came 300 ms later`.

What befell data of a TCP stream is said of the write that it came from, and of the reads that it came out in; those
are known from the smallest run's calls (`farhost.explore.streams`). What befell anything else is said in the fault's
own words, and so is everything where nobody watched the calls.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from farhost.explore.fault_words import describe_fault, size_words, unit_ns
from farhost.explore.streams import Piece, Stream
from farhost.sim.choices import Choice

_CARRIED = re.compile(r"(?:.* )?(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) (?:data|fin) ([0-9]+)\+([0-9]+) #([0-9]+)")
_AT = re.compile(r"(\S+:[0-9]+>\S+:[0-9]+(?:/[0-9]+)?) at ([0-9]+)")
CUTTING = ("split", "short-read", "short-write")
"""Kinds that show in how a write was read."""
LATE = ("spike", "reorder")
_HAPPENED = {"duplicate": "arrived twice", "corrupt": "arrived damaged"}
_MOST_PIECES = 5
_AFTER = ("the second piece", "the third piece", "the fourth piece", "the fifth piece", "the rest")
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
    phrases: list[str] = []
    cut: list[tuple[str, int]] = []
    for choice, size in faults:
        touched = _touched(choice, streams)
        if touched is None:
            phrases.append(describe_fault(choice, size))
            continue
        message = message_words(touched.stream, touched.number, streams)
        place = touched.stream.name, touched.number
        reads = _reads_of(touched)
        if place not in cut and (choice.kind in CUTTING or (len(reads) > 1 and _starts_a_read(touched, reads))):
            cut.append(place)
            phrases.append(_cut_words(message, touched.write, reads))
        if choice.kind not in CUTTING:
            of = "" if cut[-1:] == [place] else f" of {message}"
            subject = _part_words(touched, reads, message, of if place in cut else None)
            phrases.append(_befell(choice, size, subject))
    kept = [phrase for phrase in dict.fromkeys(phrases) if phrase]
    return f"{len(faults)} fault{'s' if len(faults) > 1 else ''}: {'; '.join(kept)}"


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


def _starts_a_read(touched: _Touched, reads: Sequence[Piece]) -> bool:
    return any(read.offset == touched.start for read in reads[1:])


def _cut_words(message: str, write: Piece, reads: Sequence[Piece]) -> str:
    """How a write was read."""
    if write.size < write.asked and not (len(reads) > 1):
        return f"{message} went out as {write.size} of {write.asked} bytes"
    end = write.offset + write.size
    if not reads:
        return f"{message} was not read"
    last = reads[-1].offset + reads[-1].size
    if reads[0].offset < write.offset or last > end:
        return f"{message} was read together with others" if len(reads) == 1 else f"{message} was read in pieces"
    if last < end and len(reads) == 1:
        return f"{message} was read as {reads[0].size} of its {write.size} bytes"
    if len(reads) == 1:
        return f"{message} was read whole"
    sizes = [str(read.size) for read in reads]
    rest = f" of its {write.size}" if last < end else ""
    if len(sizes) > _MOST_PIECES:
        unit = "bytes" if rest or reads[0].size > 1 else "byte"
        return f"{message} was read in {len(sizes)} pieces, the first of {sizes[0]}{rest} {unit}"
    return f"{message} was read as {' + '.join(sizes)}{rest} bytes"


def _part_words(touched: _Touched, reads: Sequence[Piece], message: str, of: str | None) -> str:
    """The write, or the piece of it that the fault begins with; `of`: whose, if its pieces have been spoken of."""
    write = touched.write
    if of is not None and len(reads) > 1 and reads[0].offset == write.offset:
        number = max(n for n, read in enumerate(reads) if n == 0 or read.offset <= touched.start)
        if 0 < number < len(_NUMBERS):
            return f"the {_NUMBERS[number]} piece{of}"
    if of is not None and reads and reads[-1].offset + reads[-1].size == touched.start:
        return f"the rest{of}"
    if touched.start > write.offset:
        return f"{message}, from byte {touched.start - write.offset} on,"
    return message if of is None or of else "it"


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
