"""Opening a TUN device, and what has to be set up of it: addresses, MTU, queue, and that it is up.

All of that takes CAP_NET_ADMIN, except opening a device that root made for this user. Such a one is used if it is set
up already, and whatever cannot be done is a TunError with the commands that root has to run for it.
Source: Linux, networking/tuntap; netdevice(7).
"""

import errno
import fcntl
import os
import shlex
import socket
import struct
from pathlib import Path
from typing import NamedTuple

from farhost.devices.tun_place import Place, TunError
from farhost.wire.addresses import inet_ntop
from farhost.wire.packet import IpAddress

_PATH = "/dev/net/tun"
_ADDRESSES_V6 = Path("/proc/net/if_inet6")
_TUNSETIFF, _TUNGETIFF = 0x400454CA, 0x800454D2
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCGIFINDEX = 0x8913, 0x8914, 0x8933
_SIOCGIFADDR, _SIOCSIFADDR, _SIOCDIFADDR = 0x8915, 0x8916, 0x8936
_SIOCGIFNETMASK, _SIOCSIFNETMASK = 0x891B, 0x891C
_SIOCGIFMTU, _SIOCSIFMTU, _SIOCGIFTXQLEN, _SIOCSIFTXQLEN = 0x8921, 0x8922, 0x8942, 0x8943
_NAME = 16
_QUEUE = 5000
"""Packets that wait in the device for us: what is lost should be lost by the simulated link, and be in its trace."""
_LEAST_MTU_V6 = 1280
"""RFC 8200 §5; Linux takes IPv6 off a device with less."""


class Setup(NamedTuple):
    """How a device is set up."""

    up: bool
    mtu: int
    queue: int
    v4_length: int | None
    """The prefix length of the machine's address at the device; None where the device has not got it."""
    v6_length: int | None


def check_name(name: str) -> None:
    """TunError for what cannot be the name of a device."""
    if not 0 < len(name) < _NAME or not name.isascii() or any(c in "/: %" or not c.isprintable() for c in name):
        raise TunError(f"{name!r} is no name of a device: at most 15 letters, digits, - _ and .")


def open_device(name: str, place: Place) -> int:
    """The descriptor of a TUN device of that name, which is made if it is not there. TunError."""
    try:
        number = os.open(_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise TunError(_cannot_open(name, place, error)) from error
    try:
        fcntl.ioctl(number, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError as error:
        os.close(number)
        raise TunError(_cannot_make(name, place, error)) from error
    return number


def _cannot_open(name: str, place: Place, error: OSError) -> str:
    match error.errno:
        case errno.EACCES:
            # 0666 is what udev makes it: who may have which device the kernel asks later, at TUNSETIFF.
            lines = [f"chmod 0666 {_PATH}", *recipe(name, place, _find(name, place))]
            return f"this user may not open {_PATH}: run as root, or have root run this once:\n" + _indented(lines)
        case errno.EPERM:
            return f"cannot open {_PATH}: {error.strerror}; a container has to be given that device"
        case _:
            return f"cannot open {_PATH}: {error.strerror}; the kernel's module `tun` makes it: modprobe tun"


def _cannot_make(name: str, place: Place, error: OSError) -> str:
    found = _find(name, place)
    match error.errno:
        case errno.EBUSY:
            return f"the device {name} is in use by another process"
        case errno.EPERM if found is None:
            return (
                f"making the device {name} takes CAP_NET_ADMIN: run as root, or have root run this once:\n"
                f"{_indented(recipe(name, place, None))}"
            )
        case errno.EPERM:
            return f"the device {name} was made for another user: run as that user or as root, or choose another name"
        case errno.EINVAL if found is not None:
            return f"there is a device {name} that is no TUN device: choose another name"
        case _:
            return f"cannot make the device {name}: {error.strerror}"


def set_up(name: str, place: Place) -> str:
    """Give the device its addresses and MTU, and set it up; the kernel adds the routes. TunError.

    What is as it should be is left alone. Returns what falls short though packets go through, in a line for people.
    """
    mtu = place.port.interface.mtu
    if mtu < _LEAST_MTU_V6:
        raise TunError(f"the segment's MTU is {mtu}, and with less than {_LEAST_MTU_V6} the machine has no IPv6")
    try:
        found = read_setup(name, place)
        if _faults(found, place) or found.queue < _QUEUE:
            _change(name, place, found)
            found = read_setup(name, place)
    except OSError as error:
        # Setting up takes a capability, whose lack is EPERM; EACCES is addrconf's word where IPv6 is switched off.
        why = (
            f"IPv6 is off (sysctl net.ipv6.conf.{name}.disable_ipv6)"
            if error.errno == errno.EACCES
            else error.strerror
        )
        raise TunError(f"cannot set up the device {name}: {why or error}") from error
    faults = _faults(found, place)
    if faults:
        raise TunError(
            f"the device {name} is not set up for this network ({', '.join(faults)}): run as root, or have root run "
            f"this once:\n{_indented(recipe(name, place, found))}"
        )
    if found.queue < _QUEUE:
        return (
            f"the queue of {name} is {found.queue} packets long: what does not fit is lost without a trace; "
            f"root can change that: ip link set dev {shlex.quote(name)} txqueuelen {_QUEUE}"
        )
    return ""


def read_setup(name: str, place: Place) -> Setup:
    """How the device is set up. OSError, ENODEV if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # With an address in the request, the kernel speaks of that one if the device has it (devinet_ioctl).
        about = _request(name) + _sockaddr(place.v4)
        v4_length = None
        (flags,) = struct.unpack_from("H", _ask(sock, _SIOCGIFFLAGS, name), _NAME)
        try:
            if _ask(sock, _SIOCGIFADDR, name, about)[_NAME + 4 : _NAME + 8] == place.v4:
                mask = _ask(sock, _SIOCGIFNETMASK, name, about)[_NAME + 4 : _NAME + 8]
                v4_length = int.from_bytes(mask, "big").bit_count()
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
        (mtu,) = struct.unpack_from("i", _ask(sock, _SIOCGIFMTU, name), _NAME)
        (queue,) = struct.unpack_from("i", _ask(sock, _SIOCGIFTXQLEN, name), _NAME)
    return Setup(bool(flags & _IFF_UP), mtu, queue, v4_length, _v6_length(name, place.v6))


def _find(name: str, place: Place) -> Setup | None:
    try:
        return read_setup(name, place)
    except OSError:
        return None


def _v6_length(name: str, address: IpAddress) -> int | None:
    if not _ADDRESSES_V6.exists():
        return None
    for line in _ADDRESSES_V6.read_text(encoding="ascii").splitlines():
        hexadecimal, _, length, _, _, device = line.split()
        if device == name and bytes.fromhex(hexadecimal) == address:
            return int(length, 16)
    return None


def _faults(found: Setup, place: Place) -> list[str]:
    """What hinders packets, in words."""
    mtu = place.port.interface.mtu
    faults = []
    if found.v4_length != place.v4_length:
        faults.append(f"it has no address {inet_ntop(place.v4)}/{place.v4_length}")
    if found.v6_length != place.v6_length:
        faults.append(f"it has no address {inet_ntop(place.v6)}/{place.v6_length}")
    if found.mtu != mtu:
        faults.append(f"its MTU is {found.mtu} and not {mtu}")
    if not found.up:
        faults.append("it is down")
    return faults


def _change(name: str, place: Place, found: Setup) -> None:
    """Set up what is not yet; nothing if this user may not. OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            _ask(sock, _SIOCSIFTXQLEN, name, _request(name) + struct.pack("i20x", _QUEUE))
        except PermissionError:
            return
        _ask(sock, _SIOCSIFMTU, name, _request(name) + struct.pack("i20x", place.port.interface.mtu))
        if found.v4_length != place.v4_length:
            _ask(sock, _SIOCSIFADDR, name, _request(name) + _sockaddr(place.v4))
            mask = (0xFFFFFFFF << (32 - place.v4_length) & 0xFFFFFFFF).to_bytes(4, "big")
            _ask(sock, _SIOCSIFNETMASK, name, _request(name) + _sockaddr(mask))
        (flags,) = struct.unpack_from("H", _ask(sock, _SIOCGIFFLAGS, name), _NAME)
        _ask(sock, _SIOCSIFFLAGS, name, _request(name) + struct.pack("H22x", flags | _IFF_UP | _IFF_RUNNING))
        (index,) = struct.unpack_from("i", _ask(sock, _SIOCGIFINDEX, name), _NAME)
    v6_length = _v6_length(name, place.v6)
    if v6_length != place.v6_length:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            if v6_length is not None:
                fcntl.ioctl(sock, _SIOCDIFADDR, struct.pack("16sIi", place.v6, v6_length, index))
            fcntl.ioctl(sock, _SIOCSIFADDR, struct.pack("16sIi", place.v6, place.v6_length, index))


def recipe(name: str, place: Place, found: Setup | None) -> list[str]:
    """The commands by which root makes the device for this user, or sets up the one that is there as `found`."""
    device = f"dev {shlex.quote(name)}"
    lines = [] if found is not None else [f"ip tuntap add {device} mode tun user {os.geteuid()}"]
    lines.append(f"ip link set {device} mtu {place.port.interface.mtu} txqueuelen {_QUEUE} up")
    for address, length, is_length in (
        (inet_ntop(place.v4), place.v4_length, None if found is None else found.v4_length),
        (inet_ntop(place.v6), place.v6_length, None if found is None else found.v6_length),
    ):
        if is_length not in (None, length):
            lines.append(f"ip addr del {address}/{is_length} {device}")
        if is_length != length:
            lines.append(f"ip addr add {address}/{length} {device}")
    return lines


def device_faults(number: int, place: Place) -> list[str]:
    """What has happened to the device behind a descriptor that hinders packets, in words."""
    try:
        name = bytes(fcntl.ioctl(number, _TUNGETIFF, bytes(40)))[:_NAME].rstrip(b"\0").decode()
    except OSError:
        return ["it is gone"]
    found = _find(name, place)
    return ["it is in another network namespace"] if found is None else _faults(found, place)


def _ask(sock: socket.socket, request: int, name: str, argument: bytes | None = None) -> bytes:
    """One netdevice(7) call about a device; the struct ifreq as the kernel leaves it. OSError."""
    return bytes(fcntl.ioctl(sock, request, _request(name) + bytes(24) if argument is None else argument))


def _request(name: str) -> bytes:
    return name.encode().ljust(_NAME, b"\0")


def _sockaddr(address: IpAddress) -> bytes:
    return struct.pack("HH4s16x", socket.AF_INET, 0, address)


def _indented(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
