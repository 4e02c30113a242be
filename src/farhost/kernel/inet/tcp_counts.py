"""What the counters of TCP say of one connection (`counters.py`): where Linux's tcp_output.c and tcp_timer.c count.

All of it is off the hot path: segments that are sent again or reset, timers that ran out, connections that end.
"""

from typing import TYPE_CHECKING

from farhost.protocols.tcp.events import CLOSED, FAILED
from farhost.protocols.tcp.recovery import Phase
from farhost.protocols.tcp.state import Failure, TcpState
from farhost.wire.packet import FIN, RST, SYN, TcpSegment

if TYPE_CHECKING:
    from farhost.kernel.inet.endpoint import TcpEndpoint

_OPENING = (TcpState.SYN_SENT, TcpState.SYN_RECEIVED)
_OPEN = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)


def count_unusual(endpoint: "TcpEndpoint", segment: TcpSegment, ordinal: int, pieces: int) -> None:
    """A segment goes out that resets the connection, or is the nth transmission of what it carries. Linux counts
    those that are sent again in RetransSegs and not in OutSegs, but for SYN-ACKs, which it counts in both."""
    counters = endpoint.tcp.internet.counters
    if segment.flags & RST:
        counters["TcpOutRsts"] += 1
        return
    if ordinal == 1 or not (segment.payload or segment.flags & (SYN | FIN)):
        return
    counters["TcpRetransSegs"] += pieces
    if segment.flags & SYN:
        counters["TcpExtTCPSynRetrans"] += 1
    if endpoint.listener is None:
        counters["TcpOutSegs"] -= pieces
    phase = endpoint.connection.send_side.recovery.phase
    if phase is Phase.RECOVERY:
        counters["TcpExtTCPFastRetrans"] += pieces
    elif phase is Phase.LOSS and endpoint.connection.send_side.retransmits == 0:
        counters["TcpExtTCPSlowStartRetrans"] += pieces


def meet_deadline(endpoint: "TcpEndpoint") -> None:
    """A deadline has come: count which timers have run out, and what that leads to."""
    connection, internet = endpoint.connection, endpoint.tcp.internet
    counters, now_ns = internet.counters, internet.clock.now_ns
    timers, send = connection.timers, connection.send_side
    if timers.acknowledge_ns <= now_ns and connection.receive_side.ack_due:
        counters["TcpExtDelayedACKs"] += 1
    on_its_way = connection.state is TcpState.SYN_SENT or (connection.state not in _OPENING and send.flight.records)
    if timers.retransmit_ns <= now_ns and on_its_way:
        counters["TcpExtTCPTimeouts"] += 1
    probes, keepalive = send.probes, connection.block.keepalive_sent
    connection.on_deadline(now_ns)
    counters["TcpExtTCPWinProbe"] += send.probes > probes
    counters["TcpExtTCPKeepAlive"] += connection.block.keepalive_sent > keepalive


def count_end(endpoint: "TcpEndpoint", events: int) -> None:
    """The connection is over (tcp_set_state, tcp_done, tcp_write_err)."""
    counters = endpoint.tcp.internet.counters
    block = endpoint.connection.block
    if events & CLOSED and block.ended_in in _OPEN:
        counters["TcpEstabResets"] += 1
    if events & FAILED:
        if block.ended_in in _OPENING:
            counters["TcpAttemptFails"] += 1
        if block.error is Failure.TIMED_OUT:
            counters["TcpExtTCPAbortOnTimeout"] += 1
