"""The deadlines of one connection: four plain numbers, so that setting one and finding the next cost little.

A timer that is off is due at `NEVER`. What happens at a deadline is decided in `deadlines.py`.
"""

NEVER = 1 << 62


class Timers:
    """When what is due, in absolute ns."""

    __slots__ = ("acknowledge_ns", "keepalive_ns", "linger_ns", "retransmit_ns")

    def __init__(self) -> None:
        self.retransmit_ns = NEVER
        """Something unacknowledged is sent again, or a shut window (or a corked one) is probed."""
        self.acknowledge_ns = NEVER
        """The delayed acknowledgement."""
        self.keepalive_ns = NEVER
        self.linger_ns = NEVER
        """The end of FIN_WAIT_2 without an owner, or of TIME_WAIT."""

    def next_ns(self) -> int:
        """The earliest; NEVER if all are off."""
        return min(self.retransmit_ns, self.acknowledge_ns, self.keepalive_ns, self.linger_ns)

    def stop(self) -> None:
        """All off."""
        self.retransmit_ns = self.acknowledge_ns = self.keepalive_ns = self.linger_ns = NEVER
