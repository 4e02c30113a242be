"""What a congestion control is: it owns the window and the threshold, and is told of acknowledgements and losses.

*When* something is lost, and what is sent again, is the recovery's (`farhost.protocols.tcp.recovery`); *how much* may
be on its way is decided here. A new control is one file and one row in `table.py`.
"""

from typing import Protocol


class CongestionControl(Protocol):
    """One connection's control. Sizes in bytes, times in ns."""

    cwnd: int
    """The congestion window; at least one segment."""
    ssthresh: int
    """Below it the window grows by what is acknowledged (slow start)."""

    def segment_size(self, mss: int) -> None:
        """Segments carry `mss` bytes from now on; called before anything is sent."""

    def acknowledged(self, size: int, now_ns: int, srtt_ns: int) -> None:
        """`size` bytes were acknowledged while nothing was being recovered and the window was in full use."""

    def lost(self, flight: int, now_ns: int) -> None:
        """A loss was seen with `flight` bytes on their way: set `ssthresh`; the recovery then sets `cwnd`."""

    def timed_out(self, flight: int, now_ns: int) -> None:
        """The timer expired, for the first time for this data: set `ssthresh`, and `cwnd` to 1 segment."""

    def idled(self, timeouts: int, initial_cwnd: int) -> None:
        """Nothing was sent for so many retransmission timeouts (RFC 9293 §3.8.2, RFC 5681 §4.1)."""
