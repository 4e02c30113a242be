"""The retransmission timeout: RFC 6298, with Linux's floor.

Linux puts its minimum (200 ms) under the variance term, not under the whole: RTO = SRTT + max(minimum, 4 * RTTVAR),
so that a path with little jitter does not time out for one delayed acknowledgement. RFC 6298 §2.4 would have 1 s
under the whole. `tests/protocols/tcp/test_tcp_rto.py` shows both. Times are integers of ns.
"""


class RttEstimator:
    """Smoothed round-trip time, its variance, the timeout, and how often that has doubled."""

    __slots__ = ("_maximum_ns", "_minimum_ns", "backoff", "base_ns", "latest_ns", "lowest_ns", "rttvar_ns", "srtt_ns")

    def __init__(self, initial_ns: int, minimum_ns: int, maximum_ns: int) -> None:
        self._minimum_ns = minimum_ns
        self._maximum_ns = maximum_ns
        self.srtt_ns = 0
        """0: no sample yet."""
        self.rttvar_ns = 0
        self.latest_ns = 0
        self.lowest_ns = 0
        self.base_ns = initial_ns
        """The timeout before it doubles."""
        self.backoff = 0

    def sample(self, rtt_ns: int) -> None:
        """A round trip of something that was sent once only (Karn, RFC 6298 §3); the backoff ends."""
        self.latest_ns = rtt_ns
        self.backoff = 0
        if self.srtt_ns:
            error_ns = self.srtt_ns - rtt_ns
            self.srtt_ns -= error_ns >> 3
            self.rttvar_ns += (abs(error_ns) - self.rttvar_ns) >> 2
            if rtt_ns < self.lowest_ns:
                self.lowest_ns = rtt_ns
        else:
            self.srtt_ns = rtt_ns or 1
            self.rttvar_ns = rtt_ns >> 1
            self.lowest_ns = rtt_ns
        spread_ns = self.rttvar_ns << 2
        if spread_ns < self._minimum_ns:
            spread_ns = self._minimum_ns
        self.base_ns = min(self.srtt_ns + spread_ns, self._maximum_ns)

    def rto_ns(self) -> int:
        """The timeout now (RFC 6298 §5.5: doubled for every expiry)."""
        if not self.backoff:
            return self.base_ns
        return min(self.base_ns << min(self.backoff, 40), self._maximum_ns)


def give_up_after_ns(retries: int, minimum_ns: int, maximum_ns: int) -> int:
    """For how long something is sent again: the time of `retries` doublings from the minimum (Linux's
    tcp_model_timeout), whatever the round trip is.

    >>> give_up_after_ns(15, 200_000_000, 120_000_000_000)
    924600000000
    """
    doublings = (maximum_ns // minimum_ns).bit_length() - 1
    if retries <= doublings:
        return ((2 << retries) - 1) * minimum_ns
    return ((2 << doublings) - 1) * minimum_ns + (retries - doublings) * maximum_ns
