"""Segments on their way out of a connection: every one carries the newest acknowledgement, window and timestamp."""

from farhost.protocols.tcp.receive import ReceiveSide
from farhost.protocols.tcp.timers import NEVER, Timers
from farhost.wire.packet import ACK, NO_OPTIONS, RST, URG, TcpOptions, TcpSegment

MASK = 0xFFFFFFFF
MILLISECOND_NS = 1_000_000
_new = tuple.__new__
"""A NamedTuple made without its Python-level constructor: half the cost, on the hottest path."""

Outgoing = tuple[TcpSegment, int]
"""(segment, which transmission of its range it is)."""


class Outbox:
    """What waits for `TcpConnection.take_output`."""

    __slots__ = (
        "_bare_ack",
        "_bare_counts",
        "_receive",
        "_source_port",
        "_stamp_options",
        "_stamped",
        "_target_port",
        "_timers",
        "segments",
        "timestamps",
        "ts_recent",
    )

    def __init__(self, source_port: int, target_port: int, receive: ReceiveSide, timers: Timers) -> None:
        self.segments: list[Outgoing] = []
        self._source_port = source_port
        self._target_port = target_port
        self._receive = receive
        self._timers = timers
        self._bare_ack = -1
        self._bare_counts: dict[int, int] = {}
        """How often that was acknowledged without data, by the position that the segment had: where keep-alives and
        answers take turns each has a number of its own, since chance decides about a packet by its name."""
        self.timestamps = False
        """Negotiated: every segment carries the option (RFC 7323 §3)."""
        self.ts_recent = 0
        """The timestamp of the peer's that is echoed (TS.Recent)."""
        self._stamped = (-1, -1)
        self._stamp_options = NO_OPTIONS

    def options(self, now_ns: int) -> TcpOptions:
        """What a segment without SYN carries: a timestamp in ms if that was negotiated."""
        if not self.timestamps:
            return NO_OPTIONS
        stamp = (now_ns // MILLISECOND_NS & MASK, self.ts_recent)
        if stamp != self._stamped:
            self._stamped = stamp
            self._stamp_options = TcpOptions(timestamp=stamp)
        return self._stamp_options

    def put(
        self,
        position: int,
        flags: int,
        payload: bytes | memoryview,
        piece: int,
        ordinal: int,
        now_ns: int,
        urgent: int = 0,
    ) -> None:
        """A segment at stream position `position`; `flags` has ACK, and everything received is acknowledged. `urgent`
        is its urgent pointer, if it has one."""
        receive = self._receive
        rcv_nxt = receive.rcv_nxt
        options = NO_OPTIONS
        if self.timestamps:
            options = self._stamp_options
            if self._stamped != (now_ns // MILLISECOND_NS & MASK, self.ts_recent):
                options = self.options(now_ns)
        segment = _new(
            TcpSegment,
            (
                self._source_port,
                self._target_port,
                position & MASK,
                rcv_nxt & MASK,
                flags,
                receive.offer(),
                options,
                payload,
                piece,
                urgent,
            ),
        )
        self.segments.append((segment, ordinal))
        receive.last_ack = rcv_nxt
        receive.ack_due = receive.ack_now = False
        receive.pushed = 0
        if receive.quick > 0:
            receive.quick -= 1
        self._timers.acknowledge_ns = NEVER
        if payload and now_ns - receive.last_data_ns < receive.delayed_ns:
            receive.pingpong = True

    def acknowledge(self, position: int, now_ns: int, urgent: int = 0) -> None:
        """A bare acknowledgement at stream position `position`, with an urgent pointer or without."""
        number = self._receive.rcv_nxt
        if number == self._bare_ack:
            count = self._bare_counts.get(position, 0) + 1
            self._bare_counts[position] = count
        else:
            count = 1
            self._bare_ack = number
            self._bare_counts = {position: 1}
        self.put(position, ACK | URG if urgent else ACK, b"", 0, count, now_ns, urgent)

    def put_syn(
        self, position: int, flags: int, acknowledgement: int, window: int, options: TcpOptions, ordinal: int
    ) -> None:
        """A SYN, or a SYN-ACK; its window is not scaled (RFC 7323 §2.2)."""
        segment = TcpSegment(
            self._source_port,
            self._target_port,
            position & MASK,
            acknowledgement & MASK,
            flags,
            window,
            options,
        )
        self.segments.append((segment, ordinal))

    def reset(self, position: int, now_ns: int) -> None:
        """A reset at stream position `position` that acknowledges everything, as tcp_send_active_reset does."""
        self.put(position, RST | ACK, b"", 0, 1, now_ns)

    def reset_for(self, acknowledgement: int) -> None:
        """A reset that answers a segment with this acknowledgement number (RFC 9293 §3.5.2 group 1)."""
        segment = TcpSegment(self._source_port, self._target_port, acknowledgement, 0, RST, 0)
        self.segments.append((segment, 1))
