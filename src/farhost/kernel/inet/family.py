"""What socket(2) makes of a type and a protocol in AF_INET and AF_INET6 (inet_create, inet6_create)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from farhost.kernel.inet.datagram import DatagramSocket
from farhost.kernel.inet.ping import PingSocket
from farhost.kernel.inet.raw import RawSocket
from farhost.kernel.inet.socket_base import InetSocket
from farhost.kernel.inet.stream import StreamSocket
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

PROTOCOLS = 263
"""IPPROTO_MAX."""
ICMP = {linux.AF_INET: linux.IPPROTO_ICMP, linux.AF_INET6: linux.IPPROTO_ICMPV6}


def inet_family(domain: int) -> "Callable[[Kernel, Thread, int, int], InetSocket]":
    """The maker of one domain's sockets: ESOCKTNOSUPPORT, EPROTONOSUPPORT, EINVAL (no such protocol number), EPERM (a
    raw socket, and not root), EACCES (a ping socket, and net.ipv4.ping_group_range does not have the group)."""

    def make(kernel: "Kernel", thread: "Thread", type: int, protocol: int) -> InetSocket:
        if not 0 <= protocol < PROTOCOLS:
            raise KernelError(linux.EINVAL)
        if type == linux.SOCK_STREAM:
            if protocol not in (0, linux.IPPROTO_TCP):
                raise KernelError(linux.EPROTONOSUPPORT)
            return StreamSocket(kernel, domain)
        if type == linux.SOCK_DGRAM:
            if protocol == ICMP[domain]:
                lowest, highest = kernel.sysctls.integers("net.ipv4.ping_group_range")
                if not lowest <= thread.process.gid <= highest:
                    raise KernelError(linux.EACCES)
                return PingSocket(kernel, domain)
            if protocol not in (0, linux.IPPROTO_UDP, linux.IPPROTO_UDPLITE):
                raise KernelError(linux.EPROTONOSUPPORT)
            internet = kernel.internet
            host = internet.udplite if protocol == linux.IPPROTO_UDPLITE else internet.udp
            return DatagramSocket(kernel, domain, thread.process.uid, host)
        if type == linux.SOCK_RAW:
            if not protocol:
                raise KernelError(linux.EPROTONOSUPPORT)
            if thread.process.uid:
                raise KernelError(linux.EPERM)
            return RawSocket(kernel, domain, protocol)
        raise KernelError(linux.ESOCKTNOSUPPORT)

    return make
