"""struct tcp_info as Linux lays it out (include/uapi/linux/tcp.h), for getsockopt(2) TCP_INFO.

Times are microseconds and, since when, milliseconds; windows and losses are segments. What the simulation does not
know (pacing, ECN counts, delivery rates) is zero, as on a connection that has not used it.
"""

import struct
from typing import TYPE_CHECKING

from farhost.protocols.tcp.info import TcpInfo
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.stream import StreamSocket

SIZE = 280
"""sizeof(struct tcp_info) in Linux 6.18; older programs ask for less and get the start of it."""

_LAYOUT = struct.Struct("<8B24I4Q6I4Q2I2Q6I2HI")
_NO_LIMIT = 0xFFFFFFFFFFFFFFFF
_INFINITE_SSTHRESH = 0x7FFFFFFF
_MICROSECOND_NS = 1000
_MILLISECOND_NS = 1_000_000
_OPTION_TIMESTAMPS, _OPTION_WINDOW_SCALE = linux.TCPI_OPT_TIMESTAMPS, linux.TCPI_OPT_WSCALE


def tcp_info(socket: "StreamSocket") -> bytes:
    """The struct's bytes, little endian."""
    endpoint = socket.endpoint
    if endpoint is None:
        return _without_connection(socket)
    return _with_connection(socket, endpoint.connection.info(), endpoint.path.mtu)


def _without_connection(socket: "StreamSocket") -> bytes:
    """CLOSE or LISTEN: of a listener, unacked and sacked are the accept queue's length and limit (tcp_get_info)."""
    values = [0] * 59
    listener = socket.listener
    if listener is not None:
        values[0] = linux.TCP_LISTEN
        values[12], values[13] = len(listener.ready), listener.backlog
        values[33] = _NO_LIMIT
    else:
        values[0] = linux.TCP_CLOSE
        values[8] = 1_000_000
        values[10] = 536
        values[25], values[26], values[28] = _INFINITE_SSTHRESH, 10, 3
        values[32] = values[33] = _NO_LIMIT
    return _LAYOUT.pack(*values).ljust(SIZE, b"\0")


def _with_connection(socket: "StreamSocket", info: TcpInfo, mtu: int) -> bytes:
    now_ns = socket.internet.clock.now_ns
    state = linux.TCP_CLOSE if info.state.value == linux.TCP_TIME_WAIT else info.state.value
    options = info.timestamps * _OPTION_TIMESTAMPS | info.window_scaling * _OPTION_WINDOW_SCALE
    scales = info.send_scale & 15 | info.receive_scale << 4
    data_sent_ms = max(0, now_ns - info.last_data_sent_ns) // _MILLISECOND_NS
    received_ms = max(0, now_ns - info.last_received_ns) // _MILLISECOND_NS
    head = (state, info.ca_state, min(info.retransmits, 255), min(info.probes, 255), min(info.backoff, 255))
    numbers = (
        *(info.rto_ns // _MICROSECOND_NS, info.ato_ns // _MICROSECOND_NS, info.snd_mss, info.rcv_mss),
        *(info.unacked, 0, info.lost, info.retransmitted, 0),
        *(data_sent_ms, 0, received_ms, received_ms),
        *(mtu, info.rcv_wnd, info.srtt_ns // _MICROSECOND_NS, info.rttvar_ns // _MICROSECOND_NS),
        *(info.snd_ssthresh, info.snd_cwnd, info.advertised_mss, 3),
        *(info.receive_rtt_ns // _MICROSECOND_NS, info.receive_space, info.total_retransmits),
    )
    return _LAYOUT.pack(
        *(*head, options, scales, 0),
        *(number & 0xFFFFFFFF for number in numbers),
        *(0, _NO_LIMIT, info.bytes_acked, info.bytes_received),
        *(0, 0, info.unsent_bytes, info.min_rtt_ns // _MICROSECOND_NS & 0xFFFFFFFF, 0, 0),
        *(0, 0, 0, 0),
        *(0, 0),
        *(0, 0),
        *(0, 0, 0, info.snd_wnd & 0xFFFFFFFF, info.rcv_wnd & 0xFFFFFFFF, 0),
        *(0, 0, 0),
    ).ljust(SIZE, b"\0")
