"""The rows that raw sockets have beside those of every internet socket (raw(7), icmp(7), RFC 3542), and the whole
tables of raw and ping sockets.

SOL_RAW is of both families with other options in each, so its handlers look at the family.
"""

from typing import TYPE_CHECKING

from farhost.kernel.inet.ip_options import IP_OPTIONS, IPV6_OPTIONS, kept_flag
from farhost.kernel.options import CType, Getter, Option, OptionTable, OptionValue, Setter, ignored, supported
from farhost.kernel.socket_options import SOCKET_ROWS
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.raw import RawSocket
    from farhost.kernel.process import Thread

_IP, _IPV6, _RAW, _ICMPV6 = linux.SOL_IP, linux.SOL_IPV6, linux.SOL_RAW, linux.SOL_ICMPV6
_INT, _FLAG, _BYTE, _BYTES = CType.INT, CType.FLAG, CType.BYTE, CType.BYTES
_TESTS = "tests/kernel/inet/test_inet_raw_options.py::test_"


def _row(level: int, name: int, label: str, c_type: CType, reason: str, handlers: tuple[Getter, Setter]) -> Option:
    return supported(level, name, label, c_type, reason, _TESTS + label.lower(), *handlers)


def _v4_icmp(socket: "RawSocket") -> None:
    """ENOPROTOOPT on a socket of the other family, EOPNOTSUPP on one of another protocol."""
    if socket.domain != linux.AF_INET:
        raise KernelError(linux.ENOPROTOOPT)
    if socket.protocol != linux.IPPROTO_ICMP:
        raise KernelError(linux.EOPNOTSUPP)


def _get_filter(socket: "RawSocket") -> OptionValue:
    _v4_icmp(socket)
    return socket.icmp_filter


def _set_filter(socket: "RawSocket", thread: "Thread", value: bytes) -> None:
    _v4_icmp(socket)
    _set_filter_v6(socket, thread, value)


def _get_filter_v6(socket: "RawSocket") -> OptionValue:
    return socket.icmp_filter


def _set_filter_v6(socket: "RawSocket", thread: "Thread", value: bytes) -> None:
    """As many bytes as were given, up to the filter's size; the others stay."""
    size = len(socket.icmp_filter)
    socket.icmp_filter = value[:size] + socket.icmp_filter[len(value) :]


def _v6_only(socket: "RawSocket") -> None:
    if socket.domain != linux.AF_INET6:
        raise KernelError(linux.ENOPROTOOPT)


def _get_checksum(socket: "RawSocket") -> OptionValue:
    _v6_only(socket)
    return socket.checksum_offset


def _put_checksum(socket: "RawSocket", value: int) -> None:
    if value > 0 and value & 1:
        raise KernelError(linux.EINVAL)
    socket.checksum_offset = max(value, -1)


def _set_checksum(socket: "RawSocket", thread: "Thread", value: int) -> None:
    """ICMPv6 has its checksum where it is (RFC 3542 §3.1)."""
    if socket.protocol == linux.IPPROTO_ICMPV6:
        raise KernelError(linux.EINVAL)
    _put_checksum(socket, value)


def _set_checksum_raw(socket: "RawSocket", thread: "Thread", value: int) -> None:
    """At SOL_RAW Linux lets even ICMPv6's be moved."""
    _v6_only(socket)
    _put_checksum(socket, value)


def _get_included(socket: "RawSocket") -> OptionValue:
    _v6_only(socket)
    return socket.inet.header_included


def _set_included(socket: "RawSocket", thread: "Thread", value: int) -> None:
    _v6_only(socket)
    socket.inet.header_included = value


def _check_alert(socket: "RawSocket", thread: "Thread", value: int) -> None:
    if socket.protocol == linux.IPPROTO_RAW:
        raise KernelError(linux.EINVAL)


RAW_ROWS: tuple[Option, ...] = (
    _row(
        _IP,
        linux.IP_HDRINCL,
        "IP_HDRINCL",
        _BYTE,
        "the program gives the IP header as well; IPPROTO_RAW sets it",
        kept_flag("header_included"),
    ),
    _row(
        _RAW, linux.ICMP_FILTER, "ICMP_FILTER", _BYTES, "ICMP types that are not wanted", (_get_filter, _set_filter)
    ),
    _row(
        _ICMPV6,
        linux.ICMPV6_FILTER,
        "ICMPV6_FILTER",
        _BYTES,
        "ICMPv6 types that are not wanted",
        (_get_filter_v6, _set_filter_v6),
    ),
    _row(
        _IPV6,
        linux.IPV6_CHECKSUM,
        "IPV6_CHECKSUM",
        _INT,
        "where packets have a checksum that the kernel makes and judges; -1: nowhere",
        (_get_checksum, _set_checksum),
    ),
    _row(
        _RAW,
        linux.IPV6_CHECKSUM,
        "IPV6_CHECKSUM",
        _INT,
        "the same, at SOL_RAW",
        (_get_checksum, _set_checksum_raw),
    )._replace(test=_TESTS + "ipv6_checksum_at_sol_raw"),
    _row(
        _IPV6,
        linux.IPV6_HDRINCL,
        "IPV6_HDRINCL",
        _FLAG,
        "the program gives the IPv6 header as well; IPPROTO_RAW sets it",
        (_get_included, _set_included),
    ),
    _row(
        _RAW,
        linux.IPV6_HDRINCL,
        "IPV6_HDRINCL",
        _FLAG,
        "the same, at SOL_RAW",
        (_get_included, _set_included),
    )._replace(test=_TESTS + "ipv6_hdrincl_at_sol_raw"),
    ignored(
        _IP, linux.IP_ROUTER_ALERT, "IP_ROUTER_ALERT", "no router looks at IP options", _FLAG, check=_check_alert
    ),
    ignored(_IP, linux.IP_NODEFRAG, "IP_NODEFRAG", "no packet filter ever sees what a host sends", _BYTE),
)

RAW_OPTIONS = OptionTable(SOCKET_ROWS, IP_OPTIONS, IPV6_OPTIONS, RAW_ROWS)
"""What a raw socket answers to."""

PING_OPTIONS = OptionTable(SOCKET_ROWS, IP_OPTIONS, IPV6_OPTIONS)
"""What a ping socket answers to."""
