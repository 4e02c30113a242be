"""Events as rows of a diagram: each packet once, when it arrives or dies, each telling call, each fault.

A fault that befalls a packet or a transfer is told with that packet or call. Left out are calls that say nothing of
sockets' conversations (options, descriptors' flags, clocks, a poll that finds something), bare acknowledgements that
arrive, what goes over `lo`, and what programs print. A row holds text and small numbers: it can be kept, and sent to
another process.
"""

from collections.abc import Mapping
from typing import NamedTuple

from farhost.network.faults.fault_words import duration_words
from farhost.network.faults.setting import FaultWord
from farhost.network.faults.table import FAULTS
from farhost.programs.call_faults.table import CALL_FAULTS
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.report import values
from farhost.report.diagram.calls import POLLS, WRITES, OwnerLookup, call_words, found_something
from farhost.trace.events import (
    Event,
    FaultEvent,
    PacketEvent,
    ProcessEnded,
    SignalSent,
    SystemCall,
)
from farhost.wire.linux import IPPROTO_ICMP
from farhost.wire.packet import ACK, FIN, RST, SYN, IcmpMessage, Packet, TcpSegment, UdpDatagram
from farhost.wire.packet_text import icmp_text

CALL, PACKET, LOST, FAULT, END = "call", "packet", "lost", "fault", "end"
"""Sorts of rows."""
_QUIET = frozenset({
    "socket", "setsockopt", "getsockopt", "getsockname", "getpeername", "fcntl", "ioctl", "stat", "fstat", "getpid",
    "getppid", "clock_gettime", "getrandom", "sigaction", "epoll_create1", "epoll_ctl", "umask", "uname", "prlimit64",
    "dup", "dup2", "dup3", "exit", "listdir", "chmod", "unlink", "rename", "eventfd2", "pipe2", "socketpair",
    "sethostname", "close_range", "wait4",
})  # fmt: skip
_LONG_NS = 1_000_000
"""A call that took longer says for how long: it is what people wait for."""
_MARKS = {
    "reordered": "late",
    "delayed": "late",
    "duplicated": "sent twice",
    "corrupted": "damaged",
    "split": "split",
}
_WITH_CALLS = frozenset({"short-read", "short-write", "eagain", "eintr"})
_MOST_UNDER_WAY = 10_000
_WORDS: Mapping[str, FaultWord] = {**FAULTS, **CALL_FAULTS, **TIMED_FAULTS}
_NO_FAULT = ("", "")


class Row(NamedTuple):
    """One row."""

    number: int
    """Among all that there are, from 0."""
    time_ns: int
    host: str
    """On whose line it stands, or which a packet leaves."""
    peer: str
    """Which a packet is for; empty for what is no packet."""
    text: str
    sort: str
    fault: tuple[str, str] = ("", "")
    """The kind and the place of the fault that it shows."""
    reason: str = ""
    """Why a packet died."""
    failed: bool = False
    """A call with an error, a program with a failure."""

    def is_struck(self) -> bool:
        """Whether it shows a fault, or a packet that died on its way. (One that its host refuses is mostly right.)"""
        return bool(self.fault[0]) or (self.sort == LOST and bool(self.peer))


class _Sent(NamedTuple):
    """A packet under way."""

    host: str
    time_ns: int
    mark: str = ""
    fault: tuple[str, str] = _NO_FAULT
    arrived: bool = False


class RowMaker:
    """Makes rows of a run's events, in their order."""

    def __init__(self, owners: OwnerLookup) -> None:
        """`owners`: which host has an address."""
        self._owners = owners
        self._count = 0
        self._befell: FaultEvent | None = None
        """The event before was this fault: of a packet, if that comes next."""
        self._befell_call: dict[str, tuple[str, str]] = {}
        """By host, the fault of the call that returns next."""
        self._under_way: dict[tuple[object, ...], _Sent] = {}

    def take(self, event: Event) -> list[Row]:
        """The rows of an event, mostly none or one."""
        kind = type(event)
        befell, self._befell = self._befell, None
        if kind is PacketEvent:
            return self._packet(event, befell)  # type: ignore[arg-type]
        rows = [] if befell is None else [self._fault(befell)]
        if kind is SystemCall:
            rows += self._call(event)  # type: ignore[arg-type]
        elif kind is FaultEvent:
            if event.kind in _WITH_CALLS:  # type: ignore[union-attr]
                self._befell_call[event.host] = (event.kind, event.place)  # type: ignore[union-attr]
            elif event.kind != "jitter":  # type: ignore[union-attr]
                self._befell = event  # type: ignore[assignment]
        elif kind is ProcessEnded:
            rows.append(self._end(event))  # type: ignore[arg-type]
        elif kind is SignalSent:
            text = f"{values.signal_name(event.signal)} to {event.process}: {event.outcome}"  # type: ignore[union-attr]
            rows.append(self._row(event, text, END))
        return rows

    def rest(self) -> list[Row]:
        """What is left when a run has ended."""
        befell, self._befell = self._befell, None
        return [] if befell is None else [self._fault(befell)]

    def _row(self, event: Event, text: str, sort: str) -> Row:
        self._count += 1
        return Row(self._count - 1, event.time_ns, event.host, "", text, sort)

    def _end(self, event: ProcessEnded) -> Row:
        status = event.status
        how = f"exited with {status}" if status >= 0 else f"killed by {values.signal_name(-status)}"
        return self._row(event, f"{event.process} {how}", END)._replace(failed=status != 0)

    def _fault(self, event: FaultEvent) -> Row:
        return self._row(event, f"* {fault_text(event)}", FAULT)._replace(fault=(event.kind, event.place))

    def _call(self, call: SystemCall) -> list[Row]:
        fault = self._befell_call.pop(call.host, _NO_FAULT)
        if fault is _NO_FAULT:
            if call.name in _QUIET and not call.error:
                return []
            if call.name in WRITES and call.arguments[0] in (1, 2):
                return []
            if call.name in POLLS and not call.error and found_something(call):
                return []
        text = call_words(call, self._owners, fault[0])
        if call.took_ns >= _LONG_NS:
            text += f" <{duration_words(call.took_ns)}>"
        row = self._row(call, text, FAULT if fault is not _NO_FAULT else CALL)
        return [row._replace(fault=fault, failed=call.error != 0)]

    # Packets.

    def _packet(self, event: PacketEvent, befell: FaultEvent | None) -> list[Row]:
        packet = event.packet
        if event.action in ("sent", "received"):
            rows = [] if befell is None else [self._fault(befell)]
            if type(packet) is not Packet or event.interface == "lo":
                return rows
            if event.action == "sent":
                self._remember(packet, _Sent(event.host, event.time_ns))
                return rows
            return rows + self._arrival(event, packet)
        fault = _NO_FAULT if befell is None else (befell.kind, befell.place)
        if type(packet) is not Packet or event.interface == "lo":
            return []
        if event.action == "dropped":
            return [self._death(event, packet)._replace(fault=fault)]
        sent = self._under_way.get(_key(packet), _Sent(event.host, event.time_ns))
        self._remember(packet, sent._replace(mark=_MARKS.get(event.action, event.action), fault=fault))
        return []

    def _remember(self, packet: Packet, sent: _Sent) -> None:
        under_way = self._under_way
        if len(under_way) >= _MOST_UNDER_WAY:
            del under_way[next(iter(under_way))]
        under_way[_key(packet)] = sent

    def _arrival(self, event: PacketEvent, packet: Packet) -> list[Row]:
        key = _key(packet)
        sent = self._under_way.get(key)
        if sent is None:
            sent = _Sent(self._owners.get(packet.source) or "", event.time_ns)
        mark = "again" if sent.arrived else sent.mark
        if not mark and _is_bare(packet):
            return []
        if key in self._under_way:
            self._under_way[key] = sent._replace(arrived=True)
        text = packet_words(packet, event.pieces)
        if mark == "late":
            mark = f"late ({duration_words(event.time_ns - sent.time_ns)})"
        row = self._row(event, f"{text}, {mark}" if mark else text, PACKET)
        return [row._replace(host=sent.host, peer=event.host, fault=sent.fault)]

    def _death(self, event: PacketEvent, packet: Packet) -> Row:
        """A packet that a link lost, or that the host which it came to threw away."""
        text = packet_words(packet, event.pieces)
        row = self._row(event, text, LOST)._replace(reason=event.reason)
        source, destination = self._owners.get(packet.source) or "", self._owners.get(packet.destination) or ""
        if event.host == destination and event.host != source:
            return row._replace(text=f"{text} thrown away ({event.reason})")
        return row._replace(peer=destination)


def fault_text(event: FaultEvent) -> str:
    """What a fault did, and where.

    >>> fault_text(FaultEvent(0, "a", "spike", "a>b a:1>b:2 data 0+5 #1", 300_000_000))
    'bytes 0 to 5 of a:1>b:2 came 300 ms late'
    >>> fault_text(FaultEvent(0, "a", "jitter", "a>b a:1>b:2 data 0+5 #1", -2_000_000))
    '2 ms less than the delay: a>b a:1>b:2 data 0+5 #1'
    """
    if event.kind == "jitter":
        side = "more" if event.amount >= 0 else "less"
        return f"{duration_words(abs(event.amount))} {side} than the delay: {event.place}"
    word = _WORDS.get(event.kind)
    try:
        return f"{event.kind} of {event.place}" if word is None else word.describe(event.place, event.amount)
    except ValueError:
        return f"{event.kind}: {event.place}"


def packet_words(packet: Packet, pieces: int = 1) -> str:
    """What a packet carries: `SYN`, `seq 1:5067, 5066 bytes`, `UDP, 12 bytes`. TCP's numbers count from its SYN's."""
    body = packet.body
    if isinstance(body, TcpSegment):
        return _segment_words(packet, body, pieces)
    if isinstance(body, UdpDatagram):
        return f"UDP, {len(body.payload)} bytes"
    if isinstance(body, IcmpMessage):
        text = icmp_text(packet.protocol, *body)
        return text.removeprefix("ICMP6, " if packet.protocol != IPPROTO_ICMP else "ICMP ")
    return f"{len(body.data)} bytes" + (" (fragment)" if packet.fragment_offset or packet.more_fragments else "")


def _segment_words(packet: Packet, body: TcpSegment, pieces: int) -> str:
    names = [name for flag, name in ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST")) if body.flags & flag]
    size = len(body.payload)
    if size:
        start = (body.sequence - packet.flow.origin) % (1 << 32)
        number = f"seq {start}:{start + size}, " if packet.flow.name else ""
        names.insert(0, f"{number}{size} byte{'s' if size > 1 else ''}")
        if pieces > 1:
            names[-1] += f", {pieces} packets"
    if body.flags & SYN and body.flags & ACK:
        names.append("ACK")
    if not names:
        return "ACK"
    return ("again: " if packet.ordinal > 1 else "") + " ".join(names)


def _is_bare(packet: Packet) -> bool:
    """An acknowledgement and nothing else."""
    body = packet.body
    return isinstance(body, TcpSegment) and not body.payload and not body.flags & (SYN | FIN | RST)


def _key(packet: Packet) -> tuple[object, ...]:
    """Which packet of the run it is."""
    body = packet.body
    number = body.sequence if isinstance(body, TcpSegment) else packet.identification
    # An acknowledgement has the number of the data that its sender sends next.
    return (*packet.flow, packet.ordinal, number, _is_bare(packet), packet.source, packet.fragment_offset)
