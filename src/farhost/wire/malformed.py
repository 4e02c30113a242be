"""The error for bytes that are no packet."""


class MalformedPacket(ValueError):
    """A packet that a receiver drops. `reason` is one of `REASONS`, for counters and the trace."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = (
    "ip-version",
    "ip-length",
    "ip-checksum",
    "ipv6-length",
    "ipv6-extension",
    "tcp-length",
    "tcp-checksum",
    "udp-length",
    "udp-checksum",
    "udplite-length",
    "udplite-coverage",
    "udplite-checksum",
    "icmp-length",
    "icmp-checksum",
)
"""All there are; what stands before the hyphen says whose counter it is."""
