"""The states of a connection and the table of their changes: RFC 9293 §3.3.2, figure 5.

The table is the only place where a state follows from another; everything else asks for an event. LISTEN is a state
of sockets, not of connections: it is here because ss(8) and TCP_INFO show it. A close in SYN_RECEIVED waits until the
handshake is over (RFC 9293 §3.10.4), and a FIN comes after it, so the table needs no arrows for them.
"""

from enum import Enum, auto


class TcpState(Enum):
    """The states; their values are Linux's numbers (include/net/tcp_states.h), as TCP_INFO gives them."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECEIVED = 3
    FIN_WAIT_1 = 4
    FIN_WAIT_2 = 5
    TIME_WAIT = 6
    CLOSED = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11


class Change(Enum):
    """What moves a connection from state to state."""

    SYN_ARRIVED = auto()
    """A SYN without an acknowledgement of ours: simultaneous open (RFC 9293 §3.5, figure 7)."""
    HANDSHAKE_DONE = auto()
    SEND_CLOSED = auto()
    """The application finished sending: a FIN is in the queue."""
    FIN_ACKNOWLEDGED = auto()
    FIN_ARRIVED = auto()
    """The peer's FIN, in order."""
    ENDED = auto()
    """Reset, given up, or waited long enough."""


class Failure(Enum):
    """Why a connection broke."""

    REFUSED = auto()
    """A reset, or an ICMP message, answered the SYN."""
    RESET = auto()
    TIMED_OUT = auto()
    """Nobody acknowledged, or answered keepalive probes."""
    UNREACHABLE = auto()
    """An ICMP message said so while connecting."""


_S = TcpState

TRANSITIONS: dict[tuple[TcpState, Change], TcpState] = {
    (_S.SYN_SENT, Change.SYN_ARRIVED): _S.SYN_RECEIVED,
    (_S.SYN_SENT, Change.HANDSHAKE_DONE): _S.ESTABLISHED,
    (_S.SYN_RECEIVED, Change.HANDSHAKE_DONE): _S.ESTABLISHED,
    (_S.ESTABLISHED, Change.SEND_CLOSED): _S.FIN_WAIT_1,
    (_S.ESTABLISHED, Change.FIN_ARRIVED): _S.CLOSE_WAIT,
    (_S.FIN_WAIT_1, Change.FIN_ACKNOWLEDGED): _S.FIN_WAIT_2,
    (_S.FIN_WAIT_1, Change.FIN_ARRIVED): _S.CLOSING,
    (_S.FIN_WAIT_2, Change.FIN_ARRIVED): _S.TIME_WAIT,
    (_S.CLOSE_WAIT, Change.SEND_CLOSED): _S.LAST_ACK,
    (_S.CLOSING, Change.FIN_ACKNOWLEDGED): _S.TIME_WAIT,
    (_S.LAST_ACK, Change.FIN_ACKNOWLEDGED): _S.CLOSED,
}

SYNCHRONIZED = frozenset(_S) - {_S.CLOSED, _S.LISTEN, _S.SYN_SENT, _S.SYN_RECEIVED}
"""States in which both sides know each other's numbers for sure."""
CAN_SEND = frozenset({_S.ESTABLISHED, _S.CLOSE_WAIT})
"""States in which the application may write."""
RECEIVES_DATA = frozenset({_S.ESTABLISHED, _S.FIN_WAIT_1, _S.FIN_WAIT_2})
"""States in which the peer has not finished."""
RESETS_ON_ABORT = frozenset({_S.SYN_RECEIVED, _S.ESTABLISHED, _S.FIN_WAIT_1, _S.FIN_WAIT_2, _S.CLOSE_WAIT})
"""States in which an abort tells the peer so (RFC 9293 §3.10.5, Linux's tcp_need_reset)."""


def after(state: TcpState, change: Change) -> TcpState:
    """The state that follows.

    >>> after(TcpState.ESTABLISHED, Change.FIN_ARRIVED)
    <TcpState.CLOSE_WAIT: 8>
    """
    if change is Change.ENDED:
        return TcpState.CLOSED
    assert (state, change) in TRANSITIONS, f"{change} in {state}"
    return TRANSITIONS[state, change]
