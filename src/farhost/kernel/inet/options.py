"""The rows of SOL_TCP (tcp(7)), and the whole tables of stream and datagram sockets.

Values, ranges and answers are those of do_tcp_setsockopt() and do_tcp_getsockopt() in Linux 6.18. Times that programs
give in seconds are kept in seconds. An option that a running connection has to hear of is handed on by
`apply_tcp_option`, which the socket calls after each setsockopt(2).
"""

from typing import TYPE_CHECKING

from farhost.kernel.inet.ip_options import IP_OPTIONS, IPV6_OPTIONS, UDP_OPTIONS, kept, row
from farhost.kernel.inet.tcp_config import MILLISECOND_NS, SECOND_NS
from farhost.kernel.inet.tcp_info import tcp_info
from farhost.kernel.options import CType, Option, OptionTable, OptionValue, ignored, refused
from farhost.kernel.socket_options import SOCKET_ROWS
from farhost.kernel.waiting import KernelError
from farhost.protocols.tcp.congestion.table import CONTROLS
from farhost.protocols.tcp.state import TcpState
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.stream import StreamSocket
    from farhost.kernel.process import Thread

_TCP = linux.SOL_TCP
_INT, _FLAG, _BYTES = CType.INT, CType.FLAG, CType.BYTES
_NAME_BYTES = 16
"""TCP_CA_NAME_MAX."""
_LONGEST_RTO = 120
_SMALLEST_SEGMENT, _LARGEST_SEGMENT = 88, 32767
_DEFAULT_SEGMENT = 536


def _get_segment(socket: "StreamSocket") -> OptionValue:
    """What the connection sends at most now; before there is one, what was set, or 536."""
    if socket.state is not TcpState.CLOSED and socket.endpoint is not None:
        return socket.endpoint.connection.info().snd_mss
    return socket.inet.max_segment or _DEFAULT_SEGMENT


def _set_segment(socket: "StreamSocket", thread: "Thread", value: int) -> None:
    if value and not _SMALLEST_SEGMENT <= value <= _LARGEST_SEGMENT:
        raise KernelError(linux.EINVAL)
    socket.inet.max_segment = value


def seconds_to_retransmits(seconds: int) -> int:
    """TCP_DEFER_ACCEPT's seconds as a number of SYN-ACK retransmissions (secs_to_retrans).

    >>> [seconds_to_retransmits(seconds) for seconds in (0, 1, 2, 4, 10)]
    [0, 1, 2, 3, 4]
    """
    if seconds <= 0:
        return 0
    count, timeout, period = 1, 1, 1
    while seconds > period and count < 255:
        count += 1
        timeout = min(timeout * 2, _LONGEST_RTO)
        period += timeout
    return count


def retransmits_to_seconds(count: int) -> int:
    """The other way round (retrans_to_secs).

    >>> [retransmits_to_seconds(count) for count in (0, 1, 2, 3)]
    [0, 1, 3, 7]
    """
    timeout, period = 1, 0
    for _ in range(count):
        period += timeout
        timeout = min(timeout * 2, _LONGEST_RTO)
    return period


def _get_defer(socket: "StreamSocket") -> OptionValue:
    return retransmits_to_seconds(socket.inet.defer_accept)


def _set_defer(socket: "StreamSocket", thread: "Thread", value: int) -> None:
    socket.inet.defer_accept = seconds_to_retransmits(value)


def _get_linger2(socket: "StreamSocket") -> OptionValue:
    value = socket.inet.linger2
    return -1 if value < 0 else value or socket.kernel.sysctls["net.ipv4.tcp_fin_timeout"]


def _set_linger2(socket: "StreamSocket", thread: "Thread", value: int) -> None:
    socket.inet.linger2 = -1 if value < 0 else min(value, _LONGEST_RTO)


def _get_congestion(socket: "StreamSocket") -> OptionValue:
    return socket.inet.congestion.encode().ljust(_NAME_BYTES, b"\0")


def _set_congestion(socket: "StreamSocket", thread: "Thread", value: bytes) -> None:
    name = value[: _NAME_BYTES - 1].split(b"\0")[0].decode("ascii", "replace")
    if not value:
        raise KernelError(linux.EINVAL)
    if name not in CONTROLS:
        raise KernelError(linux.ENOENT)
    socket.inet.congestion = name


def _set_quickack(socket: "StreamSocket", thread: "Thread", value: int) -> None:
    socket.inet.quickack = int(value != 0)


TCP_OPTIONS: tuple[Option, ...] = (
    row(_TCP, linux.TCP_NODELAY, "TCP_NODELAY", _FLAG, "small segments do not wait (Nagle off)", kept("nodelay")),
    row(_TCP, linux.TCP_CORK, "TCP_CORK", _FLAG, "only full segments go, until it is off", kept("cork")),
    row(
        _TCP,
        linux.TCP_MAXSEG,
        "TCP_MAXSEG",
        _INT,
        "the largest segment to send and announce",
        (_get_segment, _set_segment),
    ),
    row(
        _TCP, linux.TCP_KEEPIDLE, "TCP_KEEPIDLE", _INT, "seconds before keepalive probes", kept("keep_idle", 1, 32767)
    ),
    row(_TCP, linux.TCP_KEEPINTVL, "TCP_KEEPINTVL", _INT, "seconds between probes", kept("keep_interval", 1, 32767)),
    row(_TCP, linux.TCP_KEEPCNT, "TCP_KEEPCNT", _INT, "probes before giving up", kept("keep_count", 1, 127)),
    row(_TCP, linux.TCP_SYNCNT, "TCP_SYNCNT", _INT, "SYN retransmissions", kept("syn_count", 1, 127)),
    row(_TCP, linux.TCP_LINGER2, "TCP_LINGER2", _INT, "seconds in FIN_WAIT2", (_get_linger2, _set_linger2)),
    row(
        _TCP,
        linux.TCP_DEFER_ACCEPT,
        "TCP_DEFER_ACCEPT",
        _INT,
        "a connection is accepted once data has come",
        (_get_defer, _set_defer),
    ),
    row(_TCP, linux.TCP_INFO, "TCP_INFO", _BYTES, "struct tcp_info", (tcp_info, None)),
    row(_TCP, linux.TCP_QUICKACK, "TCP_QUICKACK", _INT, "acknowledge at once", (kept("quickack")[0], _set_quickack)),
    row(
        _TCP,
        linux.TCP_CONGESTION,
        "TCP_CONGESTION",
        _BYTES,
        "which congestion control new connections use; ENOENT for one that is not there",
        (_get_congestion, _set_congestion),
    ),
    row(
        _TCP,
        linux.TCP_USER_TIMEOUT,
        "TCP_USER_TIMEOUT",
        _INT,
        "milliseconds that data may stay unacknowledged",
        kept("user_timeout_ms", 0),
    ),
    row(
        _TCP,
        linux.TCP_NOTSENT_LOWAT,
        "TCP_NOTSENT_LOWAT",
        _INT,
        "not writable while this many bytes wait to be sent",
        kept("notsent_low_water"),
    ),
    ignored(_TCP, linux.TCP_WINDOW_CLAMP, "TCP_WINDOW_CLAMP", "SO_RCVBUF limits the window"),
    ignored(_TCP, linux.TCP_THIN_LINEAR_TIMEOUTS, "TCP_THIN_LINEAR_TIMEOUTS", "timeouts always double", _FLAG),
    ignored(_TCP, linux.TCP_THIN_DUPACK, "TCP_THIN_DUPACK", "obsolete; Linux ignores it as well", _FLAG),
    ignored(_TCP, linux.TCP_SAVE_SYN, "TCP_SAVE_SYN", "SYN headers are in the trace", _FLAG),
    ignored(_TCP, linux.TCP_INQ, "TCP_INQ", "FIONREAD tells it", _FLAG),
    ignored(_TCP, linux.TCP_TX_DELAY, "TCP_TX_DELAY", "links have the delay"),
    refused(_TCP, linux.TCP_FASTOPEN, "TCP_FASTOPEN", "every connection shakes hands first", linux.EOPNOTSUPP),
    refused(
        _TCP,
        linux.TCP_FASTOPEN_CONNECT,
        "TCP_FASTOPEN_CONNECT",
        "every connection shakes hands first",
        linux.EOPNOTSUPP,
    ),
    refused(_TCP, linux.TCP_MD5SIG, "TCP_MD5SIG", "segments are not signed"),
    refused(_TCP, linux.TCP_ULP, "TCP_ULP", "no TLS in the kernel", linux.ENOENT),
    refused(_TCP, linux.TCP_REPAIR, "TCP_REPAIR", "needs CAP_NET_ADMIN", linux.EPERM),
    refused(_TCP, linux.TCP_ZEROCOPY_RECEIVE, "TCP_ZEROCOPY_RECEIVE", "no memory is mapped"),
)


def _get_send_buffer(socket: "StreamSocket") -> OptionValue:
    """It grows with the connection unless SO_SNDBUF was set."""
    endpoint = socket.endpoint
    if endpoint is None or socket.options.send_buffer_locked:
        return socket.options.send_buffer
    return endpoint.connection.send_buffer


def _get_receive_buffer(socket: "StreamSocket") -> OptionValue:
    """Likewise; half of it is for the window."""
    endpoint = socket.endpoint
    if endpoint is None or socket.options.receive_buffer_locked:
        return socket.options.receive_buffer
    return max(socket.options.receive_buffer, 2 * endpoint.connection.receive_buffer)


_SETTERS = {row.name: row.set for row in SOCKET_ROWS if row.name in (linux.SO_SNDBUF, linux.SO_RCVBUF)}

BUFFER_OPTIONS: tuple[Option, ...] = (
    row(
        linux.SOL_SOCKET,
        linux.SO_SNDBUF,
        "SO_SNDBUF",
        _INT,
        "what a connection keeps until it is acknowledged; doubled, and fixed once set",
        (_get_send_buffer, _SETTERS[linux.SO_SNDBUF]),
    ),
    row(
        linux.SOL_SOCKET,
        linux.SO_RCVBUF,
        "SO_RCVBUF",
        _INT,
        "half of it is the window; doubled, and fixed once set",
        (_get_receive_buffer, _SETTERS[linux.SO_RCVBUF]),
    ),
)

STREAM_OPTIONS = OptionTable(SOCKET_ROWS, IP_OPTIONS, IPV6_OPTIONS, TCP_OPTIONS, BUFFER_OPTIONS)
"""What a TCP socket answers to."""

DATAGRAM_OPTIONS = OptionTable(SOCKET_ROWS, IP_OPTIONS, IPV6_OPTIONS, UDP_OPTIONS)
"""What a UDP socket answers to."""


def apply_tcp_option(socket: "StreamSocket", level: int, name: int) -> None:
    """Let a running connection hear of an option that has just been set."""
    endpoint = socket.endpoint
    if endpoint is None or endpoint.closed:
        return
    connection = endpoint.connection
    now_ns = socket.internet.clock.now_ns
    inet, options = socket.inet, socket.options
    if level == _TCP:
        if name == linux.TCP_NODELAY:
            connection.set_nodelay(bool(inet.nodelay), now_ns)
        elif name == linux.TCP_CORK:
            connection.set_cork(bool(inet.cork), now_ns)
        elif name == linux.TCP_QUICKACK:
            connection.set_quickack(bool(inet.quickack), now_ns)
        elif name == linux.TCP_USER_TIMEOUT:
            connection.set_user_timeout(inet.user_timeout_ms * MILLISECOND_NS)
        elif name in (linux.TCP_KEEPIDLE, linux.TCP_KEEPINTVL, linux.TCP_KEEPCNT):
            _apply_keepalive(socket)
        endpoint.pump()
    elif level == linux.SOL_SOCKET:
        if name == linux.SO_KEEPALIVE:
            _apply_keepalive(socket)
        elif name == linux.SO_SNDBUF:
            connection.set_send_buffer(options.send_buffer)
        elif name == linux.SO_RCVBUF:
            connection.set_receive_buffer(options.receive_buffer // 2)
        elif name == linux.SO_OOBINLINE:
            connection.urgent.inline = bool(options.oob_inline)
        endpoint.pump()
    elif level in (linux.SOL_IP, linux.SOL_IPV6):
        endpoint.ttl = socket.hops(endpoint.key[2])
        endpoint.tos = socket.traffic_class(endpoint.key[2])


def _apply_keepalive(socket: "StreamSocket") -> None:
    endpoint = socket.endpoint
    assert endpoint is not None
    inet = socket.inet
    endpoint.connection.set_keepalive(
        bool(socket.options.keepalive),
        inet.keep_idle * SECOND_NS,
        inet.keep_interval * SECOND_NS,
        inet.keep_count,
        socket.internet.clock.now_ns,
    )
