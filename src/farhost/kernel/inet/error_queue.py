"""The error queue of a socket: what recvmsg(2) with MSG_ERRQUEUE reads (ip(7) and ipv6(7), IP_RECVERR).

In it are ICMP errors, with the start of the packet that they are about, and errors of the host itself: a datagram
that was not sent because it may not be fragmented. Entries count against SO_RCVBUF; one that does not fit is lost,
and only the pending error tells of it. Reading one makes the next one's error the pending error. Which control
messages go with an entry is decided when it is read. Source: net/ipv4/ip_sockglue.c, net/ipv6/datagram.c,
sock_dequeue_err_skb in net/core/skbuff.c.
"""

import struct
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.files import Control, Received
from farhost.kernel.inet import ancillary
from farhost.kernel.inet.addresses import as_sockaddr
from farhost.kernel.inet.receive_buffer import charge
from farhost.kernel.waiting import KernelError
from farhost.protocols.icmp_quote import IcmpError
from farhost.wire import linux
from farhost.wire.addresses import is_link_local, map_v4
from farhost.wire.packet import IpAddress, Packet

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.socket_base import InetSocket


class Report(NamedTuple):
    """An ICMP error as it came."""

    error: IcmpError
    packet: Packet
    interface: "Interface"
    time_ns: int


class QueuedError(NamedTuple):
    """One entry."""

    errno: int
    destination: IpAddress
    """Where the packet went, or would have gone."""
    port: int
    data: bytes
    """The start of the packet's payload; an error of the host's own has none."""
    info: int
    """The path's MTU, where the error is about that."""
    cost: int
    """What it costs the receive buffer."""
    report: Report | None
    """None: the host's own error."""


class ErrorQueue:
    """The entries, oldest first, and what they cost."""

    __slots__ = ("_entries", "charged")

    def __init__(self) -> None:
        self._entries: deque[QueuedError] = deque()
        self.charged = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: QueuedError, room: int) -> bool:
        """Queue an entry; whether it fits into a receive buffer of `room` bytes, without what else is in it."""
        if self.charged + entry.cost >= room:
            return False
        self._entries.append(entry)
        self.charged += entry.cost
        return True

    def take(self) -> tuple[QueuedError, QueuedError | None]:
        """Remove the oldest entry; and the one after it, which stays."""
        entry = self._entries.popleft()
        self.charged -= entry.cost
        return entry, self._entries[0] if self._entries else None

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self.charged = 0


def reported(errno: int, data: bytes, port: int, report: Report) -> QueuedError:
    """An entry for an ICMP error that quotes `data`, on its way to `port`."""
    error = report.error
    cost = charge(len(error.quote.packet), len(error.reporter) == 16)
    return QueuedError(errno, error.quote.destination, port, data, error.mtu, cost, report)


def too_long(destination: IpAddress, port: int, mtu: int) -> QueuedError:
    """An entry for a datagram that does not fit a path of `mtu` bytes."""
    return QueuedError(linux.EMSGSIZE, destination, port, b"", mtu, charge(0, False), None)


def receive(socket: "InetSocket", size: int, control_size: int) -> Received:
    """recvmsg(2) with MSG_ERRQUEUE: the oldest entry, also with MSG_PEEK removed; EAGAIN, and never waits."""
    queue = socket.errors
    if not queue:
        raise KernelError(linux.EAGAIN)
    entry, following = queue.take()
    if following is not None and following.report is not None:
        socket.error = following.errno
    elif entry.report is not None:
        socket.error = 0
    if following is not None:
        socket.queue.wake(linux.EPOLLERR)
    control, lost = ancillary.cut(_control(socket, entry), control_size)
    flags = linux.MSG_ERRQUEUE
    if len(entry.data) > size:
        flags |= linux.MSG_TRUNC
    if lost:
        flags |= linux.MSG_CTRUNC
    scope_id = 0 if entry.report is None else entry.report.interface.index
    destination = as_sockaddr(socket.domain, entry.destination, entry.port, scope_id)
    return Received(entry.data[:size], destination, flags, control)


def _control(socket: "InetSocket", entry: QueuedError) -> Control:
    """The messages that the program asked for of what it receives, and struct sock_extended_err with who said it."""
    report = entry.report
    v6 = socket.domain == linux.AF_INET6
    if report is None:
        found = ancillary.timestamp(socket, socket.internet.clock.now_ns)
        extended = struct.pack("<IBBBBII", entry.errno, linux.SO_EE_ORIGIN_LOCAL, 0, 0, 0, entry.info, 0)
        offender = bytes(28 if v6 else 16)
    else:
        error = report.error
        found = ancillary.about(socket, report.packet, report.interface, report.time_ns, bytes(4))
        origin = linux.SO_EE_ORIGIN_ICMP if len(error.reporter) == 4 else linux.SO_EE_ORIGIN_ICMP6
        extended = struct.pack("<IBBBBII", entry.errno, origin, error.kind, error.code, 0, entry.info, 0)
        offender = _offender(v6, error.reporter, report.interface.index)
    level, kind = (linux.SOL_IPV6, linux.IPV6_RECVERR) if v6 else (linux.SOL_IP, linux.IP_RECVERR)
    return (*found, (level, kind, extended + offender))


def _offender(v6: bool, address: IpAddress, index: int) -> bytes:
    """A sockaddr of the socket's family, without a port."""
    if not v6:
        return struct.pack("<H2x4s8x", linux.AF_INET, address)
    scope_id = index if len(address) == 16 and is_link_local(address) else 0
    return struct.pack("<H2xI16sI", linux.AF_INET6, 0, map_v4(address), scope_id)
