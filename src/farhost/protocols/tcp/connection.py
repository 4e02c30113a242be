"""One TCP connection, sans-I/O (RFC 9293): segments, calls and deadlines in; segments, events and a deadline out.

Seam with `farhost.kernel.inet`. The kernel calls a method with the time, then drains `take_output()` and
`take_events()`, and keeps one timer for `next_deadline()`. Several segments that arrive together are given one by one
to `on_segment`, then `flush` once: acknowledgements are decided there, so that a super-segment and its pieces are
acknowledged alike (DESIGN 9). Times are absolute ns; the connection never asks for the time.
"""

from farhost.protocols.tcp import arrival, deadlines, events, urgent
from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.control_block import ControlBlock
from farhost.protocols.tcp.flight import Sent
from farhost.protocols.tcp.info import TcpInfo, describe
from farhost.protocols.tcp.outbox import Outgoing
from farhost.protocols.tcp.state import CAN_SEND, RESETS_ON_ABORT, Failure, TcpState
from farhost.protocols.tcp.timers import NEVER
from farhost.protocols.tcp.urgent import Status, UrgentByte
from farhost.wire.packet import ACK, NO_OPTIONS, PSH, SYN, TcpSegment

__all__ = ["Failure", "TcpConfig", "TcpConnection", "TcpInfo", "TcpState"]

TICK_NS = 4_000_000
"""How long the acknowledgement of a FIN waits where no data came before it: Linux has no measure for it yet and takes
the next tick of its clock, of 250 in a second (tcp_send_delayed_ack with an ato of 0)."""
_MASK = 0xFFFFFFFF
_HALF = 1 << 31
_NOT_PSH = ~PSH
_ESTABLISHED = TcpState.ESTABLISHED


class TcpConnection:
    """One end of one connection."""

    __slots__ = ("_block", "_receive", "_send", "block", "outbox", "receive_side", "send_side", "timers")

    def __init__(self, block: ControlBlock) -> None:
        """Use `active` or `passive`."""
        self._block = block
        self._send = block.send
        self._receive = block.receive
        self.block = block
        """This and the next four are for the kernel's hot path, which looks at them without a call, and changes
        nothing of them but by the methods here."""
        self.outbox = block.outbox
        self.receive_side = block.receive
        self.send_side = block.send
        self.timers = block.timers

    @classmethod
    def active(cls, config: TcpConfig, local_port: int, remote_port: int, iss: int, now_ns: int) -> "TcpConnection":
        """Open towards a peer: a SYN waits in `take_output`. `iss` is the initial sequence number (RFC 6528)."""
        block = ControlBlock(config, local_port, remote_port, iss, now_ns)
        block.state = TcpState.SYN_SENT
        _begin(block, now_ns)
        return cls(block)

    @classmethod
    def passive(
        cls, config: TcpConfig, local_port: int, remote_port: int, iss: int, syn: TcpSegment, now_ns: int
    ) -> "TcpConnection":
        """Answer a peer's SYN: a SYN-ACK waits in `take_output`, the state is SYN_RECEIVED."""
        block = ControlBlock(config, local_port, remote_port, iss, now_ns)
        block.is_active = False
        block.state = TcpState.SYN_RECEIVED
        block.learn_peer(syn.sequence, syn.options, syn.window, now_ns)
        _begin(block, now_ns)
        return cls(block)

    # What comes from the network.

    def on_segment(self, segment: TcpSegment, now_ns: int) -> None:
        """A segment, or a super-segment, has arrived. Call `flush` after the last of those that came together.

        Header prediction: in order, on an established connection, nothing held, nothing unusual in the flags.
        """
        block = self._block
        receive = self._receive
        _, _, sequence, acknowledgement, flags, window, options, payload, piece, _ = segment
        rcv_nxt = receive.rcv_nxt
        if (
            block.state is _ESTABLISHED
            and flags & _NOT_PSH == ACK
            and sequence == rcv_nxt & _MASK
            and receive.predicted
        ):
            send = self._send
            una = send.snd_una
            size = len(payload)
            ack = una + ((acknowledgement - una + _HALF) & _MASK) - _HALF
            if (
                una <= ack <= send.snd_nxt
                and size <= receive.rcv_adv - rcv_nxt
                and (options is NO_OPTIONS or self._is_stamp_good(options[4]))
            ):
                block.last_received_ns = now_ns
                window <<= send.scale
                if ack != una or not size or window != send.snd_wnd or send.probes:
                    last = rcv_nxt + (size - 1) // piece * piece if piece and size else rcv_nxt
                    send.acknowledge(ack, window, last, not size, now_ns)
                if size:
                    receive.append(payload, piece, flags, now_ns)
                    block.events |= 2
                return
        arrival.arrive(block, segment, now_ns)

    def _is_stamp_good(self, stamp: tuple[int, int] | None) -> bool:
        """Whether the options hold nothing that needs a closer look; the timestamp is then remembered."""
        outbox = self._block.outbox
        if not outbox.timestamps or stamp is None:
            return not outbox.timestamps
        if (stamp[0] - outbox.ts_recent) & _MASK >= _HALF:
            return False
        if self._receive.rcv_nxt <= self._receive.last_ack:
            outbox.ts_recent = stamp[0]
        return True

    def flush(self, now_ns: int) -> None:
        """All segments that came together have been given: send what they allow, and acknowledge them, at once or
        later (Linux's __tcp_ack_snd_check)."""
        if self._send.pending:
            self._send.transmit(now_ns)
        receive = self._receive
        if receive.ack_due:
            if (
                receive.ack_now
                or receive.held
                or receive.rcv_nxt - receive.last_ack > receive.rcv_mss
                or (receive.quick > 0 and not receive.pingpong)
            ):
                self._block.acknowledge(now_ns)
            else:
                timers = self._block.timers
                if timers.acknowledge_ns == NEVER:
                    timers.acknowledge_ns = now_ns + (receive.delayed_ns if receive.quick >= 0 else TICK_NS)

    def on_deadline(self, now_ns: int) -> None:
        """`next_deadline` may have come; calling too early does nothing."""
        deadlines.expire(self._block, now_ns)

    def on_path_mtu(self, mss: int, now_ns: int) -> None:
        """The path carries `mss` bytes of payload in a segment without options (RFC 1191, RFC 8201)."""
        block = self._block
        if block.state is TcpState.CLOSED:
            return
        block.send.lower_mss(mss - 12 if block.outbox.timestamps else mss)
        if block.send.pending:
            block.send.transmit(now_ns)

    def on_icmp_error(self, kind: str) -> None:
        """An ICMP message quotes a segment of ours: `kind` is refused or unreachable. It breaks a connection that is
        being opened; later it is only a hint (RFC 9293 §3.9.2.2, RFC 5461)."""
        if self._block.state is TcpState.SYN_SENT:
            self._block.fail(Failure.REFUSED if kind == "refused" else Failure.UNREACHABLE)

    # What comes from the application.

    def write(self, data: bytes | memoryview, now_ns: int) -> int:
        """Take what fits of `data`, which must not change afterwards; returns how many bytes, 0 when full."""
        send = self._send
        if send.fin_queued:
            return 0
        state = self._block.state
        can_send = state is _ESTABLISHED or state is TcpState.CLOSE_WAIT
        if can_send and send.write_at_once(data, now_ns):
            return len(data)
        taken = send.write(data)
        if taken and can_send:
            send.transmit(now_ns)
        return taken

    def write_urgent(self, data: bytes | memoryview, now_ns: int) -> int:
        """`write`, with the last byte that is taken as the urgent one (RFC 9293 §3.8.5)."""
        send = self._send
        taken = 0 if send.fin_queued else send.write_urgent(data)
        if taken and self._block.state in CAN_SEND:
            send.transmit(now_ns)
        return taken

    def read(self, size: int, now_ns: int, peek: bool = False) -> bytes:
        """Up to `size` bytes; empty when nothing is buffered. An acknowledgement or a window update may follow.
        Where an urgent mark stands in the stream use `read_to_mark`."""
        receive = self._receive
        data = receive.read(size, peek)
        if not peek and data:
            if receive.buffer_max:
                receive.adjust(now_ns)
            if self._block.state is not TcpState.CLOSED and receive.is_ack_wanted_after_read():
                self._block.acknowledge(now_ns)
        return data

    def read_to_mark(self, size: int, copied: int, now_ns: int, peek: bool = False) -> tuple[bytes, bool]:
        """`read` for a receive that has `copied` bytes, up to the urgent mark: (bytes, whether the receive ends)."""
        receive = self._receive
        if peek:
            return urgent.peek(receive, size)
        limit, ends = urgent.advance(receive, size, copied)
        data = self.read(limit, now_ns)
        return data, ends and len(data) == limit

    def shutdown_write(self, now_ns: int) -> None:
        """Send no more: a FIN follows what is queued. Before the handshake has brought anything, the end."""
        block = self._block
        if block.state in CAN_SEND or block.state is TcpState.SYN_RECEIVED:
            block.finish_sending(now_ns)
        elif block.state is TcpState.SYN_SENT:
            block.end()

    def shutdown_read(self) -> None:
        """Nobody will read: data that comes once our side is closed too is answered with a reset."""
        self._block.reader_gone = True

    def close(self, now_ns: int) -> None:
        """Neither read nor write any more. Unread data is lost, so the peer is told by a reset (RFC 2525 §2.17);
        otherwise the connection ends in order, and lives on until the peer knows."""
        block = self._block
        receive = self._receive
        block.orphan = block.reader_gone = True
        if block.state in (TcpState.CLOSED, TcpState.TIME_WAIT):
            receive.discard()
        elif receive.readable:
            receive.discard()
            self._reset(now_ns)
        elif block.state is TcpState.FIN_WAIT_2:
            block.linger(now_ns)
        else:
            self.shutdown_write(now_ns)

    def abort(self, now_ns: int) -> None:
        """End at once; the peer is told by a reset where it may still expect something (RFC 9293 §3.10.5)."""
        self._block.orphan = self._block.reader_gone = True
        self._receive.discard()
        if self._block.state is not TcpState.CLOSED:
            self._reset(now_ns)

    def _reset(self, now_ns: int) -> None:
        block = self._block
        if block.state in RESETS_ON_ABORT:
            block.outbox.reset(block.send.snd_nxt, now_ns)
        block.end()

    # What comes out.

    def take_output(self) -> list[Outgoing]:
        """The segments to send, oldest first, each with its ordinal: which transmission of that range it is (of that
        number, for a bare acknowledgement)."""
        outbox = self._block.outbox
        segments = outbox.segments
        if segments:
            outbox.segments = []
        return segments

    def take_events(self) -> int:
        """What has happened since the last call: bits of `farhost.protocols.tcp.events`."""
        block = self._block
        happened = block.events
        block.events = 0
        if self._send.became_writable:
            self._send.became_writable = False
            happened |= events.WRITABLE
        return happened

    @property
    def throttled(self) -> bool:
        """Whether fresh data waits for `allow` alone: both windows have room for it."""
        return self._send.throttled

    def allow(self, size: int, now_ns: int) -> None:
        """The device below takes `size` bytes of fresh data from now on, before it wants to be asked again."""
        send = self._send
        send.quota = size
        send.throttled = False
        send.transmit(now_ns)

    def next_deadline(self) -> int | None:
        """When `on_deadline` has something to do, in ns; None: never."""
        due_ns = self.timers.next_ns()
        return None if due_ns == NEVER else due_ns

    # What can be asked.

    @property
    def state(self) -> TcpState:
        """The state."""
        return self._block.state

    @property
    def error(self) -> Failure | None:
        """Why the connection broke; None if it did not."""
        return self._block.error

    @property
    def readable_bytes(self) -> int:
        """Bytes in order that wait to be read."""
        return self._receive.readable

    @property
    def peer_finished(self) -> bool:
        """Whether the peer's FIN has arrived in order."""
        return self._receive.finished

    @property
    def write_space(self) -> int:
        """How many bytes a write takes now."""
        return self._send.space()

    @property
    def writable(self) -> bool:
        """Whether poll(2) calls it writable: a third of the buffer is free."""
        return self._send.is_writable()

    @property
    def send_buffer(self) -> int:
        """The size of the send buffer now."""
        return self._send.limit

    @property
    def receive_buffer(self) -> int:
        """The size of the receive buffer now."""
        return self._receive.buffer

    @property
    def unsent_bytes(self) -> int:
        """Bytes never sent yet (SIOCOUTQNSD)."""
        send = self._send
        return max(send.buffer.end - max(send.snd_nxt, send.iss + 1), 0)

    @property
    def unacked_bytes(self) -> int:
        """Bytes that the peer has not acknowledged, sent or not (SIOCOUTQ)."""
        return self._send.buffer.end - self._send.buffer.start

    @property
    def snd_nxt(self) -> int:
        """The next sequence number to send, as on the wire."""
        return self._send.snd_nxt & _MASK

    @property
    def snd_una(self) -> int:
        """The oldest sequence number that is not acknowledged, as on the wire."""
        return self._send.snd_una & _MASK

    @property
    def rcv_nxt(self) -> int:
        """The next sequence number expected, as on the wire."""
        return self._receive.rcv_nxt & _MASK

    @property
    def mss(self) -> int:
        """The most payload of a segment now (TCP_MAXSEG)."""
        return self._send.mss

    @property
    def urgent(self) -> UrgentByte:
        """The newest urgent byte of the peer's, and the mark where it stands."""
        return self._receive.urgent

    def is_at_mark(self) -> bool:
        """Whether the next byte to read is the urgent one (SIOCATMARK)."""
        receive = self._receive
        return receive.urgent.is_at(receive.reader_position())

    def bytes_to_mark(self) -> int:
        """Bytes in order up to the urgent mark, or all of them where no mark stands in what has come (SIOCINQ)."""
        receive = self._receive
        byte = receive.urgent
        if byte.inline or byte.status is Status.NONE or byte.position >= receive.rcv_nxt - receive.finished:
            return receive.readable
        return byte.position - receive.reader_position()

    def receive_window_is_shut(self) -> bool:
        """Whether the peer has been told to send nothing more for now."""
        return self._receive.rcv_adv <= self._receive.rcv_nxt

    def info(self) -> TcpInfo:
        """What TCP_INFO tells."""
        return describe(self._block)

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        self._block.check_invariants()

    # What can be changed while it runs.

    def set_nodelay(self, on: bool, now_ns: int) -> None:
        """TCP_NODELAY: short segments do not wait; setting it sends what waits, corked or not."""
        self._send.nodelay = on
        if on:
            self._push(now_ns)

    def set_cork(self, on: bool, now_ns: int) -> None:
        """TCP_CORK: short segments wait, for 200 ms at most; pulling the cork sends them."""
        self._send.cork = on
        if not on:
            self._push(now_ns)

    def _push(self, now_ns: int) -> None:
        if self._block.state in CAN_SEND:
            self._send.push = True
            self._send.transmit(now_ns)
            self._send.push = False

    def set_quickack(self, on: bool, now_ns: int) -> None:
        """TCP_QUICKACK: acknowledge at once, until the two sides take turns again; an acknowledgement due is sent."""
        receive = self._receive
        receive.pingpong = not on
        if on and receive.ack_due and self._block.state in CAN_SEND:
            self._block.acknowledge(now_ns)

    def set_keepalive(self, on: bool, idle_ns: int, interval_ns: int, probes: int, now_ns: int) -> None:
        """SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT."""
        block = self._block
        block.keepalive = on
        block.keepalive_idle_ns = idle_ns
        block.keepalive_interval_ns = interval_ns
        block.keepalive_limit = probes
        if block.state in (TcpState.CLOSED, TcpState.TIME_WAIT, TcpState.SYN_SENT, TcpState.SYN_RECEIVED):
            return
        block.timers.keepalive_ns = max(block.last_received_ns + idle_ns, now_ns) if on else NEVER

    def set_user_timeout(self, timeout_ns: int) -> None:
        """TCP_USER_TIMEOUT; 0: as the retries say."""
        self._block.user_timeout_ns = timeout_ns

    def set_fin_timeout(self, timeout_ns: int) -> None:
        """TCP_LINGER2; 0 or less: no FIN_WAIT_2 without an owner."""
        self._block.fin_timeout_ns = timeout_ns

    def set_send_buffer(self, size: int) -> None:
        """SO_SNDBUF: fixed from now on."""
        self._send.limit = size
        self._send.limit_max = 0

    def set_receive_buffer(self, size: int) -> None:
        """SO_RCVBUF: fixed from now on; a window that was offered stays offered."""
        self._receive.set_buffer(size)


def _begin(block: ControlBlock, now_ns: int) -> None:
    """Send the first SYN or SYN-ACK."""
    send = block.send
    send.snd_nxt = send.iss + 1
    send.last_sent_ns = now_ns
    send.flight.records.append(Sent(send.iss, send.snd_nxt, SYN, now_ns))
    block.timers.retransmit_ns = now_ns + send.rtt.rto_ns()
    block.send_syn(1, now_ns)
