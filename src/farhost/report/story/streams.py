"""How what was written to TCP connections was read, from a trace's calls: "server wrote 12 bytes, client read 5 + 7".

A stream is one direction of a connection, by the name that places of faults have for it: `client:49152>server:5000`.
Which descriptor is which connection's, `farhost.report.story.descriptors` says. Streams of which nothing is known
carry nothing here. With the bytes, the packets and the reasons of each cut: `farhost.report.story.byte_streams`.
"""

from typing import NamedTuple

from farhost.report.story.descriptors import Descriptors, host_of, reverse
from farhost.report.story.transfers import READS, WRITES, got, written
from farhost.trace.events import Event, StateChange, SystemCall


class Piece(NamedTuple):
    """One write or read that carried something."""

    time_ns: int
    """When the call returned."""
    offset: int
    """In the stream."""
    size: int
    asked: int
    """How many bytes it was given, or had room for."""


class Stream(NamedTuple):
    """One direction of a connection."""

    name: str
    from_client: bool
    """Whether it begins at the end that connected."""
    writes: tuple[Piece, ...]
    reads: tuple[Piece, ...]

    @property
    def writer(self) -> str:
        """The host that writes."""
        return host_of(self.name.partition(">")[0])

    @property
    def reader(self) -> str:
        """The host that reads."""
        return host_of(self.name.partition(">")[2])


class _Found:
    """A stream while the run goes on."""

    def __init__(self, name: str, from_client: bool) -> None:
        self.name = name
        self.from_client = from_client
        self.writes: list[Piece] = []
        self.reads: list[Piece] = []


class StreamsSink:
    """Reads a trace, and keeps who wrote and read how much when; no bytes."""

    def __init__(self) -> None:
        self._streams: dict[str, _Found] = {}
        self._descriptors = Descriptors()

    def take(self, event: Event) -> None:
        """One event."""
        if type(event) is SystemCall:
            self._call(event)
        elif type(event) is StateChange:
            self._change(event)
        else:
            self._descriptors.take(event)

    def result(self) -> tuple[Stream, ...]:
        """The streams, in the order in which their connections were begun."""
        return tuple(
            Stream(found.name, found.from_client, tuple(found.writes), tuple(found.reads))
            for found in self._streams.values()
        )

    def _change(self, event: StateChange) -> None:
        name = self._descriptors.changed(event)
        if name is None:
            return
        from_client = event.new == "SYN_SENT"
        for stream, begins in ((name, from_client), (reverse(name), not from_client)):
            self._streams.setdefault(stream, _Found(stream, begins))

    def _call(self, call: SystemCall) -> None:
        if call.name not in READS and call.name not in WRITES:
            self._descriptors.called(call)
            return
        name = self._descriptors.find(call)
        if call.error or name not in self._streams:
            return
        transfer = written(call) if call.name in WRITES else got(call)
        if not transfer.data or transfer.peeked:
            return
        pieces = self._streams[name].writes if call.name in WRITES else self._streams[reverse(name)].reads
        offset = pieces[-1].offset + pieces[-1].size if pieces else 0
        pieces.append(Piece(call.time_ns, offset, len(transfer.data), transfer.asked))
