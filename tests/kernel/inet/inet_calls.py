"""System calls on internet sockets, on the operating system's loopback or through `lo` of one farhost kernel."""

import errno
import socket as system_socket
import struct

from kernel_calls import FarhostCalls, SystemCalls, errno_of, libc_call

from farhost.wire import linux
from farhost.wire.addresses import inet_ntop, inet_pton
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther

STREAM = linux.SOCK_STREAM | linux.SOCK_NONBLOCK
DGRAM = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK
UNSPEC = SockaddrOther(linux.AF_UNSPEC, bytes(14))


def errno_name(number):
    """EADDRINUSE and so on; "ok" for 0."""
    return errno.errorcode[number] if number else "ok"


def address(text, port):
    """A socket address of either family."""
    if ":" in text:
        return SockaddrIn6(port, inet_pton(linux.AF_INET6, text))
    return SockaddrIn(port, inet_pton(linux.AF_INET, text))


def shown(sockaddr):
    """An address as text, without its port."""
    return inet_ntop(sockaddr.address)


class InetSystemCalls(SystemCalls):
    """The operating system's."""

    @staticmethod
    def _out(address):
        if isinstance(address, SockaddrIn):
            return inet_ntop(address.address), address.port
        if isinstance(address, SockaddrIn6):
            return inet_ntop(address.address), address.port, address.flow_info, address.scope_id
        return address

    @staticmethod
    def _in(address):
        if len(address) == 2:
            return SockaddrIn(address[1], inet_pton(linux.AF_INET, address[0]))
        return SockaddrIn6(address[1], inet_pton(linux.AF_INET6, address[0].split("%")[0]), address[2], address[3])

    def bind(self, fd, address):
        with self._sock(fd) as sock:
            sock.bind(self._out(address))

    def listen(self, fd, backlog):
        libc_call("listen", fd, backlog)

    def connect(self, fd, address):
        if isinstance(address, SockaddrOther):
            data = struct.pack("<H", address.family) + address.data
            libc_call("connect", fd, data, len(data))
            return
        with self._sock(fd) as sock:
            sock.connect(self._out(address))

    def sendto(self, fd, data, flags, address):
        return super().sendto(fd, data, flags | system_socket.MSG_NOSIGNAL, address)


class Sockets:
    """What the tests need beside the bare calls."""

    def __init__(self, calls):
        self.calls = calls

    def __getattr__(self, name):
        return getattr(self.calls, name)

    def tried(self, name, *arguments):
        """The name of the errno that a call fails with, "ok" otherwise."""
        return errno_name(errno_of(getattr(self.calls, name), *arguments))

    def stream(self, domain=linux.AF_INET):
        return self.calls.socket(domain, STREAM, 0)

    def datagram(self, domain=linux.AF_INET, bound=None):
        fd = self.calls.socket(domain, DGRAM, 0)
        if bound is not None:
            self.calls.bind(fd, address(bound, 0))
        return fd

    def listener(self, text="127.0.0.1", backlog=8):
        fd = self.stream(linux.AF_INET6 if ":" in text else linux.AF_INET)
        self.calls.bind(fd, address(text, 0))
        self.calls.listen(fd, backlog)
        return fd

    def port(self, fd):
        return self.calls.getsockname(fd).port

    def pair(self, text="127.0.0.1"):
        """A connected pair: (client, server), and the listener."""
        listening = self.listener(text)
        client = self.stream(linux.AF_INET6 if ":" in text else linux.AF_INET)
        self.tried("connect", client, self.calls.getsockname(listening))
        server, _ = self.calls.accept4(listening, linux.SOCK_NONBLOCK)
        return client, server, listening

    def set_int(self, fd, level, name, value):
        self.calls.setsockopt(fd, level, name, value.to_bytes(4, "little", signed=True))

    def get_int(self, fd, level, name):
        return int.from_bytes(self.calls.getsockopt(fd, level, name, 4), "little", signed=True)

    def linger(self, fd, on, seconds):
        value = on.to_bytes(4, "little") + seconds.to_bytes(4, "little")
        self.calls.setsockopt(fd, linux.SOL_SOCKET, linux.SO_LINGER, value)

    def ready(self, fd, asked=0x3FFF):
        """The readiness bits by name, RDNORM and its like left out."""
        found = dict(self.calls.poll(((fd, asked),), 0)).get(fd, 0)
        names = (
            ("IN", linux.POLLIN),
            ("OUT", linux.POLLOUT),
            ("ERR", linux.POLLERR),
            ("HUP", linux.POLLHUP),
            ("RDHUP", linux.POLLRDHUP),
            ("PRI", linux.POLLPRI),
        )
        return " ".join(name for name, bit in names if found & bit)

    def received(self, fd, size=4096, flags=0):
        """The bytes, or the errno's name."""
        try:
            return self.calls.recvfrom(fd, size, flags).data
        except OSError as error:
            return errno_name(error.errno)

    def tried_receive(self, fd):
        """The Received, or None."""
        try:
            return self.calls.recvfrom(fd, 4096, 0)
        except OSError:
            return None

    def sent(self, fd, data, flags=0, to=None):
        """The count, or the errno's name."""
        try:
            return self.calls.sendto(fd, data, flags, to)
        except OSError as error:
            return errno_name(error.errno)


def make_sockets(which, tmp_path):
    """`system` or `farhost`."""
    if which == "farhost":
        return Sockets(FarhostCalls())
    return Sockets(InetSystemCalls(tmp_path))
