"""Control messages of UDP, raw and ping sockets: what came with a message, and what goes with one.

IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, SO_TIMESTAMP(NS) (ip(7),
ipv6(7), socket(7), cmsg(3)). Structs are little endian, as the waist has them. Errors are in `error_queue.py`.
"""

import struct
from typing import TYPE_CHECKING

from farhost.kernel.control_buffer import ControlBuffer
from farhost.kernel.files import Control
from farhost.kernel.waiting import KernelError
from farhost.wire import linux
from farhost.wire.addresses import map_v4, unmap_v4
from farhost.wire.packet import IpAddress, Packet

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.message_socket import MessageSocket
    from farhost.kernel.inet.socket_base import InetSocket


def timestamp(socket: "InetSocket", time_ns: int) -> Control:
    """When a packet came, if the program asked for that (SO_TIMESTAMP, SO_TIMESTAMPNS)."""
    which = socket.options.timestamp
    if not which:
        return ()
    realtime_ns = socket.kernel.realtime_ns() - (socket.internet.clock.now_ns - time_ns)
    seconds, rest_ns = divmod(realtime_ns, 10**9)
    rest = rest_ns // 1000 if which == linux.SO_TIMESTAMP else rest_ns
    return ((linux.SOL_SOCKET, which, struct.pack("<qq", seconds, rest)),)


def about(
    socket: "InetSocket", packet: Packet, interface: "Interface", time_ns: int, own: IpAddress | None = None
) -> Control:
    """What the program asked to be told of a packet that it receives; `own`: what IP_PKTINFO calls the local address
    of the packet, where that is not its destination."""
    inet = socket.inet
    found = list(timestamp(socket, time_ns))
    destination = packet.destination
    v4 = len(destination) == 4
    v6_socket = socket.domain == linux.AF_INET6
    if v6_socket and inet.receive_info:
        data = struct.pack("<16si", map_v4(destination), interface.index)
        found.append((linux.SOL_IPV6, linux.IPV6_PKTINFO, data))
    if v4:
        if inet.receive_info_v4:
            data = struct.pack("<i4s4s", interface.index, destination if own is None else own, destination)
            found.append((linux.SOL_IP, linux.IP_PKTINFO, data))
        if inet.receive_ttl:
            found.append((linux.SOL_IP, linux.IP_TTL, struct.pack("<i", packet.hop_limit)))
        if inet.receive_tos:
            found.append((linux.SOL_IP, linux.IP_TOS, bytes([packet.traffic_class])))
    elif v6_socket:
        if inet.receive_hops:
            found.append((linux.SOL_IPV6, linux.IPV6_HOPLIMIT, struct.pack("<i", packet.hop_limit)))
        if inet.receive_traffic_class:
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
