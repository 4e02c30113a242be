"""Segments that arrive, step by step: RFC 9293 §3.10.7.4, with RFC 5961's challenges and RFC 7323's timestamps.

The parent functions hold the order of the steps. The plain case, in order on an established connection, never comes
here: see `TcpConnection.on_segment`. A super-segment is looked at piece by piece, so that it is treated exactly as
its pieces (DESIGN 9). Where Linux is stricter or laxer than the RFC, Linux is followed and the place says so.
"""

from farhost.protocols.tcp import events, handshake, urgent
from farhost.protocols.tcp.control_block import ControlBlock
from farhost.protocols.tcp.state import RECEIVES_DATA, Change, Failure, TcpState
from farhost.wire.packet import ACK, FIN, PSH, RST, SYN, URG, TcpSegment
from farhost.wire.sequence import add, before

PAWS_LIFE_NS = 24 * 24 * 3600 * 1_000_000_000
"""A timestamp older than 24 days says nothing (RFC 7323 §5.5)."""


def arrive(block: ControlBlock, segment: TcpSegment, now_ns: int) -> None:
    """A segment, or a super-segment, in any state."""
    size = segment.segment_size
    total = len(segment.payload)
    if not size or total <= size:
        _arrive_one(block, segment, now_ns)
        block.last_received_ns = now_ns
        return
    payload = memoryview(segment.payload)
    early_flags = segment.flags & ~(PSH | FIN)
    for start in range(0, total, size):
        end = start + size
        flags = segment.flags if end >= total else early_flags
        piece = segment._replace(
            sequence=add(segment.sequence, start), flags=flags, payload=payload[start:end], segment_size=0
        )
        _arrive_one(block, piece, now_ns)
    block.last_received_ns = now_ns


def _arrive_one(block: ControlBlock, segment: TcpSegment, now_ns: int) -> None:
    match block.state:
        case TcpState.CLOSED | TcpState.LISTEN:
            return
        case TcpState.SYN_SENT:
            handshake.arrive_in_syn_sent(block, segment, now_ns)
        case TcpState.TIME_WAIT:
            _arrive_in_time_wait(block, segment, now_ns)
        case _:
            _arrive_synchronized(block, segment, now_ns)


def _arrive_synchronized(block: ControlBlock, segment: TcpSegment, now_ns: int) -> None:
    """SYN-RECEIVED and all states after it but TIME-WAIT."""
    flags = segment.flags
    if block.state is TcpState.SYN_RECEIVED and handshake.is_repeated_syn(block, segment):
        handshake.repeat_syn_ack(block, now_ns)
        return
    position = block.receive_position(segment.sequence)
    end = position + len(segment.payload) + bool(flags & SYN) + bool(flags & FIN)
    if not _is_acceptable(block, segment, position, end, now_ns):
        return
    if flags & RST:
        _arrive_reset(block, position, now_ns)
        return
    if flags & SYN and not _answers_simultaneous_open(block, flags, position, end):
        block.challenge(now_ns)
        return
    if not flags & ACK:
        return
    if block.outbox.timestamps:
        _take_timestamp(block, segment, position)
    if not _arrive_acknowledgement(block, segment, position, end, now_ns):
        return
    if flags & SYN:
        return
    if flags & URG or block.receive.urgent.status is urgent.Status.AWAITED:
        block.events |= urgent.arrive(block.receive, segment, position)
    if end > position:
        _arrive_text(block, segment, position, end, now_ns)


def _is_acceptable(block: ControlBlock, segment: TcpSegment, position: int, end: int, now_ns: int) -> bool:
    """First: the window, and timestamps. As Linux (tcp_sequence) a segment is acceptable that touches the window, the
    right edge included; RFC 9293 §3.4 would leave that out. What is not is answered with an acknowledgement."""
    receive = block.receive
    flags = segment.flags
    if block.outbox.timestamps and not flags & RST:
        stamp = segment.options.timestamp
        if (
            stamp is not None
            and before(stamp[0], block.outbox.ts_recent)
            and now_ns - block.last_received_ns < PAWS_LIFE_NS
        ):
            _answer_unacceptable(block, flags, end > position, now_ns)
            return False
    if end >= receive.last_ack and position <= max(receive.rcv_adv, receive.rcv_nxt):
        return True
    if not flags & RST:
        _answer_unacceptable(block, flags, end > position, now_ns)
    return False


def _answer_unacceptable(block: ControlBlock, flags: int, has_text: bool, now_ns: int) -> None:
    """Segments with data are no part of a loop of acknowledgements: always answered (tcp_oow_rate_limited)."""
    if has_text and not flags & SYN:
        block.acknowledge(now_ns)
    else:
        block.challenge(now_ns)


def _arrive_reset(block: ControlBlock, position: int, now_ns: int) -> None:
    """Second: only a reset at the very next number counts; another one is challenged (RFC 5961 §3.2)."""
    if position != block.receive.rcv_nxt:
        block.challenge(now_ns)
    elif block.state is TcpState.SYN_RECEIVED:
        handshake.reset_in_syn_received(block)
    else:
        block.fail(Failure.RESET)


def _answers_simultaneous_open(block: ControlBlock, flags: int, position: int, end: int) -> bool:
    """Fourth: a SYN on an open connection is challenged (RFC 5961 §4.2), but for the SYN-ACK of a peer that opened at
    the same time: we have its SYN and wait for just this acknowledgement."""
    return (
        block.state is TcpState.SYN_RECEIVED
        and flags & ACK != 0
        and position == block.receive.irs
        and end == block.receive.rcv_nxt
    )


def _take_timestamp(block: ControlBlock, segment: TcpSegment, position: int) -> None:
    """Remember what to echo (RFC 7323 §4.3): not from a segment beyond what we have acknowledged."""
    stamp = segment.options.timestamp
    if stamp is not None and position <= block.receive.last_ack:
        block.outbox.ts_recent = stamp[0]


def _arrive_acknowledgement(block: ControlBlock, segment: TcpSegment, position: int, end: int, now_ns: int) -> bool:
    """Fifth: the acknowledgement field. Returns whether to go on with the segment's text."""
    send = block.send
    if block.state is TcpState.SYN_RECEIVED:
        return handshake.acknowledge_syn(block, segment, now_ns)
    ack = block.send_position(segment.acknowledgement)
    if ack > send.snd_nxt or ack < send.snd_una - send.max_window:
        block.challenge(now_ns)
        return False
    send.acknowledge(ack, segment.window << send.scale, position, end == position, now_ns)
    if send.is_fin_acknowledged():
        _fin_acknowledged(block, now_ns)
    return block.state is not TcpState.CLOSED


def _fin_acknowledged(block: ControlBlock, now_ns: int) -> None:
    """The peer has everything that we sent, the end of the stream too."""
    match block.state:
        case TcpState.FIN_WAIT_1:
            block.move(Change.FIN_ACKNOWLEDGED)
            block.events |= events.FIN_ACKNOWLEDGED
            if block.orphan:
                block.linger(now_ns)
        case TcpState.CLOSING:
            block.move(Change.FIN_ACKNOWLEDGED)
            block.enter_time_wait(now_ns)
        case TcpState.LAST_ACK:
            block.end()
        case _:
            return


def _arrive_text(block: ControlBlock, segment: TcpSegment, position: int, end: int, now_ns: int) -> None:
    """Seventh and eighth: data, and the FIN behind it."""
    receive = block.receive
    rcv_nxt = receive.rcv_nxt
    data_end = position + len(segment.payload)
    if block.reader_gone and data_end > rcv_nxt and block.state in (TcpState.FIN_WAIT_1, TcpState.FIN_WAIT_2):
        block.outbox.reset_for(segment.acknowledgement)
        if block.orphan:
            block.end()
        else:
            block.fail(Failure.RESET)
        return
    if end <= rcv_nxt:
        receive.leave_turns()
        block.acknowledge(now_ns)
        return
    if block.state not in RECEIVES_DATA:
        return
    if position >= max(receive.rcv_adv, rcv_nxt) and (segment.payload or position > rcv_nxt):
        block.acknowledge(now_ns)
        return
    payload = segment.payload
    if position < rcv_nxt:
        payload = payload[rcv_nxt - position :]
        position = rcv_nxt
    if segment.flags & FIN:
        receive.fin_position = data_end
    if position > rcv_nxt:
        receive.hold(position, payload)
        block.acknowledge(now_ns)
        return
    if payload:
        receive.append(payload, 0, segment.flags, now_ns)
        block.events |= events.READABLE
        if receive.held:
            receive.fill(now_ns)
    if receive.rcv_nxt == receive.fin_position:
        _arrive_fin(block, now_ns)


def _arrive_fin(block: ControlBlock, now_ns: int) -> None:
    """Eighth: the peer's stream ends here. While we may still have something to say the acknowledgement waits for it
    (Linux's tcp_fin enters ping-pong mode)."""
    receive = block.receive
    receive.rcv_nxt += 1
    receive.finished = True
    receive.ack_due = True
    block.events |= events.PEER_FINISHED
    if block.state is TcpState.ESTABLISHED:
        receive.pingpong = True
    else:
        receive.ack_now = True
    block.move(Change.FIN_ARRIVED)
    if block.state is TcpState.TIME_WAIT:
        block.enter_time_wait(now_ns)


def _arrive_in_time_wait(block: ControlBlock, segment: TcpSegment, now_ns: int) -> None:
    """TIME-WAIT: a repeated FIN, or anything else that should not be, is acknowledged and the wait begins anew; a
    reset in place ends it (Linux's tcp_timewait_state_process). A SYN that may start a new connection is the
    kernel's to find."""
    flags = segment.flags
    position = block.receive_position(segment.sequence)
    has_text = len(segment.payload) > 0 or flags & (SYN | FIN) != 0
    if position == block.receive.rcv_nxt and (not has_text or flags & RST):
        if flags & RST:
            block.end()
        else:
            block.timers.linger_ns = now_ns + block.config.time_wait_ns
        return
    if flags & RST:
        return
    if flags & ACK:
        block.timers.linger_ns = now_ns + block.config.time_wait_ns
    _answer_unacceptable(block, flags, has_text, now_ns)
