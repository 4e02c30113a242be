"""How much one message may carry on a path: path MTU discovery as the socket wants it (ip(7), IP_MTU_DISCOVER).

By default one that is too long for the path is fragmented. Where the socket forbids that (IP_PMTUDISC_DO and
the like, IPV6_DONTFRAG) the call fails with EMSGSIZE, and whoever asked for it (IP_RECVERR, IPV6_RECVERR,
IPV6_RECVPATHMTU) finds the path's MTU. Sources: __ip_append_data, __ip6_append_data, ip6_setup_cork.
"""

import struct
from typing import TYPE_CHECKING

from farhost.kernel.files import Received
from farhost.kernel.inet import ancillary
from farhost.kernel.inet.addresses import as_sockaddr
from farhost.kernel.inet.path import Path
from farhost.wire import linux
from farhost.wire.packet import IpAddress

if TYPE_CHECKING:
    from farhost.kernel.inet.message_socket import MessageSocket

_PROBE, _DO, _OMIT = linux.IP_PMTUDISC_PROBE, linux.IP_PMTUDISC_DO, linux.IP_PMTUDISC_OMIT
_LARGEST = 0xFFFF
"""What an IPv4 packet and the payload of an IPv6 packet have at most."""
_HEADER_V4, _HEADER_V6 = 20, 40
_FORBIDS_FRAGMENTS = (_DO, _PROBE, linux.IP_PMTUDISC_INTERFACE)
SETS_DF = (linux.IP_PMTUDISC_WANT, _DO, _PROBE)
"""With these IPv4 datagrams that fit carry DF."""


def discovery(socket: "MessageSocket", destination: IpAddress) -> int:
    """IP_MTU_DISCOVER or IPV6_MTU_DISCOVER, which have the same values."""
    return socket.inet.mtu_discover if len(destination) == 4 else socket.inet.mtu_discover_v6


def usable(socket: "MessageSocket", path: Path, destination: IpAddress) -> Path:
    """The path as this socket uses it: from IP_PMTUDISC_PROBE on its interface's MTU counts, whatever routers said,
    and IPV6_MTU makes it smaller."""
    mtu = path.mtu
    if discovery(socket, destination) >= _PROBE and not path.local:
        mtu = path.interface.mtu
    limit = socket.inet.fragment_size
    if limit and len(destination) == 16:
        mtu = min(mtu, limit)
    return path if mtu == path.mtu else path.with_mtu(mtu)


def check_size(socket: "MessageSocket", path: Path, destination: IpAddress, port: int, size: int) -> None:
    """EMSGSIZE where a packet that carries `size` bytes cannot go along the (usable) path; who asked is told."""
    v4 = len(destination) == 4
    header, largest = (_HEADER_V4, _LARGEST - _HEADER_V4) if v4 else (_HEADER_V6, _LARGEST)
    if size + header <= path.mtu:
        return
    unwanted = not v4 and bool(socket.inet.dont_fragment)
    if unwanted and socket.inet.receive_path_mtu:
        socket.path_mtu_news = (destination, path.mtu)
    if unwanted or size > largest or discovery(socket, destination) in _FORBIDS_FRAGMENTS:
        socket.refuse_size(destination, port, path.mtu)


def receive_news(socket: "MessageSocket", control_size: int) -> Received:
    """What IPV6_RECVPATHMTU tells, before anything else is received: no data, struct ip6_mtuinfo."""
    assert socket.path_mtu_news is not None
    (destination, mtu), socket.path_mtu_news = socket.path_mtu_news, None
    info = struct.pack("<HHI16sII", linux.AF_INET6, 0, 0, destination, 0, mtu)
    control, lost = ancillary.cut(((linux.SOL_IPV6, linux.IPV6_PATHMTU, info),), control_size)
    flags = linux.MSG_CTRUNC if lost else 0
    return Received(b"", as_sockaddr(linux.AF_INET6, destination, 0), flags, control)
