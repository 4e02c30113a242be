"""What a host remembers of a neighbour's hardware address, as Linux's neighbour table does (arp(7); RFC 4861 §7.3).

There is no ARP and no neighbour discovery on the wire: where the way there and back works, an address is found at
once. What matters is when it is not. An address that was found is used without a question for `REACHABLE_NS` after
the neighbour was last heard of (net.ipv4.neigh.*.base_reachable_time_ms, which Linux varies from half to one and a
half of it). The first packet after that starts a time of doubt, in which packets still leave: 5 s of waiting for a
sign of life (delay_first_probe_time), then three questions a second apart (ucast_solicit). Only then, or where an
address was never known, packets wait for an answer: three questions, a second apart (mcast_solicit, retrans_time_ms),
and then they fail. docs/decisions/0019 has what was measured.
"""

from farhost.wire.packet import Packet

REACHABLE_NS = 30_000_000_000
QUESTION_NS = 1_020_000_000
"""A second, as Linux keeps it: its timers are rounded up, so that a program's own limit of 3 s ends first."""
QUESTIONS = 3
DOUBT_NS = 5_000_000_000 + QUESTIONS * QUESTION_NS
UNRESOLVED_LIMIT = 101
"""How many packets wait for one neighbour's answer: net.ipv4.neigh.default.unres_qlen; beyond, the oldest is
dropped."""
_NEVER_NS = -REACHABLE_NS


class Neighbour:
    """One neighbour, as one interface knows it."""

    __slots__ = ("_confirmed_ns", "_doubted_ns", "questions", "waiting")

    def __init__(self) -> None:
        self._confirmed_ns = _NEVER_NS
        """When it was last heard of."""
        self._doubted_ns: int | None = None
        """When the first packet was sent to it after that was too long ago."""
        self.waiting: list[Packet] | None = None
        """Packets that wait for its address; None: its address is known."""
        self.questions = 0
        """How many were asked for its address."""

    def confirm(self, when_ns: int) -> None:
        """It was heard of."""
        if when_ns > self._confirmed_ns:
            self._confirmed_ns = when_ns
            self._doubted_ns = None

    def usable(self, now_ns: int) -> bool:
        """Whether a packet that is to be sent now leaves for the address that is known; False: it is no longer."""
        if self._doubted_ns is None:
            if now_ns >= self._confirmed_ns + REACHABLE_NS:
                self._doubted_ns = now_ns
            return True
        return now_ns < self._doubted_ns + DOUBT_NS
