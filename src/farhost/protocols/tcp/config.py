"""The settings of one connection: what its kernel decides from options, routes and sysctls before it begins."""

from typing import NamedTuple

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000


class TcpConfig(NamedTuple):
    """All times in ns, all sizes in bytes of payload. The defaults are Linux's over Ethernet."""

    mss: int = 1460
    """The most payload of one segment without options that we take: announced to the peer (RFC 9293 §3.7.1)."""
    path_mss: int = 0
    """The most that the path carries in our direction; 0: as `mss`."""
    window_scaling: bool = True
    timestamps: bool = False
    receive_buffer: int = 65536
    """Unread bytes that the window allows for."""
    receive_buffer_max: int = 0
    """How far a fast reader makes the receive buffer grow; 0: never."""
    send_buffer: int = 87040
    """Bytes that a writer may have in the queue, unacknowledged ones included."""
    send_buffer_max: int = 0
    """How far the send buffer grows with the congestion window; 0: never."""
    syn_retries: int = 6
    syn_linear_timeouts: int = 4
    """How many retransmissions of a SYN come before the timeout doubles (Linux since 6.5)."""
    synack_retries: int = 5
    retries2: int = 15
    """How often data is sent again, as a time: that many doublings of `rto_min_ns` (924.6 s with the defaults)."""
    orphan_retries: int = 8
    """The same as `retries2` once the application has closed."""
    fin_timeout_ns: int = 60 * SECOND_NS
    """How long a closed connection stays in FIN_WAIT_2."""
    time_wait_ns: int = 60 * SECOND_NS
    keepalive: bool = False
    keepalive_idle_ns: int = 7200 * SECOND_NS
    keepalive_interval_ns: int = 75 * SECOND_NS
    keepalive_probes: int = 9
    nodelay: bool = False
    cork: bool = False
    quickack: bool = True
    urgent_inline: bool = False
    """SO_OOBINLINE: urgent bytes stay in the stream."""
    user_timeout_ns: int = 0
    """How long data may stay unacknowledged (RFC 5482); 0: as `retries2` says."""
    rto_initial_ns: int = SECOND_NS
    rto_min_ns: int = 200 * MILLISECOND_NS
    rto_max_ns: int = 120 * SECOND_NS
    delayed_ack_ns: int = 40 * MILLISECOND_NS
    burst_bytes: int = 65535
    """The most payload of a super-segment; two full segments are always allowed."""
    initial_window: int = 10
    """The first congestion window, in segments (RFC 6928)."""
    slow_start_after_idle: bool = True
    congestion: str = "reno"
    """A name in `congestion.table.CONTROLS`."""
    device_quota: int = 1 << 62
    """Bytes of fresh data that the device below takes before it wants to be asked (`TcpConnection.allow`)."""
