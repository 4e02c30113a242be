"""The rows of SOL_IP, SOL_IPV6, SOL_UDP and SOL_UDPLITE (ip(7), ipv6(7), udp(7), udplite(7)), for both families.

What each accepts and answers was looked up on Linux 6.18. The machinery is `farhost.kernel.options`.
"""

import struct
from typing import TYPE_CHECKING

from farhost.kernel.inet import membership
from farhost.kernel.options import CType, Getter, Option, OptionValue, Setter, ignored, refused, supported
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.socket_base import InetSocket
    from farhost.kernel.process import Thread

_IP, _IPV6, _UDP, _UDPLITE = linux.SOL_IP, linux.SOL_IPV6, linux.SOL_UDP, linux.SOL_UDPLITE
_INT, _FLAG, _BYTE, _BYTES = CType.INT, CType.FLAG, CType.BYTE, CType.BYTES
_SMALLEST_MTU_V6 = 1280
_TESTS = "tests/kernel/inet/test_inet_options.py::"
_TRANSPORT_TESTS = "tests/kernel/inet/test_inet_options_of_transport.py::"


def kept(attribute: str, low: int = -(1 << 31), high: int = (1 << 31) - 1) -> tuple[Getter, Setter]:
    """Handlers for a value that is kept on `InetOptions`; EINVAL outside [low, high]."""

    def get(socket: "InetSocket") -> OptionValue:
        value: OptionValue = getattr(socket.inet, attribute)
        return value

    def set(socket: "InetSocket", thread: "Thread", value: int) -> None:
        if not low <= value <= high:
            raise KernelError(linux.EINVAL)
        setattr(socket.inet, attribute, value)

    return get, set


def kept_flag(attribute: str) -> tuple[Getter, Setter]:
    """Handlers for a value on `InetOptions` of which only zero or not zero counts."""

    def set(socket: "InetSocket", thread: "Thread", value: int) -> None:
        setattr(socket.inet, attribute, int(value != 0))

    return kept(attribute)[0], set


def row(
    level: int,
    name: int,
    label: str,
    c_type: CType,
    reason: str,
    handlers: tuple[Getter | None, Setter | None],
    test: str = "",
) -> Option:
    """A supported row, with its test named after it."""
    where = _TESTS if level in (linux.SOL_IP, linux.SOL_IPV6) else _TRANSPORT_TESTS
    return supported(level, name, label, c_type, reason, where + (test or f"test_{label.lower()}"), *handlers)


def _get_ttl(socket: "InetSocket") -> OptionValue:
    return socket.inet.ttl if socket.inet.ttl > 0 else socket.kernel.sysctls["net.ipv4.ip_default_ttl"]


def _set_ttl(socket: "InetSocket", thread: "Thread", value: int) -> None:
    if value != -1 and not 1 <= value <= 255:
        raise KernelError(linux.EINVAL)
    socket.inet.ttl = value


def _set_tos(socket: "InetSocket", thread: "Thread", value: int) -> None:
    """The ECN bits of a stream are TCP's own business (__ip_sock_set_tos)."""
    if socket.type == linux.SOCK_STREAM:
        value = value & ~3 | socket.inet.tos & 3
    socket.inet.tos = value & 0xFF


def _receive_error(attribute: str) -> tuple[Getter, Setter]:
    """Handlers for IP_RECVERR and IPV6_RECVERR: switching either off empties the queue."""

    def set(socket: "InetSocket", thread: "Thread", value: int) -> None:
        setattr(socket.inet, attribute, int(value != 0))
        if not value and socket.errors is not None:
            socket.errors.clear()

    return kept(attribute)[0], set


def _set_mtu_v6(socket: "InetSocket", thread: "Thread", value: int) -> None:
    """What datagrams are cut to; 0 for as much as the path takes."""
    if value and value < _SMALLEST_MTU_V6:
        raise KernelError(linux.EINVAL)
    socket.inet.fragment_size = value


def _get_mtu(socket: "InetSocket") -> OptionValue:
    destination = socket.remote_address
    if destination is None:
        raise KernelError(linux.ENOTCONN)
    return socket.internet.path(destination, socket.local_address, socket.device()).mtu


def _set_only_v6(socket: "InetSocket", thread: "Thread", value: int) -> None:
    if socket.binding is not None or socket.local_port:
        raise KernelError(linux.EINVAL)
    socket.inet.only_v6 = value


def _get_hops(socket: "InetSocket") -> OptionValue:
    hops = socket.inet.hop_limit
    return hops if hops >= 0 else socket.kernel.sysctls["net.ipv6.conf.all.hop_limit"]


def _set_traffic_class(socket: "InetSocket", thread: "Thread", value: int) -> None:
    if not -1 <= value <= 255:
        raise KernelError(linux.EINVAL)
    value = max(value, 0)
    if socket.type == linux.SOCK_STREAM:
        value = value & ~3 | socket.inet.traffic_class & 3
    socket.inet.traffic_class = value


def _set_multicast_ttl(socket: "InetSocket", thread: "Thread", value: int) -> None:
    if socket.type == linux.SOCK_STREAM or not -1 <= value <= 255:
        raise KernelError(linux.EINVAL)
    socket.inet.multicast_hops = 1 if value == -1 else value


def _set_multicast_hops(socket: "InetSocket", thread: "Thread", value: int) -> None:
    if socket.type == linux.SOCK_STREAM:
        raise KernelError(linux.ENOPROTOOPT)
    if not -1 <= value <= 255:
        raise KernelError(linux.EINVAL)
    socket.inet.multicast_hops = 1 if value == -1 else value


def _get_port_range(socket: "InetSocket") -> OptionValue:
    low, high = socket.inet.port_range
    return high << 16 | low


def _set_port_range(socket: "InetSocket", thread: "Thread", value: int) -> None:
    low, high = value & 0xFFFF, value >> 16 & 0xFFFF
    if low and high and low > high:
        raise KernelError(linux.EINVAL)
    socket.inet.port_range = (low, high)


def _raw_only(socket: "InetSocket", thread: "Thread", value: int) -> None:
    raise KernelError(linux.ENOPROTOOPT)


def _get_path_mtu(socket: "InetSocket") -> OptionValue:
    if socket.remote_address is None:
        raise KernelError(linux.ENOTCONN)
    return bytes(28) + struct.pack("<I", int(str(_get_mtu(socket))))


IP_OPTIONS: tuple[Option, ...] = (
    row(_IP, linux.IP_TTL, "IP_TTL", _BYTE, "hop limit of unicast packets", (_get_ttl, _set_ttl)),
    row(_IP, linux.IP_TOS, "IP_TOS", _BYTE, "type of service in the header", (kept("tos")[0], _set_tos)),
    row(
        _IP,
        linux.IP_MTU_DISCOVER,
        "IP_MTU_DISCOVER",
        _BYTE,
        "DF: never, as path MTU discovery goes, or always",
        kept("mtu_discover", 0, 5),
    ),
    row(_IP, linux.IP_MTU, "IP_MTU", _INT, "the connected path's MTU", (_get_mtu, None)),
    row(_IP, linux.IP_RECVERR, "IP_RECVERR", _BYTE, "errors are queued", _receive_error("receive_error")),
    row(_IP, linux.IP_RECVTTL, "IP_RECVTTL", _BYTE, "datagrams tell their hop limit", kept_flag("receive_ttl")),
    row(_IP, linux.IP_RECVTOS, "IP_RECVTOS", _BYTE, "datagrams tell their type of service", kept_flag("receive_tos")),
    row(
        _IP, linux.IP_PKTINFO, "IP_PKTINFO", _BYTE, "datagrams tell where they came in", kept_flag("receive_info_v4")
    ),
    row(
        _IP,
        linux.IP_BIND_ADDRESS_NO_PORT,
        "IP_BIND_ADDRESS_NO_PORT",
        _BYTE,
        "bind to port 0 leaves the choice to connect",
        kept_flag("bind_address_no_port"),
    ),
    row(
        _IP,
        linux.IP_LOCAL_PORT_RANGE,
        "IP_LOCAL_PORT_RANGE",
        _INT,
        "narrows the host's range of ephemeral ports",
        (_get_port_range, _set_port_range),
    ),
    row(
        _IP,
        linux.IP_MULTICAST_TTL,
        "IP_MULTICAST_TTL",
        _BYTE,
        "hop limit of multicast packets",
        (kept("multicast_hops")[0], _set_multicast_ttl),
    ),
    row(
        _IP,
        linux.IP_MULTICAST_LOOP,
        "IP_MULTICAST_LOOP",
        _BYTE,
        "own members get copies",
        kept_flag("multicast_loop"),
    ),
    row(
        _IP,
        linux.IP_MULTICAST_IF,
        "IP_MULTICAST_IF",
        _BYTES,
        "the interface that multicast packets leave by",
        (membership.get_interface_v4, membership.set_interface_v4),
    ),
    row(
        _IP,
        linux.IP_ADD_MEMBERSHIP,
        "IP_ADD_MEMBERSHIP",
        _BYTES,
        "join a group on an interface; on the link every packet to a group reaches every host, so no IGMP is spoken",
        (None, membership.join_v4),
    ),
    row(
        _IP,
        linux.IP_DROP_MEMBERSHIP,
        "IP_DROP_MEMBERSHIP",
        _BYTES,
        "leave a group",
        (None, membership.leave_v4),
        "test_ip_add_membership",
    ),
    ignored(_IP, linux.IP_FREEBIND, "IP_FREEBIND", "addresses do not come and go during a run", _BYTE),
    ignored(_IP, linux.IP_MINTTL, "IP_MINTTL", "nothing is filtered by hop limit", _BYTE),
    ignored(_IP, linux.IP_MULTICAST_ALL, "IP_MULTICAST_ALL", "always on, Linux's default", _BYTE, 1),
    ignored(_IP, linux.IP_RECVOPTS, "IP_RECVOPTS", "no packet carries IP options", _FLAG),
    ignored(_IP, linux.IP_RETOPTS, "IP_RETOPTS", "no packet carries IP options", _FLAG),
    ignored(_IP, linux.IP_OPTIONS, "IP_OPTIONS", "no packet carries IP options", _BYTES, b""),
    ignored(_IP, linux.IP_RECVORIGDSTADDR, "IP_RECVORIGDSTADDR", "nothing is redirected", _FLAG),
    ignored(_IP, linux.IP_UNICAST_IF, "IP_UNICAST_IF", "SO_BINDTODEVICE does it", _INT),
    ignored(_IP, linux.IP_HDRINCL, "IP_HDRINCL", "for raw sockets", _BYTE, check=_raw_only),
    refused(_IP, linux.IP_TRANSPARENT, "IP_TRANSPARENT", "needs CAP_NET_ADMIN", linux.EPERM),
    refused(_IP, linux.IP_ADD_SOURCE_MEMBERSHIP, "IP_ADD_SOURCE_MEMBERSHIP", "groups are joined for any source"),
    refused(_IP, linux.IP_BLOCK_SOURCE, "IP_BLOCK_SOURCE", "groups are joined for any source"),
    refused(_IP, linux.IP_MSFILTER, "IP_MSFILTER", "groups are joined for any source"),
)

IPV6_OPTIONS: tuple[Option, ...] = (
    row(
        _IPV6,
        linux.IPV6_V6ONLY,
        "IPV6_V6ONLY",
        _FLAG,
        "no IPv4 through this socket",
        (kept("only_v6")[0], _set_only_v6),
    ),
    row(
        _IPV6,
        linux.IPV6_UNICAST_HOPS,
        "IPV6_UNICAST_HOPS",
        _INT,
        "hop limit of unicast packets",
        (_get_hops, kept("hop_limit", -1, 255)[1]),
    ),
    row(
        _IPV6,
        linux.IPV6_TCLASS,
        "IPV6_TCLASS",
        _INT,
        "traffic class in the header",
        (kept("traffic_class")[0], _set_traffic_class),
    ),
    row(
        _IPV6,
        linux.IPV6_MTU_DISCOVER,
        "IPV6_MTU_DISCOVER",
        _INT,
        "whether datagrams may be fragmented",
        kept("mtu_discover_v6", 0, 5),
    ),
    row(
        _IPV6,
        linux.IPV6_MTU,
        "IPV6_MTU",
        _INT,
        "the connected path's; set: the size of fragments",
        (_get_mtu, _set_mtu_v6),
    ),
    row(_IPV6, linux.IPV6_RECVERR, "IPV6_RECVERR", _FLAG, "errors are queued", _receive_error("receive_error_v6")),
    row(
        _IPV6,
        linux.IPV6_DONTFRAG,
        "IPV6_DONTFRAG",
        _FLAG,
        "datagrams are not fragmented",
        kept("dont_fragment"),
    ),
    row(
        _IPV6,
        linux.IPV6_RECVPATHMTU,
        "IPV6_RECVPATHMTU",
        _FLAG,
        "one that IPV6_DONTFRAG kept from being sent tells the path's MTU",
        kept("receive_path_mtu"),
    ),
    row(
        _IPV6,
        linux.IPV6_RECVPKTINFO,
        "IPV6_RECVPKTINFO",
        _FLAG,
        "datagrams tell where they came in",
        kept("receive_info"),
    ),
    row(
        _IPV6,
        linux.IPV6_RECVHOPLIMIT,
        "IPV6_RECVHOPLIMIT",
        _FLAG,
        "datagrams tell their hop limit",
        kept("receive_hops"),
    ),
    row(
        _IPV6,
        linux.IPV6_RECVTCLASS,
        "IPV6_RECVTCLASS",
        _FLAG,
        "datagrams tell their traffic class",
        kept("receive_traffic_class"),
    ),
    row(
        _IPV6,
        linux.IPV6_MULTICAST_HOPS,
        "IPV6_MULTICAST_HOPS",
        _INT,
        "hop limit of multicast packets",
        (kept("multicast_hops")[0], _set_multicast_hops),
    ),
    row(
        _IPV6,
        linux.IPV6_MULTICAST_LOOP,
        "IPV6_MULTICAST_LOOP",
        _INT,
        "own members get copies",
        kept("multicast_loop", 0, 1),
    ),
    row(
        _IPV6,
        linux.IPV6_MULTICAST_IF,
        "IPV6_MULTICAST_IF",
        _INT,
        "the interface that multicast packets leave by",
        (membership.get_interface_v6, membership.set_interface_v6),
    ),
    row(
        _IPV6,
        linux.IPV6_JOIN_GROUP,
        "IPV6_JOIN_GROUP",
        _BYTES,
        "join a group on an interface; no MLD is spoken",
        (None, membership.join_v6),
    ),
    row(
        _IPV6,
        linux.IPV6_LEAVE_GROUP,
        "IPV6_LEAVE_GROUP",
        _BYTES,
        "leave a group",
        (None, membership.leave_v6),
    ),
    row(_IPV6, linux.IPV6_PATHMTU, "IPV6_PATHMTU", _BYTES, "struct ip6_mtuinfo", (_get_path_mtu, None)),
    ignored(_IPV6, linux.IPV6_RECVHOPOPTS, "IPV6_RECVHOPOPTS", "no packet carries such headers", _FLAG),
    ignored(_IPV6, linux.IPV6_RECVDSTOPTS, "IPV6_RECVDSTOPTS", "no packet carries such headers", _FLAG),
    ignored(_IPV6, linux.IPV6_RECVRTHDR, "IPV6_RECVRTHDR", "no packet carries such headers", _FLAG),
    ignored(_IPV6, linux.IPV6_HOPOPTS, "IPV6_HOPOPTS", "no packet carries such headers", _BYTES, b""),
    ignored(_IPV6, linux.IPV6_DSTOPTS, "IPV6_DSTOPTS", "no packet carries such headers", _BYTES, b""),
    ignored(_IPV6, linux.IPV6_RTHDR, "IPV6_RTHDR", "no packet carries such headers", _BYTES, b""),
    ignored(_IPV6, linux.IPV6_RTHDRDSTOPTS, "IPV6_RTHDRDSTOPTS", "no packet carries such headers", _BYTES, b""),
    ignored(_IPV6, linux.IPV6_FREEBIND, "IPV6_FREEBIND", "addresses do not come and go during a run", _FLAG),
    ignored(_IPV6, linux.IPV6_AUTOFLOWLABEL, "IPV6_AUTOFLOWLABEL", "flow labels are zero", _FLAG),
    ignored(_IPV6, linux.IPV6_ADDR_PREFERENCES, "IPV6_ADDR_PREFERENCES", "no address is temporary"),
    ignored(_IPV6, linux.IPV6_MULTICAST_ALL, "IPV6_MULTICAST_ALL", "always on, Linux's default", _INT, 1),
    refused(_IPV6, linux.IPV6_ADDRFORM, "IPV6_ADDRFORM", "a socket keeps its family"),
    refused(_IPV6, linux.IPV6_TRANSPARENT, "IPV6_TRANSPARENT", "needs CAP_NET_ADMIN", linux.EPERM),
    refused(_IPV6, linux.IPV6_CHECKSUM, "IPV6_CHECKSUM", "for raw sockets"),
)

_SMALLEST_COVERAGE, _LARGEST_COVERAGE = 8, 0xFFFF


def _coverage(attribute: str) -> tuple[Getter, Setter]:
    """Handlers for a checksum coverage that is kept on `InetOptions`, None until it is set: 0 for all of a datagram,
    else brought into [8, 65535] (udp_lib_setsockopt). A UDP socket says 0 and refuses."""

    def get(socket: "InetSocket") -> OptionValue:
        value: int | None = getattr(socket.inet, attribute)
        return value or 0

    def set(socket: "InetSocket", thread: "Thread", value: int) -> None:
        if socket.protocol != linux.IPPROTO_UDPLITE:
            raise KernelError(linux.ENOPROTOOPT)
        setattr(socket.inet, attribute, value and min(max(value, _SMALLEST_COVERAGE), _LARGEST_COVERAGE))

    return get, set


UDP_OPTIONS: tuple[Option, ...] = (
    row(_UDP, linux.UDP_CORK, "UDP_CORK", _FLAG, "sends make one datagram until it is off", kept("cork")),
    ignored(_UDP, linux.UDP_NO_CHECK6_TX, "UDP_NO_CHECK6_TX", "checksums are always made", _FLAG),
    ignored(_UDP, linux.UDP_NO_CHECK6_RX, "UDP_NO_CHECK6_RX", "checksums are always there", _FLAG),
    refused(_UDP, linux.UDP_SEGMENT, "UDP_SEGMENT", "one send is one datagram"),
    refused(_UDP, linux.UDP_GRO, "UDP_GRO", "one datagram is one receive"),
    refused(_UDP, linux.UDP_ENCAP, "UDP_ENCAP", "no tunnels"),
    row(
        _UDPLITE,
        linux.UDPLITE_SEND_CSCOV,
        "UDPLITE_SEND_CSCOV",
        _INT,
        "how much of a datagram its checksum covers",
        _coverage("send_coverage"),
    ),
    row(
        _UDPLITE,
        linux.UDPLITE_RECV_CSCOV,
        "UDPLITE_RECV_CSCOV",
        _INT,
        "a datagram of which less is covered is dropped",
        _coverage("receive_coverage"),
    ),
)
