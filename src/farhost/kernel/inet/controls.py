"""ioctl(2) on internet sockets: what is queued (tcp(7), udp(7)), and the interfaces of the host (netdevice(7)).

Answers are C structs, little endian: an int, or struct ifreq (16 bytes of name, 24 of union).
"""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from farhost.kernel.waiting import KernelError
from farhost.wire import linux
from farhost.wire.packet import IpAddress

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet

_NAME = 16
_IFREQ = 40


def interface_control(internet: "Internet", request: int, argument: bytes) -> bytes:
    """One of the SIOCGIF requests; ENODEV for an interface that is not there, ENOTTY for another request."""
    if request == linux.SIOCGIFCONF:
        return _configuration(internet)
    if request == linux.SIOCGIFNAME:
        interface = internet.interface_at(struct.unpack_from("<i", argument.ljust(_IFREQ, b"\0"), _NAME)[0])
        if interface is None:
            raise KernelError(linux.ENODEV)
        return interface.name.encode().ljust(_NAME, b"\0") + argument[_NAME:]
    answers: dict[int, Callable[[Interface], bytes]] = {
        linux.SIOCGIFADDR: _address,
        linux.SIOCGIFNETMASK: _netmask,
        linux.SIOCGIFMTU: lambda interface: struct.pack("<i", interface.mtu),
        linux.SIOCGIFINDEX: lambda interface: struct.pack("<i", interface.index),
        linux.SIOCGIFFLAGS: _flags,
        linux.SIOCGIFHWADDR: _hardware,
        linux.SIOCGIFTXQLEN: lambda interface: struct.pack("<i", 1000),
    }
    answer = answers.get(request)
    if answer is None:
        raise KernelError(linux.ENOTTY)
    name = argument[:_NAME].split(b"\0")[0].decode("ascii", "replace")
    found = internet.interfaces.get(name)
    if found is None:
        raise KernelError(linux.ENODEV)
    return (argument[:_NAME] + answer(found)).ljust(max(len(argument), _IFREQ), b"\0")


def _first_v4(interface: "Interface") -> tuple[IpAddress, int]:
    for address, length in interface.addresses:
        if len(address) == 4:
            return address, length
    raise KernelError(linux.EADDRNOTAVAIL)


def _sockaddr(address: IpAddress) -> bytes:
    return struct.pack("<HH4s8x", linux.AF_INET, 0, address)


def _address(interface: "Interface") -> bytes:
    return _sockaddr(_first_v4(interface)[0])


def _netmask(interface: "Interface") -> bytes:
    length = _first_v4(interface)[1]
    return _sockaddr((0xFFFFFFFF << (32 - length) & 0xFFFFFFFF).to_bytes(4, "big"))


def _flags(interface: "Interface") -> bytes:
    flags = linux.IFF_UP | linux.IFF_RUNNING if interface.up else 0
    if interface.kind == "loopback":
        flags |= linux.IFF_LOOPBACK
    else:
        flags |= linux.IFF_BROADCAST | linux.IFF_MULTICAST
    return struct.pack("<h", flags)


def _hardware(interface: "Interface") -> bytes:
    """ARPHRD_LOOPBACK (772) or ARPHRD_ETHER (1), and a locally administered address with the interface's number."""
    if interface.kind == "loopback":
        return struct.pack("<H6s", 772, bytes(6))
    return struct.pack("<H6s", 1, bytes((2, 0, 0, 0, 0, interface.index)))


def _configuration(internet: "Internet") -> bytes:
    """SIOCGIFCONF: the ifreqs of all interfaces that have an IPv4 address, one after the other."""
    rows = []
    for interface in internet.interfaces.values():
        if any(len(address) == 4 for address, _ in interface.addresses):
            rows.append(interface.name.encode().ljust(_NAME, b"\0") + _address(interface).ljust(24, b"\0"))
    return b"".join(rows)
