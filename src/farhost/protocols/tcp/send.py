"""The send side: what may be sent when (window, congestion window, Nagle, silly windows), and what was acknowledged.

RFC 9293 §3.8, RFC 5681; Linux's tcp_write_xmit and tcp_ack. Fresh data leaves in super-segments of up to
`burst_bytes` (DESIGN 9); only the last of a stream's segments so far may be short.
"""

from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.congestion.table import CONTROLS
from farhost.protocols.tcp.flight import Flight, Sent
from farhost.protocols.tcp.outbox import Outbox
from farhost.protocols.tcp.recovery import NewReno, Phase
from farhost.protocols.tcp.rto import RttEstimator
from farhost.protocols.tcp.send_buffer import SendBuffer
from farhost.protocols.tcp.sizes import SMALLEST_MSS, bounded_mss, expanded_buffer
from farhost.protocols.tcp.timers import NEVER, Timers
from farhost.protocols.tcp.urgent import pointer
from farhost.wire.packet import ACK, FIN, PSH, URG

_OPEN = Phase.OPEN
_DATA = ACK | PSH


class SendSide:
    """Positions are unbounded integers; sizes are bytes, times ns."""

    __slots__ = (
        "_burst",
        "_burst_bytes",
        "_full",
        "_initial_window",
        "_largest_flight",
        "_outbox",
        "_restarts",
        "_small_end",
        "_timers",
        "_usage_end",
        "became_writable",
        "buffer",
        "control",
        "cork",
        "fin_queued",
        "fin_sent",
        "flight",
        "iss",
        "last_sent_ns",
        "limit",
        "limit_max",
        "max_window",
        "mss",
        "mss_limit",
        "nodelay",
        "pending",
        "probes",
        "push",
        "quota",
        "recovery",
        "retransmits",
        "rtt",
        "scale",
        "snd_nxt",
        "snd_una",
        "snd_up",
        "snd_wl1",
        "snd_wnd",
        "stalled_ns",
        "throttled",
        "total_retransmits",
        "window_limited",
    )

    def __init__(self, config: TcpConfig, iss: int, outbox: Outbox, timers: Timers) -> None:
        mss = config.path_mss or config.mss
        self.iss = iss
        self.snd_una = iss
        self.snd_nxt = iss
        self.snd_up = iss
        """Bytes before this position are urgent, as long as they are not acknowledged."""
        self.snd_wnd = 0
        self.snd_wl1 = 0
        self.max_window = 0
        self.scale = 0
        self.mss = mss
        self.mss_limit = mss
        self.buffer = SendBuffer(iss + 1)
        self.flight = Flight()
        self.rtt = RttEstimator(config.rto_initial_ns, config.rto_min_ns, config.rto_max_ns)
        self.control = CONTROLS[config.congestion](mss, config.initial_window)
        self.recovery = NewReno(self.control, iss, mss)
        self.nodelay = config.nodelay
        self.cork = config.cork
        self.push = False
        """Send what is there even if it is little, once."""
        self.fin_queued = False
        self.fin_sent = False
        self.limit = config.send_buffer
        self.limit_max = config.send_buffer_max
        self.became_writable = False
        self.pending = False
        """`transmit` may have something to do."""
        self.probes = 0
        """Window probes sent since the peer was last heard."""
        self.retransmits = 0
        """Timeouts since something new was acknowledged."""
        self.stalled_ns = 0
        """When the present trouble began: the first timeout, or a window that was found shut."""
        self.quota = config.device_quota
        """Bytes of fresh data that the device below takes before it is asked again."""
        self.throttled = False
        """The quota was what held the sender back; `TcpConnection.allow` lets it go on."""
        self.total_retransmits = 0
        self.last_sent_ns = 0
        self.window_limited = False
        """The congestion window was what held the sender back."""
        self._full = False
        self._largest_flight = 0
        self._usage_end = iss
        self._small_end = iss
        self._initial_window = config.initial_window
        self._restarts = config.slow_start_after_idle
        self._burst_bytes = config.burst_bytes
        self._burst = 0
        self._outbox = outbox
        self._timers = timers
        self._bound()

    # Sizes.

    def negotiate(self, mss: int, scale: int, window: int) -> None:
        """The peer's SYN is known: the largest segment, the window scale, and the window it offers."""
        self.mss_limit = mss
        self.scale = scale
        self.snd_wnd = window
        self.max_window = max(self.max_window, window)
        self._bound()

    def _bound(self) -> None:
        """The largest segment or the largest window has changed."""
        self.mss = mss = bounded_mss(self.mss_limit, self.max_window)
        self._burst = max(self._burst_bytes // mss, 2) * mss
        self.recovery.segment_size(mss)
        self._expand()

    def lower_mss(self, mss: int) -> None:
        """The path carries less than was thought: cut smaller, and send again what is on its way without taking that
        for congestion (RFC 1191 §6.4, Linux's tcp_simple_retransmit)."""
        if mss >= self.mss_limit:
            return
        self.mss_limit = mss
        self._bound()
        if self.snd_nxt > self.snd_una > self.iss:
            self.recovery.go_back(self.snd_una, self.snd_nxt)
            self.pending = True

    def _expand(self) -> None:
        """Let the send buffer hold two congestion windows (Linux's tcp_sndbuf_expand)."""
        if self.limit >= self.limit_max:
            return
        expanded = expanded_buffer(self.mss, self.control.cwnd, self._initial_window)
        self.limit = max(self.limit, min(expanded, self.limit_max))

    # The application's side.

    def space(self) -> int:
        """How much a write takes now."""
        return max(self.limit - (self.buffer.end - self.buffer.start), 0)

    def is_writable(self) -> bool:
        """Whether a third is free: when poll(2) says so (Linux's sk_stream_is_writeable)."""
        buffer = self.buffer
        queued = buffer.end - buffer.start
        return self.limit - queued >= queued >> 1

    def write(self, data: bytes | memoryview) -> int:
        """Queue as much as fits; nothing is sent yet. `data` must not change."""
        buffer = self.buffer
        space = self.limit - (buffer.end - buffer.start)
        size = len(data)
        if size >= space:
            self._full = True
            if space <= 0:
                return 0
            if size > space:
                data = memoryview(data)[:space]
                size = space
        elif size:
            if space - size < (self.limit - space + size) >> 1:
                self._full = True
        else:
            return 0
        buffer.append(data)
        return size

    def write_at_once(self, data: bytes | memoryview, now_ns: int) -> bool:
        """The plain case of `write` and `transmit` together: a short message that nothing holds back goes at once as
        one segment. False, and nothing is done, in any other case."""
        buffer = self.buffer
        una, nxt = self.snd_una, self.snd_nxt
        size = len(data)
        flight = nxt + size - una
        limit = self.limit
        recovery = self.recovery
        if (
            nxt != buffer.end
            or not 0 < size <= self.mss
            or flight > self.snd_wnd
            or flight > self.control.cwnd
            or flight + (flight >> 1) > limit
            or flight >= limit
            or size > self.quota
            or self.cork
            or recovery.duplicates
            or recovery.phase is not _OPEN
            or (una < self._small_end <= nxt and not self.nodelay)
        ):
            return False
        records = self.flight.records
        if not records:
            if now_ns - self.last_sent_ns > self.rtt.base_ns and self._restarts:
                self._restart(now_ns)
            rtt = self.rtt
            self._timers.retransmit_ns = now_ns + (rtt.rto_ns() if rtt.backoff else rtt.base_ns)
        buffer.append(data)
        stop = nxt + size
        if size < self.mss:
            self._small_end = stop
        records.append(Sent(nxt, stop, _DATA, now_ns))
        self.last_sent_ns = now_ns
        self.snd_nxt = stop
        self.quota -= size
        if una >= self._usage_end or (not self.window_limited and flight > self._largest_flight):
            self.window_limited = False
            self._largest_flight = flight
            self._usage_end = stop
        self._outbox.put(nxt, _DATA, data, 0, 1, now_ns)
        return True

    def write_urgent(self, data: bytes | memoryview) -> int:
        """`write`, with the last byte taken as the urgent one. It replaces an older one that is still on its way."""
        taken = self.write(data)
        if taken:
            self.snd_up = self.buffer.end
        return taken

    def has_unsent(self) -> bool:
        """Whether data, or a FIN, has not been sent even once."""
        return self.snd_nxt < self.buffer.end or (self.fin_queued and not self.fin_sent)

    def is_fin_acknowledged(self) -> bool:
        """Whether the peer has seen the end of our stream."""
        return self.fin_sent and self.snd_una > self.buffer.end

    # Sending.

    def transmit(self, now_ns: int) -> None:
        """Send again what is lost, then what is new, as far as both windows allow."""
        self.pending = False
        recovery = self.recovery
        if recovery.resend_head or recovery.phase is Phase.LOSS:
            self._resend(now_ns)
        nxt = self.snd_nxt
        end = self.buffer.end
        if nxt >= end and (self.fin_sent or not self.fin_queued):
            return
        una = self.snd_una
        if nxt == una and self._restarts:
            self._restart(now_ns)
        window = una + self.snd_wnd - nxt
        room = recovery.allowance(una, nxt)
        limited = room < window and room < end - nxt
        if window < room:
            room = window
        if self.quota < room:
            self.throttled = self.quota < end - nxt
            room = self.quota
        mss = self.mss
        burst = self._burst if self.snd_up <= una else mss
        while nxt < end:
            left = end - nxt
            size = min(left, room, burst)
            if size < left or (size % mss and not self.fin_queued and self._holds_back(una, nxt)):
                size -= size % mss
            if size <= 0:
                break
            sent = self.send(nxt, size, window > size, now_ns)
            nxt += sent
            window -= sent
            room -= sent
            self.quota -= sent
        if self.fin_queued and not self.fin_sent and nxt == end and window > 0:
            self.send(nxt, 0, True, now_ns)
        self.push = False
        self._note_usage(limited)
        if self.snd_nxt == una and not self.throttled:
            self._await_window(now_ns)

    def _holds_back(self, una: int, nxt: int) -> bool:
        """Whether a short last segment waits: corked, or Nagle in Minshall's variant, as Linux has it: only while
        another short one is unacknowledged (RFC 9293 §3.7.4). Nothing waits while there is urgent data."""
        if self.push or self.snd_up > una:
            return False
        if self.cork:
            return True
        return not self.nodelay and una < self._small_end <= nxt

    def send(self, start: int, size: int, fin_fits: bool, now_ns: int) -> int:
        """One segment of fresh data, with the FIN if it stands there; returns how far it reaches."""
        end = start + size
        buffer_end = self.buffer.end
        mss = self.mss
        flags = ACK
        stop = end
        if size:
            payload = self.buffer.slice(start, end)
            if end == buffer_end:
                flags = ACK | PSH
            if size % mss:
                self._small_end = end
        else:
            payload = b""
        if self.fin_queued and end == buffer_end and fin_fits:
            flags |= FIN
            stop += 1
            self.fin_sent = True
        records = self.flight.records
        if not records:
            self._timers.retransmit_ns = now_ns + self.rtt.rto_ns()
        records.append(Sent(start, stop, flags, now_ns))
        self.last_sent_ns = now_ns
        self.snd_nxt = stop
        urgent = 0
        if self.snd_up > start:
            flags |= URG
            urgent = pointer(start, self.snd_up, self.snd_una, start)
        self._outbox.put(start, flags, payload, mss if size > mss else 0, 1, now_ns, urgent)
        return stop - start

    def _restart(self, now_ns: int) -> None:
        """Nothing is on its way: after a pause the old window is no longer trusted (RFC 2861)."""
        idle_ns = now_ns - self.last_sent_ns
        rto_ns = self.rtt.base_ns
        if idle_ns > rto_ns and self.last_sent_ns:
            self.control.idled(idle_ns // rto_ns, self._initial_window * self.mss)
            self.last_sent_ns = now_ns

    def _note_usage(self, limited: bool) -> None:
        """Remember whether the congestion window is in full use (RFC 7661's question, Linux's tcp_cwnd_validate)."""
        flight = self.snd_nxt - self.snd_una
        if limited or self.snd_una >= self._usage_end or (not self.window_limited and flight > self._largest_flight):
            self.window_limited = limited
            self._largest_flight = flight
            self._usage_end = self.snd_nxt

    def _await_window(self, now_ns: int) -> None:
        """Nothing is on its way and something waits: after a timeout the window is probed, or the cork pulled."""
        if self._timers.retransmit_ns == NEVER and self.has_unsent():
            self.stalled_ns = now_ns
            self._timers.retransmit_ns = now_ns + self.rtt.rto_ns()

    def _resend(self, now_ns: int) -> None:
        """Send again what the recovery takes for lost."""
        recovery = self.recovery
        una, nxt = self.snd_una, self.snd_nxt
        if recovery.resend_head:
            recovery.resend_head = False
            self._resend_range(una, self.mss, now_ns)
            return
        mss = self.mss
        burst = self._burst if self.snd_up <= una else mss
        edge = una + self.snd_wnd
        while recovery.resend < recovery.loss_end:
            position = recovery.resend
            limit = min(recovery.allowance(una, nxt), burst, recovery.loss_end - position)
            if position > una:
                if limit < min(mss, recovery.loss_end - position) or position >= edge:
                    break
            elif limit < mss:
                limit = mss
            if limit > mss:
                limit -= limit % mss
            recovery.resend = position + self._resend_range(position, limit, now_ns)

    def _resend_range(self, position: int, limit: int, now_ns: int) -> int:
        """One segment again, at most `limit` long; returns how far it reaches. The timer runs anew."""
        record = self.flight.resend(position, limit, now_ns, FIN | PSH)
        start, end = record.start, record.end
        data_end = end - 1 if record.flags & FIN else end
        size = data_end - start
        payload = self.buffer.slice(start, data_end) if size else b""
        self.total_retransmits += 1
        self.last_sent_ns = now_ns
        if self._timers.retransmit_ns == NEVER:
            self._timers.retransmit_ns = now_ns + self.rtt.rto_ns()
        mss = self.mss
        urgent = pointer(start, self.snd_up, self.snd_una, self.snd_nxt) if self.snd_up > start else 0
        flags = record.flags | URG if urgent else record.flags
        self._outbox.put(start, flags, payload, mss if size > mss else 0, record.count, now_ns, urgent)
        return end - start

    def time_out(self, now_ns: int) -> None:
        """The retransmission timer has expired with something on its way (RFC 6298 §5.4 to 5.6)."""
        if not self.retransmits:
            self.stalled_ns = now_ns
        self.recovery.timed_out(self.snd_una, self.snd_nxt, not self.retransmits, now_ns)
        self.retransmits += 1
        self.rtt.backoff += 1
        self._timers.retransmit_ns = now_ns + self.rtt.rto_ns()
        self.transmit(now_ns)

    # Acknowledgements.

    def acknowledge(self, ack: int, window: int, sequence: int, bare: bool, now_ns: int) -> None:
        """The peer says that it has everything before position `ack` and takes `window` bytes more; it said so in a
        segment at its position `sequence`, `bare` if that carried nothing. RFC 9293 §3.10.7.4 fifth."""
        una = self.snd_una
        if self.probes:
            self.probes = 0
        if ack < una:
            return
        if ack > una:
            self._advance(ack, now_ns)
        changed = False
        if (
            ack > una
            or sequence > self.snd_wl1
            or (sequence == self.snd_wl1 and (window > self.snd_wnd or not window))
        ):
            self.snd_wl1 = sequence
            if window != self.snd_wnd:
                changed = True
                self.snd_wnd = window
                self._window_changed(window)
        if ack == una and bare and not changed and self.flight.records:
            self.recovery.duplicate(una, self.snd_nxt, now_ns)
            self.pending = True
        elif self.snd_nxt < self.buffer.end or self.fin_queued or self.recovery.phase is not _OPEN:
            self.pending = True

    def _window_changed(self, window: int) -> None:
        if window > self.max_window:
            self.max_window = window
            if self.mss < self.mss_limit:
                self._bound()
        if window and not self.flight.records:
            self._timers.retransmit_ns = NEVER
            self.rtt.backoff = 0

    def _advance(self, ack: int, now_ns: int) -> None:
        size = ack - self.snd_una
        records = self.flight.records
        record = records[0]
        if record.end == ack and record.count == 1:
            del records[0]
            sent_ns = record.sent_ns
        else:
            sent_ns = self.flight.acknowledge(ack)
        self.snd_una = ack
        buffer = self.buffer
        buffer.release(ack if ack <= buffer.end else buffer.end)
        rtt = self.rtt
        if sent_ns >= 0:
            rtt.sample(now_ns - sent_ns)
        self.retransmits = 0
        recovery = self.recovery
        control = self.control
        if self.window_limited or (control.cwnd < control.ssthresh and control.cwnd < 2 * self._largest_flight):
            recovery.advanced(size, ack, self.snd_nxt, True, now_ns, rtt.srtt_ns)
        elif recovery.duplicates or recovery.phase is not _OPEN:
            recovery.advanced(size, ack, self.snd_nxt, False, now_ns, rtt.srtt_ns)
        if not records:
            self._timers.retransmit_ns = NEVER
        else:
            self._timers.retransmit_ns = now_ns + (rtt.rto_ns() if rtt.backoff else rtt.base_ns)
        if self._full:
            self._expand()
            if self.is_writable():
                self._full = False
                self.became_writable = True

    def abandon(self) -> None:
        """The connection is over: nothing is sent again."""
        self.buffer.clear()
        self.flight.clear()
        self.pending = self.throttled = False
        self.snd_una = self.snd_nxt

    def check_invariants(self) -> None:
        """What always holds while the connection lives."""
        assert self.iss <= self.snd_una <= self.snd_nxt <= self.buffer.end + 1
        assert self.buffer.start <= max(self.snd_una, self.iss + 1)
        assert not self.fin_sent or self.fin_queued
        assert self.snd_up <= self.buffer.end and self.mss >= SMALLEST_MSS
        self.buffer.check_invariants()
        self.flight.check_invariants(self.snd_una, self.snd_nxt)
        self.recovery.check_invariants(self.snd_una, self.snd_nxt)
        assert not self.flight.records or self._timers.retransmit_ns != NEVER
