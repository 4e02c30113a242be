"""What became of datagrams: each that a UDP socket sent, whether it was lost, doubled or overtaken, and who read it.

A datagram is one write, one packet (or its fragments) and one read (udp(7)); nothing between says when it is lost. A
packet tells the sending socket and which of its datagrams it carries; the calls around it tell who wrote and read.
"""

from collections import deque
from typing import Any, NamedTuple

from farhost.report.story.byte_streams import Handlers
from farhost.report.story.transfers import READS, WRITES, Transfer, got, written
from farhost.trace.events import PacketEvent, SocketChange, SystemCall
from farhost.wire import linux
from farhost.wire.packet import Packet, RawBody, UdpDatagram

_HEADER_BYTES = 8
"""RFC 768."""
_UDP = (linux.IPPROTO_UDP, linux.IPPROTO_UDPLITE)
_MOST_WAITING = 1024
"""Of a host, datagrams that arrived and were not read; older ones never will be, their sockets are full or gone."""
_SEEN = ("duplicated", "reordered", "corrupted", "delayed")


class DatagramRead(NamedTuple):
    """One read of a datagram."""

    time_ns: int
    number: int
    """Which, from 0."""
    size: int
    """How much of it."""
    asked: int
    peeked: bool
    call: str
    process: str
    host: str


class DatagramArrival(NamedTuple):
    """A datagram, whole, at a host that has a socket for it."""

    time_ns: int
    number: int
    host: str


class Datagram:
    """One of a socket's datagrams."""

    __slots__ = ("asked", "call", "data", "fates", "fragments", "process", "size", "start", "time_ns")

    def __init__(self, time_ns: int, start: int, size: int, data: bytes) -> None:
        self.time_ns = time_ns
        self.start = start
        """How many bytes were sent before it."""
        self.size = size
        self.data = data
        """Its beginning, as far as it is known."""
        self.fragments = 0
        """How many packets it took, if more than one."""
        self.fates: list[str] = []
        """What befell it on its way, in the trace's words; a drop begins with `✗`."""
        self.call = ""
        self.process = ""


class DatagramSocket:
    """What one socket sent."""

    def __init__(self, name: str) -> None:
        self.name = name
        """`client udp:49152`, or `client unix:1004` by its inode."""
        self.datagrams: list[Datagram] = []
        self.arrivals: list[DatagramArrival] = []
        """In their order."""
        self.reads: list[DatagramRead] = []

    @property
    def writer(self) -> str:
        """The host that sends."""
        return self.name.partition(" ")[0]

    @property
    def is_unix(self) -> bool:
        """Whether it is a Unix socket's, whose messages are in no packets."""
        return " unix:" in self.name

    @property
    def end(self) -> int:
        """How many bytes that was."""
        return self.datagrams[-1].start + self.datagrams[-1].size if self.datagrams else 0

    def data(self, start: int, end: int) -> bytes:
        """Bytes of all of them one behind another; what is not known of one is zeros, so that offsets hold."""
        inside = [each for each in self.datagrams if each.start < end and each.start + each.size > start]
        if not inside:
            return b""
        first = inside[0].start
        joined = b"".join(bytes(each.data).ljust(each.size, b"\0") for each in inside)
        return joined[max(0, start - first) : end - first]


class Datagrams:
    """Reads a run's events and samples, and finds what its UDP sockets sent."""

    def __init__(self) -> None:
        self.sockets: dict[str, DatagramSocket] = {}
        self._numbers: dict[tuple[str, int], int] = {}
        """By a packet's flow and ordinal, which datagram it carries."""
        self._uncalled: dict[str, deque[Datagram]] = {}
        """By host, what was sent and is not yet known by a call."""
        self._waiting: dict[str, deque[DatagramArrival]] = {}
        """By host, what arrived and was not read; each with its socket's name in `_names`."""
        self._names: dict[DatagramArrival, str] = {}
        self._fragments: dict[tuple[str, str, int], int] = {}
        """By host, flow and ordinal, how many fragments have arrived."""
        self._files: dict[tuple[str, int], tuple[tuple[str, int, int], ...]] = {}
        self._descriptors: dict[tuple[str, str, int], None] = {}
        """(host, process, descriptor) of datagram sockets, as socket tables tell it."""

    def handlers(self) -> Handlers:
        """What it does with each kind of event and sample."""
        return {PacketEvent: self._packet, SystemCall: self._call, SocketChange: self._told}

    def result(self) -> list[DatagramSocket]:
        """The sockets that sent something, in the order in which they did."""
        return list(self.sockets.values())

    def _packet(self, event: PacketEvent) -> None:
        packet = event.packet
        if type(packet) is not Packet or packet.protocol not in _UDP or " udp" not in packet.flow.name:
            return
        name, ordinal = packet.flow.name, packet.ordinal
        if event.action == "sent" and event.host == name.partition(" ")[0]:
            self._sent(event, packet)
            return
        number = self._numbers.get((name, ordinal))
        if number is None:
            return
        socket = self.sockets[name]
        if event.action == "received":
            self._arrived(event, socket, packet, number)
        elif event.action == "sent":
            self._refuse(event.host, socket, number)  # A router sends it on.
        elif event.action == "dropped":
            self._refuse(event.host, socket, number)
            socket.datagrams[number].fates.append(f"✗ {event.reason}")
        elif event.action in _SEEN:
            socket.datagrams[number].fates.append(event.action)

    def _sent(self, event: PacketEvent, packet: Packet) -> None:
        name = packet.flow.name
        key = name, packet.ordinal
        socket = self.sockets.setdefault(name, DatagramSocket(name))
        if key in self._numbers:
            socket.datagrams[self._numbers[key]].fragments += 1
            return
        body = packet.body
        if isinstance(body, UdpDatagram):
            data, size = body.payload, len(body.payload)
        elif isinstance(body, RawBody) and len(body.data) >= _HEADER_BYTES and packet.more_fragments:
            data = body.data[_HEADER_BYTES:]
            size = int.from_bytes(body.data[4:6], "big") - _HEADER_BYTES
        else:
            return
        datagram = Datagram(event.time_ns, socket.end, size, data)
        datagram.fragments = 1
        self._numbers[key] = len(socket.datagrams)
        socket.datagrams.append(datagram)
        self._uncalled.setdefault(event.host, deque(maxlen=64)).append(datagram)

    def _arrived(self, event: PacketEvent, socket: DatagramSocket, packet: Packet, number: int) -> None:
        pieces = socket.datagrams[number].fragments
        if pieces > 1:
            key = event.host, socket.name, packet.ordinal
            count = self._fragments[key] = self._fragments.get(key, 0) + 1
            if count % pieces:
                return
        arrival = DatagramArrival(event.time_ns, number, event.host)
        socket.arrivals.append(arrival)
        self._names[arrival] = socket.name
        self._waiting.setdefault(event.host, deque(maxlen=_MOST_WAITING)).append(arrival)

    def _refuse(self, host: str, socket: DatagramSocket, number: int) -> None:
        """What just arrived there went on, or was dropped."""
        if socket.arrivals and socket.arrivals[-1][1:] == (number, host):
            arrival = socket.arrivals.pop()
            waiting = self._waiting[host]
            if waiting and waiting[-1] == arrival:
                waiting.pop()

    def _call(self, call: SystemCall) -> None:
        if call.name in WRITES:
            uncalled = self._uncalled.get(call.host)
            if uncalled and not call.error:
                self._wrote(call, uncalled)
        elif call.name in READS:
            waiting = self._waiting.get(call.host)
            if waiting and not call.error:
                self._read(call, waiting)

    def _wrote(self, call: SystemCall, uncalled: deque[Datagram]) -> None:
        """The call that sent the oldest datagram which could be its, made while it ran."""
        begun_ns = call.time_ns - call.took_ns
        while uncalled and uncalled[0].time_ns < begun_ns:
            uncalled.popleft()
        transfer = written(call)
        for datagram in uncalled:
            if datagram.size == len(transfer.data) and transfer.data.startswith(bytes(datagram.data)):
                datagram.call, datagram.process, datagram.data = call.name, call.process, transfer.data
                uncalled.remove(datagram)
                return

    def _read(self, call: SystemCall, waiting: deque[DatagramArrival]) -> None:
        result: Any = call.result
        port = getattr(getattr(result, "address", None), "port", None)
        if port is None and (call.host, call.process, call.arguments[0]) not in self._descriptors:
            return
        transfer = got(call)
        for arrival in waiting:
            name = self._names[arrival]
            if port is not None and not name.endswith(f":{port}"):
                continue
            socket = self.sockets[name]
            if is_of(transfer, socket.datagrams[arrival.number]):
                size = len(transfer.data)
                who = transfer.peeked, call.name, call.process, call.host
                socket.reads.append(DatagramRead(call.time_ns, arrival.number, size, transfer.asked, *who))
                if not transfer.peeked:
                    waiting.remove(arrival)
                return

    def _told(self, change: SocketChange) -> None:
        key = change.host, change.number
        users = change.row[6] if change.row is not None and change.row[0] in ("udp", "udpl") else ()
        if users == self._files.get(key, ()):
            return
        for process, _, fd in self._files.get(key, ()):
            self._descriptors.pop((change.host, process, fd), None)
        self._files[key] = users
        for process, _, fd in users:
            self._descriptors[change.host, process, fd] = None


def is_of(transfer: Transfer, datagram: Datagram) -> bool:
    """Whether what was read is this datagram, or as much of it as there was room for."""
    size = len(transfer.data)
    if size != min(datagram.size, transfer.asked):
        return False
    known = bytes(datagram.data[:size])
    return bool(transfer.data[: len(known)] == known)
