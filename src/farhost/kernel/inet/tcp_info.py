"""struct tcp_info as Linux lays it out (include/uapi/linux/tcp.h), for getsockopt(2) TCP_INFO.

Times are microseconds, sizes bytes or segments as Linux has them. What the simulation does not know (pacing, ECN
counts, delivery rates) is zero, as on a Linux connection that has not used it.
"""

import struct
from typing import TYPE_CHECKING

from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.stream import StreamSocket

LAYOUT = "<8B24I4Q6IQ4I7Q5I"
"""Eight bytes of state and flags, then tcpi_rto to tcpi_total_retrans, and what later kernels added."""
