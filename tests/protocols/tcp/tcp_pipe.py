"""Two connections and a path between them, in virtual time and deterministic: what TCP's tests run on."""

import heapq
from collections.abc import Callable

from farhost.protocols.tcp import events
from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.connection import TcpConnection
from farhost.wire.packet import FIN, PSH, TcpSegment
from farhost.wire.sequence import add

MS = 1_000_000
SECOND = 1_000_000_000

Fate = Callable[[int, TcpSegment, int], list[int] | None]
"""(side, piece, how many pieces that side sent before) -> extra delays in ns of the copies that arrive; None: one."""


def pieces_of(segment: TcpSegment) -> list[TcpSegment]:
    """The packets on the wire that a super-segment stands for."""
    size = segment.segment_size
    total = len(segment.payload)
    if segment.pieces == 1:
        return [segment]
    return [
        segment._replace(
            sequence=add(segment.sequence, start),
            flags=segment.flags if start + size >= total else segment.flags & ~(PSH | FIN),
            payload=segment.payload[start : start + size],
            segment_size=0,
        )
        for start in range(0, total, size)
    ]


def joined(batch: list[TcpSegment], size: int) -> list[TcpSegment]:
    """Neighbouring pieces of one super-segment as one again: what a link does that splits only where it must."""
    out: list[TcpSegment] = []
    for piece in batch:
        last = out[-1] if out else None
        if (
            last is not None
            and piece.payload
            and len(last.payload) % size == 0
            and add(last.sequence, len(last.payload)) == piece.sequence
        ):
            whole = b"".join((last.payload, piece.payload))
            out[-1] = last._replace(payload=whole, flags=piece.flags, segment_size=size)
        else:
            out.append(piece)
    return out


class Pipe:
    """Client 0 and server 1. `fate` decides about every piece; without it super-segments travel whole."""

    def __init__(
        self,
        client: TcpConfig | None = None,
        server: TcpConfig | None = None,
        delay_ns: int = 10 * MS,
        fate: Fate | None = None,
        bursts: bool = True,
        check: bool = True,
        rate: int = 0,
        iss: tuple[int, int] = (1000, 0xFFFFFF00),
    ) -> None:
        self.now = 0
        self.delay_ns = delay_ns
        self.fate = fate
        self.bursts = bursts
        self.check = check
        self.rate = rate
        self.server_config = server or TcpConfig()
        self.iss = iss
        self.sides: list[TcpConnection | None] = [
            TcpConnection.active(client or TcpConfig(), 49152, 80, iss[0], 0),
            None,
        ]
        self.sent: list[list[TcpSegment]] = [[], []]
        self.ordinals: list[list[int]] = [[], []]
        self.log: list[tuple[int, int, TcpSegment]] = []
        self.events = [0, 0]
        self.received = [bytearray(), bytearray()]
        self.reading = [True, True]
        self.outgoing: list[bytes] = [b"", b""]
        self.offered = [0, 0]
        self.closing = [False, False]
        self.counts = [0, 0]
        self.busy = [0, 0]
        self.quota = 20_000
        self.last_arrival = [0, 0]
        self._heap: list[tuple[int, int, int, list[TcpSegment]]] = []
        self._number = 0
        self.pump(0)

    @property
    def client(self) -> TcpConnection:
        connection = self.sides[0]
        assert connection is not None
        return connection

    @property
    def server(self) -> TcpConnection:
        connection = self.sides[1]
        assert connection is not None
        return connection

    def send(self, side: int, data: bytes, close: bool = False) -> None:
        """Let a side write `data` as fast as its buffer takes it, then perhaps close its direction."""
        self.outgoing[side] += data
        self.closing[side] = self.closing[side] or close
        self.application(side)

    def application(self, side: int) -> None:
        connection = self.sides[side]
        if connection is None or connection.state.name not in ("ESTABLISHED", "CLOSE_WAIT"):
            if connection is not None and self.reading[side]:
                self.received[side] += connection.read(1 << 30, self.now)
            self.pump(side)
            return
        while self.offered[side] < len(self.outgoing[side]):
            taken = connection.write(memoryview(self.outgoing[side])[self.offered[side] :], self.now)
            self.offered[side] += taken
            if not taken:
                break
        if self.closing[side] and self.offered[side] == len(self.outgoing[side]):
            self.closing[side] = False
            connection.shutdown_write(self.now)
        if self.reading[side] and connection.readable_bytes:
            self.received[side] += connection.read(1 << 30, self.now)
        self.pump(side)

    def pump(self, side: int) -> None:
        connection = self.sides[side]
        assert connection is not None
        while True:
            for segment, ordinal in connection.take_output():
                self.log.append((self.now, side, segment))
                self.sent[side].append(segment)
                self.ordinals[side].append(ordinal)
                self._transmit(side, segment)
            if not connection.throttled:
                break
            connection.allow(self.quota, self.now)
        self.events[side] |= connection.take_events()
        if self.check:
            connection.check_invariants()

    def _transmit(self, side: int, segment: TcpSegment) -> None:
        start = max(self.now, self.busy[side])
        if self.rate:
            wire = len(segment.payload) + 40 * segment.pieces
            start += wire * 8 * SECOND // self.rate
            self.busy[side] = start
        arrival = start + self.delay_ns
        if self.fate is None:
            self._schedule(arrival, side, [segment] if self.bursts else pieces_of(segment))
            return
        batches: dict[int, list[TcpSegment]] = {}
        for piece in pieces_of(segment):
            extras = self.fate(side, piece, self.counts[side])
            self.counts[side] += 1
            for extra in [0] if extras is None else extras:
                batches.setdefault(arrival + extra, []).append(piece)
        for due, batch in batches.items():
            whole = self.bursts and segment.segment_size
            self._schedule(due, side, joined(batch, segment.segment_size) if whole else batch)

    def _schedule(self, due: int, side: int, batch: list[TcpSegment]) -> None:
        self._number += 1
        heapq.heappush(self._heap, (due, self._number, 1 - side, batch))

    def inject(self, side: int, segment: TcpSegment) -> None:
        """Give a segment to a side now."""
        self._deliver(side, [segment])

    def _deliver(self, side: int, batch: list[TcpSegment]) -> None:
        connection = self.sides[side]
        if connection is None:
            assert side == 1
            segment = batch[0]
            self.sides[1] = TcpConnection.passive(self.server_config, 80, 49152, self.iss[1], segment, self.now)
            self.pump(1)
            return
        for segment in batch:
            connection.on_segment(segment, self.now)
        connection.flush(self.now)
        self.pump(side)
        self.application(side)

    def step(self, until: int) -> bool:
        """The next event at or before `until`; False when there is none."""
        due = self._heap[0][0] if self._heap else None
        timer_side = -1
        for side, connection in enumerate(self.sides):
            deadline = connection.next_deadline() if connection is not None else None
            if deadline is not None and (due is None or deadline < due):
                due, timer_side = deadline, side
        if due is None or due > until:
            return False
        self.now = max(self.now, due)
        if timer_side >= 0:
            connection = self.sides[timer_side]
            assert connection is not None
            connection.on_deadline(self.now)
            self.pump(timer_side)
            self.application(timer_side)
        else:
            _, _, side, batch = heapq.heappop(self._heap)
            self._deliver(side, batch)
        return True

    def run(self, duration: int = 1000 * SECOND, limit: int = 1_000_000) -> None:
        """Everything that is due within `duration` from now."""
        until = self.now + duration
        for _ in range(limit):
            if not self.step(until):
                self.now = max(self.now, min(until, self.now)) if not self._any_due() else until
                return
        raise AssertionError("the connection does not come to rest")

    def _any_due(self) -> bool:
        return bool(self._heap) or any(c is not None and c.next_deadline() is not None for c in self.sides)

    def run_until(self, condition: Callable[[], bool], duration: int = 1000 * SECOND) -> None:
        """Step until `condition`."""
        until = self.now + duration
        while not condition():
            assert self.step(until), f"never came true; client {self.client.state} server {self.sides[1]}"

    def open(self) -> None:
        """Complete the handshake."""
        self.run_until(lambda: self.sides[1] is not None and bool(self.events[1] & events.ESTABLISHED))
        self.application(0)
