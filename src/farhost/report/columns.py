"""A trace for the eye: strace's calls and tcpdump's packets, merged on virtual time, one column a host.

A `ColumnsSink` writes each event when it happens. Where the columns would be too narrow to read, each line names its
host instead. What is left out: wake-ups and queue depths, which the JSON trace has.
"""

import re
from collections.abc import Sequence

from farhost.report import values
from farhost.report.strace import format_call
from farhost.report.tcpdump import PacketFormatter
from farhost.report.terminal import Terminal, visible
from farhost.trace.events import (
    BufferDepth,
    Event,
    FaultEvent,
    Output,
    PacketEvent,
    ProcessEnded,
    ProcessStarted,
    QueueDepth,
    SignalSent,
    SocketChange,
    StateChange,
    SystemCall,
    TcpSample,
    TlsSecret,
    Wake,
)
from farhost.trace.sinks import Keep

NARROWEST = 26
"""Characters below which a column is given up."""
WIDEST = 78
"""Characters above which a column gains nothing; what a file or a pipe gets."""
_TIME = 11
_OPTIONS = re.compile(r", options \[[^]]*\]")
"""What a narrow column leaves out of a packet's line."""
_CALL_NS = 10_000
"""A call that took longer waited, and says for how long, as strace -T does."""
_PACKET_STYLES = {"sent": "cyan", "received": "green", "dropped": "red"}


class ColumnsSink:
    """Writes events to a terminal or file, one column for each host."""

    def __init__(self, terminal: Terminal, hosts: Sequence[str], keep: Keep | None = None) -> None:
        """`hosts`: whose columns there are, from left to right; an event of another host gets a line of its own.
        `keep`: which events to write; all are read, for who has which pid and where a connection's numbers start."""
        self._terminal = terminal
        self._keep = keep
        self._hosts = list(hosts)
        self._pids: set[int] = set()
        self._busy: dict[str, int] = {}
        self._packets = PacketFormatter()
        count = max(1, len(self._hosts))
        room = terminal.width if terminal.is_terminal else _TIME + (WIDEST + 3) * count
        self._width = min(WIDEST, (room - _TIME) // count - 3)
        self._columns = len(self._hosts) > 1 and self._width >= NARROWEST
        if self._columns:
            cells = (terminal.paint(host.ljust(self._width), "bold") for host in self._hosts)
            terminal.line(" | ".join((" " * _TIME, *cells)).rstrip())

    def take(self, event: Event) -> None:
        """Write it, if it is of a sort that has a line."""
        if isinstance(event, ProcessStarted):
            self._pids.add(event.pid)
            self._busy[event.host] = self._busy.get(event.host, 0) + 1
        meant = self._keep is None or self._keep(event)
        if not meant and type(event) is not PacketEvent:
            return
        described = describe(event, self._packets)
        if described is None or not meant:
            return
        text, style = described
        if isinstance(event, SystemCall):
            text = self._who(event) + text
        time = format_time(event.time_ns)
        for line in _output_lines(event) if isinstance(event, Output) else (text,):
            if self._columns and event.host in self._hosts:
                if isinstance(event, PacketEvent) and self._width < WIDEST:
                    line = _OPTIONS.sub("", line)
                self._write_row(time, self._hosts.index(event.host), wrap(line, self._width), style)
            else:
                self._terminal.line(f"{time} {event.host or '-'}: {self._terminal.paint(line, style)}")

    def _who(self, call: SystemCall) -> str:
        """strace -f's mark, where more than one thread could have made the call."""
        alone = self._busy.get(call.host, 0) <= 1 and (call.thread in self._pids or not self._pids)
        return "" if alone else f"[pid {call.thread}] "

    def _write_row(self, time: str, column: int, lines: list[str], style: str) -> None:
        before = (" | " + " " * self._width) * column + " | "
        for text in lines:
            self._terminal.line(time + before + self._terminal.paint(text, style))
            time = " " * _TIME


def describe(event: Event, packets: PacketFormatter) -> tuple[str, str] | None:
    """An event's line and its style; None for the sorts that have no line."""
    match event:
        case SystemCall():
            took = f" <{format_time(event.took_ns).strip()}>" if event.took_ns > _CALL_NS else ""
            return format_call(event) + took, "yellow" if event.error else ""
        case PacketEvent():
            return packets.line(event), _PACKET_STYLES.get(event.action, "magenta")
        case FaultEvent():
            size = f" ({event.amount})" if event.amount else ""
            return f"* {event.kind}{size}: {event.place}", "magenta"
        case StateChange():
            return f"{event.what}: {event.old} -> {event.new}", "dim"
        case SignalSent():
            return f"--- {values.signal_name(event.signal)} to {event.process}: {event.outcome} ---", "bold yellow"
        case ProcessStarted():
            return f"+++ {event.process} started, pid {event.pid}: {' '.join(event.arguments)} +++", "bold"
        case ProcessEnded(status=status):
            how = f"exited with {status}" if status >= 0 else f"killed by {values.signal_name(-status)}"
            return f"+++ {event.process} {how} +++", "bold" if status == 0 else "bold red"
        case Output():
            mark = "|" if event.stream == 1 else "!"
            return f"{event.process} {mark} {visible(event.data.rstrip())}", "bold"
        case Wake() | QueueDepth() | TcpSample() | BufferDepth() | SocketChange() | TlsSecret():
            return None


def _output_lines(event: Output) -> list[str]:
    """What a program printed, each line with its mark."""
    mark = "|" if event.stream == 1 else "!"
    return [f"{event.process} {mark} {visible(line)}" for line in event.data.rstrip().split(b"\n")]


def format_time(ns: int) -> str:
    """Seconds of virtual time, to the microsecond, in 11 characters or more.

    >>> format_time(40_012_345)
    '   0.040012'
    """
    return f"{ns // 1_000_000_000:>4}.{ns % 1_000_000_000 // 1_000:06d}"


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, broken at spaces where the last half of a line has one.

    >>> wrap("sendto(4, 'hello', 5, 0, NULL, 0) = 5", 20)
    ["sendto(4, 'hello',", '  5, 0, NULL, 0) = 5']
    """
    lines = []
    for part in text.splitlines() or [""]:
        indent = ""
        while len(part) + len(indent) > width:
            room = width - len(indent)
            cut = part.rfind(" ", room // 2, room + 1)
            cut = room if cut <= 0 else cut
            lines.append(indent + part[:cut].rstrip())
            part = part[cut:].lstrip()
            indent = "  "
        lines.append(indent + part)
    return lines
