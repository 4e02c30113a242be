"""The typed events of a run. Versioned: a change of a field or of its meaning raises `SCHEMA_VERSION`.

Every event is a NamedTuple of plain values whose first two fields are the virtual time in ns and the host. `shape`
fields say who did what when, how much, and with which flags; `content` fields carry the bytes themselves. The hashes
in `farhost.trace.hashes` are made of the two separately, and `CONTENT_FIELDS` is the list of the second sort.
"""

from typing import NamedTuple, Protocol

SCHEMA_VERSION = 1


class TracedPacket(Protocol):
    """What the trace needs of a packet, which it does not otherwise know (`farhost.wire.packet.Packet`)."""

    def shape(self) -> tuple[object, ...]:
        """Plain values: addresses, protocol, ports, flags, numbers, sizes. No payload."""

    def content(self) -> bytes:
        """The payload."""

    def summary(self) -> str:
        """One line in tcpdump's manner."""


class SystemCall(NamedTuple):
    """A system call returned, at `time_ns`; it began `took_ns` earlier."""

    time_ns: int
    host: str
    process: str
    thread: int
    name: str
    arguments: tuple[object, ...]
    """Plain values (int, str, bytes, None, tuples of them); addresses are NamedTuples of plain values."""
    result: object
    """Plain values; None when it failed."""
    error: int
    """errno, 0 for success."""
    took_ns: int


class PacketEvent(NamedTuple):
    """A packet at an interface: `action` is sent, received, dropped, duplicated, corrupted, reordered, delayed or
    split."""

    time_ns: int
    host: str
    interface: str
    action: str
    reason: str
    """Why it was dropped (loss, queue, checksum, no-route, ...); empty otherwise."""
    packet: TracedPacket
    pieces: int
    """How many packets on the wire it stands for: 1, or the segments of a super-segment."""


class FaultEvent(NamedTuple):
    """A fault took effect: which, where (the place given to choose()), and its size if it has one."""

    time_ns: int
    host: str
    kind: str
    place: str
    amount: int


class Wake(NamedTuple):
    """A parked thread was woken; `cause` is ready, timeout, signal, killed or closed."""

    time_ns: int
    host: str
    process: str
    thread: int
    cause: str


class StateChange(NamedTuple):
    """Something with states changed its own: a TCP connection, a listener, a process."""

    time_ns: int
    host: str
    what: str
    old: str
    new: str


class QueueDepth(NamedTuple):
    """A queue's depth changed: a backlog, a link's queue (in packets), a buffer (in bytes)."""

    time_ns: int
    host: str
    queue: str
    depth: int
    limit: int


class SignalSent(NamedTuple):
    """A signal was sent to a process, and what came of it: handled, ignored, killed, stopped, or held (it was
    stopped: the signal comes again when it goes on)."""

    time_ns: int
    host: str
    process: str
    signal: int
    outcome: str


class ProcessStarted(NamedTuple):
    """A process began."""

    time_ns: int
    host: str
    process: str
    pid: int
    arguments: tuple[str, ...]


class ProcessEnded(NamedTuple):
    """A process ended; `status` is its exit status, or minus the signal that killed it."""

    time_ns: int
    host: str
    process: str
    pid: int
    status: int


class Output(NamedTuple):
    """A process wrote to its standard output (1) or error (2)."""

    time_ns: int
    host: str
    process: str
    stream: int
    data: bytes


Event = (
    SystemCall
    | PacketEvent
    | FaultEvent
    | Wake
    | StateChange
    | QueueDepth
    | SignalSent
    | ProcessStarted
    | ProcessEnded
    | Output
)
