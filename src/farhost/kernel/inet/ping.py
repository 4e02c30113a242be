"""Ping sockets (icmp(7), Linux's net/ipv4/ping.c and net/ipv6/ping.c): SOCK_DGRAM with IPPROTO_ICMP or _ICMPV6.

A program without privilege sends echo requests and gets the replies to them, as ICMP messages without the IP header.
The identifier is the socket's port: the kernel writes it into every request, and finds the socket by it in every
reply and error, from whomever it comes. Who may have one, net.ipv4.ping_group_range says.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import Control, Received
from farhost.kernel.inet.addresses import destination_of, local_of
from farhost.kernel.inet.message_socket import MessageSocket
from farhost.kernel.inet.raw_options import PING_OPTIONS
from farhost.kernel.inet.receive_buffer import charge
from farhost.kernel.inet.socket_base import SEND_SHUTDOWN
from farhost.kernel.waiting import Blocked, KernelError
from farhost.protocols.icmp import ECHO, PROBE, V6_ECHO, V6_PROBE
from farhost.wire import linux
from farhost.wire.addresses import is_multicast, needs_scope
from farhost.wire.codec import encode_body
from farhost.wire.icmp import HEADER_SIZE
from farhost.wire.packet import IcmpMessage, IpAddress, Packet
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

_LARGEST = 0xFFFF
REQUESTS = {linux.AF_INET: (ECHO, PROBE), linux.AF_INET6: (V6_ECHO, V6_PROBE)}
"""What a ping socket may send, with code 0 (ping_supported)."""


class PingSocket(MessageSocket):
    """A ping socket of AF_INET or AF_INET6."""

    option_table = PING_OPTIONS
    buffer_kind = "ping"
    tells_own_address = False

    def __init__(self, kernel: "Kernel", domain: int) -> None:
        protocol = linux.IPPROTO_ICMP if domain == linux.AF_INET else linux.IPPROTO_ICMPV6
        super().__init__(kernel, domain, linux.SOCK_DGRAM, protocol)
        self.options.reuse_address = 1
        self.inet.only_v6 = int(domain == linux.AF_INET6)

    def _knows(self, level: int) -> bool:
        return level == linux.SOL_SOCKET or (level != self.protocol and super()._knows(level))

    def have_port(self) -> None:
        """A free identifier, if there is none yet; EAGAIN when all are taken."""
        if not self.local_port:
            self._claim(0, linux.EAGAIN)

    def _claim(self, identifier: int, errno: int) -> None:
        ping = self.internet.ping
        found = ping.find_free(self, identifier)
        if not found:
            raise KernelError(errno)
        self.local_port = found
        self.flow = ping.add(self)

    def drop_port(self) -> None:
        """Have no identifier any more."""
        if self.local_port:
            self.internet.ping.remove(self)
            self.local_port = 0

    def is_open_to_strangers(self) -> bool:
        """Only replies to its own requests come."""
        return False

    # bind(2)

    def bind(self, thread: "Thread", address: Sockaddr) -> None:
        """bind(2): the own address and, as the port, the identifier (0: a free one).

        EADDRNOTAVAIL (also for groups and broadcast addresses), EAFNOSUPPORT, EINVAL (it has one, or an IPv6 address
        needs a scope, is a group's or IPv4-mapped), ENODEV, EADDRINUSE (unless both have SO_REUSEADDR, as ping
        sockets have from the start).
        """
        wanted, identifier, scope_id = local_of(self.domain, address)
        self._check_bind(wanted, scope_id)
        if self.local_port:
            raise KernelError(linux.EINVAL)
        self._claim(identifier, linux.EADDRINUSE)
        self.local_address = wanted
        self.scope_id = scope_id if needs_scope(wanted) else 0
        self.address_locked = any(wanted)
        self.port_locked = bool(identifier)

    def _check_bind(self, wanted: IpAddress, scope_id: int) -> None:
        """ping_check_bind_addr."""
        internet = self.internet
        if self.domain == linux.AF_INET6:
            if len(wanted) == 4 or is_multicast(wanted) or (needs_scope(wanted) and not scope_id):
                raise KernelError(linux.EINVAL)
            if scope_id:
                self.check_scope(wanted, scope_id)
        elif is_multicast(wanted) or wanted in internet.broadcasts:
            raise KernelError(linux.EADDRNOTAVAIL)
        if not internet.may_bind(wanted):
            raise KernelError(linux.EADDRNOTAVAIL)

    # send(2)

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """sendto(2): one echo request, whose identifier and checksum the kernel fills in.

        EMSGSIZE, EINVAL (no whole header, no echo request), EOPNOTSUPP (MSG_OOB), EDESTADDRREQ, EAFNOSUPPORT, EACCES,
        ENETUNREACH, SO_ERROR, EPIPE.
        """
        self.have_port()
        if len(data) > _LARGEST:
            raise KernelError(linux.EMSGSIZE)
        if len(data) < HEADER_SIZE:
            raise KernelError(linux.EINVAL)
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        if data[0] not in REQUESTS[self.domain] or data[1]:
            raise KernelError(linux.EINVAL)
        destination, scope_id = self._destination(address)
        path = self.fitting(self.find_path(destination, scope_id, control), destination, len(data))
        self.raise_error()
        if self.shut & SEND_SHUTDOWN:
            raise KernelError(linux.EPIPE)
        sequence = int.from_bytes(data[6:8], "big")
        body = IcmpMessage(data[0], 0, self.local_port << 16 | sequence, data[HEADER_SIZE:])
        self.emit(path, destination, self.protocol, body, len(data), control)
        return len(data)

    def _destination(self, address: Sockaddr | None) -> tuple[IpAddress, int]:
        """Address and scope; the port means nothing. `::` is not this host here, as it is elsewhere."""
        if address is None:
            if self.remote_address is None:
                raise KernelError(linux.EDESTADDRREQ)
            return self.remote_address, 0
        destination, _, scope_id = destination_of(self.domain, address)
        if self.domain == linux.AF_INET:
            return self.checked_destination(destination), 0
        scoped = scope_id or self.device() or (is_multicast(destination) and self.inet.multicast_interface)
        if len(destination) == 4 or (needs_scope(destination) and not scoped):
            raise KernelError(linux.EINVAL)
        return destination, scope_id

    # Arrival.

    def take(self, packet: Packet, interface: "Interface") -> None:
        """A reply for this socket: into the queue, or dropped when that is full (sock_queue_rcv_skb)."""
        if self.charged >= self.options.receive_buffer:
            self.overflow(packet, interface, "receive-buffer")
            return
        data = encode_body(packet)
        self.enqueue(packet, interface, data, 0, charge(len(data) - HEADER_SIZE, len(packet.source) == 16))

    # recv(2)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recvfrom(2): one ICMP message; EOPNOTSUPP for MSG_OOB. MSG_TRUNC does not tell the whole size, as
        ping_recvmsg does not."""
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        return super().recvmsg(thread, size, flags & ~linux.MSG_TRUNC, control_size)

    def queued_bytes(self, request: int) -> int | None:
        """Linux's ping sockets know neither FIONREAD nor SIOCOUTQ."""
        return None
