"""What became of messages of Unix datagram and sequenced-packet sockets: each is one write and one read (unix(7)).

There are no packets between: a message waits at the socket that it was sent to, and is read in its order. Which
descriptor is which socket's, where it is bound and what its peer is, the hosts' socket tables tell (samples).
"""

from collections import deque
from typing import Any, NamedTuple

from farhost.report.story.byte_streams import Handlers
from farhost.report.story.datagrams import Datagram, DatagramArrival, DatagramRead, DatagramSocket, is_of
from farhost.report.story.transfers import READS, WRITES, got, written
from farhost.trace.events import SocketChange, SystemCall
from farhost.wire.sockaddr import SockaddrUn

_KINDS = ("u_dgr", "u_seq")
_ADDRESS_ARGUMENT = {"sendto": 3, "sendmsg": 2}


class _Row(NamedTuple):
    """What a socket table has of one socket."""

    inode: str
    path: str
    peer: str
    """The peer's inode; 0: it has none."""
    users: tuple[tuple[str, int, int], ...]


class UnixMessages:
    """Reads a run's calls and socket tables, and finds what its Unix message sockets sent."""

    def __init__(self) -> None:
        self.sockets: dict[str, DatagramSocket] = {}
        self._rows: dict[tuple[str, int], _Row] = {}
        self._files: dict[tuple[str, str, int], _Row] = {}
        """By host, process and descriptor."""
        self._bound: dict[tuple[str, str], str] = {}
        """By host and path, an inode."""
        self._waiting: dict[tuple[str, str], deque[tuple[DatagramSocket, int]]] = {}
        """By host and inode, messages that were not read."""

    def handlers(self) -> Handlers:
        """What it does with each kind of event and sample."""
        return {SystemCall: self._call, SocketChange: self._told}

    def result(self) -> list[DatagramSocket]:
        """The sockets that sent something, in the order in which they did."""
        return list(self.sockets.values())

    def _told(self, change: SocketChange) -> None:
        key, row = (change.host, change.number), change.row
        before = self._rows.pop(key, None)
        if before is not None:
            for process, _, fd in before.users:
                self._files.pop((change.host, process, fd), None)
        if row is None or row[0] not in _KINDS:
            return
        path, _, inode = row[4].rpartition(" ")
        now = _Row(inode, path, row[5].rpartition(" ")[2], row[6])
        self._rows[key] = now
        for process, _, fd in now.users:
            self._files[change.host, process, fd] = now
        if path != "*":
            self._bound[change.host, path] = inode

    def _call(self, call: SystemCall) -> None:
        if call.error or not self._files:
            return
        if call.name in WRITES:
            row = self._files.get((call.host, call.process, call.arguments[0]))  # type: ignore[arg-type]
            if row is not None:
                self._wrote(call, row)
        elif call.name in READS:
            row = self._files.get((call.host, call.process, call.arguments[0]))  # type: ignore[arg-type]
            if row is not None:
                self._read(call, row)

    def _wrote(self, call: SystemCall, row: _Row) -> None:
        name = f"{call.host} unix:{row.inode}"
        socket = self.sockets.setdefault(name, DatagramSocket(name))
        transfer = written(call)
        datagram = Datagram(call.time_ns - call.took_ns, socket.end, len(transfer.data), transfer.data)
        datagram.call, datagram.process = call.name, call.process
        number = len(socket.datagrams)
        socket.datagrams.append(datagram)
        target = self._target(call, row)
        if target:
            socket.arrivals.append(DatagramArrival(call.time_ns, number, call.host))
            self._waiting.setdefault((call.host, target), deque()).append((socket, number))

    def _target(self, call: SystemCall, row: _Row) -> str:
        """The inode of the socket that a message goes to; empty: it is not known."""
        position = _ADDRESS_ARGUMENT.get(call.name)
        address: Any = call.arguments[position] if position is not None else None
        if isinstance(address, SockaddrUn):
            path = address.path.decode("utf-8", "backslashreplace").replace("\0", "@")
            return self._bound.get((call.host, path), "")
        return row.peer if row.peer != "0" else ""

    def _read(self, call: SystemCall, row: _Row) -> None:
        """The oldest message that it can be; a read of nothing at a stream's end is none."""
        waiting = self._waiting.get((call.host, row.inode))
        if not waiting:
            return
        transfer = got(call)
        for one in waiting:
            socket, number = one
            if is_of(transfer, socket.datagrams[number]):
                size = len(transfer.data)
                who = transfer.peeked, call.name, call.process, call.host
                socket.reads.append(DatagramRead(call.time_ns, number, size, transfer.asked, *who))
                if not transfer.peeked:
                    waiting.remove(one)
                return
