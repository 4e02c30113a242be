"""What ss(8) shows of a host: one row for each socket, those of ended processes and of TIME-WAIT among them.

States have ss's names. The two queues of a listener are the connections that wait and how many may; of every other
socket the bytes to be read and those that the peer has not acknowledged (of datagram sockets, what they cost).
UDP-Lite's, which ss(8) does not know, have netstat(8)'s name.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from farhost.kernel.inet.datagram import DatagramSocket
from farhost.kernel.inet.endpoint import TcpEndpoint
from farhost.kernel.inet.stream import StreamSocket
from farhost.kernel.socket_base import SocketBase
from farhost.kernel.socket_row import SocketRow
from farhost.kernel.unix.base import UnixSocket
from farhost.kernel.unix.connected import ConnectedSocket
from farhost.protocols.tcp.state import TcpState
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop
from farhost.wire.packet import IpAddress

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel

Holder: TypeAlias = SocketBase | TcpEndpoint
"""What a row is about: a socket, or a connection."""

STATES = {
    TcpState.ESTABLISHED: "ESTAB",
    TcpState.SYN_SENT: "SYN-SENT",
    TcpState.SYN_RECEIVED: "SYN-RECV",
    TcpState.FIN_WAIT_1: "FIN-WAIT-1",
    TcpState.FIN_WAIT_2: "FIN-WAIT-2",
    TcpState.TIME_WAIT: "TIME-WAIT",
    TcpState.CLOSED: "UNCONN",
    TcpState.CLOSE_WAIT: "CLOSE-WAIT",
    TcpState.LAST_ACK: "LAST-ACK",
    TcpState.LISTEN: "LISTEN",
    TcpState.CLOSING: "CLOSING",
}
_DATAGRAM_KINDS = {linux.IPPROTO_UDP: "udp", linux.IPPROTO_UDPLITE: "udpl"}
_UNIX_KINDS = {linux.SOCK_STREAM: "u_str", linux.SOCK_DGRAM: "u_dgr", linux.SOCK_SEQPACKET: "u_seq"}


def socket_rows(kernel: "Kernel") -> list[SocketRow]:
    """Every socket of a host: those of its processes, oldest process and lowest descriptor first, then the rest."""
    return [row for _, row in socket_table(kernel)]


def socket_table(kernel: "Kernel") -> list[tuple[tuple[Holder, ...], SocketRow]]:
    """`socket_rows`, each with its connection, if it has one, and its socket, if it has one."""
    users: dict[SocketBase, list[tuple[str, int, int]]] = {}
    for process in kernel.processes.values():
        for number in process.descriptors:
            file = process.descriptors.files[number]
            if isinstance(file, SocketBase):
                users.setdefault(file, []).append((process.name, process.pid, number))
    rows: list[tuple[tuple[Holder, ...], SocketRow]] = []
    shown: set[int] = set()
    for socket, held in users.items():
        if isinstance(socket, StreamSocket):
            endpoint = socket.endpoint
            shown.add(id(endpoint))
            rows.append(((socket,) if endpoint is None else (endpoint, socket), _stream(socket, held)))
        elif isinstance(socket, DatagramSocket):
            rows.append(((socket,), _datagram(socket, held)))
        elif isinstance(socket, UnixSocket):
            rows.append(((socket,), _unix(socket, held)))
    for endpoint in kernel.internet.tcp.connections.values():
        if id(endpoint) not in shown:
            rows.append(((endpoint,), _connection(endpoint, ())))
    return rows


@lru_cache(1024)
def _endpoint(address: IpAddress, port: int) -> str:
    host = inet_ntop(address) if len(address) == 4 else f"[{inet_ntop(address)}]"
    return f"{host}:{port or '*'}"


def _stream(socket: StreamSocket, users: list[tuple[str, int, int]]) -> SocketRow:
    endpoint = socket.endpoint
    if socket.listener is None and endpoint is not None and not endpoint.closed:
        return _connection(endpoint, tuple(users))
    state, queues = "UNCONN", (0, 0)
    if socket.listener is not None:
        state, queues = "LISTEN", (len(socket.listener.ready), socket.listener.backlog)
    local = socket.local_address
    ends = _endpoint(local, socket.local_port), _endpoint(bytes(len(local)), 0)
    return SocketRow("tcp", state, *queues, *ends, tuple(users))


def _connection(endpoint: "TcpEndpoint", users: tuple[tuple[str, int, int], ...]) -> SocketRow:
    connection = endpoint.connection
    local, local_port, remote, remote_port = endpoint.key
    queues = connection.readable_bytes, connection.unacked_bytes
    ends = _endpoint(local, local_port), _endpoint(remote, remote_port)
    return SocketRow("tcp", STATES[connection.state], *queues, *ends, users)


def _datagram(socket: DatagramSocket, users: list[tuple[str, int, int]]) -> SocketRow:
    remote = socket.remote_address
    local = _endpoint(socket.local_address, socket.local_port)
    peer = _endpoint(bytes(len(socket.local_address)), 0) if remote is None else _endpoint(remote, socket.remote_port)
    state = "UNCONN" if remote is None else "ESTAB"
    return SocketRow(_DATAGRAM_KINDS[socket.protocol], state, socket.charged, 0, local, peer, tuple(users))


def _unix(socket: UnixSocket, users: list[tuple[str, int, int]]) -> SocketRow:
    state, queues = "UNCONN", (sum(len(message.data) - message.start for message in socket.messages), 0)
    if isinstance(socket, ConnectedSocket) and socket.listening:
        state, queues = "LISTEN", (len(socket.pending), socket.backlog)
    elif socket.peer is not None:
        state = "ESTAB"
    return SocketRow(
        _UNIX_KINDS[socket.type], state, *queues, _unix_end(socket), _unix_end(socket.peer), tuple(users)
    )


def _unix_end(socket: UnixSocket | None) -> str:
    if socket is None:
        return "* 0"
    name = socket.name.path.decode("utf-8", "backslashreplace").replace("\0", "@")
    return f"{name or '*'} {socket.inode}"
