"""Segments that arrive before a connection is established: RFC 9293 §3.10.7.3 (SYN-SENT) and, in §3.10.7.4, what is
special to SYN-RECEIVED, simultaneous open among it (§3.5, figure 7).
"""

from farhost.protocols.tcp.control_block import ControlBlock
from farhost.protocols.tcp.state import Change, Failure
from farhost.wire.packet import ACK, FIN, RST, SYN, TcpSegment


def arrive_in_syn_sent(block: ControlBlock, segment: TcpSegment, now_ns: int) -> None:
    """§3.10.7.3. Data or a FIN on a SYN-ACK is left for the peer to send again, as Linux does."""
    send = block.send
    flags = segment.flags
    ack = block.send_position(segment.acknowledgement)
    if flags & ACK and not send.snd_una < ack <= send.snd_nxt:
        if not flags & RST:
            block.outbox.reset_for(segment.acknowledgement)
        return
    if flags & RST:
        if flags & ACK:
            block.fail(Failure.REFUSED)
        return
    if not flags & SYN or flags & FIN:
        return
    block.learn_peer(segment.sequence, segment.options, segment.window, now_ns)
    if flags & ACK:
        send.acknowledge(ack, segment.window, segment.sequence, False, now_ns)
        block.receive.ack_due = block.receive.ack_now = True
        block.establish(now_ns)
    else:
        block.move(Change.SYN_ARRIVED)
        block.send_syn(send.flight.records[0].count, now_ns)


def reset_in_syn_received(block: ControlBlock) -> None:
    """A reset before the handshake is over: a listener's request is forgotten without a word, a connection that both
    sides opened is refused (§3.10.7.4 second)."""
    if block.is_active:
        block.fail(Failure.REFUSED)
    else:
        block.end()


def is_repeated_syn(block: ControlBlock, segment: TcpSegment) -> bool:
    """Whether a segment in SYN-RECEIVED is the very SYN that began the connection: it is answered as the first was
    (Linux's tcp_check_req)."""
    return (
        segment.flags & (SYN | ACK | RST | FIN) == SYN
        and block.receive_position(segment.sequence) == block.receive.irs
    )


def repeat_syn_ack(block: ControlBlock, now_ns: int) -> None:
    """Answer a repeated SYN; the timer runs anew."""
    record = block.send.flight.resend(block.send.iss, 1, now_ns, 0)
    block.send.total_retransmits += 1
    block.timers.retransmit_ns = now_ns + block.send.rtt.rto_ns()
    block.send_syn(record.count, now_ns)


def acknowledge_syn(block: ControlBlock, segment: TcpSegment, now_ns: int) -> bool:
    """The acknowledgement field in SYN-RECEIVED ends the handshake, or is answered by a reset (§3.10.7.4 fifth).
    Returns whether the segment's text is to be looked at."""
    send = block.send
    ack = block.send_position(segment.acknowledgement)
    if not send.snd_una < ack <= send.snd_nxt:
        block.outbox.reset_for(segment.acknowledgement)
        return False
    window = segment.window
    if not segment.flags & SYN:
        window <<= send.scale
    send.acknowledge(ack, window, block.receive_position(segment.sequence), False, now_ns)
    send.snd_wnd = window
    block.establish(now_ns)
    return True
