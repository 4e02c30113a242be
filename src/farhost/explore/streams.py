"""How what was written to TCP connections was read, from a trace's calls: "server wrote 12 bytes, client read 5 + 7".

A stream is one direction of a connection, by the name that places of faults have for it: `client:49152>server:5000`.
Which descriptor is which connection's is known from connect(2) and accept(2): a connection says in the trace when it
sends its SYN, or receives one, and the call that returns next with that port is the one that made it. Descriptors
that come in another way (from a parent, in a message) are not followed, and their streams are left out.
"""

import re
from typing import Any, NamedTuple

from farhost.trace.events import Event, ProcessStarted, StateChange, SystemCall
from farhost.wire import linux

_NAME = re.compile(r"tcp ((\S+):([0-9]+)>(\S+):([0-9]+)(/[0-9]+)?)")
_READS = ("recvfrom", "recvmsg", "read", "readv", "preadv2")
_WRITES = ("sendto", "sendmsg", "write", "writev", "pwritev2")
_PEEK_ARGUMENT = {"recvfrom": 2, "recvmsg": 3}
_DUPLICATES = ("dup", "dup2", "dup3", "fcntl")


class Piece(NamedTuple):
    """One write or read that carried something."""

    time_ns: int
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
        return _host(self.name.partition(">")[0])

    @property
    def reader(self) -> str:
        """The host that reads."""
        return _host(self.name.partition(">")[2])


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
        self._begun: dict[str, list[tuple[int, str, str]]] = {}
        """By host, connections without a descriptor yet: since when, the port that the call will name, the name."""
        self._files: dict[tuple[str, str], dict[int, str]] = {}
        """By process, the connection of each descriptor, by the name of what it writes."""

    def take(self, event: Event) -> None:
        """One event."""
        if type(event) is SystemCall:
            self._call(event)
        elif type(event) is StateChange:
            self._change(event)
        elif type(event) is ProcessStarted:
            self._files[event.host, event.process] = {}

    def result(self) -> tuple[Stream, ...]:
        """The streams, in the order in which their connections were begun."""
        return tuple(
            Stream(found.name, found.from_client, tuple(found.writes), tuple(found.reads))
            for found in self._streams.values()
        )

    def _change(self, event: StateChange) -> None:
        found = _NAME.fullmatch(event.what)
        if found is None or event.new not in ("SYN_SENT", "SYN_RECEIVED"):
            return
        name = found[1]
        from_client = event.new == "SYN_SENT"
        self._begun.setdefault(event.host, []).append((event.time_ns, found[5], name))
        for stream, begins in ((name, from_client), (reverse(name), not from_client)):
            self._streams.setdefault(stream, _Found(stream, begins))

    def _call(self, call: SystemCall) -> None:
        files = self._files.setdefault((call.host, call.process), {})
        arguments: Any = call.arguments
        result: Any = call.result
        if call.name == "connect":
            if call.error in (0, linux.EINPROGRESS):
                self._open(call, files, arguments[0], arguments[1])
        elif call.error:
            return
        elif call.name == "accept4":
            self._open(call, files, *result)
        elif call.name == "close":
            files.pop(arguments[0], None)
        elif arguments and arguments[0] in files:
            self._use(call, files, files[arguments[0]])

    def _open(self, call: SystemCall, files: dict[int, str], fd: int, address: object) -> None:
        """A descriptor has a connection."""
        begun = self._begun.get(call.host, [])
        start_ns = call.time_ns - call.took_ns if call.name == "connect" else 0
        port = str(getattr(address, "port", ""))
        for number, (since_ns, its_port, name) in enumerate(begun):
            if its_port == port and since_ns >= start_ns:
                files[fd] = name
                del begun[number]
                return

    def _use(self, call: SystemCall, files: dict[int, str], name: str) -> None:
        """A call on a connection's descriptor."""
        arguments: Any = call.arguments
        result: Any = call.result
        if call.name in _DUPLICATES:
            copies = call.name != "fcntl" or arguments[1] in (linux.F_DUPFD, linux.F_DUPFD_CLOEXEC)
            if copies and isinstance(result, int):
                files[result] = name
        elif call.name in _WRITES:
            data = arguments[1]
            asked = sum(map(len, data)) if isinstance(data, tuple) else len(data)
            self._add(self._streams[name].writes, call.time_ns, result, asked)
        elif call.name in _READS:
            flags = arguments[_PEEK_ARGUMENT[call.name]] if call.name in _PEEK_ARGUMENT else 0
            room = sum(arguments[1]) if isinstance(arguments[1], tuple) else arguments[1]
            if not flags & linux.MSG_PEEK:
                size = len(result if isinstance(result, bytes) else result.data)
                self._add(self._streams[reverse(name)].reads, call.time_ns, size, room)

    def _add(self, pieces: list[Piece], time_ns: int, size: int, asked: int) -> None:
        if size:
            offset = pieces[-1].offset + pieces[-1].size if pieces else 0
            pieces.append(Piece(time_ns, offset, size, asked))


def reverse(name: str) -> str:
    """The other direction.

    >>> reverse("client:49152>server:5000/2")
    'server:5000>client:49152/2'
    """
    ends, slash, use = name.partition("/")
    one, _, other = ends.partition(">")
    return f"{other}>{one}{slash}{use}"


def _host(end: str) -> str:
    """Of `server:5000` or `server.v6:5000/2`."""
    return end.rpartition(":")[0].removesuffix(".v6")
