"""The sockets of a name server: port 53 of its host, by UDP and TCP, IPv4 and IPv6, as a process `named` of root's.

Each answer leaves from the address that the query came to. A query by UDP does not wait for the answers before it; on
a connection answers come one after the other (RFC 7766 allows either).
"""

import struct
from typing import TYPE_CHECKING, cast

from farhost.kernel.files import Control, Received
from farhost.kernel.kernel import Kernel
from farhost.kernel.waiting import KernelError
from farhost.network.dns.exchange import PORT
from farhost.network.kernel_task import Calls, KernelTask
from farhost.wire import linux
from farhost.wire.addresses import ANY_V4, ANY_V6
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

if TYPE_CHECKING:
    from farhost.network.dns.server import NameServer, Response

PROCESS = "named"
_ON = struct.pack("<i", 1)
_BACKLOG = 10
_CONTROL_SIZE = 64
_ROOM = 1 << 16
_LENGTH = struct.Struct(">H")
_FAMILIES = ((linux.AF_INET, SockaddrIn(PORT, ANY_V4)), (linux.AF_INET6, SockaddrIn6(PORT, ANY_V6)))


class NameService:
    """A name server at work on its host."""

    def __init__(self, kernel: Kernel, server: "NameServer") -> None:
        """KernelError EADDRINUSE where a program has port 53."""
        self._server = server
        self._process = kernel.spawn_process(PROCESS, None, (PROCESS,))
        self._process.uid = self._process.gid = 0
        for domain, address in _FAMILIES:
            self._start(self._datagrams(domain, address))
            self._start(self._connections(domain, address))

    def _start(self, calls: Calls) -> None:
        KernelTask(self._process, calls).start()

    # UDP.

    def _datagrams(self, domain: int, address: SockaddrIn | SockaddrIn6) -> Calls:
        sock: int = yield "socket", domain, linux.SOCK_DGRAM | linux.SOCK_CLOEXEC, 0
        if domain == linux.AF_INET:
            yield "setsockopt", sock, linux.SOL_IP, linux.IP_PKTINFO, _ON
        else:
            yield "setsockopt", sock, linux.SOL_IPV6, linux.IPV6_V6ONLY, _ON
            yield "setsockopt", sock, linux.SOL_IPV6, linux.IPV6_RECVPKTINFO, _ON
        yield "bind", sock, address
        while True:
            received: Received = yield "recvmsg", sock, _ROOM, _CONTROL_SIZE, 0
            peer = cast("SockaddrIn | SockaddrIn6", received.address)
            response = self._server.respond(bytes(received.data), peer.address, False)
            if response is not None:
                control = tuple(map(_from_there, received.control))
                self._start(self._send(sock, response, peer, control))

    def _send(self, sock: int, response: "Response", peer: SockaddrIn | SockaddrIn6, control: Control) -> Calls:
        if response.delay_ns:
            yield "nanosleep", response.delay_ns
        try:
            yield "sendmsg", sock, (response.data,), peer, control, 0
        except KernelError:
            pass  # There is no way back to the client; it will ask again.

    # TCP.

    def _connections(self, domain: int, address: SockaddrIn | SockaddrIn6) -> Calls:
        sock: int = yield "socket", domain, linux.SOCK_STREAM | linux.SOCK_CLOEXEC, 0
        yield "setsockopt", sock, linux.SOL_SOCKET, linux.SO_REUSEADDR, _ON
        if domain == linux.AF_INET6:
            yield "setsockopt", sock, linux.SOL_IPV6, linux.IPV6_V6ONLY, _ON
        yield "bind", sock, address
        yield "listen", sock, _BACKLOG
        while True:
            connection, peer = yield "accept4", sock, linux.SOCK_CLOEXEC
            self._start(self._connection(connection, peer))

    def _connection(self, sock: int, peer: SockaddrIn | SockaddrIn6) -> Calls:
        data = b""
        try:
            while received := (yield "read", sock, _ROOM):
                data += bytes(received)
                while len(data) >= _LENGTH.size:
                    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
                    if len(data) < end:
                        break
                    query, data = data[_LENGTH.size : end], data[end:]
                    response = self._server.respond(query, peer.address, True)
                    if response is None:
                        continue
                    if response.delay_ns:
                        yield "nanosleep", response.delay_ns
                    yield "sendto", sock, _LENGTH.pack(len(response.data)) + response.data, linux.MSG_NOSIGNAL, None
        except KernelError:
            pass  # The client has gone.
        yield "close", sock


def _from_there(about: tuple[int, int, bytes]) -> tuple[int, int, bytes]:
    """IP_PKTINFO or IPV6_PKTINFO of a query, as it goes with the answer: from the address where the query came, by
    whichever interface leads to the client."""
    level, kind, data = about
    if level == linux.SOL_IP:
        return level, kind, bytes(4) + data[4:8] + bytes(4)
    return level, kind, data[:16] + bytes(4)
