"""Reno: slow start and congestion avoidance, RFC 5681 §3.1, counting bytes.

Differences from the RFC, both Linux's: slow start adds all that an acknowledgement covers (no limit of RFC 3465), so
that a window doubles although receivers acknowledge bursts; and after idleness the window halves for every timeout
(RFC 2861) instead of restarting.
"""

UNLIMITED = 1 << 62


class Reno:
    """See `CongestionControl`."""

    __slots__ = ("_acknowledged", "_mss", "cwnd", "ssthresh")

    def __init__(self, mss: int, initial_window: int) -> None:
        self._mss = mss
        self.cwnd = mss * initial_window
        self.ssthresh = UNLIMITED
        self._acknowledged = 0
        """Bytes acknowledged since congestion avoidance last added a segment (RFC 5681 §3.1)."""

    def segment_size(self, mss: int) -> None:
        """The window keeps its number of segments while nothing is known of the path."""
        if self.ssthresh == UNLIMITED:
            self.cwnd = max(self.cwnd // self._mss, 1) * mss
        self.cwnd = max(self.cwnd, mss)
        self._mss = mss

    def acknowledged(self, size: int, now_ns: int, srtt_ns: int) -> None:
        """Grow: by `size` below the threshold, by one segment for every window above it."""
        if self.cwnd < self.ssthresh:
            rest = size - (self.ssthresh - self.cwnd)
            if rest <= 0:
                self.cwnd += size
                return
            self.cwnd = self.ssthresh
            size = rest
        self._acknowledged += size
        if self._acknowledged >= self.cwnd:
            self._acknowledged -= self.cwnd
            self.cwnd += self._mss

    def lost(self, flight: int, now_ns: int) -> None:
        """ssthresh = max(FlightSize / 2, 2 * SMSS) (RFC 5681 equation 4)."""
        self.ssthresh = max(flight // 2, 2 * self._mss)
        self._acknowledged = 0

    def timed_out(self, flight: int, now_ns: int) -> None:
        """The same, and the loss window of one segment (RFC 5681 §3.1)."""
        self.lost(flight, now_ns)
        self.cwnd = self._mss

    def idled(self, timeouts: int, initial_cwnd: int) -> None:
        """Halve for every timeout, not below the restart window (Linux's tcp_cwnd_restart)."""
        self.ssthresh = max(self.ssthresh, (self.cwnd >> 1) + (self.cwnd >> 2))
        floor = min(self.cwnd, initial_cwnd)
        self.cwnd = max(self.cwnd >> min(timeouts, 62), floor)
