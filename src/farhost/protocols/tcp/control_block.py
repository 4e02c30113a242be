"""The state of one connection that its parts share (RFC 9293's transmission control block), and its steps of life.

What a segment, a deadline or a call does is decided in `arrival.py`, `handshake.py`, `deadlines.py` and
`connection.py`; they all work on this. Positions are unbounded integers whose last 32 bits are sequence numbers.
"""

from farhost.protocols.tcp import events
from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.options import Agreement, agree, answer, first_window, offer
from farhost.protocols.tcp.outbox import Outbox
from farhost.protocols.tcp.receive import ReceiveSide
from farhost.protocols.tcp.send import SendSide
from farhost.protocols.tcp.state import Change, Failure, TcpState, after
from farhost.protocols.tcp.timers import NEVER, Timers
from farhost.protocols.tcp.urgent import pointer
from farhost.wire.packet import ACK, SYN, TcpOptions
from farhost.wire.sequence import extend

CHALLENGE_INTERVAL_NS = 500_000_000
"""Answers to segments that should not be are this far apart (Linux's tcp_invalid_ratelimit, RFC 5961 §7)."""


class ControlBlock:
    """Everything that one connection knows."""

    __slots__ = (
        "agreement",
        "challenged_ns",
        "config",
        "ended_in",
        "error",
        "events",
        "fin_timeout_ns",
        "is_active",
        "keepalive",
        "keepalive_idle_ns",
        "keepalive_interval_ns",
        "keepalive_limit",
        "keepalive_sent",
        "last_received_ns",
        "orphan",
        "outbox",
        "peer_options",
        "reader_gone",
        "receive",
        "send",
        "state",
        "timers",
        "user_timeout_ns",
    )

    def __init__(self, config: TcpConfig, local_port: int, remote_port: int, iss: int, now_ns: int) -> None:
        self.config = config
        self.state = TcpState.CLOSED
        self.error: Failure | None = None
        self.ended_in = TcpState.CLOSED
        """The state in which it ended."""
        self.events = 0
        self.is_active = True
        self.orphan = False
        """The application has closed: nobody reads or writes any more."""
        self.reader_gone = False
        """Nobody will read: data that still comes, once our side is closed too, is answered with a reset."""
        self.agreement: Agreement | None = None
        self.peer_options = TcpOptions()
        """The options of the peer's SYN."""
        self.timers = Timers()
        self.receive = ReceiveSide(config)
        self.outbox = Outbox(local_port, remote_port, self.receive, self.timers)
        self.send = SendSide(config, iss, self.outbox, self.timers)
        self.last_received_ns = now_ns
        self.challenged_ns = now_ns - CHALLENGE_INTERVAL_NS
        self.keepalive = config.keepalive
        self.keepalive_idle_ns = config.keepalive_idle_ns
        self.keepalive_interval_ns = config.keepalive_interval_ns
        self.keepalive_limit = config.keepalive_probes
        self.keepalive_sent = 0
        self.user_timeout_ns = config.user_timeout_ns
        self.fin_timeout_ns = config.fin_timeout_ns

    # The handshake.

    def learn_peer(self, sequence: int, options: TcpOptions, window: int, now_ns: int) -> None:
        """The peer's SYN has come: its numbers and its options."""
        agreement = agree(self.config, options)
        self.agreement = agreement
        self.peer_options = options
        self.receive.begin(sequence, agreement.receive_scale, agreement.receive_mss, self._first_window(), now_ns)
        self.send.negotiate(agreement.send_mss, agreement.send_scale, window)
        self.send.snd_wl1 = sequence
        self.outbox.timestamps = agreement.timestamps
        if options.timestamp is not None:
            self.outbox.ts_recent = options.timestamp[0]

    def send_syn(self, ordinal: int, now_ns: int) -> None:
        """Our SYN, or in SYN_RECEIVED the SYN-ACK, for the `ordinal`th time."""
        window = self._first_window()
        iss = self.send.iss
        if self.state is TcpState.SYN_SENT:
            self.outbox.put_syn(iss, SYN, 0, window, offer(self.config, now_ns), ordinal)
            return
        assert self.agreement is not None
        options = answer(self.config, self.agreement, self.peer_options, now_ns)
        self.outbox.put_syn(iss, SYN | ACK, self.receive.rcv_nxt, window, options, ordinal)

    def _first_window(self) -> int:
        agreement = None if self.is_active else self.agreement
        return first_window(self.config, agreement.receive_mss if agreement else self.config.mss)

    def establish(self, now_ns: int) -> None:
        """Both SYNs are acknowledged."""
        self.move(Change.HANDSHAKE_DONE)
        self.events |= events.ESTABLISHED
        send = self.send
        self.receive.pause_ns = send.rtt.rto_ns()
        if send.fin_queued:
            self.move(Change.SEND_CLOSED)
        if send.rtt.srtt_ns:
            self.receive.rtt_ns = send.rtt.srtt_ns
        else:
            self.send.rtt.backoff = 0
        if send.total_retransmits > 1:
            send.control.cwnd = send.mss
        send.pending = True
        if self.keepalive:
            self.timers.keepalive_ns = now_ns + self.keepalive_idle_ns

    # Changes of state.

    def move(self, change: Change) -> None:
        """Change the state as the table has it."""
        self.state = after(self.state, change)

    def fail(self, error: Failure) -> None:
        """The connection has broken."""
        self.error = error
        self.events |= events.FAILED
        self.end()

    def end(self) -> None:
        """Nothing more will happen; what was received can still be read."""
        self.ended_in = self.state
        self.move(Change.ENDED)
        self.events |= events.CLOSED
        self.timers.stop()
        self.send.abandon()
        self.receive.ack_due = self.receive.ack_now = False

    def enter_time_wait(self, now_ns: int) -> None:
        """The state has become TIME_WAIT."""
        self.events |= events.TIME_WAIT
        self.timers.stop()
        self.send.pending = False
        self.timers.linger_ns = now_ns + self.config.time_wait_ns

    def finish_sending(self, now_ns: int) -> None:
        """The application sends no more: a FIN goes behind what is queued."""
        self.send.fin_queued = True
        if self.state is not TcpState.SYN_RECEIVED:
            self.move(Change.SEND_CLOSED)
            self.send.transmit(now_ns)

    def linger(self, now_ns: int) -> None:
        """In FIN_WAIT_2 without an owner: the peer may finish, but not for ever (tcp_fin_timeout)."""
        if self.fin_timeout_ns <= 0:
            self.outbox.reset(self.send.snd_nxt, now_ns)
            self.end()
        else:
            self.timers.linger_ns = now_ns + self.fin_timeout_ns

    # Answers.

    def acknowledge(self, now_ns: int) -> None:
        """A bare acknowledgement, now. It tells of urgent data that is still to be sent."""
        send = self.send
        nxt = send.snd_nxt
        urgent = pointer(nxt, send.snd_up, send.snd_una, nxt) if send.snd_up > nxt else 0
        self.outbox.acknowledge(nxt, now_ns, urgent)

    def challenge(self, now_ns: int) -> None:
        """An acknowledgement for a segment that should not be, not too often (RFC 5961 §7)."""
        if now_ns - self.challenged_ns >= CHALLENGE_INTERVAL_NS:
            self.challenged_ns = now_ns
            self.acknowledge(now_ns)

    def receive_position(self, sequence: int) -> int:
        """The position of one of the peer's sequence numbers."""
        return extend(sequence, self.receive.rcv_nxt)

    def send_position(self, acknowledgement: int) -> int:
        """The position of an acknowledgement number."""
        return extend(acknowledgement, self.send.snd_una)

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        self.receive.check_invariants()
        if self.state is TcpState.CLOSED:
            assert self.timers.next_ns() == NEVER and not self.send.flight.records
            return
        self.send.check_invariants()
        if self.state is TcpState.TIME_WAIT:
            assert self.timers.linger_ns != NEVER and self.send.is_fin_acknowledged() and self.receive.finished
        if self.state in (TcpState.CLOSE_WAIT, TcpState.LAST_ACK, TcpState.CLOSING):
            assert self.receive.finished
        if self.state in (TcpState.ESTABLISHED, TcpState.FIN_WAIT_1, TcpState.FIN_WAIT_2):
            assert not self.receive.finished
        if self.state is TcpState.FIN_WAIT_2:
            assert self.send.is_fin_acknowledged()
        if self.state in (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT) and self.send.has_unsent():
            assert self.send.pending or self.send.throttled or self.timers.retransmit_ns != NEVER
