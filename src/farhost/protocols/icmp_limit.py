"""How often a host sends ICMP errors, as Linux limits it.

net.ipv4.icmp_ratelimit: one error a second (1000 ms) to one peer with a burst of 6 (XRLIM_BURST_FACTOR), for those
in net.ipv4.icmp_ratemask (unreachable, source quench, time exceeded, parameter problem); ICMPv6 the same for errors
except packet too big. And net.ipv4.icmp_msgs_per_sec (1000) with icmp_msgs_burst (50) for all peers together.
Errors to the host itself over `lo`, and fragmentation needed, are never limited. RFC 1812 §4.3.2.8, RFC 4443 §2.4 f.
"""

from farhost.wire.packet import IpAddress

_BURST = 6


class IcmpLimit:
    """Token buckets in ns: a token is worth `interval_ns`, and one peer saves up at most 6."""

    __slots__ = ("_buckets", "_global_ns", "_global_tokens", "burst", "interval_ns", "per_second")

    def __init__(self, interval_ns: int = 1_000_000_000, per_second: int = 1000, burst: int = 50) -> None:
        self.interval_ns = interval_ns
        """Between errors to one peer; 0: no limit."""
        self.per_second = per_second
        self.burst = burst
        self._buckets: dict[IpAddress, tuple[int, int]] = {}
        """Peer -> (saved ns, when that was)."""
        self._global_tokens = burst * 1_000_000_000
        self._global_ns = 0

    def allow(self, peer: IpAddress, now_ns: int) -> bool:
        """Whether an error may go to `peer` now; if so it is counted."""
        if not self._allow_any(now_ns):
            return False
        if not self.interval_ns:
            return True
        full = _BURST * self.interval_ns
        saved, since = self._buckets.get(peer, (full, now_ns))
        saved = min(full, saved + now_ns - since)
        allowed = saved >= self.interval_ns
        self._buckets[peer] = (saved - self.interval_ns if allowed else saved, now_ns)
        return allowed

    def _allow_any(self, now_ns: int) -> bool:
        tokens = self._global_tokens + (now_ns - self._global_ns) * self.per_second
        self._global_ns = now_ns
        tokens = min(tokens, self.burst * 1_000_000_000)
        allowed = tokens >= 1_000_000_000
        self._global_tokens = tokens - 1_000_000_000 if allowed else tokens
        return allowed
