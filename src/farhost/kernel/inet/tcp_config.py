"""A connection's settings, from its socket's options, its path and the host's sysctls.

Buffers: what setsockopt(2) was told is doubled by the option table, as Linux does, and half of that is what the
window is measured by here: Linux's own share for bookkeeping depends on how its drivers cut memory.
"""

from typing import TYPE_CHECKING

from farhost.kernel.inet.path import Path
from farhost.protocols.tcp.config import TcpConfig

if TYPE_CHECKING:
    from farhost.kernel.inet.stream import StreamSocket

SECOND_NS = 10**9
MILLISECOND_NS = 10**6
MICROSECOND_NS = 1000
DEVICE_QUOTA = 1 << 16
"""What a connection hands to its interface before the interface's queue is looked at."""


def segment_size(path: Path, is_v6: bool) -> int:
    """The most payload that a segment without options carries on a path."""
    return path.mtu - (60 if is_v6 else 40)


def send_buffer(socket: "StreamSocket", mss: int) -> tuple[int, int]:
    """(bytes now, bytes at most) of a send buffer: as SO_SNDBUF says, else it grows (tcp_sndbuf_expand)."""
    if socket.options.send_buffer_locked:
        return socket.options.send_buffer, 0
    _, default, largest = socket.kernel.sysctls.integers("net.ipv4.tcp_wmem")
    per_segment = 1
    while per_segment < mss + 640:
        per_segment <<= 1
    expanded = min(max(default, 2 * 10 * (per_segment + 256)), largest)
    return expanded, largest


def receive_buffer(socket: "StreamSocket") -> tuple[int, int]:
    """(bytes now, bytes at most) for the window: half the buffer; autotuned unless SO_RCVBUF was set."""
    if socket.options.receive_buffer_locked:
        return socket.options.receive_buffer // 2, 0
    sysctls = socket.kernel.sysctls
    _, default, largest = sysctls.integers("net.ipv4.tcp_rmem")
    return default // 2, largest // 2 if sysctls["net.ipv4.tcp_moderate_rcvbuf"] else 0


def make_config(socket: "StreamSocket", path: Path) -> TcpConfig:
    """What a new connection of `socket` along `path` is told."""
    sysctls = socket.kernel.sysctls
    inet = socket.inet
    is_v6 = len(path.source) == 16
    mss = segment_size(path, is_v6)
    if inet.max_segment:
        mss = min(mss, inet.max_segment)
    send, send_max = send_buffer(socket, mss)
    receive, receive_max = receive_buffer(socket)
    fin_timeout = inet.linger2 if inet.linger2 > 0 else sysctls["net.ipv4.tcp_fin_timeout"]
    return TcpConfig(
        mss=mss,
        path_mss=mss,
        window_scaling=bool(sysctls["net.ipv4.tcp_window_scaling"]),
        timestamps=bool(sysctls["net.ipv4.tcp_timestamps"]),
        receive_buffer=receive,
        receive_buffer_max=receive_max,
        send_buffer=send,
        send_buffer_max=send_max,
        syn_retries=inet.syn_count,
        synack_retries=sysctls["net.ipv4.tcp_synack_retries"],
        retries2=sysctls["net.ipv4.tcp_retries2"],
        fin_timeout_ns=fin_timeout * SECOND_NS,
        keepalive=bool(socket.options.keepalive),
        keepalive_idle_ns=inet.keep_idle * SECOND_NS,
        keepalive_interval_ns=inet.keep_interval * SECOND_NS,
        keepalive_probes=inet.keep_count,
        nodelay=bool(inet.nodelay),
        cork=bool(inet.cork),
        quickack=bool(inet.quickack),
        urgent_inline=bool(socket.options.oob_inline),
        user_timeout_ns=inet.user_timeout_ms * MILLISECOND_NS,
        rto_min_ns=sysctls["net.ipv4.tcp_rto_min_us"] * MICROSECOND_NS,
        rto_max_ns=sysctls["net.ipv4.tcp_rto_max_ms"] * MILLISECOND_NS,
        burst_bytes=path.interface.burst_bytes,
        device_quota=DEVICE_QUOTA,
        congestion=inet.congestion,
    )
