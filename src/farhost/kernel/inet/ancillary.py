"""Control messages of UDP, raw and ping sockets: what came with a message, what goes with one, and the error queue.

IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, SO_TIMESTAMP(NS), IP_RECVERR
(ip(7), ipv6(7), socket(7), cmsg(3)). Structs are little endian, as the waist has them.
"""

import struct
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.control_buffer import ControlBuffer
from farhost.kernel.files import Control, Received
from farhost.kernel.inet.addresses import as_sockaddr
from farhost.kernel.waiting import KernelError
from farhost.protocols.icmp_quote import IcmpError
from farhost.wire import linux
from farhost.wire.addresses import ANY_V4, map_v4, unmap_v4
from farhost.wire.packet import IpAddress, Packet
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.message_socket import MessageSocket


class QueuedError(NamedTuple):
    """An entry of the error queue (IP_RECVERR in ip(7))."""

    data: bytes
    """The start of the datagram that caused it."""
    destination: Sockaddr
    """Where that went."""
    control: Control


def about(socket: "MessageSocket", packet: Packet, interface: "Interface", time_ns: int) -> Control:
    """What the program asked to be told of a datagram that it receives."""
    inet = socket.inet
    found: list[tuple[int, int, bytes]] = []
    if socket.options.timestamp:
        realtime_ns = socket.kernel.realtime_ns() - (socket.internet.clock.now_ns - time_ns)
        seconds, rest_ns = divmod(realtime_ns, 10**9)
        if socket.options.timestamp == linux.SO_TIMESTAMP:
            found.append((linux.SOL_SOCKET, linux.SO_TIMESTAMP, struct.pack("<qq", seconds, rest_ns // 1000)))
        else:
            found.append((linux.SOL_SOCKET, linux.SO_TIMESTAMPNS, struct.pack("<qq", seconds, rest_ns)))
    destination = packet.destination
    if len(destination) == 4:
        if inet.receive_info_v4:
            own = destination if socket.tells_own_address else ANY_V4
            data = struct.pack("<i4s4s", interface.index, own, destination)
            found.append((linux.SOL_IP, linux.IP_PKTINFO, data))
        if inet.receive_ttl:
            found.append((linux.SOL_IP, linux.IP_TTL, struct.pack("<i", packet.hop_limit)))
        if inet.receive_tos:
            found.append((linux.SOL_IP, linux.IP_TOS, bytes([packet.traffic_class])))
    if socket.domain == linux.AF_INET6:
        if inet.receive_info:
            data = struct.pack("<16si", map_v4(destination), interface.index)
            found.append((linux.SOL_IPV6, linux.IPV6_PKTINFO, data))
        if inet.receive_hops and len(destination) == 16:
            found.append((linux.SOL_IPV6, linux.IPV6_HOPLIMIT, struct.pack("<i", packet.hop_limit)))
        if inet.receive_traffic_class and len(destination) == 16:
            found.append((linux.SOL_IPV6, linux.IPV6_TCLASS, struct.pack("<i", packet.traffic_class)))
    return tuple(found)


def cut(control: Control, size: int) -> tuple[Control, bool]:
    """The messages that fit a buffer of `size` bytes, the last perhaps shortened; and whether anything was lost."""
    buffer = ControlBuffer(size)
    for level, kind, data in control:
        buffer.put(level, kind, data)
    return buffer.control, buffer.truncated


def carried(socket: "MessageSocket", destination: IpAddress, control: Control) -> tuple[int, int]:
    """Hop limit and traffic class of a datagram: the socket's, or what this call says (IP_TTL, IPV6_TCLASS, ...)."""
    hops = socket.hops(destination)
    traffic_class = socket.traffic_class(destination)
    for level, kind, data in control:
        value = int.from_bytes(data[:4], "little")
        if (level, kind) in ((linux.SOL_IP, linux.IP_TTL), (linux.SOL_IPV6, linux.IPV6_HOPLIMIT)):
            if not 0 <= value <= 255 or (level == linux.SOL_IP and not value):
                raise KernelError(linux.EINVAL)
            hops = value
        elif (level, kind) in ((linux.SOL_IP, linux.IP_TOS), (linux.SOL_IPV6, linux.IPV6_TCLASS)):
            traffic_class = value & 0xFF
    return hops, traffic_class


def chosen_source(control: Control) -> IpAddress | None:
    """The source address that IP_PKTINFO or IPV6_PKTINFO names for this datagram."""
    for level, kind, data in control:
        if level == linux.SOL_IP and kind == linux.IP_PKTINFO and len(data) >= 12 and any(data[4:8]):
            return data[4:8]
        if level == linux.SOL_IPV6 and kind == linux.IPV6_PKTINFO and len(data) >= 20 and any(data[:16]):
            return unmap_v4(data[:16])
    return None


def queued_error(socket: "MessageSocket", error: IcmpError, errno: int) -> QueuedError:
    """An ICMP error as recvmsg(2) with MSG_ERRQUEUE will show it: struct sock_extended_err and who said it."""
    v4 = len(error.reporter) == 4
    origin = linux.SO_EE_ORIGIN_ICMP if v4 else linux.SO_EE_ORIGIN_ICMP6
    extended = struct.pack("<IBBBBII", errno, origin, error.kind, error.code, 0, error.mtu, 0)
    if v4:
        offender = struct.pack("<H2x4s8x", linux.AF_INET, error.reporter)
        row = (linux.SOL_IP, linux.IP_RECVERR, extended + offender)
    else:
        offender = struct.pack("<H2xI16sI", linux.AF_INET6, 0, error.reporter, 0)
        row = (linux.SOL_IPV6, linux.IPV6_RECVERR, extended + offender)
    data, port = socket.quoted(error.quote)
    return QueuedError(data, as_sockaddr(socket.domain, error.quote.destination, port), (row,))


def local_error(socket: "MessageSocket", errno: int, destination: IpAddress, port: int, mtu: int) -> QueuedError:
    """An error of this host's own about a message that it did not send (SO_EE_ORIGIN_LOCAL): no data, no offender."""
    extended = struct.pack("<IBBBBII", errno, linux.SO_EE_ORIGIN_LOCAL, 0, 0, 0, mtu, 0)
    if len(destination) == 4:
        row = (linux.SOL_IP, linux.IP_RECVERR, extended + bytes(16))
    else:
        row = (linux.SOL_IPV6, linux.IPV6_RECVERR, extended + bytes(28))
    return QueuedError(b"", as_sockaddr(socket.domain, destination, port), (row,))


def take_error(socket: "MessageSocket", size: int, control_size: int) -> Received:
    """recvmsg(2) with MSG_ERRQUEUE: the oldest queued error; EAGAIN, and never waits (recvmsg(2))."""
    if not socket.errors:
        raise KernelError(linux.EAGAIN)
    entry = socket.errors.popleft()
    socket.error = 0
    control, lost = cut(entry.control, control_size)
    flags = linux.MSG_ERRQUEUE
    if len(entry.data) > size:
        flags |= linux.MSG_TRUNC
    if lost:
        flags |= linux.MSG_CTRUNC
    return Received(entry.data[:size], entry.destination, flags, control)
