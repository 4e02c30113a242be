"""The congestion controls by name, as TCP_CONGESTION and net.ipv4.tcp_congestion_control have them."""

from collections.abc import Callable

from farhost.protocols.tcp.congestion.protocol import CongestionControl
from farhost.protocols.tcp.congestion.reno import Reno

CONTROLS: dict[str, Callable[[int, int], CongestionControl]] = {"reno": Reno}
"""Name -> constructor of (segment size in bytes, initial window in segments)."""
