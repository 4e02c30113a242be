"""A TCP connection in its host: the sans-I/O connection, its four numbers, its path, its timer, its owner.

The owner is a stream socket, a listener while nobody has accepted the connection, or nobody: a connection outlives
its descriptors until the protocol is done with it. What the connection says is turned into packets here, and what
happens to it is told to the owner.
"""

from typing import TYPE_CHECKING, Protocol

from farhost.kernel.inet.output import packet_size
from farhost.kernel.inet.path import Path
from farhost.kernel.inet.ports import Binding
from farhost.kernel.inet.tcp_config import DEVICE_QUOTA
from farhost.kernel.inet.tcp_counts import count_end, count_unusual, meet_deadline
from farhost.kernel.inet.tcp_sample import sample_connection
from farhost.kernel.waiting import KernelError
from farhost.protocols.tcp.connection import TcpConnection
from farhost.protocols.tcp.events import CLOSED, FAILED, READABLE, TIME_WAIT
from farhost.protocols.tcp.outbox import Outgoing
from farhost.protocols.tcp.timers import NEVER
from farhost.trace.events import TcpSample
from farhost.wire import linux
from farhost.wire.packet import RST, Flow, IpAddress, Packet

if TYPE_CHECKING:
    from farhost.kernel.environment import Timer
    from farhost.kernel.inet.listener import Listener
    from farhost.kernel.inet.tcp_host import TcpHost

SMALL_QUEUE_NS = 250_000
"""How little must be left of the queue in front of the own interface before a sender adds to it."""
QUOTA_NS = 10**6
"""How much it adds then, in time on the wire."""

_new = tuple.__new__
"""A NamedTuple made without its Python-level constructor: half the cost, on the hottest path."""

Key = tuple[IpAddress, int, IpAddress, int]
"""(own address, own port, peer's address, peer's port)."""


class Owner(Protocol):
    """Who is told what happens to a connection."""

    def tcp_happened(self, endpoint: "TcpEndpoint", events: int) -> None:
        """`events` are the bits of `TcpConnection.take_events`."""

    def tcp_has_space(self, endpoint: "TcpEndpoint") -> None:
        """Called after anything happened while `endpoint.wants_space` is set."""

    def tcp_heard(self, endpoint: "TcpEndpoint", errno: int) -> None:
        """An ICMP message complained about a segment of an established connection."""


class TcpEndpoint:
    """One end of one connection."""

    __slots__ = (
        "_due_ns",
        "_generation",
        "_internet",
        "_relief",
        "_timer",
        "binding",
        "closed",
        "connection",
        "device",
        "flow",
        "keeps_binding",
        "key",
        "largest",
        "listener",
        "owner",
        "path",
        "plain",
        "sampled",
        "scope_id",
        "soft_error",
        "state_name",
        "synack_count",
        "tcp",
        "time_wait",
        "time_wait_ns",
        "tos",
        "touched",
        "tracer",
        "ttl",
        "wants_space",
    )

    def __init__(
        self, tcp: "TcpHost", key: Key, connection: TcpConnection, path: Path, flow: Flow, binding: Binding
    ) -> None:
        self.tcp = tcp
        self.key = key
        self.connection = connection
        self.path = path
        self.flow = flow
        self.binding = binding
        self.keeps_binding = False
        """A socket that is bound by name holds the binding beyond the connection's end."""
        self.owner: Owner | None = None
        self.listener: Listener | None = None
        """The listener whose request this is, until the handshake is over."""
        self.plain = True
        """Whether segments go straight to the connection: neither a request nor in TIME_WAIT."""
        self.closed = False
        self.time_wait = False
        self.time_wait_ns = 0
        """Since when."""
        self.touched = False
        self.wants_space = False
        """Somebody waits for room in the send buffer (SOCK_NOSPACE)."""
        self.soft_error = 0
        """What an ICMP message said last; it explains a later timeout (sk_err_soft)."""
        self.ttl = 64
        self.tos = 0
        self.device = ""
        self.scope_id = 0
        self.synack_count = 0
        self.state_name = ""
        self.largest = 0
        self.sampled: TcpSample | None = None
        """What was last told of it."""
        self._internet = tcp.internet
        self.tracer = tcp.internet.tracer
        self._generation = tcp.internet.generation
        self._due_ns = NEVER
        """When the timer comes."""
        self._timer: Timer | None = None
        self._relief: Timer | None = None
        """Set while the connection waits for the queue of its own interface."""
        self._measure()

    def _measure(self) -> None:
        headers = 40 if len(self.key[0]) == 4 else 60
        self.largest = self.path.mtu - headers - 40

    def pump(self) -> None:
        """Send what the connection has to send, tell the owner what happened, see to the timer.

        This is the hottest path of the kernel: the usual case, one segment that fits and nobody who traces, is
        written out here.
        """
        connection = self.connection
        if self._generation != self._internet.generation:
            self._look_again()
        if connection.outbox.segments:
            self.transmit(connection.take_output())
        send_side = connection.send_side
        if send_side.throttled and self._relief is None:
            self._relieve()
        if self.tracer.on:
            self.trace_state()
            if self.tracer.sampling:
                self.sample()
        if connection.block.events or send_side.became_writable:
            events = connection.take_events()
            if events == READABLE and self.owner is not None and not self.tracer.on:
                self.owner.tcp_happened(self, events)
            else:
                self._happened(events)
        if self.wants_space and self.owner is not None:
            self.owner.tcp_has_space(self)
        timers = connection.timers
        due_ns = self._due_ns
        if (
            timers.retransmit_ns < due_ns
            or timers.acknowledge_ns < due_ns
            or timers.keepalive_ns < due_ns
            or timers.linger_ns < due_ns
        ):
            self._arm(timers.next_ns())

    def close(self, at_once: bool, now_ns: int) -> None:
        """Nobody uses it any more: FIN, or RST where data was not read or it is to end `at_once` (tcp_close)."""
        connection = self.connection
        counters = self._internet.counters
        if connection.readable_bytes:
            counters["TcpExtTCPAbortOnClose"] += 1
            connection.close(now_ns)
        elif at_once:
            counters["TcpExtTCPAbortOnData"] += 1
            connection.abort(now_ns)
        else:
            connection.close(now_ns)
        self.pump()

    def transmit(self, output: list[Outgoing]) -> None:
        """Make packets of the connection's segments, and hand them to the path's wire."""
        internet = self._internet
        path = self.path
        interface = path.interface
        source, _, destination, _ = self.key
        flow, ttl, tos, largest = self.flow, self.ttl, self.tos, self.largest
        tracing = self.tracer.on
        count = 0
        for segment, ordinal in output:
            pieces = segment.pieces if segment.segment_size else 1
            count += pieces
            if ordinal > 1 or segment.flags & RST:
                count_unusual(self, segment, ordinal, pieces)
            packet = _new(Packet, (source, destination, 6, segment, ttl, 0, True, tos, 0, 0, False, flow, ordinal))
            if (segment.segment_size or len(segment.payload)) > largest and packet_size(packet) > path.mtu:
                count -= pieces
                internet.output(packet, path)
                internet.counters["TcpOutSegs"] += pieces
            elif tracing:
                internet.transmit(packet, interface, path.next_hop)
            else:
                interface.wire.transmit(packet, path.next_hop)
        internet.segments_out += count
        if not tracing:
            interface.sent += count

    def _look_again(self) -> None:
        """Routes or MTUs have changed: find the path anew; without one, packets go the old way. The connection cuts
        its segments to the path's new size (RFC 1191)."""
        internet = self._internet
        self._generation = internet.generation
        try:
            path = internet.path(self.key[2], self.key[0], self.device)
        except KernelError:
            return
        changed = path.mtu != self.path.mtu
        self.path = path
        if changed:
            self._measure()
            headers = 40 if len(self.key[0]) == 4 else 60
            self.connection.on_path_mtu(path.mtu - headers, internet.clock.now_ns)

    def _happened(self, events: int) -> None:
        tcp = self.tcp
        if events & TIME_WAIT:
            self.time_wait = True
            self.plain = False
            tcp.enter_time_wait(self)
        if events & (CLOSED | FAILED):
            count_end(self, events)
        if events & (CLOSED | FAILED) and not self.closed:
            self.closed = True
            tcp.forget(self)
        owner = self.owner
        if owner is not None:
            owner.tcp_happened(self, events)

    def _relieve(self) -> None:
        """The connection has sent what it was allowed to: allow more as soon as little of the own queue is left.

        TCP small queues (net.ipv4.tcp_limit_output_bytes): a sender fills the network, not the queue in front of its
        own interface, and so loses nothing there. It adds 1 ms of data or 64 KiB, and never less than two segments.
        """
        clock = self._internet.clock
        connection = self.connection
        path = self.path
        while connection.throttled:
            wait_ns, rate_bps = path.interface.wire.queue(path.next_hop)
            if wait_ns > SMALL_QUEUE_NS:
                self._relief = clock.call_at(clock.now_ns + wait_ns - SMALL_QUEUE_NS, self._relieve_later)
                return
            size = rate_bps * QUOTA_NS // (8 * 10**9) if rate_bps else DEVICE_QUOTA
            connection.allow(max(2 * connection.mss, min(size, DEVICE_QUOTA)), clock.now_ns)
            output = connection.take_output()
            if output:
                self.transmit(output)

    def _relieve_later(self) -> None:
        self._relief = None
        if not self.closed:
            self._relieve()
            self.pump()
            self._internet.kernel.softirq()

    def trace_state(self) -> None:
        """Emit a StateChange if the connection's state is another than when last looked at."""
        name = self.connection.state.name
        if name != self.state_name:
            self.tcp.internet.kernel.trace_state(f"tcp {self.flow.name}", self.state_name or "CLOSED", name)
            self.state_name = name

    def sample(self) -> None:
        """Sample what it has come to; call it only while the tracer is sampling."""
        sample_connection(self)

    def _arm(self, due_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due_ns = due_ns
        self._timer = self.tcp.internet.clock.call_at(due_ns, self._expire)

    def _expire(self) -> None:
        """The timer is re-armed lazily: it may come before the deadline, which has moved on meanwhile."""
        self._timer = None
        self._due_ns = NEVER
        connection = self.connection
        due_ns = connection.next_deadline()
        if due_ns is None:
            return
        internet = self._internet
        if due_ns > internet.clock.now_ns:
            self._arm(due_ns)
            return
        if self.listener is not None:
            self.synack_count += 1
        meet_deadline(self)
        self.pump()
        internet.kernel.softirq()

    def stop_timer(self) -> None:
        """Nothing will happen any more by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._due_ns = NEVER

    def vanish(self) -> None:
        """Its host is off: it does nothing any more, and tells nobody."""
        self.closed = True
        self.owner = self.listener = None
        self.tracer = self._internet.tracer
        self.stop_timer()
        if self._relief is not None:
            self._relief.cancel()
            self._relief = None

    def release_binding(self) -> None:
        """The socket that was bound by name is gone: the binding lives as long as the connection."""
        self.keeps_binding = False
        if self.closed:
            self.tcp.ports.remove(self.binding)

    def unreachable_errno(self) -> int:
        """What a connection that timed out tells its program."""
        return self.soft_error or linux.ETIMEDOUT
