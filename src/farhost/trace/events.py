"""The typed events of a run. Versioned: a change of a field or of its meaning raises `SCHEMA_VERSION`.

Every event is a NamedTuple of plain values whose first two fields are the virtual time in ns and the host. `shape`
fields say who did what when, how much, and with which flags; `content` fields carry the bytes themselves. The hashes
in `farhost.trace.hashes` are made of the two separately, and `CONTENT_FIELDS` is the list of the second sort.

Samples (`TcpSample`, `BufferDepth`, `SocketChange`, `TlsSecret`) say what follows from the rest and is costly to
follow: they are made only where a sink asks for them (`Tracer.add(sink, samples=True)`), and no hash is made of them,
so that a run has one hash whoever watches it.
"""

from typing import NamedTuple, Protocol, get_args

SCHEMA_VERSION = 1


class TracedPacket(Protocol):
    """What the trace needs of a packet, which it does not otherwise know (`farhost.wire.packet.Packet`)."""

    def shape(self) -> tuple[object, ...]:
        """Plain values: addresses, protocol, ports, flags, numbers, sizes. No payload."""

    def content(self) -> bytes:
        """The payload."""

    def content_size(self) -> int:
        """Bytes of the payload."""

    def summary(self) -> str:
        """One line in tcpdump's manner."""

    def identity(self) -> tuple[str, int, int]:
        """What is not on the wire: its flow's name, the number at which that starts, its ordinal in the flow."""


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


class TcpSample(NamedTuple):
    """Sample: what one end of a TCP connection has come to, after an event that changed any of it."""

    time_ns: int
    host: str
    connection: str
    """As in `StateChange.what`, without its `tcp `: `client:49152>server:5000`, the sampled end first."""
    congestion_window: int
    """In bytes; so are the others but times."""
    slow_start_threshold: int
    """-1 while there is none (RFC 5681: arbitrarily high at first)."""
    smoothed_rtt_ns: int
    """0 before the first measurement."""
    rto_ns: int
    in_flight: int
    """Sent and not acknowledged."""
    send_queue: int
    """In the send buffer, whether sent or not (ss's Send-Q)."""
    send_limit: int
    """How much the send buffer takes."""
    receive_queue: int
    """Arrived in order, and not read yet (ss's Recv-Q)."""
    receive_limit: int
    """How much the receive buffer takes."""
    receive_window: int
    """What it last told the peer it may send."""
    send_window: int
    """What the peer last told."""


class BufferDepth(NamedTuple):
    """Sample: what waits in the buffer of a socket that is not TCP's, after it changed."""

    time_ns: int
    host: str
    buffer: str
    """Which: `udp client:49152 receive`, `unix 17 receive`."""
    depth: int
    """In bytes, as the kernel charges them."""
    limit: int


class SocketChange(NamedTuple):
    """Sample: a row of a host's socket table (ss(8)) is new, differs, or is gone."""

    time_ns: int
    host: str
    number: int
    """Which socket of the host; never used twice."""
    row: tuple[str, str, int, int, str, str, tuple[tuple[str, int, int], ...]] | None
    """The fields of `farhost.kernel.socket_row.SocketRow`; None: it is gone."""


class TlsSecret(NamedTuple):
    """Sample: a program's TLS library agreed on a key."""

    time_ns: int
    host: str
    process: str
    line: str
    """As SSLKEYLOGFILE has it (NSS's key log format), without its end of line."""


Sample = TcpSample | BufferDepth | SocketChange | TlsSecret

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
    | Sample
)

EVENT_CLASSES: tuple[type[Event], ...] = get_args(Event)
"""All of them, for readers of trace files."""
SAMPLE_CLASSES: tuple[type[Sample], ...] = get_args(Sample)
"""Of these, the samples."""
