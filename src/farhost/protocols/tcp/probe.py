"""Window probes: what is sent when data waits and the peer's window stays shut (RFC 9293 §3.8.6.1)."""

from farhost.protocols.tcp.control_block import ControlBlock
from farhost.protocols.tcp.urgent import LARGEST_POINTER, pointer


def probe(block: ControlBlock, now_ns: int) -> None:
    """The time for waiting is over: send what the window takes however little it is, or ask for the window with a
    segment that the peer must answer (Linux's tcp_write_wakeup). Urgent data is told of with a segment that is in
    order besides, so that the peer heeds its pointer."""
    send = block.send
    nxt, una, snd_up = send.snd_nxt, send.snd_una, send.snd_up
    window = una + send.snd_wnd - nxt
    size = min(send.buffer.end - nxt, send.mss, window)
    if window > 0:
        send.send(nxt, size, window > size, now_ns)
        send.rtt.backoff = 0
        return
    send.probes += 1
    send.rtt.backoff += 1
    if una < snd_up <= una + LARGEST_POINTER:
        block.outbox.acknowledge(una, now_ns, snd_up - una)
    block.outbox.acknowledge(una - 1, now_ns, pointer(una - 1, snd_up, una, nxt))
    block.timers.retransmit_ns = now_ns + send.rtt.rto_ns()
