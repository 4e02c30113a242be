"""What a real thread waits for, as Linux tells it: /proc/PID/task/TID/syscall, and what its descriptors are.

A server at rest waits for new clients, or for datagrams at an address that it chose; decision 7 has the rules. Here
they are asked of the operating system: a socket that listens (/proc/net), an unconnected datagram socket whose port
is none of the ephemeral ones. Sources: proc(5), proc_pid_syscall(5), syscall(2), include/uapi/asm-generic/unistd.h.
"""

import os
import platform
import re
import struct
from pathlib import Path
from typing import NamedTuple

_NUMBERS = {
    "x86_64": {
        0: "read",
        7: "poll",
        23: "select",
        35: "nanosleep",
        43: "accept",
        45: "recvfrom",
        47: "recvmsg",
        202: "futex",
        230: "nanosleep",
        232: "epoll_wait",
        270: "select",
        271: "poll",
        281: "epoll_wait",
        288: "accept",
        441: "epoll_wait",
    },
    "aarch64": {
        22: "epoll_wait",
        63: "read",
        72: "select",
        73: "poll",
        98: "futex",
        101: "nanosleep",
        115: "nanosleep",
        202: "accept",
        207: "recvfrom",
        212: "recvmsg",
        242: "accept",
        441: "epoll_wait",
    },
}
"""The calls that wait, by machine and number; those with the same arguments have one name."""
_TIMEOUT_AT = {"poll": 2, "select": 4, "epoll_wait": 3, "futex": 3}
"""Where a call has its time limit: milliseconds with -1 for none, or a pointer that is null for none."""
_POINTERS = ("select", "futex")
_POLLFD = struct.Struct("ihh")
_LISTENS = "0A"
_UNCONNECTED = "07"
_UNIX_LISTENS = 0x10000
_INODE = re.compile(r"socket:\[(\d+)\]")


class Wait(NamedTuple):
    """One thread in a call that waits."""

    call: str
    descriptors: tuple[int, ...]
    timed: bool
    """Whether it comes back by itself."""


def wait_of(process: int, thread: int) -> Wait | None:
    """What a thread waits in; None while it runs, and where the system does not say."""
    folder = Path(f"/proc/{process}/task/{thread}")
    try:
        words = (folder / "syscall").read_text().split()
    except OSError:
        return None
    if not words[0].isdigit():
        return None
    name = _NUMBERS.get(platform.machine(), {}).get(int(words[0]))
    if name is None:
        return None
    arguments = [int(word, 16) for word in words[1:7]]
    return Wait(name, _descriptors(process, name, arguments), _is_timed(name, int(words[0]), arguments))


def _is_timed(name: str, number: int, arguments: list[int]) -> bool:
    if name == "nanosleep":
        return True
    position = _TIMEOUT_AT.get(name)
    if position is None:
        return False
    value = arguments[position]
    is_pointer = name in _POINTERS or number in (271, 73, 441)
    return bool(value) if is_pointer else value & 0xFFFFFFFF != 0xFFFFFFFF


def _descriptors(process: int, name: str, arguments: list[int]) -> tuple[int, ...]:
    """Those that a waiting call is about, as far as they can be read."""
    try:
        match name:
            case "poll":
                data = _memory(process, arguments[0], arguments[1] * _POLLFD.size)
                return tuple(fd for fd, _, _ in _POLLFD.iter_unpack(data))
            case "select":
                bits = int.from_bytes(_memory(process, arguments[1], 128), "little") if arguments[1] else 0
                return tuple(number for number in range(arguments[0]) if bits >> number & 1)
            case "epoll_wait":
                text = Path(f"/proc/{process}/fdinfo/{arguments[0]}").read_text()
                return tuple(int(found) for found in re.findall(r"tfd:\s*(\d+)", text))
            case "nanosleep" | "futex":
                return ()
    except OSError:
        return ()
    return (arguments[0],)


def _memory(process: int, address: int, size: int) -> bytes:
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        return os.pread(memory.fileno(), size, address)


def waits_for_clients(process: int, wait: Wait, chosen: frozenset[int] = frozenset()) -> bool:
    """Whether a new client or datagram would end a wait. `chosen`: inodes of sockets that were given an address."""
    inodes = {inode for inode in (_inode(process, number) for number in wait.descriptors) if inode}
    if not inodes:
        return False
    if wait.call == "accept":
        return True
    welcoming = _datagram_inodes(process, chosen)
    if wait.call not in ("read", "recvfrom", "recvmsg"):
        welcoming |= _listening_inodes(process)
    return bool(inodes & welcoming)


def _inode(process: int, number: int) -> int | None:
    try:
        match = _INODE.fullmatch(os.readlink(f"/proc/{process}/fd/{number}"))
    except OSError:
        return None
    return int(match.group(1)) if match else None


def _rows(process: int, table: str) -> list[list[str]]:
    try:
        return [line.split() for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]]
    except OSError:
        return []


def _listening_inodes(process: int) -> set[int]:
    found = {int(row[9]) for table in ("tcp", "tcp6") for row in _rows(process, table) if row[3] == _LISTENS}
    return found | {int(row[6]) for row in _rows(process, "unix") if int(row[3], 16) & _UNIX_LISTENS}


def _datagram_inodes(process: int, chosen: frozenset[int]) -> set[int]:
    """Datagram sockets with an address that their program chose, and without a peer."""
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    found = set()
    for table in ("udp", "udp6"):
        for row in _rows(process, table):
            port, inode = int(row[1].rpartition(":")[2], 16), int(row[9])
            if row[3] == _UNCONNECTED and port and (inode in chosen or not low <= port <= high):
                found.add(inode)
    found |= {int(row[6]) for row in _rows(process, "unix") if row[4] == "0002" and len(row) > 7}
    return found
