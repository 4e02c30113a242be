"""The rows of SOL_SOCKET (socket(7)), for sockets of every family; values that were looked up on Linux 6.18.

A family's own table may override a row. Buffer sizes are doubled and clamped as sock_setsockopt() does.
"""

import struct
from typing import TYPE_CHECKING

from farhost.kernel.options import CType, Getter, Option, OptionValue, Setter, ignored, refused, supported
from farhost.kernel.socket_base import MINIMUM_RECEIVE_BUFFER, MINIMUM_SEND_BUFFER, NOBODY, SocketBase
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Thread

_LEVEL = linux.SOL_SOCKET
_TESTS = "tests/kernel/test_kernel_options.py::"
_INT_MAX = 0x7FFFFFFF


def attribute(name: str) -> tuple[Getter, Setter]:
    """Handlers for a value that is kept on `SocketOptions` under this name."""

    def get(sock: SocketBase) -> OptionValue:
        value: OptionValue = getattr(sock.options, name)
        return value

    def set(sock: SocketBase, thread: "Thread", value: OptionValue) -> None:
        setattr(sock.options, name, value)

    return get, set


def _buffer_size(value: int, largest: int, minimum: int) -> int:
    """Doubled for bookkeeping; negative numbers are large, as the kernel compares without sign.

    >>> _buffer_size(100000, 4194304, 4608), _buffer_size(1, 4194304, 4608), _buffer_size(-1, 4194304, 4608)
    (200000, 4608, 8388608)
    """
    return max(min(value & 0xFFFFFFFF, largest, _INT_MAX // 2) * 2, minimum)


def _set_send_buffer(sock: SocketBase, thread: "Thread", value: int) -> None:
    sock.options.send_buffer = _buffer_size(value, sock.kernel.sysctls["net.core.wmem_max"], MINIMUM_SEND_BUFFER)
    sock.options.send_buffer_locked = True


def _set_receive_buffer(sock: SocketBase, thread: "Thread", value: int) -> None:
    sock.options.receive_buffer = _buffer_size(
        value, sock.kernel.sysctls["net.core.rmem_max"], MINIMUM_RECEIVE_BUFFER
    )
    sock.options.receive_buffer_locked = True


def _set_receive_low_water(sock: SocketBase, thread: "Thread", value: int) -> None:
    sock.options.receive_low_water = min(_INT_MAX if value < 0 else value or 1, sock.largest_low_water())


def _set_linger(sock: SocketBase, thread: "Thread", value: tuple[int, int]) -> None:
    sock.options.linger = (int(value[0] != 0), value[1] & 0xFFFFFFFF)


def _get_linger(sock: SocketBase) -> OptionValue:
    on, seconds = sock.options.linger
    return struct.pack("<iI", on, seconds)


def _check_priority(sock: SocketBase, thread: "Thread", value: int) -> None:
    if not 0 <= value <= 6 and thread.process.uid != 0:
        raise KernelError(linux.EPERM)


def _check_mark(sock: SocketBase, thread: "Thread", value: int) -> None:
    if thread.process.uid != 0:
        raise KernelError(linux.EPERM)


def _set_device(sock: SocketBase, thread: "Thread", value: bytes) -> None:
    name = value[:15].split(b"\0")[0].decode("ascii", "replace")
    if name and not sock.kernel.has_interface(name):
        raise KernelError(linux.ENODEV)
    if sock.options.bound_device and thread.process.uid != 0:
        raise KernelError(linux.EPERM)
    sock.options.bound_device = name


def _get_device(sock: SocketBase) -> OptionValue:
    name = sock.options.bound_device
    return name.encode() + b"\0" if name else b""


def _timestamp(which: int) -> tuple[Getter, Setter]:
    def get(sock: SocketBase) -> OptionValue:
        return int(sock.options.timestamp == which)

    def set(sock: SocketBase, thread: "Thread", value: int) -> None:
        if value:
            sock.options.timestamp = which
        elif sock.options.timestamp == which:
            sock.options.timestamp = 0

    return get, set


def _refuse_reuse_port(sock: SocketBase, thread: "Thread", value: int) -> None:
    if value and sock.domain not in (linux.AF_INET, linux.AF_INET6):
        raise KernelError(linux.EOPNOTSUPP)
    sock.options.reuse_port = value


def _unix_only(sock: SocketBase) -> None:
    if sock.domain != linux.AF_UNIX:
        raise KernelError(linux.EOPNOTSUPP)


def _passed(name: str) -> tuple[Getter, Setter]:
    """Handlers for what the Unix domain alone passes on: EOPNOTSUPP for sockets of another (sk_may_scm_recv)."""
    get_kept, set_kept = attribute(name)

    def get(sock: SocketBase) -> OptionValue:
        _unix_only(sock)
        return get_kept(sock)

    def set(sock: SocketBase, thread: "Thread", value: OptionValue) -> None:
        _unix_only(sock)
        set_kept(sock, thread, value)

    return get, set


def _get_credentials(sock: SocketBase) -> OptionValue:
    return struct.pack("<iii", *sock.peer_credentials)


def _get_groups(sock: SocketBase) -> OptionValue:
    if sock.peer_credentials is NOBODY:
        raise KernelError(linux.ENODATA)
    return struct.pack("<i", sock.peer_credentials.gid)


_FLAG, _INT, _TIME = CType.FLAG, CType.INT, CType.TIMEVAL


def _row(name: int, label: str, c_type: CType, reason: str, test: str, pair: tuple[Getter, Setter | None]) -> Option:
    return supported(_LEVEL, name, label, c_type, reason, _TESTS + test, *pair)


def _kept(name: int, label: str, c_type: CType, reason: str, field: str) -> Option:
    return _row(name, label, c_type, reason, f"test_{label.lower()}", attribute(field))


SOCKET_ROWS: tuple[Option, ...] = (
    _kept(linux.SO_REUSEADDR, "SO_REUSEADDR", _FLAG, "a port in TIME_WAIT can be bound", "reuse_address"),
    _row(
        linux.SO_REUSEPORT,
        "SO_REUSEPORT",
        _FLAG,
        "several sockets of one user share a port",
        "test_so_reuseport",
        (attribute("reuse_port")[0], _refuse_reuse_port),
    ),
    _row(linux.SO_TYPE, "SO_TYPE", _INT, "SOCK_STREAM, ...", "test_so_type", (lambda sock: sock.type, None)),
    _row(linux.SO_DOMAIN, "SO_DOMAIN", _INT, "AF_UNIX, ...", "test_so_domain", (lambda sock: sock.domain, None)),
    _row(
        linux.SO_PROTOCOL,
        "SO_PROTOCOL",
        _INT,
        "IPPROTO_TCP, ...",
        "test_so_protocol",
        (lambda sock: sock.protocol, None),
    ),
    _row(
        linux.SO_ACCEPTCONN,
        "SO_ACCEPTCONN",
        _INT,
        "whether it listens",
        "test_so_acceptconn",
        (lambda sock: int(sock.listening), None),
    ),
    _row(
        linux.SO_ERROR,
        "SO_ERROR",
        _INT,
        "the pending error, cleared by reading",
        "test_so_error",
        (lambda sock: sock.take_error(), None),
    ),
    _kept(linux.SO_OOBINLINE, "SO_OOBINLINE", _FLAG, "urgent bytes are read in their place", "oob_inline"),
    _kept(linux.SO_BROADCAST, "SO_BROADCAST", _FLAG, "datagrams may go to a broadcast address", "broadcast"),
    _row(
        linux.SO_SNDBUF,
        "SO_SNDBUF",
        _INT,
        "doubled, at least 4608, at most twice net.core.wmem_max",
        "test_so_sndbuf",
        (attribute("send_buffer")[0], _set_send_buffer),
    ),
    _row(
        linux.SO_RCVBUF,
        "SO_RCVBUF",
        _INT,
        "doubled, at least 2304, at most twice net.core.rmem_max",
        "test_so_rcvbuf",
        (attribute("receive_buffer")[0], _set_receive_buffer),
    ),
    _kept(linux.SO_KEEPALIVE, "SO_KEEPALIVE", _FLAG, "TCP probes an idle peer", "keepalive"),
    _row(
        linux.SO_LINGER,
        "SO_LINGER",
        CType.LINGER,
        "close waits, or resets",
        "test_so_linger",
        (_get_linger, _set_linger),
    ),
    _row(
        linux.SO_PASSCRED,
        "SO_PASSCRED",
        _FLAG,
        "Unix domain: an unbound sender gets a name, messages carry credentials",
        "test_so_passcred",
        _passed("pass_credentials"),
    ),
    _row(
        linux.SO_PEERCRED,
        "SO_PEERCRED",
        CType.BYTES,
        "pid, uid, gid of a Unix peer",
        "test_so_peercred",
        (_get_credentials, None),
    ),
    _row(
        linux.SO_PEERGROUPS,
        "SO_PEERGROUPS",
        CType.WHOLE,
        "further groups of a Unix peer: each process has its own group there, and no other",
        "test_so_peergroups",
        (_get_groups, None),
    ),
    _row(
        linux.SO_PASSRIGHTS,
        "SO_PASSRIGHTS",
        _FLAG,
        "Unix domain: turned off, messages with descriptors are refused to their sender",
        "test_so_passrights",
        _passed("pass_rights"),
    ),
    _row(
        linux.SO_PASSSEC,
        "SO_PASSSEC",
        _FLAG,
        "Unix domain: no label ever comes, but a receive without a control buffer says MSG_CTRUNC",
        "test_so_passsec",
        _passed("pass_security"),
    ),
    _row(
        linux.SO_RCVLOWAT,
        "SO_RCVLOWAT",
        _INT,
        "how much a blocking stream receive waits for",
        "test_so_rcvlowat",
        (attribute("receive_low_water")[0], _set_receive_low_water),
    ),
    _row(linux.SO_SNDLOWAT, "SO_SNDLOWAT", _INT, "always 1", "test_so_sndlowat", (lambda sock: 1, None)),
    _kept(linux.SO_RCVTIMEO, "SO_RCVTIMEO", _TIME, "EAGAIN after that time", "receive_timeout_ns"),
    _kept(linux.SO_SNDTIMEO, "SO_SNDTIMEO", _TIME, "EAGAIN after that time", "send_timeout_ns"),
    _row(
        linux.SO_BINDTODEVICE,
        "SO_BINDTODEVICE",
        CType.BYTES,
        "an interface's name; traffic goes and comes through it alone",
        "test_so_bindtodevice",
        (_get_device, _set_device),
    ),
    _row(
        linux.SO_TIMESTAMP,
        "SO_TIMESTAMP",
        _FLAG,
        "datagrams carry their time of arrival, in microseconds",
        "test_so_timestamp",
        _timestamp(linux.SO_TIMESTAMP),
    ),
    _row(
        linux.SO_TIMESTAMPNS,
        "SO_TIMESTAMPNS",
        _FLAG,
        "datagrams carry their time of arrival, in nanoseconds",
        "test_so_timestampns",
        _timestamp(linux.SO_TIMESTAMPNS),
    ),
    _kept(
        linux.SO_SELECT_ERR_QUEUE,
        "SO_SELECT_ERR_QUEUE",
        _FLAG,
        "an error of a datagram socket is exceptional as well (POLLPRI)",
        "select_error_queue",
    ),
    ignored(
        _LEVEL,
        linux.SO_PRIORITY,
        "SO_PRIORITY",
        "links have one queue; above 6 needs privilege",
        check=_check_priority,
    ),
    ignored(_LEVEL, linux.SO_DONTROUTE, "SO_DONTROUTE", "routes are followed all the same", _FLAG),
    ignored(_LEVEL, linux.SO_DEBUG, "SO_DEBUG", "the trace shows everything anyhow", _FLAG),
    ignored(_LEVEL, linux.SO_NO_CHECK, "SO_NO_CHECK", "checksums are always made", _FLAG),
    ignored(_LEVEL, linux.SO_BSDCOMPAT, "SO_BSDCOMPAT", "obsolete; Linux ignores it as well", _FLAG),
    ignored(_LEVEL, linux.SO_RXQ_OVFL, "SO_RXQ_OVFL", "drops are counted in the trace", _FLAG),
    ignored(_LEVEL, linux.SO_BUSY_POLL, "SO_BUSY_POLL", "there is no device queue to spin on"),
    ignored(_LEVEL, linux.SO_INCOMING_CPU, "SO_INCOMING_CPU", "there is one processor", default=-1),
    ignored(
        _LEVEL,
        linux.SO_MAX_PACING_RATE,
        "SO_MAX_PACING_RATE",
        "nothing is paced",
        CType.LONG,
        default=(1 << 64) - 1,
    ),
    ignored(_LEVEL, linux.SO_PEEK_OFF, "SO_PEEK_OFF", "MSG_PEEK always looks at the front", default=-1),
    ignored(_LEVEL, linux.SO_ZEROCOPY, "SO_ZEROCOPY", "copies cost nothing here", _FLAG),
    ignored(_LEVEL, linux.SO_MARK, "SO_MARK", "no route looks at marks; needs root (CAP_NET_RAW)", check=_check_mark),
    refused(_LEVEL, linux.SO_SNDBUFFORCE, "SO_SNDBUFFORCE", "needs CAP_NET_ADMIN", linux.EPERM),
    refused(_LEVEL, linux.SO_RCVBUFFORCE, "SO_RCVBUFFORCE", "needs CAP_NET_ADMIN", linux.EPERM),
    refused(_LEVEL, linux.SO_ATTACH_FILTER, "SO_ATTACH_FILTER", "no packet filter programs run here", linux.EPERM),
    refused(_LEVEL, linux.SO_DETACH_FILTER, "SO_DETACH_FILTER", "no filter is ever attached", linux.ENOENT),
    refused(_LEVEL, linux.SO_ATTACH_BPF, "SO_ATTACH_BPF", "no packet filter programs run here", linux.EPERM),
    refused(_LEVEL, linux.SO_PEERSEC, "SO_PEERSEC", "no security module is loaded"),
    refused(_LEVEL, linux.SO_PASSPIDFD, "SO_PASSPIDFD", "there are no descriptors of processes, as before Linux 6.5"),
    refused(_LEVEL, linux.SO_PEERPIDFD, "SO_PEERPIDFD", "there are no descriptors of processes, as before Linux 6.5"),
)
"""What every socket answers to at SOL_SOCKET."""
