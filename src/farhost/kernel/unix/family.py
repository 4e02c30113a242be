"""AF_UNIX for socket(2) and socketpair(2): which type makes which socket."""

from typing import TYPE_CHECKING

from farhost.kernel.unix.base import UnixSocket
from farhost.kernel.unix.datagram import DatagramSocket
from farhost.kernel.unix.seqpacket import SeqpacketSocket
from farhost.kernel.unix.stream import StreamSocket
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread


def unix_socket(kernel: "Kernel", thread: "Thread", type: int, protocol: int) -> UnixSocket:
    """A new socket; EPROTONOSUPPORT for a protocol but 0 and PF_UNIX, ESOCKTNOSUPPORT. SOCK_RAW means SOCK_DGRAM."""
    if protocol not in (0, linux.AF_UNIX):
        raise KernelError(linux.EPROTONOSUPPORT)
    match type:
        case linux.SOCK_STREAM:
            return StreamSocket(kernel, type, 0)
        case linux.SOCK_SEQPACKET:
            return SeqpacketSocket(kernel, type, 0)
        case linux.SOCK_DGRAM | linux.SOCK_RAW:
            return DatagramSocket(kernel, 0)
        case _:
            raise KernelError(linux.ESOCKTNOSUPPORT)


def unix_pair(kernel: "Kernel", thread: "Thread", type: int, protocol: int) -> tuple[UnixSocket, UnixSocket]:
    """Two new sockets that are each other's peers, without names (socketpair(2))."""
    one = unix_socket(kernel, thread, type, protocol)
    other = unix_socket(kernel, thread, type, protocol)
    one.join(other)
    one.peer_credentials = other.peer_credentials = thread.process.credentials()
    return one, other
