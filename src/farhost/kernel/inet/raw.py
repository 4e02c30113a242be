"""Raw sockets (raw(7), ipv6(7), Linux's net/ipv4/raw.c and net/ipv6/raw.c): packets of one protocol, in and out.

A program gives what follows the IP header, or with IP_HDRINCL the header too (which IPPROTO_RAW implies), and gets
whole packets on IPv4, what follows the headers on IPv6. The protocol is the socket's port, as getsockname(2) shows.
A raw socket needs no bind(2) to receive; AF_UNSPEC dissolves it for good: it receives nothing more, as on Linux.
Where it differs from Linux: no IP options are looked at (no router alert, no recorded route), and what a program
sends to its own host with a header that names another destination goes there.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import Control, Received
from farhost.kernel.inet import raw_packets
from farhost.kernel.inet.addresses import SIN6_BYTES, any_of, destination_of, local_of
from farhost.kernel.inet.message_socket import MessageSocket
from farhost.kernel.inet.path import Path
from farhost.kernel.inet.raw_options import RAW_OPTIONS
from farhost.kernel.inet.receive_buffer import charge
from farhost.kernel.inet.socket_base import SEND_SHUTDOWN
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux
from farhost.wire.addresses import needs_scope, unmap_v4
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import IpAddress, Packet, RawBody
from farhost.wire.sockaddr import Sockaddr, SockaddrOther

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread
    from farhost.protocols.icmp_quote import Quote

_LARGEST = 0xFFFF
_ICMP_HEADER = 8
_PROBED = {
    linux.AF_INET: {linux.IPPROTO_ICMP: 2},
    linux.AF_INET6: {linux.IPPROTO_ICMPV6: 2, linux.IPPROTO_MH: 4},
}
"""Protocols whose first bytes Linux looks at before it looks for a route; fewer are EFAULT (raw_probe_proto_opt)."""
_CHECKSUM_OFFSETS = {linux.IPPROTO_ICMPV6: 2, linux.IPPROTO_MH: 4}
"""Where the kernel computes checksums unasked (rawv6_init_sk)."""


class RawSocket(MessageSocket):
    """A SOCK_RAW socket of AF_INET or AF_INET6."""

    option_table = RAW_OPTIONS

    def __init__(self, kernel: "Kernel", domain: int, protocol: int) -> None:
        super().__init__(kernel, domain, linux.SOCK_RAW, protocol)
        self.local_port = protocol
        self.options.reuse_address = 1
        self.inet.header_included = int(protocol == linux.IPPROTO_RAW)
        self.icmp_filter = bytes(4) if domain == linux.AF_INET else bytes(32)
        """ICMP_FILTER, ICMPV6_FILTER: a bit for each type that is not wanted."""
        self.checksum_offset = _CHECKSUM_OFFSETS.get(protocol, -1) if domain == linux.AF_INET6 else -1
        """IPV6_CHECKSUM: where packets have a checksum that the kernel computes and verifies; -1: nowhere."""
        self._parts = b""
        """What sends with MSG_MORE have given for a packet that is not complete."""
        self._heard = False
        """The program has received something."""
        self._asked = False
        """It had sent something before that: whoever waits now waits for an answer."""
        self.flow = self.internet.raw.add(self)

    def _knows(self, level: int) -> bool:
        """The protocol's own level is unknown; ICMPv6's is refused in another way where it is not the protocol."""
        if level in (linux.SOL_SOCKET, linux.SOL_RAW):
            return True
        if self.domain == linux.AF_INET:
            return level == linux.SOL_IP
        if level == linux.SOL_ICMPV6 and self.protocol != linux.IPPROTO_ICMPV6:
            raise KernelError(linux.EOPNOTSUPP)
        return level in (linux.SOL_IPV6, linux.SOL_ICMPV6)

    def drop_port(self) -> None:
        """Receive nothing more: it was closed, or dissolved by AF_UNSPEC."""
        self.internet.raw.remove(self)
        self.local_port = 0

    def is_open_to_strangers(self) -> bool:
        """Whatever comes for its protocol comes unasked; but who spoke first, through a socket without a name, waits
        for an answer (docs/decisions/0007)."""
        return self.remote_address is None and (self.named or not self._asked)

    # bind(2)

    def bind(self, thread: "Thread", address: Sockaddr) -> None:
        """bind(2): the own address, as often as one likes; the port says nothing. EADDRNOTAVAIL, EINVAL (connected,
        short, of another family, or IPv6 link-local without a scope), ENODEV."""
        wanted, _, scope_id = local_of(self.domain, address)
        if self.domain == linux.AF_INET6 and len(wanted) == 4:
            raise KernelError(linux.EADDRNOTAVAIL)
        if self.is_busy():
            raise KernelError(linux.EINVAL)
        if needs_scope(wanted):
            if scope_id:
                self.scope_id = scope_id
            if not self.scope_id and not self.options.bound_device:
                raise KernelError(linux.EINVAL)
            if self.scope_id:
                self.check_scope(wanted, self.scope_id)
        if not self.internet.may_bind(wanted):
            raise KernelError(linux.EADDRNOTAVAIL)
        self.local_address = wanted

    # send(2)

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """sendto(2): one packet, or with MSG_MORE a part of one, which goes where its last part goes.

        EMSGSIZE, EOPNOTSUPP (MSG_OOB), EDESTADDRREQ, EINVAL, EAFNOSUPPORT, EFAULT (an ICMP message without type and
        code), EACCES, ENETUNREACH; with IP_HDRINCL also EPIPE and SO_ERROR, which otherwise only receiving heeds.
        """
        if len(data) > _LARGEST and self.domain == linux.AF_INET:
            raise KernelError(linux.EMSGSIZE)
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        destination, protocol, scope_id = self._destination(address)
        included = self.inet.header_included
        if not included and len(data) < _PROBED[self.domain].get(protocol, 0):
            raise KernelError(linux.EFAULT)
        path = self.find_path(destination, scope_id, control)
        self._asked = self._asked or not self._heard
        if included:
            self._send_included(path, destination, data)
            return len(data)
        whole, self._parts = self._parts + data, b""
        path = self.fitting(path, destination, len(whole))
        if flags & linux.MSG_MORE:
            self._parts = whole
        else:
            self._send(path, destination, protocol & 0xFF, whole, control)
        return len(data)

    def _destination(self, address: Sockaddr | None) -> tuple[IpAddress, int, int]:
        """Address, protocol and scope. On AF_INET6 the port names the protocol, which IPPROTO_RAW leaves open."""
        protocol = self.protocol
        if address is None:
            if self.remote_address is None:
                raise KernelError(linux.EDESTADDRREQ)
            destination, port, scope_id = self.remote_address, 0, 0
        else:
            destination, port, scope_id = self._named(address)
        if self.domain == linux.AF_INET6:
            if port:
                if port != protocol and protocol != linux.IPPROTO_RAW:
                    raise KernelError(linux.EINVAL)
                protocol = port
            if protocol > 255:
                raise KernelError(linux.EINVAL)
            destination = self.checked_destination(destination)
            if len(destination) == 4:
                raise KernelError(linux.ENETUNREACH)
            return destination, protocol, scope_id
        return self.checked_destination(destination), protocol, scope_id

    def _named(self, address: Sockaddr) -> tuple[IpAddress, int, int]:
        """What sendto(2) names; AF_UNSPEC counts as the socket's own family (raw_sendmsg, rawv6_sendmsg)."""
        if isinstance(address, SockaddrOther) and address.family == linux.AF_UNSPEC:
            data, start = address.data, 2 if self.domain == linux.AF_INET else 6
            if len(data) < (14 if self.domain == linux.AF_INET else SIN6_BYTES):
                raise KernelError(linux.EINVAL)
            size = len(any_of(self.domain))
            return unmap_v4(data[start : start + size]), int.from_bytes(data[:2], "big"), 0
        return destination_of(self.domain, address)

    def _send(self, path: Path, destination: IpAddress, protocol: int, data: bytes, control: Control) -> None:
        """A packet whose IP header the kernel makes."""
        source = path.source
        if self.checksum_offset >= 0:
            if self.checksum_offset >= len(data) - 1:
                raise KernelError(linux.EINVAL)
            data = raw_packets.with_checksum(data, self.checksum_offset, source, destination, protocol)
        if len(data) + raw_packets.header_size(destination) > path.mtu:
            self.emit(path, destination, protocol, RawBody(data), len(data), control)
            return
        body = raw_packets.body_of(source, destination, protocol, data)
        self.emit(path, destination, protocol, body, len(data), control)

    def _send_included(self, path: Path, destination: IpAddress, data: bytes) -> None:
        """A packet with its IP header. One that no receiver could read ends here, as it would end there."""
        v4 = self.domain == linux.AF_INET
        if len(data) > path.interface.mtu:
            self.refuse_size(destination, 0, path.interface.mtu)
        if len(data) < raw_packets.header_size(destination):
            raise KernelError(linux.EINVAL)
        self.raise_error()
        if self.shut & SEND_SHUTDOWN:
            raise KernelError(linux.EPIPE)
        if v4 and not 20 <= (data[0] & 15) * 4 <= len(data):
            raise KernelError(linux.EINVAL)
        internet = self.internet
        plain = Packet(path.source, destination, data[9] if v4 else data[6], RawBody(data))
        try:
            if v4:
                packet = raw_packets.included_v4(data, path.source, lambda: internet.next_fragment_number(plain))
            else:
                packet = raw_packets.included_v6(data)
        except MalformedPacket as error:
            internet.drop(path.interface, plain, error.reason, "IpOutDiscards")
            return
        if len(data) <= path.mtu:
            packet = raw_packets.with_body(packet)
        self.pass_on(packet._replace(flow=self.flow, ordinal=self.next_ordinal()), path)

    # Arrival.

    def take(self, packet: Packet, interface: "Interface", data: bytes) -> bool:
        """A packet of the socket's protocol, and the bytes of it that the program would get. False if the receive
        buffer is full; one that a filter or its checksum keeps out is taken all the same (raw_v4_input)."""
        if self.charged >= self.options.receive_buffer:
            self.overflow(packet, interface, "raw-receive-buffer")
            return False
        v4 = self.domain == linux.AF_INET
        start = (data[0] & 15) * 4 if v4 else 0
        if self.protocol == (linux.IPPROTO_ICMP if v4 else linux.IPPROTO_ICMPV6) and self._filters(data[start:]):
            return True
        if self.checksum_offset >= 0 and not raw_packets.checksum_holds(packet, data):
            self.drops += 1
            return True
        self.enqueue(packet, interface, data, 0, charge(len(data) - start - _ICMP_HEADER, not v4))
        return True

    def _filters(self, message: bytes) -> bool:
        """ICMP_FILTER, which blocks what has no whole header too; ICMPV6_FILTER."""
        if self.domain == linux.AF_INET:
            kind = message[0] if len(message) >= _ICMP_HEADER else -1
            return kind < 0 or (kind < 32 and bool(int.from_bytes(self.icmp_filter, "little") >> kind & 1))
        return not message or bool(int.from_bytes(self.icmp_filter, "little") >> message[0] & 1)

    def quoted(self, quote: "Quote") -> tuple[bytes, int]:
        """With IP_HDRINCL the quote from its IP header on."""
        return (quote.packet if self.inet.header_included else quote.data), 0

    # recv(2)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recvfrom(2): one packet; EOPNOTSUPP for MSG_OOB."""
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        return super().recvmsg(thread, size, flags, control_size)

    def take_message(self, size: int, flags: int, control_size: int) -> Received:
        """The oldest packet of the queue."""
        self._heard = True
        return super().take_message(size, flags, control_size)
