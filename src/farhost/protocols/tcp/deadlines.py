"""What happens when a deadline comes: retransmission, window probes, delayed acknowledgements, keepalive, the end of
waiting. RFC 6298 §5, RFC 9293 §3.8.3 and §3.8.4, Linux's tcp_timer.c.
"""

from farhost.protocols.tcp.control_block import ControlBlock
from farhost.protocols.tcp.probe import probe
from farhost.protocols.tcp.rto import give_up_after_ns
from farhost.protocols.tcp.state import Failure, TcpState
from farhost.protocols.tcp.timers import NEVER


def expire(block: ControlBlock, now_ns: int) -> None:
    """Do what is due; nothing if nothing is."""
    timers = block.timers
    if timers.linger_ns <= now_ns:
        block.end()
        return
    if timers.acknowledge_ns <= now_ns:
        _send_delayed(block, now_ns)
    if timers.retransmit_ns <= now_ns:
        timers.retransmit_ns = NEVER
        _retransmit(block, now_ns)
    if timers.keepalive_ns <= now_ns:
        timers.keepalive_ns = NEVER
        _keep_alive(block, now_ns)


def _send_delayed(block: ControlBlock, now_ns: int) -> None:
    """The delayed acknowledgement: nobody answered in time, so the two sides do not take turns."""
    block.timers.acknowledge_ns = NEVER
    if block.receive.ack_due:
        block.receive.pingpong = False
        block.acknowledge(now_ns)


def _retransmit(block: ControlBlock, now_ns: int) -> None:
    send = block.send
    if block.state in (TcpState.SYN_SENT, TcpState.SYN_RECEIVED):
        _retransmit_syn(block, now_ns)
    elif send.flight.records:
        if _is_hopeless(block, send.retransmits, now_ns):
            block.fail(Failure.TIMED_OUT)
            return
        send.time_out(now_ns)
        _obey_user_timeout(block)
    elif send.has_unsent():
        if send.probes and _is_stuck(block, now_ns):
            block.fail(Failure.TIMED_OUT)
            return
        probe(block, now_ns)
        _obey_user_timeout(block)


def _retransmit_syn(block: ControlBlock, now_ns: int) -> None:
    """The first timeouts of a SYN are alike, the later ones double (Linux's tcp_syn_linear_timeouts); those of a
    SYN-ACK double from the first. A request whose retries are over is forgotten without a word."""
    send = block.send
    config = block.config
    linear = config.syn_linear_timeouts if block.state is TcpState.SYN_SENT else 0
    limit = config.syn_retries + linear if block.is_active else config.synack_retries
    timed_out = block.user_timeout_ns and send.retransmits and now_ns - send.stalled_ns >= block.user_timeout_ns
    if send.retransmits >= limit or timed_out:
        if block.is_active:
            block.fail(Failure.TIMED_OUT)
        else:
            block.end()
        return
    if not send.retransmits:
        send.stalled_ns = now_ns
    send.retransmits += 1
    send.total_retransmits += 1
    if send.retransmits > linear:
        send.rtt.backoff += 1
    record = send.flight.resend(send.iss, 1, now_ns, 0)
    block.timers.retransmit_ns = now_ns + send.rtt.rto_ns()
    block.send_syn(record.count, now_ns)


def _is_hopeless(block: ControlBlock, retries: int, now_ns: int) -> bool:
    """Whether data was sent again for long enough (Linux's tcp_write_timeout). A peer that shut its window and still
    answers is not given up."""
    config = block.config
    send = block.send
    if not retries:
        return False
    since_ns = now_ns - send.stalled_ns
    if block.user_timeout_ns:
        return since_ns >= block.user_timeout_ns
    if not send.snd_wnd and now_ns - block.last_received_ns <= 2 * config.rto_max_ns:
        return False
    allowed = config.orphan_retries if block.orphan else config.retries2
    return since_ns >= give_up_after_ns(allowed, config.rto_min_ns, config.rto_max_ns)


def _is_stuck(block: ControlBlock, now_ns: int) -> bool:
    """Whether the window was asked for often enough without any answer; a peer that answers may keep it shut for
    ever (RFC 9293 §3.8.6.1)."""
    send = block.send
    if block.user_timeout_ns:
        return now_ns - send.stalled_ns >= block.user_timeout_ns
    return send.probes >= (block.config.orphan_retries if block.orphan else block.config.retries2)


def _obey_user_timeout(block: ControlBlock) -> None:
    """The next look comes no later than the user's timeout (RFC 5482)."""
    if block.user_timeout_ns:
        due_ns = block.send.stalled_ns + block.user_timeout_ns
        block.timers.retransmit_ns = min(block.timers.retransmit_ns, due_ns)


def _keep_alive(block: ControlBlock, now_ns: int) -> None:
    """Ask a silent peer whether it is still there (RFC 9293 §3.8.4, tcp_keepalive_timer)."""
    if not block.keepalive or block.state is TcpState.CLOSED:
        return
    send = block.send
    timers = block.timers
    idle_ns = block.keepalive_idle_ns
    if send.flight.records or send.has_unsent():
        timers.keepalive_ns = now_ns + idle_ns
        return
    silent_ns = now_ns - block.last_received_ns
    if silent_ns < idle_ns:
        block.keepalive_sent = 0
        timers.keepalive_ns = block.last_received_ns + idle_ns
        return
    if block.user_timeout_ns:
        is_dead = silent_ns >= block.user_timeout_ns and block.keepalive_sent > 0
    else:
        is_dead = block.keepalive_sent >= block.keepalive_limit
    if is_dead:
        block.outbox.reset(send.snd_nxt, now_ns)
        block.fail(Failure.TIMED_OUT)
        return
    block.keepalive_sent += 1
    block.outbox.acknowledge(send.snd_una - 1, now_ns)
    timers.keepalive_ns = now_ns + block.keepalive_interval_ns
