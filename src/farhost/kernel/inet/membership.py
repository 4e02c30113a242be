"""Multicast groups: joining, leaving, and the interface for sending (ip(7), ipv6(7)).

Who is a member is known to the host alone. No IGMP or MLD is spoken, since on a segment here every packet to a group
reaches every host; routers do not forward groups.
"""

import struct
from typing import TYPE_CHECKING

from farhost.kernel.waiting import KernelError
from farhost.wire import linux
from farhost.wire.addresses import is_multicast
from farhost.wire.packet import IpAddress

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet
    from farhost.kernel.inet.socket_base import InetSocket
    from farhost.kernel.process import Thread


def _first_interface(internet: "Internet", group: IpAddress) -> "Interface":
    """Where a group lives if the program does not say: the way that packets to it would go."""
    try:
        return internet.path(group).interface
    except KernelError:
        raise KernelError(linux.ENODEV) from None


def _request_v4(socket: "InetSocket", value: bytes) -> "tuple[IpAddress, Interface]":
    """struct ip_mreqn, or the shorter ip_mreq: group, the interface's address, its number."""
    if len(value) < 8:
        raise KernelError(linux.EINVAL)
    group, address = value[:4], value[4:8]
    if not is_multicast(group):
        raise KernelError(linux.EINVAL)
    internet = socket.internet
    index = struct.unpack("<i", value[8:12])[0] if len(value) >= 12 else 0
    if index:
        interface = internet.interface_at(index)
    elif any(address):
        interface = internet.lo if address[0] == 127 else internet.local.get(address)
    else:
        interface = _first_interface(internet, group)
    if interface is None:
        raise KernelError(linux.ENODEV)
    return group, interface


def _request_v6(socket: "InetSocket", value: bytes) -> "tuple[IpAddress, Interface]":
    """struct ipv6_mreq: group, the interface's number."""
    if len(value) < 20:
        raise KernelError(linux.EINVAL)
    group = value[:16]
    if not is_multicast(group):
        raise KernelError(linux.EINVAL)
    index = struct.unpack("<I", value[16:20])[0]
    interface = socket.internet.interface_at(index) if index else _first_interface(socket.internet, group)
    if interface is None:
        raise KernelError(linux.ENODEV)
    return group, interface


def _join(socket: "InetSocket", group: IpAddress, interface: "Interface") -> None:
    key = (interface.name, group)
    if key in socket.groups:
        raise KernelError(linux.EADDRINUSE)
    socket.groups[key] = None


def _leave(socket: "InetSocket", group: IpAddress, interface: "Interface") -> None:
    if (interface.name, group) not in socket.groups:
        raise KernelError(linux.EADDRNOTAVAIL)
    del socket.groups[interface.name, group]


def join_v4(socket: "InetSocket", thread: "Thread", value: bytes) -> None:
    """IP_ADD_MEMBERSHIP: EINVAL, ENODEV, EADDRINUSE for a group that was joined."""
    _join(socket, *_request_v4(socket, value))


def leave_v4(socket: "InetSocket", thread: "Thread", value: bytes) -> None:
    """IP_DROP_MEMBERSHIP: EADDRNOTAVAIL for a group that was not joined."""
    _leave(socket, *_request_v4(socket, value))


def join_v6(socket: "InetSocket", thread: "Thread", value: bytes) -> None:
    """IPV6_JOIN_GROUP."""
    _join(socket, *_request_v6(socket, value))


def leave_v6(socket: "InetSocket", thread: "Thread", value: bytes) -> None:
    """IPV6_LEAVE_GROUP."""
    _leave(socket, *_request_v6(socket, value))


def get_interface_v4(socket: "InetSocket") -> bytes:
    """IP_MULTICAST_IF: the chosen interface's first IPv4 address, 0.0.0.0 for none."""
    interface = socket.internet.interfaces.get(socket.inet.multicast_interface)
    if interface is not None:
        for address, _ in interface.addresses:
            if len(address) == 4:
                return address
    return bytes(4)


def set_interface_v4(socket: "InetSocket", thread: "Thread", value: bytes) -> None:
    """IP_MULTICAST_IF: in_addr, ip_mreq or ip_mreqn; EADDRNOTAVAIL for an address that no interface has."""
    if len(value) < 4 or socket.type == linux.SOCK_STREAM:
        raise KernelError(linux.EINVAL)
    address = value[4:8] if len(value) >= 8 else value[:4]
    index = struct.unpack("<i", value[8:12])[0] if len(value) >= 12 else 0
    internet = socket.internet
    if index:
        interface = internet.interface_at(index)
    elif any(address):
        interface = internet.lo if address[0] == 127 else internet.local.get(address)
    else:
        socket.inet.multicast_interface = ""
        return
    if interface is None:
        raise KernelError(linux.EADDRNOTAVAIL)
    socket.inet.multicast_interface = interface.name


def get_interface_v6(socket: "InetSocket") -> int:
    """IPV6_MULTICAST_IF: the interface's number, 0 for none."""
    interface = socket.internet.interfaces.get(socket.inet.multicast_interface)
    return interface.index if interface is not None else 0


def set_interface_v6(socket: "InetSocket", thread: "Thread", value: int) -> None:
    """IPV6_MULTICAST_IF: ENODEV for a number that no interface has."""
    if socket.type == linux.SOCK_STREAM:
        raise KernelError(linux.ENOPROTOOPT)
    interface = socket.internet.interface_at(value) if value else None
    if value and interface is None:
        raise KernelError(linux.ENODEV)
    socket.inet.multicast_interface = interface.name if interface is not None else ""
