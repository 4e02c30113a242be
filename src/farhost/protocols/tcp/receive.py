"""The receive side: what has arrived, the window that is offered, and when an acknowledgement is due.

Acknowledgements are Linux's: up to 16 at once in the beginning (quick acknowledgement mode), later every second
segment at once and others after 40 ms, piggybacked on data where the two sides take turns ("ping-pong"), and at once
when a reader has emptied the buffer of a small message (tcp_cleanup_rbuf). RFC 9293 §3.8.6.3, RFC 5681 §4.2. The
buffer grows with what a reader takes in a round trip (Linux's tcp_rcv_space_adjust).
"""

from collections import deque

from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.reassembly import Bytes, Reassembly
from farhost.protocols.tcp.urgent import Status, UrgentByte
from farhost.wire.packet import PSH

QUICK_ACKS = 16
"""How many acknowledgements are sent at once in the beginning, at most (TCP_MAX_QUICKACKS)."""
DEFAULT_MSS = 536
"""What a peer that says nothing takes (RFC 9293 §3.7.1), and Linux's first guess at what it sends."""
LARGEST_WINDOW = 65535


class ReceiveSide:
    """Positions are unbounded integers; sizes are bytes, times ns."""

    __slots__ = (
        "_chunks",
        "_offset",
        "_rtt_end",
        "_rtt_since_ns",
        "_space",
        "_space_end",
        "_space_since_ns",
        "ack_due",
        "ack_now",
        "buffer",
        "buffer_max",
        "delayed_ns",
        "fin_position",
        "finished",
        "held",
        "irs",
        "last_ack",
        "last_data_ns",
        "mss",
        "pause_ns",
        "pingpong",
        "predicted",
        "pushed",
        "quick",
        "rcv_adv",
        "rcv_mss",
        "rcv_nxt",
        "readable",
        "reassembly",
        "rtt_ns",
        "scale",
        "silly",
        "urgent",
    )

    def __init__(self, config: TcpConfig) -> None:
        self.irs = 0
        self.rcv_nxt = 0
        self.rcv_adv = 0
        """The right edge of the window as the peer knows it. It never moves left."""
        self.last_ack = 0
        """RFC 7323's Last.ACK.sent."""
        self.scale = 0
        self.mss = config.mss
        self.buffer = config.receive_buffer
        self.buffer_max = config.receive_buffer_max
        self.silly = 1
        self.readable = 0
        """Bytes in order that nobody has read."""
        self._chunks: deque[Bytes] = deque()
        self._offset = 0
        """How much of the first chunk has been read."""
        self.reassembly = Reassembly()
        self.held = False
        """Data, or a FIN, waits for what is missing in front of it."""
        self.urgent = UrgentByte(config.urgent_inline)
        self.predicted = True
        """A plain segment in order needs no closer look (header prediction): nothing is held, no urgent byte due."""
        self.fin_position = -1
        """Where the peer's FIN stands; -1: not seen."""
        self.finished = False
        """The FIN was reached."""
        self.ack_due = False
        """Something new has not been acknowledged."""
        self.ack_now = False
        self.quick = -1
        """How many acknowledgements are still sent at once; -1: no data has come yet."""
        self.pingpong = not config.quickack
        self.pushed = 0
        """How many messages seem to have ended since the last acknowledgement; 2 stands for more."""
        self.rcv_mss = min(DEFAULT_MSS, config.mss)
        """The largest segment that the peer sends, as far as seen."""
        self.delayed_ns = config.delayed_ack_ns
        self.last_data_ns = -config.delayed_ack_ns
        self.pause_ns = config.rto_initial_ns
        """After so long without data the peer's window starts anew, and acknowledgements are quick again."""
        self.rtt_ns = 0
        """The round trip as the receiver sees it; 0: unknown."""
        self._rtt_end = 0
        self._rtt_since_ns = 0
        self._space = 0
        self._space_end = 0
        self._space_since_ns = 0
        self._measure()

    def _measure(self) -> None:
        self.silly = max(min(self.mss, self.buffer >> 1), 1)

    def begin(self, irs: int, scale: int, mss: int, first_window: int, now_ns: int) -> None:
        """The peer's SYN has arrived; `first_window` is the window that our SYN offers or has offered."""
        self.irs = irs
        self.rcv_nxt = self.last_ack = irs + 1
        self.rcv_adv = irs + 1 + first_window
        self.scale = scale
        self.mss = mss
        self._space = min(first_window, 10 * mss)
        self._space_end = self._rtt_end = self.rcv_nxt
        self._space_since_ns = self._rtt_since_ns = now_ns
        self._measure()

    def set_buffer(self, size: int) -> None:
        """SO_RCVBUF: `size` bytes from now on, and no more growing. What was offered stays offered."""
        self.buffer = size
        self.buffer_max = 0
        self._measure()

    def offer(self) -> int:
        """The window field of a segment that is sent now. The right edge moves by a useful amount or not at all
        (silly window avoidance, RFC 9293 §3.8.6.2.2), and never left (§3.8.6.2.1)."""
        rcv_nxt = self.rcv_nxt
        edge = rcv_nxt - self.readable + self.buffer
        if edge - self.rcv_adv < self.silly:
            edge = self.rcv_adv
        scale = self.scale
        field = -((rcv_nxt - edge) >> scale)
        if field > LARGEST_WINDOW:
            field = LARGEST_WINDOW
        self.rcv_adv = rcv_nxt + (field << scale)
        return field

    def append(self, payload: Bytes, piece: int, flags: int, now_ns: int) -> None:
        """Take data in order. `piece` is the payload of one packet on the wire where several came as one, else 0."""
        size = len(payload)
        self._chunks.append(payload)
        self.readable += size
        self.rcv_nxt += size
        self.ack_due = True
        last = size
        if 0 < piece < size:
            last = size % piece or piece
            if piece < self.rcv_mss:
                self.pushed = self.pushed or 1
        else:
            piece = size
        if piece > self.rcv_mss:
            self.rcv_mss = min(piece, self.mss)
        if last < self.rcv_mss:
            self.pushed = 2 if self.pushed else 1
        elif flags & PSH and not self.pushed:
            self.pushed = 1
        if self.quick < 0 or now_ns - self.last_data_ns > self.pause_ns:
            self.start_quick(size - piece)
        self.last_data_ns = now_ns
        if self.buffer_max and self.rcv_nxt >= self._rtt_end:
            self._measure_rtt(now_ns)

    def start_quick(self, later: int = 0) -> None:
        """Acknowledge at once for a while, so that the peer's window opens fast. `later` bytes have come in the
        pieces behind the one that this begins with."""
        window = self.rcv_adv - self.rcv_nxt + later
        self.quick = min(max(window // (2 * self.rcv_mss), 2), QUICK_ACKS)

    def leave_turns(self) -> None:
        """The peer sends again what has arrived: it misses acknowledgements (Linux's tcp_enter_quickack_mode)."""
        self.start_quick()
        self.pingpong = False

    def _measure_rtt(self, now_ns: int) -> None:
        """A whole window has arrived since the last look: that took a round trip at least (tcp_rcv_rtt_measure)."""
        took_ns = now_ns - self._rtt_since_ns
        if not took_ns:
            return
        if self._rtt_end > self.irs + 1 and (not self.rtt_ns or took_ns < self.rtt_ns):
            self.rtt_ns = max(took_ns, 1)
        self._rtt_end = self.rcv_adv + 1
        self._rtt_since_ns = now_ns

    def fill(self, now_ns: int) -> None:
        """Data in order has come while later data was held: take over what follows now, and say so at once
        (RFC 5681 §4.2)."""
        for chunk in self.reassembly.take(self.rcv_nxt):
            self.append(chunk, 0, 0, now_ns)
        self.held = bool(self.reassembly.starts) or self.fin_position > self.rcv_nxt
        self.predict()
        self.ack_now = True

    def hold(self, position: int, payload: Bytes) -> None:
        """Keep data, or a FIN behind it, that has come too early."""
        self.held = True
        self.predicted = False
        if payload:
            self.reassembly.insert(position, payload)

    def predict(self) -> None:
        """Something changed that header prediction depends on."""
        self.predicted = not self.held and self.urgent.status is not Status.AWAITED

    def reader_position(self) -> int:
        """Where the reader stands in the stream (Linux's copied_seq, which counts a FIN once it is read)."""
        return self.rcv_nxt - self.finished - self.readable

    def read(self, size: int, peek: bool) -> bytes:
        """Up to `size` bytes in order; joined once."""
        chunks = self._chunks
        if size >= self.readable:
            if len(chunks) == 1 and not peek and not self._offset:
                self.readable = 0
                return bytes(chunks.popleft())
            return self._read_all(peek)
        if size <= 0:
            return b""
        parts: list[Bytes] = []
        offset = self._offset
        missing = size
        done = 0
        for chunk in chunks:
            left = len(chunk) - offset
            if left > missing:
                parts.append(memoryview(chunk)[offset : offset + missing])
                offset += missing
                break
            parts.append(memoryview(chunk)[offset:] if offset else chunk)
            missing -= left
            offset = 0
            done += 1
            if not missing:
                break
        data = bytes(parts[0]) if len(parts) == 1 else b"".join(parts)
        if not peek:
            for _ in range(done):
                chunks.popleft()
            self._offset = offset
            self.readable -= size
        return data

    def _read_all(self, peek: bool) -> bytes:
        chunks = self._chunks
        if not chunks:
            return b""
        offset = self._offset
        if len(chunks) == 1:
            chunk = chunks[0]
            data = bytes(memoryview(chunk)[offset:]) if offset else bytes(chunk)
        elif offset:
            data = b"".join((memoryview(chunks[0])[offset:], *list(chunks)[1:]))
        else:
            data = b"".join(chunks)
        if not peek:
            chunks.clear()
            self._offset = 0
            self.readable = 0
        return data

    def is_ack_wanted_after_read(self) -> bool:
        """Whether a read lets an acknowledgement go: a message was taken, or the window opens widely
        (Linux's tcp_cleanup_rbuf)."""
        if self.ack_due and (
            self.rcv_nxt - self.last_ack > self.rcv_mss
            or (self.pushed and not self.readable and (self.pushed > 1 or not self.pingpong))
        ):
            return True
        window = self.rcv_adv - self.rcv_nxt
        if self.finished or 2 * window > self.buffer:
            return False
        fresh = self.buffer - self.readable
        return fresh >= 2 * window and fresh - window >= self.silly

    def adjust(self, now_ns: int) -> None:
        """Let the buffer grow to what a reader took in the last round trip, and some more (tcp_rcv_space_adjust)."""
        if not self.rtt_ns or now_ns - self._space_since_ns < self.rtt_ns:
            return
        position = self.rcv_nxt - self.readable
        taken = position - self._space_end
        if taken > self._space:
            wanted = 2 * taken + 16 * self.mss
            wanted += 2 * (wanted * (taken - self._space) // self._space)
            if wanted > self.buffer:
                self.buffer = max(self.buffer, min(wanted, self.buffer_max))
                self._measure()
            self._space = taken
        self._space_end = position
        self._space_since_ns = now_ns

    def discard(self) -> None:
        """Nobody will read what waits."""
        self._chunks.clear()
        self._offset = 0
        self.readable = 0
        self.urgent.status = Status.NONE
        self.predict()

    def check_invariants(self) -> None:
        """What always holds."""
        assert self.readable == sum(map(len, self._chunks)) - self._offset
        assert self.readable >= 0 and (not self._chunks or self._offset < len(self._chunks[0]))
        assert self.last_ack <= self.rcv_nxt
        assert self.rcv_nxt <= self.rcv_adv + 1 or self.readable or self.finished or not self.irs
        self.reassembly.check_invariants(self.rcv_nxt)
        assert self.held or not self.reassembly.starts
        assert self.predicted == (not self.held and self.urgent.status is not Status.AWAITED)
        if self.urgent.status is not Status.NONE:
            assert self.urgent.position >= self.reader_position()
        assert not self.finished or self.rcv_nxt == self.fin_position + 1
        assert not self.ack_now or self.ack_due
