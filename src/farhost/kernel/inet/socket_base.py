"""What TCP and UDP sockets share: names, binding, connected peers, options, pending errors.

Sources: ip(7), ipv6(7), Linux's net/ipv4/af_inet.c and net/ipv6/af_inet6.c. A socket keeps its addresses as the
kernel has them (IPv4 as 4 bytes, on AF_INET6 sockets too) and shows them as its family does.
"""

import struct
from typing import TYPE_CHECKING

from farhost.kernel.inet.addresses import any_of, as_sockaddr, local_of
from farhost.kernel.inet.controls import interface_control
from farhost.kernel.inet.error_queue import ErrorQueue
from farhost.kernel.inet.inet_options import InetOptions
from farhost.kernel.inet.ports import Binding, PortTable
from farhost.kernel.socket_base import SocketBase
from farhost.kernel.waiting import KernelError
from farhost.wire import linux
from farhost.wire.addresses import ANY_V6, LOOPBACK_V4, LOOPBACK_V6, is_multicast, needs_scope
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import Sockaddr, SockaddrIn6

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

ALL = (
    linux.EPOLLIN
    | linux.EPOLLOUT
    | linux.EPOLLPRI
    | linux.EPOLLERR
    | linux.EPOLLHUP
    | linux.EPOLLRDHUP
    | linux.EPOLLRDNORM
    | linux.EPOLLWRNORM
)
"""What a change of state wakes: everybody (sk_state_change)."""

RECEIVE_SHUTDOWN, SEND_SHUTDOWN, BOTH_SHUTDOWN = 1, 2, 3
"""Which directions are shut (sk_shutdown)."""


class InetSocket(SocketBase):
    """An AF_INET or AF_INET6 socket."""

    def __init__(self, kernel: "Kernel", domain: int, type: int, protocol: int) -> None:
        super().__init__(kernel, domain, type, protocol)
        self.internet = kernel.internet
        self.inet = InetOptions(kernel.sysctls)
        self.local_address: IpAddress = any_of(domain)
        self.local_port = 0
        self.remote_address: IpAddress | None = None
        self.remote_port = 0
        self.scope_id = 0
        self.address_locked = False
        """bind(2) named the address."""
        self.port_locked = False
        """bind(2) named the port."""
        self.shut = 0
        """RECEIVE_SHUTDOWN and SEND_SHUTDOWN."""
        self.binding: Binding | None = None
        self.errors: ErrorQueue | None = None
        """For MSG_ERRQUEUE, once there was one."""
        self.groups: dict[tuple[str, IpAddress], None] = {}
        """Multicast memberships: (interface, group)."""

    @property
    def ports(self) -> PortTable:
        """The port table of the socket's protocol."""
        return self.internet.tcp.ports

    def make_binding(self, uid: int) -> Binding:
        """An entry for the port table, with the socket's options as they are now."""
        binding = Binding(self.local_address, uid, bool(self.inet.only_v6) and self.domain == linux.AF_INET6)
        self.copy_options(binding)
        return binding

    def copy_options(self, binding: Binding) -> None:
        """SO_REUSEADDR, SO_REUSEPORT and SO_BINDTODEVICE, as they are now."""
        binding.reuse_address = bool(self.options.reuse_address)
        binding.reuse_port = bool(self.options.reuse_port)
        binding.device = self.options.bound_device
        self.ports.changed(binding)

    def device(self) -> str:
        """The interface that packets have to leave by: SO_BINDTODEVICE, or a link-local address's scope."""
        if self.options.bound_device or not self.scope_id:
            return self.options.bound_device
        interface = self.internet.interface_at(self.scope_id)
        return interface.name if interface is not None else ""

    def ephemeral_range(self) -> tuple[int, int]:
        """The ports that the kernel chooses from, both included: net.ipv4.ip_local_port_range, and of
        IP_LOCAL_PORT_RANGE each end that lies within that."""
        low, high = self.kernel.sysctls.integers("net.ipv4.ip_local_port_range")
        own_low, own_high = self.inet.port_range
        own_low = own_low if low <= own_low <= high else low
        return own_low, own_high if own_low <= own_high <= high else high

    # bind(2)

    def bind(self, thread: "Thread", address: Sockaddr) -> None:
        """bind(2): EINVAL (bound already, short struct), EAFNOSUPPORT, EADDRNOTAVAIL, EACCES, EADDRINUSE."""
        wanted, port, scope_id = self._check_local(address)
        privileged = self.kernel.sysctls["net.ipv4.ip_unprivileged_port_start"]
        if self.domain == linux.AF_INET and not self.internet.may_bind(wanted):
            raise KernelError(linux.EADDRNOTAVAIL)
        if 0 < port < privileged and thread.process.uid != 0:
            raise KernelError(linux.EACCES)
        if self.binding is not None or self.is_busy():
            raise KernelError(linux.EINVAL)
        if self.domain == linux.AF_INET6:
            self._check_local_v6(address, wanted, scope_id)
        old_address, old_scope = self.local_address, self.scope_id
        self.local_address = wanted
        self.scope_id = scope_id
        if port or not self.inet.bind_address_no_port:
            try:
                self.take_port(thread.process.uid, port)
            except KernelError:
                self.local_address, self.scope_id = old_address, old_scope
                raise
        if len(wanted) == 16 and any(wanted):
            self.inet.only_v6 = 1
        self.address_locked = any(wanted) or (self.domain == linux.AF_INET6 and len(wanted) == 4)
        self.port_locked = bool(port)

    def _check_local(self, address: Sockaddr) -> tuple[IpAddress, int, int]:
        wanted, port, scope_id = local_of(self.domain, address)
        is_stream_v6 = self.domain == linux.AF_INET6 and self.type == linux.SOCK_STREAM
        if is_stream_v6 and len(wanted) == 16 and is_multicast(wanted):
            raise KernelError(linux.EINVAL)
        return wanted, port, scope_id

    def _check_local_v6(self, address: Sockaddr, wanted: IpAddress, scope_id: int) -> None:
        assert isinstance(address, SockaddrIn6)
        if len(wanted) == 4 and self.inet.only_v6:
            raise KernelError(linux.EINVAL)
        if needs_scope(wanted):
            if not scope_id:
                raise KernelError(linux.EINVAL)
            if self.internet.interface_at(scope_id) is None:
                raise KernelError(linux.ENODEV)
        if not self.internet.may_bind(wanted):
            raise KernelError(linux.EADDRNOTAVAIL)

    def is_busy(self) -> bool:
        """Whether the socket is past the state in which bind(2) is possible."""
        return False

    def take_port(self, uid: int, port: int) -> None:
        """Enter the port table with `port`, or with one the kernel chooses for 0; EADDRINUSE."""
        binding = self.make_binding(uid)
        table = self.ports
        if port:
            if table.conflicts(binding, port):
                raise KernelError(linux.EADDRINUSE)
        else:
            low, high = self.ephemeral_range()
            now_ns = self.internet.clock.now_ns
            found = table.find_bind_port(binding, low, high, lambda bound: self.draw_port("bind", bound), now_ns)
            if found is None:
                raise KernelError(linux.EADDRINUSE)
            port = found
        self.enter(binding, port)

    def draw_port(self, what: str, bound: int) -> int:
        """Where the search for a port begins."""
        kind = "tcp" if self.type == linux.SOCK_STREAM else "udp"
        return self.internet.tcp.draw_port(f"{kind} {what}", bound)

    def enter(self, binding: Binding, port: int) -> None:
        """Have a port from now on."""
        self.ports.add(binding, port)
        self.binding = binding
        self.local_port = port

    def error_queue(self) -> ErrorQueue:
        """The queue of errors, to add one."""
        if self.errors is None:
            self.errors = ErrorQueue()
        return self.errors

    # ioctl(2)

    def ioctl(self, thread: "Thread", request: int, argument: bytes) -> bytes:
        """ioctl(2): what is queued (SIOCINQ, SIOCOUTQ), or about the host's interfaces (netdevice(7))."""
        value = self.queued_bytes(request)
        if value is not None:
            return struct.pack("<i", value)
        return interface_control(self.internet, request, argument)

    def queued_bytes(self, request: int) -> int | None:
        """The answer to a request about the socket's own queues; None: it is none."""
        return None

    # Options.

    def setsockopt(self, thread: "Thread", level: int, name: int, value: bytes) -> None:
        """setsockopt(2), by the table; ENOPROTOOPT for a level that is not this socket's."""
        if not self._knows(level):
            raise KernelError(linux.ENOPROTOOPT)
        super().setsockopt(thread, level, name, value)

    def getsockopt(self, thread: "Thread", level: int, name: int, size: int) -> bytes:
        """getsockopt(2), by the table; for a level that is not this socket's IPv4 has another errno than IPv6."""
        if not self._knows(level):
            raise KernelError(linux.EOPNOTSUPP if self.domain == linux.AF_INET else linux.ENOPROTOOPT)
        return super().getsockopt(thread, level, name, size)

    def _knows(self, level: int) -> bool:
        if level == linux.SOL_IPV6:
            return self.domain == linux.AF_INET6
        return level in (linux.SOL_SOCKET, linux.SOL_IP, self.protocol)

    # Names.

    def getsockname(self) -> Sockaddr:
        """getsockname(2): all zero before anything is bound."""
        return as_sockaddr(self.domain, self.local_address, self.local_port, self.scope_id)

    def getpeername(self) -> Sockaddr:
        """getpeername(2): ENOTCONN."""
        if self.remote_address is None:
            raise KernelError(linux.ENOTCONN)
        return as_sockaddr(self.domain, self.remote_address, self.remote_port, self.scope_id)

    # What packets carry.

    def hops(self, destination: IpAddress) -> int:
        """The hop limit of packets to `destination`: IP_TTL, IPV6_UNICAST_HOPS, IP_MULTICAST_TTL or the host's."""
        if is_multicast(destination):
            return self.inet.multicast_hops
        if len(destination) == 4:
            ttl = self.inet.ttl
            return ttl if ttl > 0 else self.kernel.sysctls["net.ipv4.ip_default_ttl"]
        hops = self.inet.hop_limit
        return hops if hops >= 0 else self.kernel.sysctls["net.ipv6.conf.all.hop_limit"]

    def traffic_class(self, destination: IpAddress) -> int:
        """IP_TOS or IPV6_TCLASS."""
        return self.inet.tos if len(destination) == 4 else self.inet.traffic_class

    def checked_destination(self, address: IpAddress) -> IpAddress:
        """A destination as it will be used: the wildcard is this host, at the own address if one is bound (ip(7)).
        IPv4 needs a dual-stack socket.

        KernelError ENETUNREACH for an IPv4 destination where the socket is IPv6 only, EAFNOSUPPORT conversely.
        """
        if self.domain == linux.AF_INET6:
            if len(address) == 4:
                if self.inet.only_v6:
                    raise KernelError(linux.ENETUNREACH)
            elif len(self.local_address) == 4 and address != ANY_V6:
                raise KernelError(linux.EAFNOSUPPORT)
            elif len(self.local_address) == 4:
                return LOOPBACK_V4
        if any(address):
            return address
        if len(address) == 16:
            return LOOPBACK_V6
        own = self.local_address
        return own if len(own) == 4 and any(own) else LOOPBACK_V4
