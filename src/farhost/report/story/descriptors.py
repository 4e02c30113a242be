"""Which descriptor of which process is which stream's, from a trace.

A stream's end is named by what it writes, as places of faults have it: `client:49152>server:5000`. From calls alone
it is known for TCP: a connection says in the trace when it sends its SYN, or receives one, and the connect(2) or
accept(2) that returns next with that port is the one that made it; dup(2) and fcntl(2) are followed. Where the trace
has samples, the hosts' socket tables tell the rest: descriptors that came from a parent or in a message, and Unix
sockets, `unix server:1004>server:1005` by their inodes.
"""

import re
from typing import Any

from farhost.trace.events import Event, ProcessStarted, SocketChange, StateChange, SystemCall
from farhost.wire import linux

CONNECTION = re.compile(r"tcp ((\S+):([0-9]+)>(\S+):([0-9]+)(/[0-9]+)?)")
"""`StateChange.what` of a connection."""
_DUPLICATES = ("dup", "dup2", "dup3", "fcntl")
OPENING = frozenset({"connect", "accept4", "close", *_DUPLICATES})
"""Calls that open, copy or close descriptors that are followed."""
_Process = tuple[str, str]
"""(host, process)"""
_Row = tuple[str, str, tuple[tuple[str, int, int], ...]]
"""Of a socket table: both ends, and who holds it."""


class Descriptors:
    """Follows descriptors through a run."""

    def __init__(self) -> None:
        self.seen: dict[str, None] = {}
        """Ends of which it is known who had them, or that nobody did."""
        self._begun: dict[tuple[str, str], list[tuple[int, str]]] = {}
        """By host and the port that the call will name, connections without a descriptor: since when, the name."""
        self._files: dict[_Process, dict[int, str]] = {}
        """By process, the end of each descriptor, as calls tell it."""
        self._told: dict[_Process, dict[int, str]] = {}
        """The same, as socket tables tell it: behind the calls, which a sample follows."""
        self._rows: dict[tuple[str, int], _Row] = {}
        self._names: dict[tuple[str, int], str] = {}
        """By host and number of a socket, its end."""
        self._tcp: dict[tuple[str, str, str], str] = {}
        """By host, and addresses as socket tables have them, the name of a connection's end."""

    def take(self, event: Event) -> None:
        """One event, or sample, of those that matter here."""
        kind = type(event)
        if kind is SystemCall:
            self.called(event)  # type: ignore[arg-type]
        elif kind is StateChange:
            self.changed(event)  # type: ignore[arg-type]
        elif kind is SocketChange:
            self.told(event)  # type: ignore[arg-type]
        elif kind is ProcessStarted:
            self.started(event)  # type: ignore[arg-type]

    def started(self, event: ProcessStarted) -> None:
        """A process begins without descriptors of its own; a host may run one of its name again."""
        self._files[event.host, event.process] = {}

    def find(self, call: SystemCall) -> str | None:
        """The end that a call's first argument is a descriptor of."""
        arguments = call.arguments
        if not arguments:
            return None
        process, fd = (call.host, call.process), arguments[0]
        files = self._files.get(process)
        if files is not None and fd in files:
            return files[fd]
        told = self._told.get(process)
        return told.get(fd) if told is not None else None  # type: ignore[call-overload]

    def changed(self, event: StateChange) -> str | None:
        """A state changed; the name of a connection that begins with that."""
        if event.new not in ("SYN_SENT", "SYN_RECEIVED"):
            return None
        found = CONNECTION.fullmatch(event.what)
        if found is None:
            return None
        self._begun.setdefault((event.host, found[5]), []).append((event.time_ns, found[1]))
        return found[1]

    def connection(self, host: str, local: str, peer: str, name: str) -> None:
        """What a host's socket table will have as a connection's two ends, before it does."""
        self._tcp[host, local, peer] = name

    def called(self, call: SystemCall) -> None:
        """A call that may open, copy or close a descriptor."""
        name = call.name
        if name == "connect":
            if call.error in (0, linux.EINPROGRESS):
                self._open(call, *call.arguments)
            return
        if call.error:
            return
        if name == "accept4":
            self._open(call, *call.result)  # type: ignore[misc]
        elif name == "close":
            for known in (self._files, self._told):
                files = known.get((call.host, call.process))
                if files is not None:
                    files.pop(call.arguments[0], None)  # type: ignore[call-overload]
        elif name in _DUPLICATES:
            self._copy(call)

    def told(self, change: SocketChange) -> list[tuple[str, int, str]]:
        """A host's socket table changed; (process, descriptor, end) of those that it had not told before."""
        key = change.host, change.number
        before = self._rows.get(key)
        row = change.row
        if row is None:
            if before is not None:
                self._forget(change.host, before, self._names.pop(key, None))
                del self._rows[key]
            return []
        now = row[4], row[5], row[6]
        if now == before:
            return []
        name = self._end(change.host, row) or self._kept(key, row[0])
        if before is not None:
            self._forget(change.host, before, self._names.get(key))
        self._rows[key] = now
        if name is None:
            self._names.pop(key, None)
            return []
        same = before is not None and self._names.get(key) == name
        known = {(process, fd) for process, _, fd in before[2]} if before is not None and same else set()
        self._names[key] = name
        self.seen[name] = None
        for process, _, fd in row[6]:
            self._told.setdefault((change.host, process), {})[fd] = name
        return [(process, fd, name) for process, _, fd in row[6] if (process, fd) not in known]

    def _end(self, host: str, row: tuple[Any, ...]) -> str | None:
        if row[0] == "tcp":
            return self._tcp.get((host, row[4], row[5]))
        if row[0] == "u_str" and row[1] == "ESTAB":
            return f"unix {host}:{row[4].rpartition(' ')[2]}>{host}:{row[5].rpartition(' ')[2]}"
        return None

    def _kept(self, key: tuple[str, int], kind: str) -> str | None:
        """A Unix socket whose peer is gone stays what it was; its table no longer says that."""
        return self._names.get(key) if kind != "tcp" else None

    def _forget(self, host: str, row: _Row, name: str | None) -> None:
        for process, _, fd in row[2]:
            files = self._told.get((host, process), {})
            if name is not None and files.get(fd) == name:
                del files[fd]

    def _open(self, call: SystemCall, fd: object, address: object) -> None:
        """A descriptor has a connection."""
        begun = self._begun.get((call.host, str(getattr(address, "port", ""))), [])
        start_ns = call.time_ns - call.took_ns if call.name == "connect" else 0
        for number, (since_ns, name) in enumerate(begun):
            if since_ns >= start_ns:
                self._files.setdefault((call.host, call.process), {})[fd] = name  # type: ignore[index]
                self.seen[name] = None
                del begun[number]
                return

    def _copy(self, call: SystemCall) -> None:
        if call.name == "fcntl" and call.arguments[1] not in (linux.F_DUPFD, linux.F_DUPFD_CLOEXEC):
            return
        files = self._files.get((call.host, call.process))
        if files is not None and call.arguments[0] in files and isinstance(call.result, int):
            files[call.result] = files[call.arguments[0]]


def reverse(name: str) -> str:
    """The other direction.

    >>> reverse("client:49152>server:5000/2"), reverse("unix a:7>a:8")
    ('server:5000>client:49152/2', 'unix a:8>a:7')
    """
    kind, space, names = name.rpartition(" ")
    ends, slash, use = names.partition("/")
    one, _, other = ends.partition(">")
    return f"{kind}{space}{other}>{one}{slash}{use}"


def host_of(end: str) -> str:
    """Of `server:5000`, `server.v6:5000/2` or `unix server:1004`."""
    return end.rpartition(" ")[2].rpartition(":")[0].removesuffix(".v6")
