"""Loss recovery: fast retransmit and fast recovery with NewReno's partial acknowledgements (RFC 5681 §3.2, RFC 6582),
limited transmit (RFC 3042), and going back after a timeout (RFC 6298 §5.4, RFC 5681 §3.1).

It decides *what* is taken for lost and sent again, and asks the congestion control *how much* that costs. Another
recovery (RFC 6675 with SACK, RFC 8985) is another class with these methods, chosen by what the handshake negotiated.
"""

from enum import Enum, auto

from farhost.protocols.tcp.congestion.protocol import CongestionControl

DUPLICATE_THRESHOLD = 3


class Phase(Enum):
    """What is going on."""

    OPEN = auto()
    RECOVERY = auto()
    """Fast recovery: a segment was sent again after duplicate acknowledgements."""
    LOSS = auto()
    """After a timeout: all that was on its way counts as lost and is sent again in slow start."""


class NewReno:
    """The recovery of one connection. Positions are unbounded, sizes in bytes."""

    __slots__ = ("control", "duplicates", "inflation", "loss_end", "mss", "phase", "recover", "resend", "resend_head")

    def __init__(self, control: CongestionControl, start: int, mss: int) -> None:
        self.control = control
        self.mss = mss
        self.phase = Phase.OPEN
        self.duplicates = 0
        self.recover = start
        """An acknowledgement of more than this ends a recovery, and lets another begin (RFC 6582 §3.2 step 1)."""
        self.inflation = 0
        """What fast recovery adds to the window for segments that have left the network (RFC 5681 §3.2 step 4)."""
        self.resend_head = False
        """The oldest unacknowledged segment is to be sent again."""
        self.resend = start
        """In LOSS: what is before this position has been sent again."""
        self.loss_end = start
        """In LOSS: where that ends."""

    def allowance(self, una: int, nxt: int) -> int:
        """How many bytes may be sent now; it may be negative."""
        if self.phase is Phase.OPEN:
            if self.duplicates:
                return self.control.cwnd + min(self.duplicates, 2) * self.mss - (nxt - una)
            return self.control.cwnd - (nxt - una)
        if self.phase is Phase.LOSS and self.resend < self.loss_end:
            return self.control.cwnd - (nxt - una) + (self.loss_end - self.resend)
        return self.control.cwnd + self.inflation - (nxt - una)

    def duplicate(self, una: int, nxt: int, now_ns: int) -> None:
        """A duplicate acknowledgement arrived (RFC 5681 §2)."""
        if self.phase is Phase.RECOVERY:
            self.inflation += self.mss
            return
        if self.phase is Phase.LOSS:
            return
        self.duplicates += 1
        if self.duplicates == DUPLICATE_THRESHOLD and una > self.recover:
            self.control.lost(nxt - una, now_ns)
            self.control.cwnd = self.control.ssthresh
            self.inflation = DUPLICATE_THRESHOLD * self.mss
            self.recover = nxt - 1
            self.phase = Phase.RECOVERY
            self.resend_head = True

    def advanced(self, size: int, una: int, nxt: int, in_full_use: bool, now_ns: int, srtt_ns: int) -> None:
        """`size` bytes were acknowledged, up to `una`. `in_full_use`: the window was what held the sender back."""
        self.duplicates = 0
        if self.phase is Phase.OPEN:
            if in_full_use:
                self.control.acknowledged(size, now_ns, srtt_ns)
        elif self.phase is Phase.RECOVERY:
            self._advanced_in_recovery(size, una, nxt)
        else:
            if self.resend < una:
                self.resend = una
            if una >= self.loss_end:
                self.phase = Phase.OPEN
            self.control.acknowledged(size, now_ns, srtt_ns)

    def _advanced_in_recovery(self, size: int, una: int, nxt: int) -> None:
        """RFC 6582 §3.2 step 3."""
        control = self.control
        if una > self.recover:
            control.cwnd = min(control.ssthresh, max(nxt - una, self.mss) + self.mss)
            self.inflation = 0
            self.resend_head = False
            self.phase = Phase.OPEN
            return
        self.resend_head = True
        self.inflation -= size
        if size >= self.mss:
            self.inflation += self.mss
        self.inflation = max(self.inflation, self.mss - control.cwnd)

    def timed_out(self, una: int, nxt: int, first: bool, now_ns: int) -> None:
        """The timer expired; `first`: for the first time since something new was acknowledged."""
        if first:
            self.control.timed_out(nxt - una, now_ns)
        else:
            self.control.cwnd = self.mss
        self.go_back(una, nxt)

    def go_back(self, una: int, nxt: int) -> None:
        """Everything on its way is to be sent again.

        `recover` is one position further than after fast recovery: duplicates of what is sent again in vain must
        not start another recovery (RFC 6582 §4).
        """
        self.phase = Phase.LOSS
        self.resend = una
        self.loss_end = nxt
        self.recover = nxt
        self.duplicates = 0
        self.inflation = 0
        self.resend_head = False

    def segment_size(self, mss: int) -> None:
        """Segments carry `mss` bytes from now on."""
        self.mss = mss
        self.control.segment_size(mss)

    def check_invariants(self, una: int, nxt: int) -> None:
        """What always holds."""
        assert self.control.cwnd >= 1 and self.control.ssthresh >= 1
        if self.phase is Phase.RECOVERY:
            assert self.recover < nxt and self.control.cwnd + self.inflation >= 0
        if self.phase is Phase.LOSS:
            assert una <= self.resend <= self.loss_end <= nxt
        if self.phase is Phase.OPEN:
            assert not self.resend_head and not self.inflation
